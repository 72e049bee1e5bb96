"""States and targets of a walk, step by step, for the fit of the motors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wmp_core.contract import Contract
from wmp_core.control.pd import joint_targets
from wmp_core.robot_state import RobotState
from wmp_replay.bag.step import WorldModelStep

#: Largest number of policy steps used: two minutes of walking hold more swings than are fitted.
MAX_STEPS = 6_000


@dataclass(frozen=True)
class Trajectory:
    """``N`` policy steps with ``J`` joints in contract order.

    ``run [N]``: number of the stretch without gaps. ``quat [N, 4]`` base_link -> world (w, x, y, z); ``gyro``
    [rad/s] and ``acc`` [m/s^2, gravity included] ``[N, 3]`` in base_link; ``q`` [rad], ``dq`` [rad/s],
    ``torque`` [N m] (NaN if not measured) and ``target`` [rad], commanded at this state, ``[N, J]`` each.
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
    """Collects a trajectory; update it with every recorded step in order."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._rows: list[tuple[int, RobotState, np.ndarray]] = []
        self._last: tuple[int, int] | None = None
        self._run = 0

    def update(self, step: WorldModelStep) -> None:
        """Add the next recorded step."""
        for policy_step, state in zip(step.policy, step.states, strict=True):
            if state is None or len(self._rows) >= MAX_STEPS:
                continue
            if self._last != (step.episode, policy_step.tick - 1):
                self._run += 1
            self._last = (step.episode, policy_step.tick)
            self._rows.append((self._run, state, joint_targets(self._contract, policy_step.action)))

    def finish(self) -> Trajectory | None:
        """The trajectory; None if no robot state was recorded."""
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
