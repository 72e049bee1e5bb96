"""Run an episode through the ROS graph: ``wmp sim`` in lockstep, evaluated from its recorded odometry.

A trial's seed gives the same track here and in the batched evaluation. The graph adds what the batched
evaluation leaves out: standing up, the robot's protocol, the D435i's resolution and filters, the safety
envelope. Outcomes should agree; figures differ slightly. The graph drives the nominal robot, so the protocol
must too (``GRAPH_PROTOCOL``), and the operator script steers by the robot's IMU.
"""

from __future__ import annotations

import dataclasses
import json
import math
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from wmp_sim.terrain import Terrain
from wmp_training.evaluation.metrics import Metrics, Outcome
from wmp_training.evaluation.protocol import Protocol
from wmp_training.evaluation.trial import Trial
from wmp_training.sim.backend import RobotStates

GRAPH_PROTOCOL = Protocol(varied=False)
#: Period of the simulated robot's odometry, s.
PERIOD = 0.02


class GraphError(ChildProcessError):
    """``wmp sim`` did not run; the message ends with its last output, in one line."""


@dataclass(frozen=True)
class Walk:
    """Ground truth while the policy walks, one row per 20 ms.

    Attributes:
        position: of the base in the world [T, 3], m.
        quat: orientation of the base [T, 4], (w, x, y, z).
        linear_velocity: in the base frame [T, 3], m/s.
        angular_velocity: in the base frame [T, 3], rad/s.
        command: to the policy [T, 3], vx m/s, vy m/s, yaw rate rad/s.
        fell: whether the simulator reports a fall at any time.
    """

    position: np.ndarray
    quat: np.ndarray
    linear_velocity: np.ndarray
    angular_velocity: np.ndarray
    command: np.ndarray
    fell: bool


def run_in_graph(bundle: Path, trial: Trial, protocol: Protocol = GRAPH_PROTOCOL) -> Outcome:
    """Run one episode of ``trial``; torques, contacts and energy are not measured (NaN).

    Raises:
        ValueError: the protocol varies or blinds robots, which the graph cannot do.
        GraphError: the graph did not start or failed.
    """
    if protocol.varied or protocol.blind != "no":
        raise ValueError("the graph can neither vary nor blind robots; use GRAPH_PROTOCOL")
    with tempfile.TemporaryDirectory(prefix="wmp_eval_") as folder:
        walk = record_walk(bundle, trial, protocol, Path(folder))
    return evaluate_walk(walk, trial, protocol)


def record_walk(bundle: Path, trial: Trial, protocol: Protocol, folder: Path) -> Walk:
    """Run ``wmp sim`` and read its bag; bag and summary stay in ``folder``."""
    options = {
        "bundle": bundle,
        "terrain": trial.terrain,
        "difficulty": trial.difficulty,
        "seed": trial.seed,
        "vx": protocol.vx,
        "heading-gain": protocol.heading_gain,
        "duration": protocol.duration,
        "record": folder / "bag",
        "json": folder / "sim.json",
    }
    arguments = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    program = shutil.which("wmp", path=str(Path(sys.executable).parent)) or "wmp"
    call = [program, "sim", "--lockstep", *arguments]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    # Exit code 1 is a fall, which is a result; any other code, or no summary, is a failure.
    if done.returncode not in (0, 1) or not (folder / "sim.json").is_file():
        raise GraphError(f"wmp sim ended with {done.returncode} on {trial}: {_one_line(done.stderr)}")
    figures = json.loads((folder / "sim.json").read_text())
    if not figures["policy_ticks"]:
        raise GraphError(f"wmp sim never walked on {trial}: {_one_line(figures['failure'])}")
    return read_walk(folder / "bag", protocol.duration, fell=figures["fell"])


def _one_line(text: str) -> str:
    return " ".join(text.split())[-300:]


def read_walk(bag: Path, longest: float, fell: bool) -> Walk:
    """Odometry and commands in ``bag``, for ``longest`` s from the first policy step.

    Later rows are left out: the policy then brings the robot to rest before it sits down.
    """
    from rosbags.highlevel import AnyReader

    rows, ticks, commands = [], [], []
    with AnyReader([bag]) as reader:
        wanted = [c for c in reader.connections if c.topic in ("/sim/odometry", "/wmp/policy_step")]
        for connection, _, raw in reader.messages(wanted):
            message = reader.deserialize(raw, connection.msgtype)
            stamp = message.header.stamp.sec + 1e-9 * message.header.stamp.nanosec
            if connection.topic == "/wmp/policy_step":
                ticks.append(stamp)
                commands.append(message.command)
                continue
            pose, twist = message.pose.pose, message.twist.twist
            vectors = pose.position, pose.orientation, twist.linear, twist.angular
            keys = "xyz", "wxyz", "xyz", "xyz"
            rows.append(
                [stamp, *(getattr(v, k) for v, names in zip(vectors, keys, strict=True) for k in names)]
            )
    if not ticks:
        raise GraphError(f"bag {bag} holds no policy step; the recording may be incomplete")
    end = min(ticks[-1], ticks[0] + longest)
    table = np.array([row for row in sorted(rows) if ticks[0] - PERIOD < row[0] <= end])
    newest = np.searchsorted(ticks, table[:, 0], side="right") - 1
    command = np.array(commands)[np.maximum(newest, 0)]
    return Walk(table[:, 1:4], table[:, 4:8], table[:, 8:11], table[:, 11:14], command, fell)


@dataclass
class _UnknownLoads:
    work: torch.Tensor
    peak_torque: torch.Tensor
    attitude_rate: torch.Tensor


@dataclass
class _RecordedTrack:
    """One recorded robot as :class:`Metrics` expects it; torques were not measured (NaN)."""

    terrains: list[Terrain]
    first: RobotStates
    num_robots: int = 1

    def __post_init__(self) -> None:
        self.weight, unknown = torch.ones(1), torch.full((1,), math.nan)
        self.loop = _UnknownLoads(unknown, torch.full((1, 12), math.nan), unknown)

    def states(self) -> RobotStates:
        return self.first


def evaluate_walk(walk: Walk, trial: Trial, protocol: Protocol) -> Outcome:
    """The outcome of ``walk``, by the rules of the batched evaluation."""
    states = _states(walk)
    metrics = Metrics(_RecordedTrack([trial.track()], states[0]), [trial], protocol, PERIOD)
    commands = torch.from_numpy(walk.command).float()
    for state, command in zip(states[1:], commands[1:], strict=True):
        if metrics.running.any():
            metrics.update(state, command[None])
    if metrics.running.any():
        # The walk ended early: the runtime's safety monitor stopped it, or time ran out one sample early.
        metrics.stop(fell=walk.fell)
    return dataclasses.replace(metrics.outcomes()[0], collisions=math.nan, leg_contacts=math.nan)


def _states(walk: Walk) -> Sequence[RobotStates]:
    def row(values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(values[None]).float()

    joints, legs = torch.zeros(1, 12), torch.zeros(1, 8, dtype=torch.bool)
    unknown = {"q": joints, "dq": joints, "torque": joints, "foot_force": torch.zeros(1, 4, 3)}
    columns = zip(walk.position, walk.quat, walk.linear_velocity, walk.angular_velocity, strict=True)
    return [
        RobotStates(
            position=row(position),
            quat=row(quat),
            linear_velocity=row(linear),
            angular_velocity=row(angular),
            leg_contact=legs,
            trunk_contact=legs[:, 0],
            **unknown,
        )
        for position, quat, linear, angular in columns
    ]
