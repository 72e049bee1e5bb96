"""The graph as launch actions, for machines with a ROS installation.

Compatible with ``launch`` of Humble.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from launch.actions import DeclareLaunchArgument, EmitEvent, OpaqueFunction, RegisterEventHandler
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown
from launch.events.process import ProcessExited
from launch_ros.actions import Node

from launch import LaunchContext, LaunchDescription
from wmp_bringup.emergency_damping import damp_if_controller_killed
from wmp_bringup.graph import NodeSpec, a1_graph, write_overrides
from wmp_bringup.isolation import local_discovery
from wmp_bringup.locations import flights_folder, shipped_parameters
from wmp_bringup.options import OPTIONS, Option, check_launch_arguments
from wmp_bringup.processes import NodeExit
from wmp_core.default_bundle import resolve_bundle
from wmp_ros.launcher import LAUNCHER_PID


def describe_graph(mode: str) -> LaunchDescription:
    """A launch description of the graph.

    Its arguments are the options, ``namespace``, ``params_file``, ``record`` and ``flights``. An empty one
    keeps the value of the parameter file.
    """
    default_file = shipped_parameters(mode)
    options = OPTIONS[mode]
    return LaunchDescription(
        [
            *(_argument(option, default_file) for option in options),
            DeclareLaunchArgument(
                "params_file", default_value=str(default_file), description="ROS parameter file of all nodes"
            ),
            DeclareLaunchArgument(
                "namespace",
                default_value="",
                description="of nodes and topics, such as a1; empty: the root",
            ),
            DeclareLaunchArgument(
                "record", default_value="", description="new folder for an MCAP bag of the run; empty: no bag"
            ),
            DeclareLaunchArgument(
                "flights",
                default_value=str(flights_folder()) if mode == "real" else "",
                description="folder for bags of the last 30 s before a FAULT and before the end; empty: none",
            ),
            OpaqueFunction(function=_start, args=[mode, options]),
        ]
    )


def _argument(option: Option, parameter_file: Path) -> DeclareLaunchArgument:
    default = option.default(parameter_file)
    text = option.help + (f" [{option.unit}]" if option.unit else "")
    if default is not None:
        text += f" (empty: {default}, as in the parameter file)"
    return DeclareLaunchArgument(option.name, default_value="", description=text)


def _start(context: LaunchContext, mode: str, options: Sequence[Option]) -> list:
    given = context.launch_configurations
    check_launch_arguments(mode, given)
    overrides = {option.name: option.parse(given[option.name]) for option in options if given[option.name]}
    overrides["bundle"] = str(resolve_bundle(overrides.get("bundle")))
    record = Path(given["record"]).resolve() if given["record"] else None
    flights = Path(given["flights"]).resolve() if given["flights"] else None
    file = Path(given["params_file"])
    namespace = given["namespace"]
    specs = a1_graph(
        mode, overrides, parameter_file=file, record=record, flights=flights, namespace=namespace
    )
    folder = Path(tempfile.mkdtemp(prefix="wmp_launch_"))
    return [action for spec in specs for action in _node_actions(spec, folder)]


def _node_actions(spec: NodeSpec, folder: Path) -> list:
    # launch_ros writes a dictionary under "/**", which a file that names the node overrides.
    overrides = write_overrides(spec, folder)
    node = Node(
        package=spec.package,
        executable=spec.executable,
        name=spec.name,
        namespace=spec.namespace,
        parameters=[str(spec.parameter_file), str(overrides)],
        remappings=list(spec.remappings),
        arguments=list(spec.arguments),
        ros_arguments=["--enclave", spec.enclave],
        additional_env={LAUNCHER_PID: str(os.getpid()), **local_discovery(os.environ)},
        output="screen",
        emulate_tty=True,
    )
    if not spec.required:
        return [node]

    def end_graph(event: ProcessExited, context: LaunchContext) -> list:
        damp_if_controller_killed([spec], [NodeExit(spec.name, event.returncode, (), True)])
        return [EmitEvent(event=Shutdown(reason=f"{spec.name} has ended"))]

    return [node, RegisterEventHandler(OnProcessExit(target_action=node, on_exit=end_graph))]
