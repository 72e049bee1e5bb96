"""The robot's 500 Hz PD loop and its motors, for many robots in any physics engine."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from wmp_core.contract import Contract
from wmp_core.control.envelope import EnvelopeSettings
from wmp_core.control.pd import pd_torque
from wmp_core.control.power import power_share
from wmp_core.control.safety_monitor import SafetySettings
from wmp_sim.a1 import a1_model
from wmp_sim.motors import deliverable_torque
from wmp_training.evaluation.conditions import Condition

#: Physics step and period of the PD loop, s.
STEP = 0.002
#: Share of a new reading in the smoothed rate of roll and pitch, as in ``wmp_core.control.smoothing``.
RATE_SHARE = -math.expm1(-STEP / SafetySettings().attitude_rate_time)


class Joints(Protocol):
    """What the loop needs of an engine; ``ids`` [M] are the robots, joints are in contract order."""

    def joints(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Joint positions and velocities [M, J], rad and rad/s."""

    def advance(self, ids: np.ndarray, torque: np.ndarray) -> np.ndarray:
        """Simulate one step under ``torque`` [M, J]; returns the torque that the joints got, N m."""

    def tilt_rates(self, ids: np.ndarray) -> np.ndarray:
        """Rates of roll and pitch [M, 2] in the base frame, rad/s."""


class PdLoop:
    """Drives N robots with the contract's gains and the motors' limits, late and lagging as conditioned.

    Attributes:
        work: sum over the joints of ``|torque x velocity|`` in the last control period [N], J; of the torque
            that weak or strong motors deliver, not of the commanded torque.
        peak_torque: largest delivered torque of every joint in the last control period [N, J], N m.
        attitude_rate: largest combined rate of roll and pitch in the last control period [N], rad/s, smoothed
            as in the runtime's safety rule.
        rate: the smoothed rate now [N], rad/s.
    """

    def __init__(self, contract: Contract, count: int, condition: Condition) -> None:
        self.substeps = round(contract.timing.control_period / STEP)
        joints = contract.joints
        self._gains = joints.array("kp"), joints.array("kd")
        self._limit = joints.array("torque_limit")
        self._power_limit = EnvelopeSettings().power_limit
        robot = a1_model()
        self._motors = robot.torque_limit, robot.velocity_limit
        self._late = round(condition.action_delay / STEP)
        self._lag_share = -math.expm1(-STEP / condition.torque_lag) if condition.torque_lag else 1.0
        periods = 1 + math.ceil(self._late / self.substeps)
        # Targets of the last control periods, newest first.
        self._targets = np.tile(joints.array("default_position"), (periods, count, 1)).astype(np.float64)
        self._torque = np.zeros((count, contract.num_joints))
        self.rate = np.zeros(count)
        self.work, self.attitude_rate = torch.zeros(count), torch.zeros(count)
        self.peak_torque = torch.zeros(count, contract.num_joints)

    def run(self, robots: Tensor, targets: Tensor, engine: Joints) -> None:
        """Run ``robots`` [M] for one control period with joint position ``targets`` [N, J], rad."""
        ids = robots.numpy()
        self._targets[1:, ids] = self._targets[:-1, ids]
        self._targets[0, ids] = targets.numpy()[ids]
        work, peak = np.zeros(len(ids)), np.zeros((len(ids), targets.shape[1]))
        rate, fastest = self.rate[ids], np.zeros(len(ids))
        for substep in range(self.substeps):
            q, dq = engine.joints(ids)
            torque = engine.advance(ids, self._lagged(ids, self._commanded(ids, substep, q, dq)))
            work += np.abs(torque * dq).sum(-1) * STEP
            peak = np.maximum(peak, np.abs(torque))
            rate += (np.hypot(*engine.tilt_rates(ids).T) - rate) * RATE_SHARE
            fastest = np.maximum(fastest, rate)
        self.work[robots] = torch.from_numpy(work).float()
        self.peak_torque[robots] = torch.from_numpy(peak).float()
        self.rate[ids] = rate
        self.attitude_rate[robots] = torch.from_numpy(fastest).float()

    def _commanded(self, ids: np.ndarray, substep: int, q: np.ndarray, dq: np.ndarray) -> np.ndarray:
        """Torque that the motors can deliver [M, J] for the targets in effect."""
        periods_back = max(math.ceil((self._late - substep) / self.substeps), 0)
        commanded = pd_torque(self._targets[periods_back, ids], q, dq, *self._gains, self._limit)
        commanded *= power_share(commanded, dq, self._power_limit)
        return deliverable_torque(commanded, dq, *self._motors)

    def _lagged(self, ids: np.ndarray, torque: np.ndarray) -> np.ndarray:
        if self._lag_share == 1.0:
            return torque
        self._torque[ids] += (torque - self._torque[ids]) * self._lag_share
        return self._torque[ids]
