"""How much the latents are to be trusted: how long the model has been blind, how surprised it is."""

from __future__ import annotations

import math

from wmp_core.control.smoothing import Smoothed
from wmp_core.inference.world_model import Source


class PerceptionHealth:
    """Fed with every latent that is used.

    Args:
        control_period: s per tick.
        smoothing_time: s, of the surprise.
    """

    def __init__(self, control_period: float, smoothing_time: float) -> None:
        self._control_period = control_period
        self._surprise = Smoothed(smoothing_time)
        self.reset()

    def reset(self) -> None:
        """Begin at tick 0 with open eyes: a robot that stands has an image."""
        self._tick = self._last_seen = 0
        self._surprise.reset()

    def take(self, tick: int, source: int, kl: float) -> None:
        """Take a latent: its tick, where ``z`` came from (:class:`Source`), its KL in nats (NaN if none)."""
        elapsed = (tick - self._tick) * self._control_period
        self._tick = tick
        if source != Source.PRIOR:
            self._last_seen = tick
        if not math.isnan(kl):
            self._surprise.update(kl, elapsed)

    @property
    def blind_time(self) -> float:
        """s of walking that the world model has gone through without an image."""
        return (self._tick - self._last_seen) * self._control_period

    @property
    def surprise(self) -> float:
        """Smoothed KL in nats."""
        return self._surprise.value
