"""Tracks in an independent physics engine: the same obstacles, another model of the A1 and its contacts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from wmp_core.contract import Contract
from wmp_sim.terrain import MAX_BOXES, Terrain
from wmp_sim.world import build_world
from wmp_training.evaluation.conditions import Condition
from wmp_training.evaluation.pd_loop import STEP, PdLoop
from wmp_training.evaluation.tracks import settle, start_poses
from wmp_training.evaluation.trial import Trial, shared_condition
from wmp_training.sim.backend import RobotStates
from wmp_training.sim.camera import DepthCamera
from wmp_training.sim.height_map import HeightMap
from wmp_training.sim.mujoco_worlds import rotate_inverse


@dataclass(frozen=True)
class Body:
    """State of one robot's base, and what touches the terrain.

    Attributes:
        pose: position of base_link and quaternion (w, x, y, z), base to world [7], m.
        velocity: linear velocity of base_link and angular velocity, world frame [6], m/s and rad/s.
        foot_force: contact force on each foot, world frame [4, 3], N; legs are FL, FR, RL, RR.
        leg_contact: whether each thigh and calf touches the terrain [8].
        trunk_contact: whether trunk or a hip does.
    """

    pose: np.ndarray
    velocity: np.ndarray
    foot_force: np.ndarray
    leg_contact: np.ndarray
    trunk_contact: bool


class Engine(Protocol):
    """One robot on one terrain; joints are in contract order. Its physics step is ``STEP``."""

    weight: float

    def place(self, pose: np.ndarray, q: np.ndarray) -> None:
        """Put the robot at rest at base ``pose`` [7] with joint positions ``q`` [J]."""

    def joints(self) -> tuple[np.ndarray, np.ndarray]:
        """Joint positions and velocities [J], rad and rad/s."""

    def step(self, torque: np.ndarray) -> None:
        """Simulate one step under ``torque`` [J], N m."""

    def tilt_rates(self) -> np.ndarray:
        """Rates of roll and pitch [2] in the base frame, rad/s."""

    def body(self) -> Body:
        """The base and the contacts after the last step."""

    def push(self, velocity: np.ndarray) -> None:
        """Add ``velocity`` [2] (world x, y; m/s) to the base."""


#: Builds the engine of one robot.
MakeEngine = Callable[[Terrain, Condition], Engine]


class IndependentTracks:
    """N robots in engines of their own; see :class:`wmp_training.evaluation.tracks.DrivenTracks`.

    Robots differ by their start only. Images are rendered by this project's depth camera: the terrain is the
    same, and as everywhere the robot does not see its own legs.
    """

    def __init__(
        self,
        contract: Contract,
        trials: Sequence[Trial],
        varied: bool,
        threads: int,
        make_engine: MakeEngine,
    ) -> None:
        self.terrains, condition = [trial.track() for trial in trials], shared_condition(trials)
        self.num_robots = len(trials)
        worlds = [build_world(terrain, "torque", STEP, MAX_BOXES) for terrain in self.terrains]
        self.camera = DepthCamera(contract.depth, worlds, threads)
        self._height_map = HeightMap(self.camera.stack)
        self._engines = [make_engine(terrain, condition) for terrain in self.terrains]
        self.weight = torch.tensor([engine.weight for engine in self._engines])
        self.loop = PdLoop(contract, self.num_robots, condition)
        self._torque = np.zeros((self.num_robots, contract.num_joints))
        default = contract.joints.array("default_position").astype(np.float64)
        sources = [trial.variation() for trial in trials] if varied else None
        poses = start_poses(self.terrains, sources, condition)
        for engine, pose in zip(self._engines, poses.double().numpy(), strict=True):
            engine.place(pose, default)
        targets = torch.from_numpy(default).float().repeat(self.num_robots, 1)
        settle(self, targets, contract.timing.control_period)

    def step(self, targets: Tensor, robots: Tensor) -> None:
        self.loop.run(robots, targets, self)

    def joints(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        q, dq = zip(*(self._engines[i].joints() for i in ids), strict=True)
        return np.array(q), np.array(dq)

    def advance(self, ids: np.ndarray, torque: np.ndarray) -> np.ndarray:
        for i, each in zip(ids, torque, strict=True):
            self._engines[i].step(each)
        self._torque[ids] = torque
        return torque

    def tilt_rates(self, ids: np.ndarray) -> np.ndarray:
        return np.array([self._engines[i].tilt_rates() for i in ids])

    def states(self) -> RobotStates:
        bodies = [engine.body() for engine in self._engines]
        q, dq = self.joints(np.arange(self.num_robots))

        def rows(values: Sequence[np.ndarray]) -> Tensor:
            return torch.from_numpy(np.array(values)).float()

        pose, velocity = rows([body.pose for body in bodies]), rows([body.velocity for body in bodies])
        quat = pose[:, 3:]
        return RobotStates(
            position=pose[:, :3],
            quat=quat,
            linear_velocity=rotate_inverse(quat, velocity[:, :3]),
            angular_velocity=rotate_inverse(quat, velocity[:, 3:]),
            q=torch.from_numpy(q).float(),
            dq=torch.from_numpy(dq).float(),
            torque=torch.from_numpy(self._torque).float(),
            foot_force=rows([body.foot_force for body in bodies]),
            leg_contact=torch.from_numpy(np.array([body.leg_contact for body in bodies])),
            trunk_contact=torch.tensor([body.trunk_contact for body in bodies]),
        )

    def render(self, robots: Tensor, pitch: float = 0.0) -> Tensor:
        ids = robots.numpy()
        return self.camera.render(ids, self._poses(ids), np.full(len(ids), pitch))

    def push(self, robots: Tensor, velocity: Tensor) -> None:
        for i, each in zip(robots.tolist(), velocity.double().numpy(), strict=True):
            self._engines[i].push(each)

    def surroundings(self, robots: Tensor) -> tuple[Tensor, Tensor]:
        ids = robots.numpy()
        pose = self._poses(ids)
        w, x, y, z = pose[:, 3:].T
        heading = np.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
        place = np.concatenate([pose[:, :2], heading[:, None]], axis=-1)
        return self._height_map.ground(ids, place), self._height_map.ceiling(ids, place)

    def _poses(self, ids: np.ndarray) -> np.ndarray:
        return np.array([self._engines[i].body().pose for i in ids])
