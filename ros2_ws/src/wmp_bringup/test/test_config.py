"""The shipped parameter files equal the defaults in the code, except where they differ on purpose."""

import dataclasses
import re

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

#: The simulated robot shares the computer with its controller and stands still while it is not served; its
#: joint stops yield more than a robot's.
RELAXED_IN_SIMULATION = {"state_age": 1.0, "loop_overrun": 0.5, "joint_range": 0.4}


def differences(mode, prefix):
    return RELAXED_IN_SIMULATION if (mode, prefix) == ("sim", "safety") else {}


def group(mode, node, prefix):
    parameters = node_parameters(shipped_parameters(mode), node)
    return {name.partition(".")[2]: v for name, v in parameters.items() if name.startswith(f"{prefix}.")}


@pytest.mark.parametrize("mode", ["sim", "real"])
@pytest.mark.parametrize(("node", "prefix", "settings"), GROUPS)
def test_every_setting_has_the_default_value_of_the_code(mode, node, prefix, settings):
    expected = {**dataclasses.asdict(settings()), **differences(mode, prefix)}
    assert group(mode, node, prefix) == expected


@pytest.mark.parametrize(("node", "prefix"), [(node, prefix) for node, prefix, _ in GROUPS])
def test_robot_and_simulation_use_the_same_settings(node, prefix):
    real = group("real", node, prefix)
    assert {**real, **differences("sim", prefix)} == group("sim", node, prefix)


@pytest.mark.parametrize("mode", ["sim", "real"])
def test_shorter_deadlines_get_higher_priorities_and_the_other_measures_are_equal(mode):
    nodes = ("depth_node", "world_model_node", "policy_node")
    depth, world_model, policy = groups = [group(mode, node, "realtime") for node in nodes]
    priorities = [measures.pop("priority") for measures in groups]
    # A process's other threads get one less than its main thread, and must still precede the next process.
    assert 0 < priorities[0] < priorities[1] - 1 < priorities[1] < priorities[2] - 1
    assert depth == world_model == policy


def test_the_real_robot_starts_with_a_dry_run_and_a_preflight():
    real = node_parameters(shipped_parameters("real"), "policy_node")
    assert real["dry_run"] is True
    assert real["preflight"] == "required"
    assert real["operator"] != "script"


@pytest.mark.parametrize("mode", ["sim", "real"])
def test_every_parameter_is_explained(mode):
    lines = shipped_parameters(mode).read_text().splitlines()
    parameters = [line for line in lines if re.match(r" {4,}\w+: *[^ #]", line)]
    assert len(parameters) > 100
    assert [line for line in parameters if not re.search(r" # \S", line)] == []


def test_the_flights_folder_follows_the_environment_and_defaults_below_home(monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.delenv("WMP_FLIGHTS", raising=False)
    assert str(flights_folder()) == "/home/somebody/.ros/wmp_flights"
    monkeypatch.setenv("WMP_FLIGHTS", "/bags/flights")
    assert str(flights_folder()) == "/bags/flights"
