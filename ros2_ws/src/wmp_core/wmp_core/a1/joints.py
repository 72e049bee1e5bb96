"""The A1's motor order, and the permutation between it and the contract's joint order.

Joints are matched by *name*: a bundle with another joint order still drives the right motors, and one with
other joints is refused.
"""

from __future__ import annotations

from typing import Sequence

import numpy as np

MOTOR_LEGS = ("FR", "FL", "RR", "RL")
#: Joint of each motor slot 0..11 of the low-level protocol (Unitree legged_sdk: FR, FL, RR, RL).
MOTOR_JOINTS = tuple(f"{leg}_{part}_joint" for leg in MOTOR_LEGS for part in ("hip", "thigh", "calf"))
NUM_MOTORS = len(MOTOR_JOINTS)


class JointNameError(ValueError):
    """The contract's joints are not those of the A1."""


class JointOrder:
    """Converts arrays ``[12]`` between contract order and motor order.

    Args:
        names: joint names in contract order.

    Raises:
        JointNameError: ``names`` is not a permutation of the A1's joints.
    """

    def __init__(self, names: Sequence[str]) -> None:
        missing, unknown = sorted(set(MOTOR_JOINTS) - set(names)), sorted(set(names) - set(MOTOR_JOINTS))
        if missing or unknown or len(names) != NUM_MOTORS:
            raise JointNameError(
                f"the contract's joints are not the A1's 12: missing {missing}, unknown {unknown}, "
                f"{len(names)} names; use a bundle trained for the A1 (names like {MOTOR_JOINTS[0]!r})"
            )
        self._to_motor = np.array([list(names).index(name) for name in MOTOR_JOINTS])
        self._to_contract = np.array([MOTOR_JOINTS.index(name) for name in names])
        legs = list(dict.fromkeys(name[:2] for name in names))
        self._legs_to_contract = np.array([MOTOR_LEGS.index(leg) for leg in legs])

    def to_motor(self, values: np.ndarray) -> np.ndarray:
        """Contract order ``[12]`` to motor order ``[12]`` (a copy)."""
        return values[self._to_motor]

    def to_contract(self, values: np.ndarray) -> np.ndarray:
        """Motor order ``[12]`` to contract order ``[12]`` (a copy)."""
        return values[self._to_contract]

    def legs_to_contract(self, values: np.ndarray) -> np.ndarray:
        """One value per leg ``[4]``, from the motors' leg order to the contract's (a copy)."""
        return values[self._legs_to_contract]
