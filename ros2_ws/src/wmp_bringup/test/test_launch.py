"""The launch files start the graph that the process launcher starts (needs an installation of launch)."""

import runpy
from pathlib import Path

import pytest

pytest.importorskip("launch_ros", reason="launch is not on pip: this runs where ROS is installed")

from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.utilities import perform_substitutions
from launch_ros.actions import Node

from launch import LaunchContext
from wmp_bringup.graph import a1_graph
from wmp_bringup.options import OPTIONS

LAUNCH = Path(__file__).resolve().parents[1] / "launch"


def describe(mode):
    return runpy.run_path(str(LAUNCH / f"a1_{mode}.launch.py"))["generate_launch_description"]()


@pytest.mark.parametrize("mode", ["sim", "real"])
def test_every_option_is_a_launch_argument(mode):
    arguments = {
        entity.name for entity in describe(mode).entities if isinstance(entity, DeclareLaunchArgument)
    }
    assert arguments == {option.name for option in OPTIONS[mode]} | {"params_file", "record", "flights"}


def nodes(mode, context, bundle):
    """The nodes that ``ros2 launch`` would start with the arguments of ``context``."""
    description = describe(mode)
    context.launch_configurations.update({"bundle": str(bundle), "flights": ""})
    actions = []
    for entity in description.entities:
        if isinstance(entity, DeclareLaunchArgument):
            entity.execute(context)
        elif isinstance(entity, OpaqueFunction):
            actions += entity.execute(context)
    return [action for action in actions if isinstance(action, Node)]


@pytest.mark.parametrize(
    ("mode", "given"), [("sim", {"terrain": "rough", "vx": "0.7"}), ("real", {"pd": "host"})]
)
def test_the_launched_nodes_are_those_of_the_graph(mode, given, tiny_bundle):
    context = LaunchContext()
    context.launch_configurations.update(given)
    launched = {(node.node_package, node.node_executable) for node in nodes(mode, context, tiny_bundle)}
    assert launched == {
        (spec.package, spec.executable) for spec in a1_graph(mode, {"bundle": str(tiny_bundle)})
    }


@pytest.mark.parametrize("mode", ["sim", "real"])
@pytest.mark.parametrize(("given_range", "expected"), [(None, "LOCALHOST"), ("SUBNET", "SUBNET")])
def test_launched_nodes_stay_on_this_machine_unless_the_environment_sets_a_range(
    mode, given_range, expected, tiny_bundle, monkeypatch
):
    monkeypatch.setenv("ROS_DISTRO", "jazzy")
    if given_range is None:
        monkeypatch.delenv("ROS_AUTOMATIC_DISCOVERY_RANGE", raising=False)
    else:
        monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", given_range)
    context = LaunchContext()
    for node in nodes(mode, context, tiny_bundle):
        given = {
            perform_substitutions(context, list(name)): perform_substitutions(context, list(value))
            for name, value in node.additional_env
        }
        assert given["ROS_AUTOMATIC_DISCOVERY_RANGE"] == expected
