"""Settings come from parameters, and from their own defaults where none is given."""

from dataclasses import dataclass

import pytest
import rclpy
from rclpy.parameter import Parameter

from wmp_ros.parameters import declare_settings


@dataclass(frozen=True)
class Limits:
    speed: float = 1.5
    name: str = "slow"
    axes: tuple = ()


@pytest.fixture
def node():
    context = rclpy.Context()
    rclpy.init(context=context)
    overrides = [Parameter("limits.speed", value=2.5)]
    node = rclpy.create_node("settings", context=context, parameter_overrides=overrides)
    yield node
    node.destroy_node()
    rclpy.shutdown(context=context)


def test_given_parameters_win_over_defaults_and_fixed_fields_are_none(node):
    assert declare_settings(node, "limits", Limits, axes=(1, 2)) == Limits(2.5, "slow", (1, 2))
    assert node.has_parameter("limits.name") and not node.has_parameter("limits.axes")
