"""Settings come from parameters, or from their defaults."""

from dataclasses import dataclass

import pytest
import rclpy
from rclpy.parameter import Parameter

from wmp_core.realtime.scheduling import RealtimeSettings
from wmp_ros.parameters import declare, declare_realtime, declare_settings


@dataclass(frozen=True)
class Limits:
    speed: float = 1.5
    name: str = "slow"
    axes: tuple = ()


@pytest.fixture
def create_node():
    """Create a node with parameters."""
    context = rclpy.Context()
    rclpy.init(context=context)
    nodes = []

    def create(**given):
        overrides = [Parameter(name, value=value) for name, value in given.items()]
        nodes.append(rclpy.create_node("settings", context=context, parameter_overrides=overrides))
        return nodes[-1]

    yield create
    for node in nodes:
        node.destroy_node()
    rclpy.shutdown(context=context)


def test_parameters_override_defaults_and_fixed_fields_are_not_parameters(create_node):
    node = create_node(**{"limits.speed": 2.5})
    assert declare_settings(node, "limits", Limits, axes=(1, 2)) == Limits(2.5, "slow", (1, 2))
    assert node.has_parameter("limits.name") and not node.has_parameter("limits.axes")


def test_parameters_cannot_be_set_after_start(create_node):
    node = create_node(dry_run=False)
    assert declare(node, "dry_run", True) is False
    declare_settings(node, "limits", Limits, axes=())
    for name, value in (("dry_run", True), ("limits.speed", 9.0)):
        (result,) = node.set_parameters([Parameter(name, value=value)])
        assert not result.successful and "read-only" in result.reason
    assert node.get_parameter("dry_run").value is False


def test_a_node_requests_priority_and_cpus_only_if_configured(create_node):
    assert declare_realtime(create_node()) == RealtimeSettings(switch_interval=0.0001)
    overrides = {"realtime.priority": 70, "realtime.cpus": [4, 5], "realtime.lock_memory": True}
    settings = RealtimeSettings(70, (4, 5), lock_memory=True, switch_interval=0.0001)
    assert declare_realtime(create_node(**overrides)) == settings


def test_an_invalid_priority_is_refused_by_name(create_node):
    with pytest.raises(ValueError, match="priority is 100, allowed 0"):
        declare_realtime(create_node(**{"realtime.priority": 100}))
