"""What one run of ``wmp sim`` is: the command line resolved into nodes, environment and results."""

from __future__ import annotations

import argparse
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from wmp_bringup.graph import NodeSpec, a1_graph, recorder_names
from wmp_bringup.isolation import free_tcp_port, free_udp_port, local_discovery
from wmp_bringup.locations import shipped_parameters
from wmp_bringup.options import OPTIONS
from wmp_bringup.parameters import Value, node_parameters, parse_assignments
from wmp_cli.environment import SERVER
from wmp_cli.output import check_file, check_folder, check_new_folder
from wmp_cli.sim.journals import NODES, journal_path
from wmp_cli.sim.summary import RunIdentity
from wmp_core.bundle import Bundle
from wmp_core.contract import LimitsContract
from wmp_core.default_bundle import resolve_bundle
from wmp_sim.faults import Fault, parse_faults
from wmp_sim.faults.schedule import REAL_TIME_ONLY
from wmp_sim.terrain import seeded_terrain

MODE = "sim"
#: Options of the graph that the command decides by itself.
OWN_OPTIONS = ("operator", "robot_port", "listeners", "faults", "fault_seconds")
#: A robot in FAULT is watched for so long: it goes on being damped.
FAULT_SECONDS = 2.0
USER_OPTIONS = tuple(option for option in OPTIONS[MODE] if option.name not in OWN_OPTIONS)


@dataclass(frozen=True)
class SimSettings:
    """One run of the simulation, complete: what is started, and where the results go.

    Attributes:
        warnings: lines for the user; nothing that prevents the run.
    """

    specs: tuple[NodeSpec, ...]
    identity: RunIdentity
    heading_gain: float
    control_period: float
    end_x: float
    duration: float | None
    domain_id: int | None
    log_folder: Path
    json_file: Path | None
    verbose: bool
    faults: tuple[Fault, ...] = ()
    bag: Path | None = None
    warnings: tuple[str, ...] = ()

    @property
    def bundle_folder(self) -> Path:
        """Where the nodes read the bundle from."""
        policy = next(spec for spec in self.specs if spec.name == "policy_node")
        return Path(policy.parameters["bundle"])

    @property
    def ticks(self) -> int | None:
        """Length of the walk in policy ticks; None: open end."""
        return None if self.duration is None else round(self.duration / self.control_period)


def settings_from(arguments: argparse.Namespace) -> SimSettings:
    """The run that the command line describes. Nothing is created unless all of it is usable.

    Raises:
        BundleError, ValueError, OSError: the bundle, an argument or the parameter file is not usable.
        UsageError: an output cannot be written, or exists.
    """
    parameter_file = arguments.params_file or shipped_parameters(MODE)
    faults = parse_faults(" ".join(arguments.fault))
    log_folder = arguments.log_dir or _new_log_folder()
    overrides = _overrides(arguments, parameter_file, faults)
    duration = overrides.get("duration")
    if duration is not None and not 0 <= duration < float("inf"):
        raise ValueError(f"--duration is {duration:g}, expected 0 (no end) or seconds")
    check_new_folder("--record", arguments.record)
    check_file("--json", arguments.json, arguments.overwrite)
    check_folder("--flights", arguments.flights)
    check_folder("--log-dir", log_folder)
    assigned = parse_assignments(arguments.assignments, parameter_file)
    for node in NODES:
        assigned.setdefault(node, {})["journal"] = str(journal_path(log_folder.resolve(), node))
    specs = a1_graph(
        MODE,
        overrides,
        parameter_file=parameter_file,
        assigned=assigned,
        record=_absolute(arguments.record),
        flights=_absolute(arguments.flights),
    )
    policy = next(spec for spec in specs if spec.name == "policy_node").effective_parameters()
    simulator = next(spec for spec in specs if spec.name == "a1_sim").effective_parameters()
    terrain = seeded_terrain(simulator["terrain"], simulator["difficulty"], simulator["seed"])
    # The nodes verify the bundle; here it is only read.
    bundle = Bundle.load_unverified(policy["bundle"])
    if arguments.view:
        specs = (*specs, _viewer(parameter_file, bundle.path))
    identity = RunIdentity(
        terrain=terrain.name,
        difficulty=terrain.difficulty,
        seed=simulator["seed"],
        lockstep=policy["lockstep"],
        pd=policy["pd"],
        command=_command(policy, bundle.contract.limits, bundle.name),
        bundle={"name": bundle.name, "sha256": bundle.sha256},
    )
    if any(fault.kind == "bundle_swapped" for fault in faults):
        specs = _with_copied_bundle(specs, bundle.path, log_folder)
    return SimSettings(
        specs=specs,
        identity=identity,
        heading_gain=policy["script.heading_gain"],
        control_period=bundle.contract.timing.control_period,
        end_x=terrain.end_x,
        duration=policy["script.walk_seconds"] or None,
        domain_id=arguments.domain_id,
        log_folder=log_folder,
        json_file=arguments.json,
        verbose=arguments.verbose,
        faults=faults,
        bag=_absolute(arguments.record),
        warnings=_warnings(terrain.name, bundle),
    )


def _viewer(parameter_file: Path, bundle: Path) -> NodeSpec:
    """The node of the cockpit; the walk goes on if it ends."""
    parameters: dict[str, Value] = {"bundle": str(bundle), "port": free_tcp_port()}
    return NodeSpec("wmp_viewer", "viewer", "viewer", parameter_file, parameters, required=False)


def viewer_port(settings: SimSettings) -> int:
    """TCP port of the run's viewer, which it must have."""
    viewer = next(spec for spec in settings.specs if spec.name == "viewer")
    return int(viewer.parameters["port"])


def _command(policy: Mapping[str, Value], limits: LimitsContract, name: str) -> dict[str, float]:
    """The velocity command in force.

    Raises:
        ValueError: it is outside the range that bundle ``name`` was trained for.
    """
    ranges = {"vx": limits.command_vx, "vy": limits.command_vy, "yaw": limits.command_yaw_rate}
    command = {axis: policy[f"script.{axis}"] for axis in ranges}
    for axis, (lower, upper) in ranges.items():
        if not lower <= command[axis] <= upper:
            unit = "rad/s" if axis == "yaw" else "m/s"
            raise ValueError(
                f"--{axis} is {command[axis]:g} {unit}, but {name} was trained for {lower:g} to {upper:g}: "
                "choose a value in that range, or another bundle"
            )
    return command


def _warnings(terrain: str, bundle: Bundle) -> tuple[str, ...]:
    trained = bundle.metadata.get("terrains", [])
    if not trained or terrain in trained:
        return ()
    return (f"{bundle.name} was not trained on {terrain}, only on {', '.join(trained)}",)


def graph_environment(domain_id: int, log_folder: Path) -> dict[str, str]:
    """Environment of the nodes: one domain on this machine, discovery over UDP (faster by seconds).

    A discovery server of the user's own graphs would keep these nodes from finding each other.
    """
    return {
        **{name: value for name, value in os.environ.items() if name != SERVER},
        # Wherever the user's own nodes are heard.
        **local_discovery({"ROS_DISTRO": os.environ.get("ROS_DISTRO", "")}),
        "ROS_DOMAIN_ID": str(domain_id),
        "FASTDDS_BUILTIN_TRANSPORTS": os.environ.get("FASTDDS_BUILTIN_TRANSPORTS", "UDPv4"),
        "ROS_LOG_DIR": str(log_folder),
        "RCUTILS_COLORIZED_OUTPUT": "0",
        "OMP_NUM_THREADS": "1",
    }


def _with_copied_bundle(specs: Sequence[NodeSpec], bundle: Path, folder: Path) -> tuple[NodeSpec, ...]:
    """The same nodes with a copy of the bundle, whose files a fault may damage."""
    copy = folder.resolve() / "bundle"
    shutil.copytree(bundle, copy, dirs_exist_ok=True)
    return tuple(
        replace(spec, parameters={**spec.parameters, "bundle": str(copy)})
        if "bundle" in spec.parameters
        else spec
        for spec in specs
    )


def _overrides(
    arguments: argparse.Namespace, parameter_file: Path, faults: tuple[Fault, ...]
) -> dict[str, Value]:
    given = {o.name: value for o in USER_OPTIONS if (value := getattr(arguments, o.name)) is not None}
    given["bundle"] = str(resolve_bundle(given.get("bundle")))
    in_file = node_parameters(parameter_file, "policy_node")
    # Requests over ROS arrive at no repeatable simulated time: in lockstep the controller runs a script.
    given["operator"] = "script" if given.get("lockstep", in_file["lockstep"]) else "ros"
    # A bag holds the first step as well.
    recorders = recorder_names(arguments.record, arguments.flights)
    given["listeners"] = " ".join([str(in_file["policy_step_listeners"]), *recorders])
    given["robot_port"] = free_udp_port()
    if faults:
        given["faults"] = " ".join(arguments.fault)
        given["fault_seconds"] = FAULT_SECONDS
    if given["operator"] == "script" and (unable := [f.kind for f in faults if f.kind in REAL_TIME_ONLY]):
        raise ValueError(f"--fault {unable[0]}: not in lockstep, where a node that is missing is waited for")
    return given


def _new_log_folder() -> Path:
    root = Path(os.environ.get("ROS_LOG_DIR") or Path.home() / ".ros" / "log")
    return root / time.strftime(f"wmp_sim_%Y%m%d_%H%M%S_{os.getpid()}")


def _absolute(path: Path | None) -> Path | None:
    return None if path is None else path.resolve()
