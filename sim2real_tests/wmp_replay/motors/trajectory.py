"""What a walk tells about its motors: states and targets, step by step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wmp_core.contract import Contract
from wmp_core.control.pd import joint_targets
from wmp_core.robot_state import RobotState
from wmp_replay.bag.step import WorldModelStep

#: Policy steps that are used at most: two minutes of walking hold more swings than are fitted.
MOST = 6_000


@dataclass(frozen=True)
class Trajectory:
    """``N`` policy steps with ``J`` joints in contract order.

    ``run [N]``: equal for steps that follow each other without a gap. ``quat [N, 4]`` base -> world
    (w, x, y, z), ``gyro`` and ``acc [N, 3]`` in the base frame (rad/s, m/s^2, gravity included), ``q``,
    ``dq``, ``torque`` (NaN if not measured) and ``target [N, J]``, the last one commanded on this state.
    """

    run: np.ndarray
    quat: np.ndarray
    gyro: np.ndarray
    acc: np.ndarray
    q: np.ndarray
    dq: np.ndarray
    torque: np.ndarray
    target: np.ndarray


class TrajectoryRecord:
    """Takes recorded steps in order."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._rows: list[tuple[int, RobotState, np.ndarray]] = []
        self._last: tuple[int, int] | None = None
        self._run = 0

    def take(self, step: WorldModelStep) -> None:
        """The next recorded step."""
        for policy_step, state in zip(step.policy, step.states, strict=True):
            if state is None or len(self._rows) >= MOST:
                continue
            if self._last != (step.episode, policy_step.tick - 1):
                self._run += 1
            self._last = (step.episode, policy_step.tick)
            self._rows.append((self._run, state, joint_targets(self._contract, policy_step.action)))

    def finish(self) -> Trajectory | None:
        """All of them; None where no robot state was recorded."""
        if not self._rows:
            return None
        run, states, target = zip(*self._rows, strict=True)

        def stacked(name: str) -> np.ndarray:
            return np.array([getattr(state, name) for state in states], np.float64)

        return Trajectory(
            np.array(run),
            stacked("quat_wxyz"),
            stacked("gyro"),
            stacked("acc"),
            stacked("q"),
            stacked("dq"),
            stacked("tau_est"),
            np.array(target, np.float64),
        )
