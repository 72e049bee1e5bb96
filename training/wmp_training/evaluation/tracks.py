"""Simulated robots, each on its own track, driven as the real one by the PD loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import mujoco
import numpy as np
import torch
from torch import Tensor

from wmp_core.contract import Contract
from wmp_sim.a1 import LEGS
from wmp_sim.terrain import MAX_BOXES, Terrain
from wmp_sim.world import build_world
from wmp_training.evaluation.conditions import Condition
from wmp_training.evaluation.pd_loop import STEP, PdLoop
from wmp_training.evaluation.trial import Trial, shared_condition
from wmp_training.sim.backend import RobotStates
from wmp_training.sim.camera import DepthCamera
from wmp_training.sim.mujoco_worlds import MujocoWorlds
from wmp_training.sim.randomisation import RandomisationConfig, randomise

#: Randomised bodies. Gains are exact, because the host applies them; motor strength is randomised instead.
BODIES = replace(RandomisationConfig(), kp=(1.0, 1.0), kd=(1.0, 1.0))
#: Base height at which a robot is placed [m], and time for it to settle [s].
STANDING_HEIGHT, SETTLING = 0.3, 1.0


class Tracks(MujocoWorlds):
    """N robots; robot ``i`` starts at the beginning of the track of ``trials[i]``.

    The trials share one condition.

    Attributes:
        terrains: the track of every robot.
        weight: weight of every robot [N], newton.
        loop: drives the joints, and measures work, torque and rates.
    """

    def __init__(self, contract: Contract, trials: Sequence[Trial], varied: bool, threads: int = 1) -> None:
        self.terrains, condition = [trial.track() for trial in trials], shared_condition(trials)
        models = [build_world(terrain, "torque", STEP, MAX_BOXES) for terrain in self.terrains]
        sources = [trial.variation() for trial in trials]
        for model, source in zip(models, sources, strict=True):
            if varied:
                randomise(model, BODIES, source)
            change_body(model, condition)
        super().__init__(contract, len(trials), models, threads)
        self._strength = np.array([model.actuator_gainprm[:, 0] for model in models])
        self._max_torque = models[0].actuator_forcerange[:, 1]
        self.loop = PdLoop(contract, len(trials), condition)
        mass = [float(model.body_subtreemass[model.body("trunk").id]) for model in models]
        self.weight = torch.tensor(mass) * -float(models[0].opt.gravity[2])
        # One thread saves the cost of starting others; with several, rendering gains from all of them.
        self.camera.threads = threads
        everyone, still = torch.arange(len(trials)), torch.zeros(len(trials), contract.num_joints)
        pose = start_poses(self.terrains, sources if varied else None, condition)
        default = torch.from_numpy(contract.joints.array("default_position")).repeat(len(trials), 1)
        self.place(everyone, everyone, pose, torch.zeros(len(trials), 6), default, still)
        settle(self, default, contract.timing.control_period)

    def step(self, targets: Tensor, robots: Tensor) -> None:
        """Run ``robots`` [M] for one control period with joint position ``targets`` [N, J], rad.

        The other robots are not stepped.
        """
        self.loop.run(robots, targets, self)

    def joints(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self._qpos[ids, 7:], self._qvel[ids, 6:]

    def advance(self, ids: np.ndarray, torque: np.ndarray) -> np.ndarray:
        self._control[ids] = torque
        self.batch.step(ids, nstep=1)
        return np.clip(torque * self._strength[ids], -self._max_torque, self._max_torque)

    def tilt_rates(self, ids: np.ndarray) -> np.ndarray:
        return self._qvel[ids, 3:5]

    def render(self, robots: Tensor, pitch: float = 0.0) -> Tensor:
        """Current depth images [M, H, W] of ``robots``, m; 0 where nothing is hit.

        ``pitch`` is the error of the camera's pitch, rad.
        """
        return self.render_with(self.camera, robots, pitch)

    def render_with(self, camera: DepthCamera, robots: Tensor, pitch: float = 0.0) -> Tensor:
        """As :meth:`render`, with another ``camera`` of the same worlds."""
        ids = robots.numpy()
        return camera.render(self.world_of[ids], self._qpos[ids, :7], np.full(len(ids), pitch))


def change_body(model: mujoco.MjModel, condition: Condition) -> None:
    """Give the joints and contacts of ``model`` the values of ``condition``."""
    joints = slice(model.nv - model.nu, None)
    model.dof_damping[joints] += condition.joint_damping
    if condition.armature is not None:
        model.dof_armature[joints] = condition.armature
    shapes = {"foot": condition.foot_friction, "thigh": condition.shank_friction}
    shapes["calf"] = condition.shank_friction
    for part, friction in shapes.items():
        for leg in LEGS if friction is not None else ():
            shape = model.geom(f"{leg}_{part}")
            shape.friction[0] = friction
            # Without priority, MuJoCo takes the larger friction of the two partners.
            shape.priority[:] = 1
    mujoco.mj_setConst(model, mujoco.MjData(model))


def start_poses(
    terrains: Sequence[Terrain], sources: Sequence[np.random.Generator] | None, condition: Condition
) -> Tensor:
    """Base poses [N, 7] above the starts of ``terrains``, exact or offset by draws of ``sources``."""
    place = torch.tensor([terrain.start for terrain in terrains], dtype=torch.float32)
    y, yaw = torch.zeros(len(terrains)), torch.zeros(len(terrains))
    if sources is not None:
        draws = torch.from_numpy(np.array([source.uniform(-1.0, 1.0, 2) for source in sources])).float()
        y, yaw = condition.start_y * draws[:, 0], condition.start_yaw * draws[:, 1]
    zero = torch.zeros(len(terrains))
    where = torch.stack([place[:, 0], place[:, 1] + y, place[:, 2] + STANDING_HEIGHT], -1)
    return torch.cat([where, torch.stack([torch.cos(yaw / 2), zero, zero, torch.sin(yaw / 2)], -1)], -1)


def settle(tracks: DrivenTracks, default: Tensor, control_period: float) -> None:
    """Let all robots come to rest in the pose ``default`` [N, J], rad."""
    everyone = torch.arange(tracks.num_robots)
    for _ in range(round(SETTLING / control_period)):
        tracks.step(default, everyone)
    tracks.loop.rate[:] = 0.0


class DrivenTracks(Protocol):
    """What the evaluation needs of robots on their tracks, in any simulator; see :class:`Tracks`."""

    num_robots: int
    terrains: list[Terrain]
    weight: Tensor
    loop: PdLoop

    def states(self) -> RobotStates: ...

    def step(self, targets: Tensor, robots: Tensor) -> None: ...

    def render(self, robots: Tensor, pitch: float = 0.0) -> Tensor: ...

    def push(self, robots: Tensor, velocity: Tensor) -> None: ...

    def surroundings(self, robots: Tensor) -> tuple[Tensor, Tensor]: ...
