"""Simulated robots, each on its own track, driven as the real one: a 500 Hz PD loop, and motors limited in
torque, power and speed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from wmp_core.contract import Contract
from wmp_core.control.envelope import EnvelopeSettings
from wmp_core.control.pd import pd_torque
from wmp_core.control.power import power_share
from wmp_core.control.safety_monitor import SafetySettings
from wmp_sim.a1 import a1_model
from wmp_sim.motors import deliverable_torque
from wmp_sim.terrain import MAX_BOXES
from wmp_sim.world import build_world
from wmp_training.evaluation.trial import Trial
from wmp_training.sim.camera import DepthCamera
from wmp_training.sim.mujoco_worlds import MujocoWorlds
from wmp_training.sim.randomisation import RandomisationConfig, randomise

#: Physics step and period of the PD loop, s.
STEP = 0.002
#: Randomised bodies. Gains are exact, because the host applies them; motor strength is randomised instead.
BODIES = replace(RandomisationConfig(), kp=(1.0, 1.0), kd=(1.0, 1.0))
#: Largest start offset of a varied robot from the centre line [m] and direction [rad] of its track.
START_Y, START_YAW = 0.15, 0.1
#: Base height at which a robot is placed [m], and time for it to settle [s].
STANDING_HEIGHT, SETTLING = 0.3, 1.0
#: Share of a new reading in the smoothed rate of roll and pitch, as in ``wmp_core.control.smoothing``.
RATE_SHARE = -math.expm1(-STEP / SafetySettings().attitude_rate_time)


class Tracks(MujocoWorlds):
    """N robots; robot ``i`` starts at the beginning of the track of ``trials[i]``.

    Attributes:
        terrains: the track of every robot.
        weight: weight of every robot [N], newton.
        work: sum over the joints of ``|torque x velocity|`` in the last control period [N], J; of the torque
            that weak or strong motors deliver, not of the commanded torque.
        peak_torque: largest delivered torque of every joint in the last control period [N, J], N m.
        attitude_rate: largest combined rate of roll and pitch in the last control period [N], rad/s, smoothed
            as in the runtime's safety rule.
    """

    def __init__(self, contract: Contract, trials: Sequence[Trial], varied: bool, threads: int = 1) -> None:
        self.terrains = [trial.track() for trial in trials]
        models = [build_world(terrain, "torque", STEP, MAX_BOXES) for terrain in self.terrains]
        sources = [trial.variation() for trial in trials]
        if varied:
            for model, source in zip(models, sources, strict=True):
                randomise(model, BODIES, source)
        super().__init__(contract, len(trials), models, threads)
        self._strength = np.array([model.actuator_gainprm[:, 0] for model in models])
        self._max_torque = models[0].actuator_forcerange[:, 1]
        self.substeps = round(contract.timing.control_period / STEP)
        joints = contract.joints
        self._gains = joints.array("kp"), joints.array("kd")
        self._limit = joints.array("torque_limit")
        self._power_limit = EnvelopeSettings().power_limit
        robot = a1_model()
        self._motors = robot.torque_limit, robot.velocity_limit
        mass = [float(model.body_subtreemass[model.body("trunk").id]) for model in models]
        self.weight = torch.tensor(mass) * -float(models[0].opt.gravity[2])
        self.work = torch.zeros(len(trials))
        self.peak_torque = torch.zeros(len(trials), contract.num_joints)
        self.attitude_rate, self._rate = torch.zeros(len(trials)), np.zeros(len(trials))
        # One thread saves the cost of starting others; with several, rendering gains from all of them.
        self.camera.threads = threads
        self._place_standing(contract, sources if varied else None)

    def step(self, targets: Tensor, robots: Tensor) -> None:
        """Run ``robots`` [M] for one control period with joint position ``targets`` [N, J], rad.

        The other robots are not stepped.
        """
        ids = robots.numpy()
        desired = targets.numpy()[ids].astype(np.float64)
        work, peak = np.zeros(len(ids)), np.zeros(desired.shape)
        rate, fastest = self._rate[ids], np.zeros(len(ids))
        for _ in range(self.substeps):
            q, dq = self._qpos[ids, 7:], self._qvel[ids, 6:]
            commanded = pd_torque(desired, q, dq, *self._gains, self._limit)
            commanded *= power_share(commanded, dq, self._power_limit)
            torque = deliverable_torque(commanded, dq, *self._motors)
            self._control[ids] = torque
            self.batch.step(ids, nstep=1)
            torque = np.clip(torque * self._strength[ids], -self._max_torque, self._max_torque)
            work += np.abs(torque * dq).sum(-1) * STEP
            peak = np.maximum(peak, np.abs(torque))
            rate += (np.hypot(*self._qvel[ids, 3:5].T) - rate) * RATE_SHARE
            fastest = np.maximum(fastest, rate)
        self.work[robots] = torch.from_numpy(work).float()
        self.peak_torque[robots] = torch.from_numpy(peak).float()
        self._rate[ids] = rate
        self.attitude_rate[robots] = torch.from_numpy(fastest).float()

    def render(self, robots: Tensor) -> Tensor:
        """Current depth images [M, H, W] of ``robots``, m; 0 where nothing is hit."""
        return self.render_with(self.camera, robots)

    def render_with(self, camera: DepthCamera, robots: Tensor) -> Tensor:
        """As :meth:`render`, with another ``camera`` of the same worlds."""
        ids = robots.numpy()
        return camera.render(self.world_of[ids], self._qpos[ids, :7], np.zeros(len(ids)))

    def _place_standing(self, contract: Contract, sources: Sequence[np.random.Generator] | None) -> None:
        count = self.num_robots
        place = torch.tensor([terrain.start for terrain in self.terrains], dtype=torch.float32)
        y, yaw = torch.zeros(count), torch.zeros(count)
        if sources is not None:
            draws = torch.from_numpy(np.array([source.uniform(-1.0, 1.0, 2) for source in sources])).float()
            y, yaw = START_Y * draws[:, 0], START_YAW * draws[:, 1]
        zero = torch.zeros(count)
        where = torch.stack([place[:, 0], place[:, 1] + y, place[:, 2] + STANDING_HEIGHT], -1)
        pose = torch.cat([where, torch.stack([torch.cos(yaw / 2), zero, zero, torch.sin(yaw / 2)], -1)], -1)
        everyone, still = torch.arange(count), torch.zeros(count, contract.num_joints)
        default = torch.from_numpy(contract.joints.array("default_position")).repeat(count, 1)
        self.place(everyone, everyone, pose, torch.zeros(count, 6), default, still)
        for _ in range(round(SETTLING / contract.timing.control_period)):
            self.step(default, everyone)
        self._rate[:] = 0.0
