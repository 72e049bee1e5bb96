"""The policy's observation history."""

from __future__ import annotations

import numpy as np

from wmp_core.contract import Contract
from wmp_core.observation import scale_vector, term_slices


class History:
    """The last ``history_steps`` steps of ``history_terms``, newest last; zeros before the first.

    A step consists of terms of proprioception, which holds every history term at the same scale (the contract
    guarantees it), and the last action after its clip.
    """

    def __init__(self, contract: Contract) -> None:
        observation, joints = contract.observation, contract.num_joints
        source = term_slices(observation.proprioception, joints)
        target = term_slices(observation.history_terms, joints)
        self._action_part = target.pop("last_action", slice(0, 0))
        self._parts = [(source[name], part) for name, part in target.items()]
        self._action_scale = scale_vector(observation.history_terms, joints)[self._action_part]
        self._step_size = contract.history_step_size
        self._empty = np.zeros(contract.history_size, dtype=np.float32)
        self._values = self._empty

    def reset(self) -> None:
        """Forget all steps."""
        self._values = self._empty

    def push(self, proprioception: np.ndarray, last_action: np.ndarray) -> np.ndarray:
        """Append one step and return the whole history, float32 ``[210]`` for the A1.

        The returned array is new and never written again, so another thread may keep it.
        """
        values = np.empty_like(self._empty)
        values[: -self._step_size] = self._values[self._step_size :]
        step = values[-self._step_size :]
        for source, target in self._parts:
            step[target] = proprioception[source]
        if self._action_scale.size:
            np.multiply(last_action, self._action_scale, out=step[self._action_part], casting="same_kind")
        self._values = values
        return values
