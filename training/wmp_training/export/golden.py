"""Record the golden trajectory: the torch networks walk in simulation."""

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
#: Rough ground: its images have content, and every policy walks on it.
TRIAL = Trial("rough", 0.5, 11)
#: Range of the recorded depth, m: beyond the networks' range, so that the trajectory checks the clip too.
RANGE = 10.0
#: World-model ticks without an image, so that the trajectory checks the runtime's prior too.
LOST_IMAGES = (20, 21)


@torch.no_grad()
def record_golden(networks: Networks, steps: int = STEPS) -> GoldenTrajectory:
    """Record ``steps`` policy steps in closed loop: one nominal robot, from standing, no sensor noise."""
    contract, modules = networks.contract, {name: graph.module for name, graph in graphs(networks).items()}
    tracks, protocol = Tracks(contract, [TRIAL], varied=False), Protocol()
    observations = Observations(contract, 1)
    camera = DepthCamera(replace(contract.depth, far=RANGE), tracks.models, threads=1)
    rssm, clip = networks.world_model.rssm, contract.action.clip
    interval = contract.timing.world_model_interval
    begin = rssm.initial(1)
    h, z = begin.deter, begin.stoch.argmax(-1)
    actions = torch.zeros(1, interval, contract.num_joints)
    action, robot = torch.zeros(1, contract.num_joints), torch.zeros(1, dtype=torch.long)
    rows: dict[str, list[np.ndarray]] = {}

    def record(**values: torch.Tensor) -> None:
        for name, value in values.items():
            rows.setdefault(name, []).append(value.squeeze(0).numpy().copy())

    def render() -> torch.Tensor:
        return tracks.render_with(camera, robot)

    delayed = render()
    for tick in range(steps):
        states = tracks.states()
        command = steer(states, protocol, contract.limits.command_yaw_rate)
        proprioception = observations.proprioception(observations.raw(states, command))
        history = observations.push(proprioception, action)
        if tick % interval == 0:
            h = modules["advance"](h, z, actions.flatten(1))
            lost = tick // interval in LOST_IMAGES
            image = normalise(contract.depth, delayed)
            z, kl = modules["observe"](h, proprioception, image.unsqueeze(1))
            if lost:
                z, kl = modules["prior"](h), torch.full((1,), torch.nan)
            record(depth=delayed, depth_valid=torch.tensor([not lost]), deter=h, stoch=z, kl=kl)
            delayed = render()
        action, velocity = modules["policy"](history, observations.scaled_command(command), h)
        action = action.clamp(-clip, clip)
        actions[:, tick % interval] = action
        record(
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
        tracks.step(observations.default_position + contract.action.scale * action, robot)
    return GoldenTrajectory(contract, **{name: np.stack(values) for name, values in rows.items()})
