"""From actions to joint targets, and from targets to the torque that training simulates.

On a robot :class:`wmp_core.control.envelope.Envelope` bounds the torque, whether the PD law runs on the host
or in the motors; its tests compare the two.
"""

from __future__ import annotations

import numpy as np

from wmp_core.contract import Contract


def joint_targets(contract: Contract, action: np.ndarray) -> np.ndarray:
    """Position targets ``[joints]`` in rad: ``default_position + scale * clip(action)``."""
    clip = contract.action.clip
    return contract.joints.array("default_position") + contract.action.scale * np.clip(action, -clip, clip)


def pd_torque(
    q_des: np.ndarray, q: np.ndarray, dq: np.ndarray, kp: np.ndarray, kd: np.ndarray, limit: np.ndarray
) -> np.ndarray:
    """Torque in N m ``[joints]``: ``clip(kp * (q_des - q) - kd * dq, -limit, limit)``."""
    return np.minimum(np.maximum(kp * (q_des - q) - kd * dq, -limit), limit)
