"""From actions to joint targets, and from targets to torques.

The same PD law runs on the host (torques are sent) or in the motors (targets and gains are sent). A motor
does not know the policy's torque limits, so its target is moved until the torque it implies is the torque
that the host would have sent: :func:`pd_torque` and :func:`torque_limited_targets` agree number for number.
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


def torque_limited_targets(
    q_des: np.ndarray, q: np.ndarray, dq: np.ndarray, kp: np.ndarray, kd: np.ndarray, limit: np.ndarray
) -> np.ndarray:
    """Targets nearest ``q_des`` with PD torques within ``+-limit``; joints with ``kp = 0`` keep theirs."""
    wanted = kp * (q_des - q) - kd * dq
    allowed = np.minimum(np.maximum(wanted, -limit), limit)
    stiff = np.where(kp > 0, kp, 1.0)
    return np.where((allowed == wanted) | (kp <= 0), q_des, q + (allowed + kd * dq) / stiff)
