import copy
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wmp_core.contract import Contract, ContractError, differences
from wmp_testing.tiny_bundle import tiny_contract


def edited(path, value):
    """The A1's contract as JSON data with one entry replaced."""
    data = copy.deepcopy(json.loads(json.dumps(tiny_contract().to_dict())))
    *parents, last = path
    entry = data
    for key in parents:
        entry = entry[key]
    entry[last] = value
    return data


def test_sizes_are_those_of_the_paper():
    contract = tiny_contract()
    assert contract.proprioception_size == 33
    assert contract.history_step_size == 42
    assert contract.history_size == 210
    assert contract.timing.world_model_period == pytest.approx(0.1)


def test_focal_length_of_a_64_pixel_58_degree_pinhole():
    assert tiny_contract().depth.focal_length == pytest.approx(57.73, abs=0.005)


def test_a_saved_contract_loads_equal(tmp_path):
    contract = tiny_contract()
    contract.save(tmp_path / "contract.json")
    assert Contract.load(tmp_path / "contract.json") == contract


@given(
    st.lists(st.floats(0.01, 500), min_size=12, max_size=12),
    st.integers(2, 20),
    st.floats(0.1, 10),
    st.one_of(st.none(), st.floats(0.1, 3.1)),
)
def test_any_valid_contract_survives_json(gains, interval, far, attitude):
    data = edited(["joints", "kp"], gains)
    data["timing"]["world_model_interval"] = interval
    data["depth"]["far"] = far
    data["limits"]["attitude"] = attitude
    contract = Contract.from_dict(data)
    assert Contract.from_dict(json.loads(json.dumps(contract.to_dict()))) == contract
    assert contract.joints.kp == tuple(gains)
    assert contract.limits.attitude == attitude


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (["joints", "kp"], [40.0] * 11, "joints.kp"),
        (["joints", "kd"], [1.0] * 11 + [-1.0], "joints.kd"),
        (["joints", "kp"], [40.0] * 11 + [math.nan], "joints.kp"),
        (["joints", "kp"], [40.0] * 11 + ["40"], r"joints\.kp\[11\]"),
        (["joints", "names"], ["hip"] * 12, "joints.names"),
        (["joints", "names"], "abcdefghijkl", "joints.names"),
        (["joints", "default_position"], [9.0] * 12, "joints.default_position"),
        (["observation", "history_steps"], 0, "observation.history_steps"),
        (["observation", "history_steps"], 5.0, "observation.history_steps"),
        (["observation", "proprioception", 0, "name"], "base_height", "base_height"),
        (["observation", "proprioception", 2, "scale"], [1.0, 1.0], "scale of command"),
        (["observation", "history_terms", 0, "scale"], [0.5], "history_terms base_angular_velocity"),
        (["action", "clip"], 0.0, "action.clip"),
        (["action", "scale"], True, "action.scale"),
        (["timing", "world_model_interval"], 1, "timing.world_model_interval"),
        (["timing", "depth_age"], -0.1, "timing.depth_age"),
        (["depth", "fov_deg"], 180.0, "depth.fov_deg"),
        (["depth", "far"], 0.0, "depth.near/far"),
        (["depth", "position"], [0.0, 0.0], "depth.position"),
        (["depth", "pitch"], 5.0, "depth.pitch"),
        (["world_model", "classes"], 257, "world_model.classes"),
        (["limits", "command_vx"], [1.0, 0.0], "limits.command_vx"),
        (["limits", "command_vx"], [0.0, math.inf], "limits.command_vx"),
        (["limits", "attitude"], 4.0, "limits.attitude"),
        (["timing"], None, "contract.timing"),
        (["surprise"], 1, "surprise"),
    ],
)
def test_a_bad_value_is_refused_by_name(path, value, named):
    with pytest.raises(ContractError, match=named):
        Contract.from_dict(edited(path, value))


def test_a_missing_key_is_refused_by_name():
    data = tiny_contract().to_dict()
    del data["action"]["clip"]
    with pytest.raises(ContractError, match=r"action keys.*clip"):
        Contract.from_dict(data)


@pytest.mark.parametrize("name", ["command", "joint_velocity"])
def test_proprioception_must_contain_the_terms_of_policy_and_history(name):
    data = tiny_contract().to_dict()
    terms = data["observation"]["proprioception"]
    data["observation"]["proprioception"] = [term for term in terms if term["name"] != name]
    with pytest.raises(ContractError, match=name):
        Contract.from_dict(data)


def test_a_file_that_is_not_json_is_refused(tmp_path):
    (tmp_path / "contract.json").write_text("robot: a1")
    with pytest.raises(ContractError, match="not valid JSON"):
        Contract.load(tmp_path / "contract.json")


def test_differences_name_key_and_both_values():
    other = Contract.from_dict(edited(["action", "scale"], 0.5))
    assert differences(tiny_contract(), other) == ["action.scale: expected 0.25, found 0.5"]
    assert differences(other, other) == []


def test_a_command_is_clipped_to_the_trained_range():
    clipped = tiny_contract().limits.clip_command([2.0, 0.3, -1.5])
    np.testing.assert_allclose(clipped, [0.8, 0.0, -1.0])
