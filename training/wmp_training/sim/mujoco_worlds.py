"""Many robots in MuJoCo, each on one of a set of compiled worlds.

MuJoCo's thread pool steps them. A reset swaps a robot's model for another one, which takes microseconds.
"""

from __future__ import annotations

from collections.abc import Sequence

import mujoco
import mujoco.batch
import numpy as np
import torch
from torch import Tensor

from wmp_core.contract import Contract
from wmp_sim.a1 import LEGS
from wmp_training.device import CPU
from wmp_training.sim.backend import RobotStates
from wmp_training.sim.camera import DepthCamera
from wmp_training.sim.height_map import HeightMap


class MujocoWorlds:
    """State, sensors and camera of many robots; subclasses choose the worlds and actuate the joints.

    Args:
        contract: of whose camera images are rendered.
        num_robots: number of robots.
        models: the compiled worlds, all with the same ``MjData`` layout.
        threads: physics threads, 0 for all CPUs.
    """

    device = CPU
    STATE = ("world_of", "qpos", "qvel", "warm_start", "control")

    def __init__(
        self,
        contract: Contract,
        num_robots: int,
        models: Sequence[mujoco.MjModel],
        threads: int = 0,
    ) -> None:
        self.num_robots, self.models = num_robots, models
        self.camera = DepthCamera(contract.depth, models)
        self.height_map = HeightMap(self.camera.stack)
        self.world_of = np.zeros(num_robots, dtype=np.int64)
        self.batch = mujoco.batch.Batch(models[0], nsim=num_robots, nthread=threads)
        self._bind()

    def _bind(self) -> None:
        self._qpos, self._qvel = self.batch.bind("qpos"), self.batch.bind("qvel")
        self._warm_start, self._control = self.batch.bind("qacc_warmstart"), self.batch.bind("ctrl")
        self._sensors, self._torque = self.batch.bind("sensordata"), self.batch.bind("actuator_force")
        model = self.models[0]

        def columns(*names: str) -> np.ndarray:
            return np.concatenate(
                [
                    np.arange(
                        model.sensor(name).adr[0], model.sensor(name).adr[0] + model.sensor(name).dim[0]
                    )
                    for name in names
                ]
            )

        self._feet = columns(*(f"{leg}_foot" for leg in LEGS))
        self._legs = columns(*(f"{leg}_{part}" for leg in LEGS for part in ("thigh", "calf")))
        self._trunk = columns("trunk", *(f"{leg}_hip" for leg in LEGS))

    def ground_height(self, world: Tensor, x: Tensor, y: Tensor) -> Tensor:
        place = torch.stack([x, y, torch.zeros_like(x)], -1).double().numpy()
        return self.height_map.ground(world.numpy(), place, np.zeros((1, 2))).squeeze(-1)

    def surroundings(self, robots: Tensor) -> tuple[Tensor, Tensor]:
        ids = robots.numpy()
        world, pose = self.world_of[ids], self._qpos[ids, :7]
        w, x, y, z = pose[:, 3:].T
        heading = np.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
        place = np.concatenate([pose[:, :2], heading[:, None]], axis=-1)
        return self.height_map.ground(world, place), self.height_map.ceiling(world, place)

    def place(
        self, robots: Tensor, world: Tensor, pose: Tensor, velocity: Tensor, q: Tensor, dq: Tensor
    ) -> None:
        ids = robots.numpy()
        self.world_of[ids] = world.numpy()
        self.batch.set_models([self.models[w] for w in self.world_of.tolist()])
        self.batch.reset(ids, stage=mujoco.mjtStage.mjSTAGE_NONE)
        self._qpos[ids, :7], self._qpos[ids, 7:] = pose.numpy(), q.numpy()
        self._qvel[ids, :6], self._qvel[ids, 6:] = velocity.numpy(), dq.numpy()
        self.batch.forward(ids)

    def push(self, robots: Tensor, velocity: Tensor) -> None:
        self._qvel[robots.numpy(), :2] += velocity.numpy()

    def states(self) -> RobotStates:
        qpos, qvel = torch.from_numpy(self._qpos).float(), torch.from_numpy(self._qvel).float()
        sensors = torch.tensor(self._sensors, dtype=torch.float32)
        quat = qpos[:, 3:7]
        return RobotStates(
            position=qpos[:, :3],
            quat=quat,
            linear_velocity=rotate_inverse(quat, qvel[:, :3]),
            angular_velocity=qvel[:, 3:6],
            q=qpos[:, 7:],
            dq=qvel[:, 6:],
            torque=torch.tensor(self._torque, dtype=torch.float32),
            foot_force=sensors[:, self._feet].unflatten(-1, (4, 3)),
            leg_contact=sensors[:, self._legs] > 0,
            trunk_contact=(sensors[:, self._trunk] > 0).any(-1),
        )

    def state_dict(self) -> dict[str, Tensor]:
        """Everything the next step depends on, for an exact resume."""
        arrays = (self.world_of, self._qpos, self._qvel, self._warm_start, self._control)
        return {name: torch.tensor(array) for name, array in zip(self.STATE, arrays, strict=True)}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self.world_of[:] = state["world_of"].numpy()
        self.batch.set_models([self.models[w] for w in self.world_of.tolist()])
        for name, array in zip(
            self.STATE[1:], (self._qpos, self._qvel, self._warm_start, self._control), strict=True
        ):
            array[:] = state[name].numpy()

    def views(self, robots: Tensor, pitch: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """World [M], position [M, 3] and axes [M, 3, 3] of the cameras of ``robots`` [M], see
        ``DepthCamera.poses``."""
        ids = robots.numpy()
        poses = self.camera.poses(self._qpos[ids, :7], pitch.numpy())
        world, position, axes = (torch.from_numpy(array) for array in (self.world_of[ids], *poses))
        return world, position, axes

    def depth(self, robots: Tensor, pitch: Tensor) -> Tensor:
        ids = robots.numpy()
        return self.camera.render(self.world_of[ids], self._qpos[ids, :7], pitch.numpy())


def rotate_inverse(quat: Tensor, vector: Tensor) -> Tensor:
    """Rotate world vectors [N, 3] into the frames ``quat`` [N, 4]."""
    w, u = quat[:, :1], -quat[:, 1:]
    t = 2.0 * torch.linalg.cross(u, vector)
    return vector + w * t + torch.linalg.cross(u, t)
