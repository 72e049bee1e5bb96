"""The shipped parameter files say what the code says, unless they mean to differ."""

import dataclasses
import itertools

import pytest

from wmp_bringup.locations import flights_folder, shipped_parameters
from wmp_bringup.parameters import node_parameters
from wmp_core.control.envelope import EnvelopeSettings
from wmp_core.control.joystick import JoystickSettings
from wmp_core.control.posture import PostureSettings
from wmp_core.control.safety_monitor import SafetySettings
from wmp_perception.depth_filter import DepthFilterSettings

GROUPS = [
    ("depth_node", "filter", DepthFilterSettings),
    ("policy_node", "envelope", EnvelopeSettings),
    ("policy_node", "posture", PostureSettings),
    ("policy_node", "safety", SafetySettings),
    ("policy_node", "joystick", JoystickSettings),
]

#: The simulated robot shares the computer with its controller, and stands still while it is not served; the
#: stops of its joints give way more than a robot's.
PATIENCE_IN_SIMULATION = {"state_age": 1.0, "loop_overrun": 0.5, "joint_range": 0.4}


def differences(mode, prefix):
    return PATIENCE_IN_SIMULATION if (mode, prefix) == ("sim", "safety") else {}


def group(mode, node, prefix):
    parameters = node_parameters(shipped_parameters(mode), node)
    return {name.partition(".")[2]: v for name, v in parameters.items() if name.startswith(f"{prefix}.")}


@pytest.mark.parametrize("mode", ["sim", "real"])
@pytest.mark.parametrize(("node", "prefix", "settings"), GROUPS)
def test_every_setting_is_there_with_the_value_the_code_was_tuned_with(mode, node, prefix, settings):
    expected = {**dataclasses.asdict(settings()), **differences(mode, prefix)}
    assert group(mode, node, prefix) == expected


@pytest.mark.parametrize(("node", "prefix"), [(node, prefix) for node, prefix, _ in GROUPS])
def test_the_robot_is_driven_with_the_settings_of_the_simulation(node, prefix):
    real = group("real", node, prefix)
    assert {**real, **differences("sim", prefix)} == group("sim", node, prefix)


@pytest.mark.parametrize("mode", ["sim", "real"])
def test_who_has_less_time_has_the_higher_priority_and_all_take_the_same_measures(mode):
    nodes = ("depth_node", "world_model_node", "policy_node")
    depth, world_model, policy = groups = [group(mode, node, "realtime") for node in nodes]
    priorities = [measures.pop("priority") for measures in groups]
    # A process has one less than its thread; whoever comes before it must have less still.
    assert 0 < priorities[0] < priorities[1] - 1 < priorities[1] < priorities[2] - 1
    assert depth == world_model == policy


def test_a_real_robot_is_not_moved_unless_asked_and_then_not_unexamined():
    real = node_parameters(shipped_parameters("real"), "policy_node")
    assert real["dry_run"] is True
    assert real["preflight"] == "required"
    assert real["operator"] != "script"


@pytest.mark.parametrize("mode", ["sim", "real"])
def test_every_threshold_and_reaction_is_explained(mode):
    """Each line has a comment of its own."""
    after = shipped_parameters(mode).read_text().split("    safety:\n")[1].splitlines()
    lines = itertools.takewhile(lambda line: line.startswith(" " * 6), after)
    explained = dict.fromkeys(line.split(":")[0].strip() for line in lines if "#" in line)
    fields = [field.name for field in dataclasses.fields(SafetySettings)]
    assert fields == list(explained)


def test_flights_go_where_the_environment_says_and_otherwise_below_home(monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.delenv("WMP_FLIGHTS", raising=False)
    assert str(flights_folder()) == "/home/somebody/.ros/wmp_flights"
    monkeypatch.setenv("WMP_FLIGHTS", "/bags/flights")
    assert str(flights_folder()) == "/bags/flights"
