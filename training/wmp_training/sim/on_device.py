"""Moves tensors between physics on the CPU and everything else on a GPU."""

from __future__ import annotations

from dataclasses import fields

import torch
from torch import Tensor

from wmp_training.sim.backend import RobotStates, Worlds
from wmp_training.sim.mujoco_batch import MujocoBatch
from wmp_training.sim.torch_raycast import TorchRayCaster


class OnDevice:
    """A ``simulator`` for an environment on ``device``, where depth images are also rendered.

    Implements :class:`wmp_training.sim.backend.Simulator`. Tensors of checkpoints stay on the CPU.
    """

    def __init__(self, simulator: MujocoBatch, device: torch.device) -> None:
        self.simulator, self.device = simulator, device
        self.num_robots, self.substeps = simulator.num_robots, simulator.substeps
        worlds, camera = simulator.worlds, simulator.camera
        self.worlds = Worlds(
            worlds.names, worlds.kind.to(device), worlds.level.to(device), worlds.parameters.to(device)
        )
        self.caster = TorchRayCaster(camera.stack, camera.pinhole, camera.far, device)

    def ground_height(self, world: Tensor, x: Tensor, y: Tensor) -> Tensor:
        return self.simulator.ground_height(world.cpu(), x.cpu(), y.cpu()).to(self.device)

    def surroundings(self, robots: Tensor) -> tuple[Tensor, Tensor]:
        ground, ceiling = self.simulator.surroundings(robots.cpu())
        return ground.to(self.device), ceiling.to(self.device)

    def place(
        self, robots: Tensor, world: Tensor, pose: Tensor, velocity: Tensor, q: Tensor, dq: Tensor
    ) -> None:
        self.simulator.place(*(value.cpu() for value in (robots, world, pose, velocity, q, dq)))

    def push(self, robots: Tensor, velocity: Tensor) -> None:
        self.simulator.push(robots.cpu(), velocity.cpu())

    def step(self, targets: Tensor) -> None:
        self.simulator.step(targets.cpu())

    def states(self) -> RobotStates:
        states = self.simulator.states()
        return RobotStates(*(getattr(states, field.name).to(self.device) for field in fields(states)))

    def depth(self, robots: Tensor, pitch: Tensor) -> Tensor:
        views = self.simulator.views(robots.cpu(), pitch.cpu())
        return self.caster.render(*(value.to(self.device) for value in views))

    def state_dict(self) -> dict[str, Tensor]:
        return self.simulator.state_dict()

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self.simulator.load_state_dict({name: value.cpu() for name, value in state.items()})
