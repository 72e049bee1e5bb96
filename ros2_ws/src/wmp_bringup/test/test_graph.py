"""The graph has the right nodes, and overrides reach the nodes that they name."""

import json

import pytest

from wmp_bringup.graph import a1_graph, option
from wmp_bringup.locations import shipped_parameters
from wmp_bringup.node_main import find_executable
from wmp_bringup.options import OPTIONS
from wmp_bringup.parameters import node_parameters

BUNDLE = {"bundle": "/bundles/a"}


def by_name(specs):
    return {spec.name: spec for spec in specs}


def test_only_the_graph_of_the_simulation_has_a_robot_node():
    assert set(by_name(a1_graph("sim", BUNDLE))) == {
        "depth_node",
        "world_model_node",
        "policy_node",
        "a1_sim",
    }
    assert set(by_name(a1_graph("real", BUNDLE))) == {"depth_node", "world_model_node", "policy_node"}


@pytest.mark.parametrize("mode", ["sim", "real"])
def test_every_node_has_an_executable(mode, tmp_path):
    for spec in a1_graph(mode, BUNDLE, record=tmp_path / "bag"):
        assert callable(find_executable(spec.package, spec.executable))


def test_an_override_reaches_exactly_the_nodes_it_names():
    nodes = by_name(a1_graph("sim", {**BUNDLE, "terrain": "rough", "lockstep": True, "robot_port": 9000}))
    assert nodes["a1_sim"].parameters["terrain"] == "rough"
    assert "terrain" not in nodes["policy_node"].parameters
    assert all(node.parameters["lockstep"] is True for node in nodes.values())
    assert nodes["policy_node"].parameters["bundle"] == "/bundles/a"
    assert "vx" not in nodes["a1_sim"].parameters


def test_overrides_replace_the_values_of_the_file_and_leave_the_others():
    policy = by_name(a1_graph("sim", {**BUNDLE, "vx": 0.7}))["policy_node"]
    in_file = node_parameters(shipped_parameters("sim"), "policy_node")
    effective = policy.effective_parameters()
    assert effective["script.vx"] == 0.7
    assert effective["script.yaw"] == in_file["script.yaw"]


def test_an_assignment_to_one_node_wins_and_reaches_no_other():
    assigned = {"policy_node": {"lockstep": True, "safety.state_age": 0.05}}
    nodes = by_name(a1_graph("sim", {**BUNDLE, "lockstep": False}, assigned=assigned))
    effective = nodes["policy_node"].effective_parameters()
    assert (effective["lockstep"], effective["safety.state_age"]) == (True, 0.05)
    assert nodes["a1_sim"].parameters["lockstep"] is False


def test_only_policy_node_is_required_on_the_robot():
    assert [spec.name for spec in a1_graph("real", BUNDLE) if spec.required] == ["policy_node"]
    assert all(spec.required for spec in a1_graph("sim", BUNDLE))


def test_the_recorder_is_not_required(tmp_path):
    first = a1_graph("real", BUNDLE, record=tmp_path / "bag")[0]
    assert (first.name, first.required) == ("recorder", False)
    assert first.parameters["output"] == str(tmp_path / "bag")


def test_a_bag_stores_the_terrain_and_whether_commands_were_sent_to_the_motors(tmp_path):
    simulated = a1_graph("sim", {**BUNDLE, "difficulty": 0.5}, record=tmp_path / "bag")[0]
    notes = json.loads(simulated.parameters["run_info"])
    assert (notes["mode"], notes["terrain"], notes["difficulty"]) == ("sim", "flat", 0.5)
    real = a1_graph("real", {**BUNDLE, "dry_run": True}, record=tmp_path / "bag")[0]
    assert json.loads(real.parameters["run_info"])["dry_run"] is True


@pytest.mark.parametrize("mode", ["sim", "real"])
def test_every_option_overrides_a_parameter_of_the_file(mode):
    for each in OPTIONS[mode]:
        if each.name != "bundle":
            assert each.default(shipped_parameters(mode)) is not None, each.name


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("lockstep", "maybe", "expected true or false"),
        ("seed", "1.5", "expected a whole number"),
        ("pd", "both", "expected host or motor"),
        ("vx", "fast", "expected a number"),
    ],
)
def test_a_value_that_the_option_does_not_allow_is_refused(name, text, error):
    with pytest.raises(ValueError, match=f"^{name} is '{text}', {error}"):
        option("sim", name).parse(text)


def test_an_integer_becomes_the_float_that_ros_requires():
    value = by_name(a1_graph("sim", {**BUNDLE, "vx": 1}))["policy_node"].parameters["script.vx"]
    assert (value, type(value)) == (1.0, float)


def test_unknown_modes_and_options_are_refused():
    with pytest.raises(ValueError, match="mode is 'dream'"):
        a1_graph("dream", BUNDLE)
    with pytest.raises(ValueError, match="no option 'terrain' for real"):
        a1_graph("real", {**BUNDLE, "terrain": "flat"})
