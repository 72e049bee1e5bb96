"""Evaluate a bundle: its ONNX graphs drive many robots at once, with the timing of the robot."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from wmp_core.bundle import Bundle
from wmp_training.env.environment import Observation


class BundleCandidate:
    """A bundle, as deployed; see :class:`wmp_training.evaluation.candidate.Candidate`."""

    uses_camera, uses_height_map = True, False

    def __init__(self, bundle: Bundle) -> None:
        self.bundle, self.name, self.contract = bundle, bundle.name, bundle.contract

    def agent(self, num_robots: int) -> BundleAgent:
        return BundleAgent(self.bundle, num_robots)

    def identity(self) -> dict[str, Any]:
        return {"kind": "bundle", "name": self.name, "sha256": self.bundle.sha256}


class BundleAgent:
    """Deterministic policy of ``bundle`` for N robots; call once per policy tick.

    Attributes:
        h: deterministic state [N, D].
        z: stochastic state as class indices [N, S].
        kl: KL(posterior || prior) of every robot's last world-model step [N], nats; NaN without an image.
    """

    def __init__(self, bundle: Bundle, num_robots: int) -> None:
        contract = bundle.contract
        self.bundle, self.interval = bundle, contract.timing.world_model_interval
        self.h = np.zeros((num_robots, contract.world_model.deter), np.float32)
        self.z = np.zeros((num_robots, contract.world_model.stoch), np.int64)
        self.kl = torch.full((num_robots,), torch.nan)
        # The last `interval` actions of every robot, which the world model advances with.
        self._actions = np.zeros((num_robots, self.interval, contract.num_joints), np.float32)
        self._clip = contract.action.clip

    def __call__(self, observation: Observation) -> Tensor:
        """Clipped actions [N, J]."""
        self._step_world_model(observation)
        outputs = self.bundle.models["policy"].run(
            history=observation.history.numpy(), command=observation.command.numpy(), deter=self.h
        )
        action = np.clip(outputs["action"], -self._clip, self._clip)
        self._actions[np.arange(len(action)), observation.tick.numpy() % self.interval] = action
        return torch.from_numpy(action)

    def _step_world_model(self, observation: Observation) -> None:
        """Advance h and z of the robots that are due; z comes from the prior where no image is valid."""
        due, first = observation.due.numpy(), observation.first.numpy()
        if len(due) == 0:
            return
        initial = self.bundle.initial_state
        h = np.where(first[:, None], initial.deter, self.h[due])
        z = np.where(first[:, None], initial.stoch, self.z[due])
        self._actions[due[first]] = 0.0
        actions = self._actions[due].reshape(len(due), -1)
        h = self.bundle.models["advance"].run(deter=h, stoch=z, actions=actions)["next_deter"]
        observed = self.bundle.models["observe"].run(
            deter=h,
            proprioception=observation.proprioception[observation.due].numpy(),
            depth=observation.depth.unsqueeze(1).numpy(),
        )
        prior = self.bundle.models["prior"].run(deter=h)["stoch"]
        self.h[due] = h
        self.z[due] = np.where(observation.valid.numpy()[:, None], observed["stoch"], prior)
        self.kl[observation.due] = torch.from_numpy(observed["kl"]).where(observation.valid, torch.nan)
