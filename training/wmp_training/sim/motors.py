"""Simulated motors: what they deliver of the torque that position actuators would apply."""

from __future__ import annotations

from collections.abc import Sequence

import mujoco
import numpy as np

from wmp_core.contract import Contract
from wmp_core.control.envelope import EnvelopeSettings
from wmp_core.control.joint_stops import JointStops
from wmp_core.control.power import power_share
from wmp_sim.motors import deliverable_torque


class Motors:
    """Limits joint targets so that the position actuators apply only what the motors deliver.

    In the order of the robot: the host limits torque, power and, if wanted, the torque towards joint stops;
    the motor's torque follows with a first-order lag; the motor loses torque with speed. Between physics
    steps MuJoCo integrates the damping ``kd`` of the actuators implicitly, so it is not delayed by the lag.

    Args:
        contract: torque and velocity limits, ranges of the joints.
        models: of the worlds; gains are theirs.
        num_robots: number of robots.
        torque_lag: time constant of every world's robot [W], s; 0 for none.
        joint_stops: whether the torque towards joint stops is limited.

    Attributes:
        torque: torque of the last physics step [N, J], N m.
    """

    def __init__(
        self,
        contract: Contract,
        models: Sequence[mujoco.MjModel],
        num_robots: int,
        torque_lag: np.ndarray | None = None,
        joint_stops: bool = False,
    ) -> None:
        joints = contract.joints
        self._kp = np.array([model.actuator_gainprm[:, 0] for model in models])
        self._kd = np.array([-model.actuator_biasprm[:, 2] for model in models])
        self._torque_limit = np.array(joints.torque_limit)
        self._velocity_limit = np.array(joints.velocity_limit)
        self._power_limit = EnvelopeSettings().power_limit
        ends = np.array(joints.position_lower), np.array(joints.position_upper)
        self._stops = JointStops(*ends, self._torque_limit) if joint_stops else None
        self._remaining = None
        if torque_lag is not None and torque_lag.any():
            self._remaining = remaining_share(torque_lag, models[0].opt.timestep)[:, None]
        self.torque = np.zeros((num_robots, len(self._torque_limit)))

    def reset(self, robots: np.ndarray) -> None:
        """Begin new episodes of ``robots`` [M] without torque."""
        self.torque[robots] = 0.0

    def reachable(self, world: np.ndarray, target: np.ndarray, q: np.ndarray, dq: np.ndarray) -> np.ndarray:
        """Targets whose torque equals what motors deliver for ``target`` at ``q`` and ``dq``; all [N, J].

        ``world`` [N] says on which world each robot is. Advances the lag by a physics step.
        """
        kp, kd = self._kp[world], self._kd[world]
        wanted = kp * (target - q) - kd * dq
        torque = np.minimum(np.maximum(wanted, -self._torque_limit), self._torque_limit)
        torque *= power_share(torque, dq, self._power_limit)
        if self._stops is not None:
            torque = self._stops.bounded(torque, q, dq)
        if self._remaining is not None:
            torque += self._remaining[world] * (self.torque - torque)
        self.torque[:] = deliverable_torque(torque, dq, self._torque_limit, self._velocity_limit)
        return target + (self.torque - wanted) / kp


def remaining_share(time_constant: np.ndarray, seconds: float) -> np.ndarray:
    """Share of a step that a first-order lag has not followed after ``seconds``; 0 without lag."""
    return np.exp(-seconds / np.maximum(time_constant, 1e-9))
