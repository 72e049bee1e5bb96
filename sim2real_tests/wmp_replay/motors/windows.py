"""Windows of a walk in which a leg swings freely."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from wmp_core.contract import Contract
from wmp_replay.motors.legs import foot_forces, leg_model
from wmp_replay.motors.trajectory import Trajectory

#: Policy steps replayed from one recorded state, and earlier steps whose targets are needed.
STEPS, BEFORE = 4, 3
#: Largest force on a foot in the air [N]. The estimate includes unmodelled friction and impacts on the trunk;
#: a standing foot carries 30 N and more.
AIR = 20.0


class Windows(NamedTuple):
    """``W`` windows: index ``start [W]`` into the trajectory, and which of the ``legs [W]`` swings."""

    start: np.ndarray
    legs: np.ndarray


def swing_windows(recorded: Trajectory, contract: Contract, max_windows: int) -> Windows:
    """Windows that do not overlap for any leg, at most ``max_windows``, evenly spread over the walk."""
    period = contract.timing.control_period
    force = foot_forces(leg_model(), recorded, _torque(recorded, contract), period)
    found = [
        (start, leg)
        for leg in range(force.shape[1])
        for start in starts_in_air(recorded.run, force[:, leg] < AIR)
    ]
    found.sort()
    if len(found) > max_windows:
        found = [found[i] for i in np.linspace(0, len(found) - 1, max_windows).round().astype(int)]
    start, legs = np.array(found, int).reshape(-1, 2).T
    return Windows(start, legs)


def _torque(recorded: Trajectory, contract: Contract) -> np.ndarray:
    """Measured torque, or without measurement the torque that the last target commands [N m]."""
    joints = contract.joints
    last = np.roll(recorded.target, 1, axis=0)
    commanded = joints.array("kp") * (last - recorded.q) - joints.array("kd") * recorded.dq
    measured = np.isfinite(recorded.torque) & (recorded.torque != 0.0)
    return np.where(measured, recorded.torque, commanded)


def starts_in_air(run: np.ndarray, in_air: np.ndarray) -> list[int]:
    """First steps of windows within one run, in the air from one step before to one step after."""
    starts, i = [], BEFORE
    while i + STEPS + 1 < len(run):
        whole = run[i - BEFORE] == run[i + STEPS + 1]
        if whole and in_air[i - 1 : i + STEPS + 2].all():
            starts.append(i)
            i += STEPS
        else:
            i += 1
    return starts
