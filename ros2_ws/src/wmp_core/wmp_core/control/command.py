"""The command to all motors in one cycle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

import numpy as np


@dataclass(frozen=True)
class MotorCommand:
    """Targets and gains, arrays ``[joints]`` in contract order.

    The motor applies ``tau + kp * (q - q_measured) + kd * (dq - dq_measured)``; rad, rad/s, N m, N m/rad,
    N m s/rad. ``kp = 0`` means "no position target"; ``q`` is finite even then.
    """

    q: np.ndarray
    dq: np.ndarray
    tau: np.ndarray
    kp: np.ndarray
    kd: np.ndarray

    @classmethod
    def damping(cls, kd: Union[float, np.ndarray], joints: int = 12) -> MotorCommand:
        """Resist motion with ``kd`` N m s/rad and nothing else, as in PASSIVE and FAULT."""
        zeros = np.zeros(joints)
        return cls(q=zeros, dq=zeros, tau=zeros, kp=zeros, kd=np.full(joints, kd, dtype=np.float64))

    @classmethod
    def position(cls, q: np.ndarray, kp: np.ndarray, kd: np.ndarray) -> MotorCommand:
        """Hold position targets ``q`` with the given gains."""
        zeros = np.zeros(len(q))
        return cls(q=q, dq=zeros, tau=zeros, kp=kp, kd=kd)

    @classmethod
    def torque(cls, tau: np.ndarray) -> MotorCommand:
        """Torques in N m without gains."""
        zeros = np.zeros(len(tau))
        return cls(q=zeros, dq=zeros, tau=tau, kp=zeros, kd=zeros)

    def with_host_stiffness(self, q: np.ndarray) -> MotorCommand:
        """The same torque at measured ``q`` rad, with the stiffness as a torque and the damping in the motor:
        a motor that gets no further command goes on braking."""
        zeros = np.zeros(len(q))
        tau = self.tau + self.kp * (self.q - q)
        return MotorCommand(q=zeros, dq=self.dq, tau=tau, kp=zeros, kd=self.kd)

    def implied_torque(self, q: np.ndarray, dq: np.ndarray) -> np.ndarray:
        """Torque in N m that the motors apply at measured ``q`` and ``dq``, before any limit."""
        return self.tau + self.kp * (self.q - q) + self.kd * (self.dq - dq)
