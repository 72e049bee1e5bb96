"""Record the golden trajectory: the torch networks walking in the training simulator."""

from __future__ import annotations

import numpy as np
import torch

from wmp_core.golden import GoldenTrajectory
from wmp_training.evaluation.scenario import Cell, scenario, start
from wmp_training.export.graphs import graphs
from wmp_training.learner import Networks
from wmp_training.sim.camera import normalise

STEPS = 200
#: Rough ground, so that the images hold something.
CELL = Cell("rough", 5, 0.5)
#: World-model ticks without an image: the runtime's way to go on blind is part of the check.
LOST_IMAGES = (20, 21)


@torch.no_grad()
def record_golden(networks: Networks, steps: int = STEPS, seed: int = 11) -> GoldenTrajectory:
    """One robot, closed loop, ``steps`` policy steps from its reset, without sensor noise."""
    contract, modules = networks.contract, {name: graph.module for name, graph in graphs(networks).items()}
    env = scenario(contract, (CELL,), 1, seed, disturbed=False)
    observation = start(env, (CELL,))
    rssm, interval, clip = networks.world_model.rssm, env.interval, contract.action.clip
    begin = rssm.initial(1)
    deter, stoch = begin.deter, begin.stoch.argmax(-1)
    actions = torch.zeros(1, interval, contract.num_joints)
    rows: dict[str, list[np.ndarray]] = {}

    def keep(**values: torch.Tensor) -> None:
        for name, value in values.items():
            rows.setdefault(name, []).append(value.squeeze(0).numpy().copy())

    for tick in range(steps):
        if tick % interval == 0:
            deter = modules["advance"](deter, stoch, actions.flatten(1))
            lost = tick // interval in LOST_IMAGES
            metres = (observation.depth + 0.5) * contract.depth.far
            seen = normalise(contract.depth, metres)
            stoch, kl = modules["observe"](deter, observation.proprioception, seen.unsqueeze(1))
            if lost:
                stoch, kl = modules["prior"](deter), torch.full((1,), torch.nan)
            keep(depth=metres, depth_valid=torch.tensor([not lost]), deter=deter, stoch=stoch, kl=kl)
        action, velocity = modules["policy"](observation.history, observation.command, deter)
        action = action.clamp(-clip, clip)
        actions[:, tick % interval] = action
        states = env.sim.states()
        keep(
            quat_wxyz=states.quat,
            gyro=states.angular_velocity,
            q=states.q,
            dq=states.dq,
            command=env.commands.velocity,
            proprioception=observation.proprioception,
            history=observation.history,
            action=action,
            base_velocity=velocity,
        )
        observation = env.step(action).observation
    return GoldenTrajectory(contract, **{name: np.stack(values) for name, values in rows.items()})
