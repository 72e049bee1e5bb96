"""Observations of the networks: the reference implementation of every observation term."""

from __future__ import annotations

from typing import Callable, Dict, List, NamedTuple, Tuple

import numpy as np

from wmp_core.contract import Contract, ObservationTerm
from wmp_core.robot_state import RobotState
from wmp_core.rotation import projected_gravity


class TermInputs(NamedTuple):
    """Inputs of every term; ``command [3]`` is (vx m/s, vy m/s, yaw rate rad/s) in base_link."""

    state: RobotState
    command: np.ndarray
    default_position: np.ndarray


#: Raw (unscaled) value of every possible term of proprioception, by its name in the contract.
TERMS: Dict[str, Callable[[TermInputs], np.ndarray]] = {
    "base_angular_velocity": lambda inputs: inputs.state.gyro,
    "projected_gravity": lambda inputs: projected_gravity(inputs.state.quat_wxyz),
    "command": lambda inputs: inputs.command,
    "joint_position_error": lambda inputs: inputs.state.q - inputs.default_position,
    "joint_velocity": lambda inputs: inputs.state.dq,
}


def term_slices(terms: Tuple[ObservationTerm, ...], joints: int) -> Dict[str, slice]:
    """Slice of each term in the vector that ``terms`` describe, in order."""
    slices, start = {}, 0
    for term in terms:
        slices[term.name] = slice(start, start + term.size(joints))
        start += term.size(joints)
    return slices


def scale_vector(terms: Tuple[ObservationTerm, ...], joints: int) -> np.ndarray:
    """Scale of every element of the vector that ``terms`` describe, float32."""
    scales = [np.broadcast_to(np.array(term.scale, np.float32), term.size(joints)) for term in terms]
    return np.concatenate(scales)


class Proprioception:
    """Computes proprioception for one contract; prepares the layout once, so that a tick costs microseconds.

    Stateless: each call returns a new array, which the caller may keep.
    """

    def __init__(self, contract: Contract) -> None:
        terms = contract.observation.proprioception
        self.slices = term_slices(terms, contract.num_joints)
        self._parts: List[Tuple[Callable[[TermInputs], np.ndarray], slice]] = [
            (TERMS[name], part) for name, part in self.slices.items()
        ]
        self._scale = scale_vector(terms, contract.num_joints)
        self._clip = np.float32(contract.observation.clip)
        self._default_position = np.asarray(contract.joints.default_position)

    def __call__(self, state: RobotState, command: np.ndarray) -> np.ndarray:
        """Scaled and clipped proprioception, float32 ``[33]`` for the A1; units as in :class:`TermInputs`."""
        inputs = TermInputs(state, command, self._default_position)
        values = np.empty_like(self._scale)
        for term, part in self._parts:
            values[part] = term(inputs)
        values *= self._scale
        np.minimum(values, self._clip, out=values)
        np.maximum(values, -self._clip, out=values)
        return values
