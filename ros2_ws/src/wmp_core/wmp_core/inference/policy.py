"""The policy: from robot state, command and the world model's ``h`` to joint actions, once per tick."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from wmp_core.contract import Contract
from wmp_core.history import History
from wmp_core.inference.session import OnnxModel
from wmp_core.observation import Proprioception
from wmp_core.robot_state import RobotState


class PolicyOutput(NamedTuple):
    """Output of one tick; all arrays are float32, new, and never written again.

    ``action [J]`` after the contract's clip; ``proprioception [33]`` scaled; ``history [210]``, the
    network's input; ``base_velocity [3]`` m/s, the network's own estimate in base_link.
    """

    action: np.ndarray
    proprioception: np.ndarray
    history: np.ndarray
    base_velocity: np.ndarray


class Policy:
    """Runs the policy network; keeps the last action and the history between ticks. Not thread-safe.

    Args:
        contract: the bundle's.
        model: the bundle's graph ``policy``.
    """

    def __init__(self, contract: Contract, model: OnnxModel) -> None:
        self._model = model
        self._model.warm_up()
        self._proprioception = Proprioception(contract)
        self._command = self._proprioception.slices["command"]
        self._history = History(contract)
        self._clip = np.float32(contract.action.clip)
        self._no_action = np.zeros(contract.num_joints, dtype=np.float32)
        self._last_action = self._no_action

    def reset(self) -> None:
        """Forget history and last action; the next step is tick 0."""
        self._history.reset()
        self._last_action = self._no_action

    def step(self, state: RobotState, command: np.ndarray, h: np.ndarray) -> PolicyOutput:
        """Compute one tick.

        Args:
            state: newest robot state, contract joint order.
            command: ``[3]`` vx m/s, vy m/s, yaw rate rad/s, base_link; the caller limits it.
            h: ``[D]`` float32, deterministic state of the newest world-model tick.

        A value that is not finite passes through to the action, and the safety envelope then damps.
        """
        proprioception = self._proprioception(state, command)
        history = self._history.push(proprioception, self._last_action)
        outputs = self._model.run(
            history=history[None],
            command=proprioception[None, self._command],
            deter=h[None],
        )
        action = outputs["action"][0]
        np.minimum(action, self._clip, out=action)
        np.maximum(action, -self._clip, out=action)
        self._last_action = action
        return PolicyOutput(action, proprioception, history, outputs["base_velocity"][0])
