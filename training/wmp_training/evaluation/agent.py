"""A bundle's ONNX graphs driving many robots at once, timed as on the robot."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from wmp_core.bundle import Bundle
from wmp_training.env.environment import Observation


class BundleAgent:
    """Deterministic policy of ``bundle`` for ``num_robots`` robots; call once per policy tick.

    ``kl`` [N]: KL(posterior || prior) at every robot's last world-model tick in nats, NaN without an image.
    """

    def __init__(self, bundle: Bundle, num_robots: int) -> None:
        contract = bundle.contract
        self.bundle, self.interval = bundle, contract.timing.world_model_interval
        self.deter = np.zeros((num_robots, contract.world_model.deter), np.float32)
        self.stoch = np.zeros((num_robots, contract.world_model.stoch), np.int64)
        self.actions = np.zeros((num_robots, self.interval, contract.num_joints), np.float32)
        self.clip = contract.action.clip
        self.kl = torch.full((num_robots,), torch.nan)

    def __call__(self, observation: Observation) -> Tensor:
        """Clipped actions [N, A]."""
        self._perceive(observation)
        outputs = self.bundle.model("policy").run(
            history=observation.history.numpy(), command=observation.command.numpy(), deter=self.deter
        )
        action = np.clip(outputs["action"], -self.clip, self.clip)
        self.actions[np.arange(len(action)), observation.tick.numpy() % self.interval] = action
        return torch.from_numpy(action)

    def _perceive(self, observation: Observation) -> None:
        due, first = observation.due.numpy(), observation.first.numpy()
        if len(due) == 0:
            return
        initial = self.bundle.initial_state
        deter = np.where(first[:, None], initial.deter, self.deter[due])
        stoch = np.where(first[:, None], initial.stoch, self.stoch[due])
        self.actions[due[first]] = 0.0
        actions = self.actions[due].reshape(len(due), -1)
        deter = self.bundle.model("advance").run(deter=deter, stoch=stoch, actions=actions)["next_deter"]
        observed = self.bundle.model("observe").run(
            deter=deter,
            proprioception=observation.proprioception[observation.due].numpy(),
            depth=observation.depth.unsqueeze(1).numpy(),
        )
        prior = self.bundle.model("prior").run(deter=deter)["stoch"]
        self.deter[due] = deter
        self.stoch[due] = np.where(observation.valid.numpy()[:, None], observed["stoch"], prior)
        self.kl[observation.due] = torch.from_numpy(observed["kl"]).where(observation.valid, torch.nan)
