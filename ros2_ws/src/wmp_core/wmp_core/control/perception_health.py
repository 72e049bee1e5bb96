"""Health of the world model's perception: time without an image, and surprise."""

from __future__ import annotations

import math

from wmp_core.control.smoothing import Smoothed
from wmp_core.inference.world_model import Source


class PerceptionHealth:
    """Tracks the latents that the policy uses.

    Args:
        control_period: s per tick.
        smoothing_time: time constant of the surprise, s.
    """

    def __init__(self, control_period: float, smoothing_time: float) -> None:
        self._control_period = control_period
        self._surprise = Smoothed(smoothing_time)
        self.reset()

    def reset(self) -> None:
        """Start at tick 0 as if an image had just arrived: a standing robot has one."""
        self._tick = self._last_image = 0
        self._surprise.reset()
        #: Smoothed KL in nats; an infinite one counts until the next image.
        self.surprise = self._surprise.value

    def update(self, tick: int, source: int, kl: float) -> None:
        """Add a latent: its tick, its source (:class:`Source`), its KL in nats (NaN without an image)."""
        elapsed = (tick - self._tick) * self._control_period
        self._tick = tick
        if source != Source.PRIOR:
            self._last_image = tick
        if not math.isnan(kl):
            self.surprise = self._surprise.update(kl, elapsed)

    @property
    def blind_time(self) -> float:
        """s since the world model last received an image."""
        return (self._tick - self._last_image) * self._control_period
