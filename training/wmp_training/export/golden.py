"""Record the golden trajectory: the torch networks walking in simulation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from wmp_core.golden import GoldenTrajectory
from wmp_training.env.observations import Observations
from wmp_training.evaluation.episodes import steer
from wmp_training.evaluation.protocol import Protocol
from wmp_training.evaluation.tracks import Tracks
from wmp_training.evaluation.trial import Trial
from wmp_training.export.graphs import graphs
from wmp_training.learner import Networks
from wmp_training.sim.camera import DepthCamera, normalise

STEPS = 200
#: Rough ground, so that the images hold something; every policy walks there.
TRIAL = Trial("rough", 0.5, 11)
#: How far a depth camera sees, m: more than the networks are shown, so that the clip is checked too.
RANGE = 10.0
#: World-model ticks without an image: the runtime's way to go on blind is part of the check.
LOST_IMAGES = (20, 21)


@torch.no_grad()
def record_golden(networks: Networks, steps: int = STEPS) -> GoldenTrajectory:
    """One nominal robot, closed loop, ``steps`` policy steps from standing, without sensor noise."""
    contract, modules = networks.contract, {name: graph.module for name, graph in graphs(networks).items()}
    tracks, senses, protocol = Tracks(contract, [TRIAL], varied=False), Observations(contract, 1), Protocol()
    camera = DepthCamera(replace(contract.depth, far=RANGE), tracks.models, threads=1)
    rssm, clip = networks.world_model.rssm, contract.action.clip
    interval = contract.timing.world_model_interval
    begin = rssm.initial(1)
    deter, stoch = begin.deter, begin.stoch.argmax(-1)
    actions = torch.zeros(1, interval, contract.num_joints)
    action, robot = torch.zeros(1, contract.num_joints), torch.zeros(1, dtype=torch.long)
    rows: dict[str, list[np.ndarray]] = {}

    def keep(**values: torch.Tensor) -> None:
        for name, value in values.items():
            rows.setdefault(name, []).append(value.squeeze(0).numpy().copy())

    def look() -> torch.Tensor:
        return tracks.see(camera, robot)

    delayed = look()
    for tick in range(steps):
        states = tracks.states()
        command = steer(states, protocol, contract.limits.command_yaw_rate)
        proprioception = senses.proprioception(senses.raw(states, command))
        history = senses.push(proprioception, action)
        if tick % interval == 0:
            deter = modules["advance"](deter, stoch, actions.flatten(1))
            lost = tick // interval in LOST_IMAGES
            seen = normalise(contract.depth, delayed)
            stoch, kl = modules["observe"](deter, proprioception, seen.unsqueeze(1))
            if lost:
                stoch, kl = modules["prior"](deter), torch.full((1,), torch.nan)
            keep(depth=delayed, depth_valid=torch.tensor([not lost]), deter=deter, stoch=stoch, kl=kl)
            delayed = look()
        action, velocity = modules["policy"](history, senses.scaled_command(command), deter)
        action = action.clamp(-clip, clip)
        actions[:, tick % interval] = action
        keep(
            quat_wxyz=states.quat,
            gyro=states.angular_velocity,
            q=states.q,
            dq=states.dq,
            command=command,
            proprioception=proprioception,
            history=history,
            action=action,
            base_velocity=velocity,
        )
        tracks.step(senses.default_position + contract.action.scale * action, robot)
    return GoldenTrajectory(contract, **{name: np.stack(values) for name, values in rows.items()})
