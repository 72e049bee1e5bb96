"""Sensor errors, lost images and pushes of a condition; repeatable, whichever robots still run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from wmp_core.contract import Contract
from wmp_training.env.config import DepthNoise, EnvConfig
from wmp_training.env.depth_noise import with_noise
from wmp_training.evaluation.conditions import PUSH_PERIOD
from wmp_training.evaluation.trial import Trial, shared_condition

#: Errors of a real D435i, see ``DepthNoise``.
DEPTH_NOISE = DepthNoise(disparity=0.0086, correlation=1.8, shadow=0.05)
#: Amplitude (+-) of uniform sensor noise by observation term, that of training.
NOISE = dict(EnvConfig().noise)


class Disturbances:
    """What the condition of ``trials`` does to the sensors and bases of their N robots."""

    def __init__(self, contract: Contract, trials: Sequence[Trial]) -> None:
        self.condition, self.count = shared_condition(trials), len(trials)
        self._focal = contract.depth.focal_length
        self._push_interval = round(PUSH_PERIOD / contract.timing.control_period)
        self._random = torch.Generator().manual_seed(trials[0].seed)
        self._encoders = self.condition.encoder_offset * self._draw(contract.num_joints)
        self._tilt = self.condition.imu_tilt * self._draw(2)

    def sensed(self, raw: dict[str, Tensor]) -> dict[str, Tensor]:
        """The observation terms ``raw`` [N, ...] as the sensors measure them."""
        sensed = dict(raw)
        if self.condition.encoder_offset:
            sensed["joint_position_error"] = raw["joint_position_error"] + self._encoders
        if self.condition.imu_tilt:
            sensed["projected_gravity"] = self._tilted(raw["projected_gravity"])
        for name, amplitude in NOISE.items() if self.condition.sensor_noise else ():
            term = sensed[name]
            sensed[name] = term + self.condition.sensor_noise * amplitude * self._draw(term.shape[1])
        return sensed

    def seen(self, depth: Tensor) -> Tensor:
        """The depth images ``depth`` [M, H, W] m as the camera measures them; 0 where nothing is measured."""
        if not self.condition.depth_noise:
            return depth
        with self._own_random():
            return with_noise(depth, DEPTH_NOISE, self._focal)

    def arrived(self, robots: Tensor) -> Tensor:
        """Whether the images of ``robots`` [M] arrive [M]."""
        if not self.condition.lost_images:
            return torch.ones(len(robots), dtype=torch.bool)
        draw = torch.rand(self.count, generator=self._random)
        return draw[robots] >= self.condition.lost_images

    def push(self, tick: int) -> Tensor | None:
        """Velocities [N, 2] (world x, y; m/s) to add to the bases at ``tick``; None without a push."""
        if not self.condition.push or tick == 0 or tick % self._push_interval:
            return None
        return self.condition.push * self._draw(2)

    def _draw(self, size: int) -> Tensor:
        """Uniform in [-1, 1], [N, size]."""
        return torch.rand(self.count, size, generator=self._random) * 2.0 - 1.0

    def _tilted(self, gravity: Tensor) -> Tensor:
        """``gravity`` [N, 3] as an IMU mounted with small errors of roll and pitch measures it."""
        roll, pitch = self._tilt.unbind(-1)
        x, y, z = gravity.unbind(-1)
        return torch.nn.functional.normalize(
            torch.stack([x - pitch * z, y + roll * z, z + pitch * x - roll * y], -1)
        )

    @contextmanager
    def _own_random(self) -> Iterator[None]:
        """Torch's global random numbers come from this object's seed inside, and are untouched outside."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(torch.randint(2**31, (1,), generator=self._random)))
            yield
