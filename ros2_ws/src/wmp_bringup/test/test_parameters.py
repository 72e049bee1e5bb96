"""Parameter files are read as ROS reads them."""

import pytest

from wmp_bringup.parameters import ParameterFileError, load_parameters, node_parameters, override_document


def write(tmp_path, text):
    path = tmp_path / "parameters.yaml"
    path.write_text(text)
    return path


def test_nested_keys_become_dotted_names_and_own_values_win_over_those_of_every_node(tmp_path):
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
    ("text", "complaint"),
    [
        ("policy_node: {pd: host}", "ros__parameters"),
        ("[1, 2]", "mapping"),
        ("policy_node: {ros__parameters: {on: 1.0}}", "True is not a string"),
        ("a: [", "cannot read"),
    ],
)
def test_a_file_that_ros_would_misread_is_refused(tmp_path, text, complaint):
    with pytest.raises(ParameterFileError, match=complaint):
        load_parameters(write(tmp_path, text))
