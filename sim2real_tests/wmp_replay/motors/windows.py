"""Stretches of a walk in which a leg swings freely."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from wmp_core.contract import Contract
from wmp_replay.motors.legs import foot_forces, leg_model
from wmp_replay.motors.trajectory import Trajectory

#: Policy steps that are replayed from one recorded state, and steps before it whose targets are needed.
STEPS, BEFORE = 4, 3
#: N on a foot below which it counts as in the air. The estimate contains what friction and the trunk's shocks
#: leave unexplained; a standing foot carries 30 N and more.
AIR = 20.0


class Windows(NamedTuple):
    """``W`` windows: index ``start [W]`` into the trajectory, and which of the ``legs [W]`` swings."""

    start: np.ndarray
    legs: np.ndarray


def swing_windows(recorded: Trajectory, contract: Contract, most: int) -> Windows:
    """Windows that overlap in no leg, at most ``most`` of them, evenly spread over the walk."""
    period = contract.timing.control_period
    force = foot_forces(leg_model(), recorded, _torque(recorded, contract), period)
    found = [
        (start, leg)
        for leg in range(force.shape[1])
        for start in starts_in_air(recorded.run, force[:, leg] < AIR)
    ]
    found.sort()
    if len(found) > most:
        found = [found[i] for i in np.linspace(0, len(found) - 1, most).round().astype(int)]
    start, legs = np.array(found, int).reshape(-1, 2).T
    return Windows(start, legs)


def _torque(recorded: Trajectory, contract: Contract) -> np.ndarray:
    """Measured, or where nothing was measured what the last target asks for."""
    joints = contract.joints
    last = np.roll(recorded.target, 1, axis=0)
    commanded = joints.array("kp") * (last - recorded.q) - joints.array("kd") * recorded.dq
    measured = np.isfinite(recorded.torque) & (recorded.torque != 0.0)
    return np.where(measured, recorded.torque, commanded)


def starts_in_air(run: np.ndarray, in_air: np.ndarray) -> list[int]:
    """First steps of windows within one run, in the air from the step before to the one after."""
    starts, i = [], BEFORE
    while i + STEPS + 1 < len(run):
        whole = run[i - BEFORE] == run[i + STEPS + 1]
        if whole and in_air[i - 1 : i + STEPS + 2].all():
            starts.append(i)
            i += STEPS
        else:
            i += 1
    return starts
