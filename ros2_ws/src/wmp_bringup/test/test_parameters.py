"""Parameter files are read as ROS reads them."""

import pytest

from wmp_bringup.graph import a1_graph
from wmp_bringup.locations import shipped_parameters
from wmp_bringup.parameters import (
    ParameterFileError,
    check_parameter_file,
    load_parameters,
    node_parameters,
    override_document,
    parse_assignments,
)


def write(tmp_path, text):
    path = tmp_path / "parameters.yaml"
    path.write_text(text)
    return path


def test_nested_keys_become_dotted_names_and_a_node_overrides_the_values_of_every_node(tmp_path):
    path = write(
        tmp_path,
        """
/**:
  ros__parameters: {lockstep: false, pd: host}
policy_node:
  ros__parameters: {pd: motor, script: {vx: 0.5}}
""",
    )
    assert node_parameters(path, "policy_node") == {"lockstep": False, "pd": "motor", "script.vx": 0.5}
    assert node_parameters(path, "depth_node") == {"lockstep": False, "pd": "host"}


def test_overrides_read_back_as_they_were_given(tmp_path):
    values = {"script.vx": 1.0, "seed": 1, "lockstep": True, "terrain": "rough", "tiny": 1e-7}
    path = write(tmp_path, override_document("a1_sim", values))
    read = node_parameters(path, "a1_sim")
    assert read == values
    assert {key: type(value) for key, value in read.items()} == {
        key: type(value) for key, value in values.items()
    }


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("policy_node: {pd: host}", "ros__parameters"),
        ("[1, 2]", "mapping"),
        ("policy_node: {ros__parameters: {on: 1.0}}", "True is not a string"),
        ("a: [", "cannot read"),
    ],
)
def test_a_file_that_ros_would_misread_is_refused(tmp_path, text, error):
    with pytest.raises(ParameterFileError, match=error):
        load_parameters(write(tmp_path, text))


MODEL = """
policy_node:
  ros__parameters: {pd: motor, robot: {address: 127.0.0.1}}
depth_node:
  ros__parameters: {depth_unit: 0.001}
"""


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            "policy_nod: {ros__parameters: {pd: host}}",
            "lacks the values of policy_node, as in .*; did you mean 'policy_nod'",
        ),
        ("policy_node: {ros__parameters: {}}\ncamera: {ros__parameters: {}}", "there is no node 'camera'"),
        ("policy_node: {ros__parameters: {robot: {adress: a}}}", "no parameter 'robot.adress'; did you mean"),
        ("policy_node: {ros__parameters: {pd: host, use_sim_time: true}}", None),
        ("policy_node: {ros__parameters: {pd: host}}\n/**: {ros__parameters: {anything: 1}}", None),
    ],
)
def test_a_users_file_is_compared_with_the_shipped_one(tmp_path, text, error):
    model = tmp_path / "model.yaml"
    model.write_text(MODEL)
    file = write(tmp_path, text)
    if error is None:
        check_parameter_file(file, model, ["policy_node"])
        return
    with pytest.raises(ParameterFileError, match=error):
        check_parameter_file(file, model, ["policy_node"])


@pytest.mark.parametrize("mode", ["sim", "real"])
def test_a_shipped_file_fits_itself_and_a_missing_one_is_refused(tmp_path, mode):
    file = shipped_parameters(mode)
    assert a1_graph(mode, {"bundle": "/bundles/a"}, parameter_file=file)
    with pytest.raises(ParameterFileError, match="cannot read the parameter file"):
        a1_graph(mode, {"bundle": "/bundles/a"}, parameter_file=tmp_path / "nowhere.yaml")


@pytest.fixture
def some_nodes(tmp_path):
    return write(
        tmp_path,
        """
/**:
  ros__parameters: {lockstep: false}
policy_node:
  ros__parameters: {pd: motor, loop_rate: 500.0, robot: {port: 8007}, joy: {axes: [0, 1]}}
a1_sim:
  ros__parameters: {seed: 0}
""",
    )


def test_assignments_become_values_of_the_type_that_the_file_has(some_nodes):
    texts = ["policy_node/loop_rate=250", "policy_node/pd=host", "policy_node/robot.port=9", "a1_sim/seed=3"]
    texts += ["policy_node/joy.axes=[2, 3]", "a1_sim/lockstep=true"]
    policy = {"loop_rate": 250.0, "pd": "host", "robot.port": 9, "joy.axes": [2, 3]}
    assigned = parse_assignments(texts, some_nodes)
    assert assigned == {"policy_node": policy, "a1_sim": {"seed": 3, "lockstep": True}}
    assert isinstance(assigned["policy_node"]["loop_rate"], float)


def test_cpus_may_be_assigned_without_a_value_in_the_file(some_nodes):
    assert parse_assignments(["policy_node/realtime.cpus=[1, 2]"], some_nodes) == {
        "policy_node": {"realtime.cpus": [1, 2]}
    }


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("policy_node/loop_rate", "of the type of 500.0"),
        ("policy_node/loop_rate=fast", "of the type of 500.0, found 'fast'"),
        ("a1_sim/seed=1.5", "of the type of 0, found 1.5"),
        ("a1_sim/seed={", "of the type of 0, found '{'"),
        ("policy_node/loop_rat=1", "has no parameter 'loop_rat'; did you mean 'loop_rate'?"),
        (
            "polcy_node/loop_rate=1",
            "no node 'polcy_node', .* a1_sim, policy_node; did you mean 'policy_node'?",
        ),
        ("seed=1", "there is no node 'seed', the nodes are"),
        ("a1_sim/realtime.cpus=[1]", "a1_sim has no parameter 'realtime.cpus'"),
        ("policy_node/realtime.cpus=1", "of the type of .0., found 1"),
    ],
)
def test_an_assignment_that_ros_would_reject_or_ignore_is_refused(some_nodes, text, error):
    with pytest.raises(ValueError, match=error):
        parse_assignments([text], some_nodes)
