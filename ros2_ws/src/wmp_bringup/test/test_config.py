"""The shipped parameter files say what the code says, unless they mean to differ."""

import dataclasses

import pytest

from wmp_bringup.locations import shipped_parameters
from wmp_bringup.parameters import node_parameters
from wmp_core.control.envelope import EnvelopeSettings
from wmp_core.control.posture import PostureSettings
from wmp_core.control.watchdog import WatchdogSettings
from wmp_perception.depth_filter import DepthFilterSettings

GROUPS = [
    ("depth_node", "filter", DepthFilterSettings),
    ("policy_node", "envelope", EnvelopeSettings),
    ("policy_node", "posture", PostureSettings),
    ("policy_node", "watchdog", WatchdogSettings),
]


def group(mode, node, prefix):
    parameters = node_parameters(shipped_parameters(mode), node)
    return {name.partition(".")[2]: v for name, v in parameters.items() if name.startswith(f"{prefix}.")}


@pytest.mark.parametrize("mode", ["sim", "real"])
@pytest.mark.parametrize(("node", "prefix", "settings"), GROUPS)
def test_every_setting_is_there_with_the_value_the_code_was_tuned_with(mode, node, prefix, settings):
    assert group(mode, node, prefix) == dataclasses.asdict(settings())


@pytest.mark.parametrize(("node", "prefix"), [(node, prefix) for node, prefix, _ in GROUPS])
def test_the_robot_is_driven_with_the_settings_of_the_simulation(node, prefix):
    assert group("real", node, prefix) == group("sim", node, prefix)


def test_a_real_robot_is_not_moved_unless_asked():
    assert node_parameters(shipped_parameters("real"), "policy_node")["dry_run"] is True
