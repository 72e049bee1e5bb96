"""Surprise, KL(posterior || prior), over time, and the images at its peaks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from wmp_core.bundle import Bundle
from wmp_core.control.smoothing import Smoothed
from wmp_replay.recompute import Recomputed
from wmp_replay.section import Section, Status

NAME = "surprise"
#: Time constant of the smoothed KL [s], as in the safety monitor.
SMOOTHING = 0.5
#: Number of the most surprising ticks whose images are kept, and the smallest time between two of them [s].
PICTURES, APART = 3, 1.0
#: Quantile of the smoothed KL of a reference that serves as threshold.
QUANTILE = 0.995


class Surprising(NamedTuple):
    """A tick of high ``kl`` [nats]: ``seen [H, W]`` m, and ``expected [H, W]`` m, decoded from the prior."""

    stamp: float
    kl: float
    seen: np.ndarray
    expected: np.ndarray


@dataclass(frozen=True)
class Timeline:
    """Per world-model tick with an image: ``stamp`` s, ``kl`` nats, ``smoothed`` nats."""

    stamp: np.ndarray
    kl: np.ndarray
    smoothed: np.ndarray


class SurpriseTest:
    """Keeps three numbers per step and the images of the worst; update it with every step in order."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._period = bundle.contract.timing.world_model_period
        self._smoothed = Smoothed(SMOOTHING)
        self._rows: list[tuple[float, float, float]] = []
        self._worst: list[Recomputed] = []

    def update(self, done: Recomputed) -> None:
        """Add the next step."""
        if done.step.tick == 0:
            self._smoothed.reset()
        if math.isnan(done.kl) or not done.is_seeded:
            return
        self._rows.append((done.step.stamp, done.kl, self._smoothed.update(done.kl, self._period)))
        near = [other for other in self._worst if abs(other.step.stamp - done.step.stamp) < APART]
        if all(done.kl > other.kl for other in near):
            others = [other for other in self._worst if other not in near] + [done]
            self._worst = sorted(others, key=lambda each: -each.kl)[:PICTURES]

    def timeline(self) -> Timeline:
        """All ticks so far."""
        rows = np.array(self._rows, np.float64).reshape(-1, 3)
        return Timeline(rows[:, 0], rows[:, 1], rows[:, 2])

    def pictures(self) -> list[Surprising]:
        """The image and the expected image at the worst ticks."""
        depth = self._bundle.contract.depth
        result = []
        for done in self._worst:
            assert done.step.depth is not None
            prior = self._bundle.models["prior"].run(deter=done.h[None])["stoch"]
            image = self._bundle.models["decoder"].run(deter=done.h[None], stoch=prior)["depth"][0, 0]
            expected = np.clip((image + 0.5) * depth.far, depth.near, depth.far)
            result.append(Surprising(done.step.stamp, done.kl, done.step.depth, expected))
        return result


def judge(
    timeline: Timeline, threshold: float, source: str, start: float, thresholds: dict[str, Any]
) -> Section:
    """The verdict.

    Args:
        threshold: of the smoothed KL [nats]; NaN if unknown.
        source: origin of the threshold, for people.
        start: start of the walk [s], to which times in the verdict refer.
    """
    section = Section(NAME)
    if len(timeline.kl) == 0:
        section.add(Status.SKIP, "no world-model tick with an image")
        return section
    section.figures = {
        "threshold_nats": threshold,
        "threshold_from": source,
        "mean_nats": timeline.kl.mean(),
        "largest_smoothed_nats": timeline.smoothed.max(),
    }
    if math.isnan(threshold):
        section.add(Status.SKIP, f"mean KL {timeline.kl.mean():.2f} nats; the threshold is unknown")
        return section
    above = timeline.smoothed > threshold
    share, parts = float(above.mean()), segments(timeline.stamp, above)
    section.figures["share_above"] = share
    section.figures["segments_s"] = [(first - start, last - start) for first, last in parts]
    text = f"mean KL {timeline.kl.mean():.2f} nats, largest smoothed {timeline.smoothed.max():.2f}; "
    where = f"; longest stretch {parts_text(parts, start)}" if parts else ""
    section.judge(
        share,
        thresholds["share_above"],
        f"{text}above {threshold:.2f} ({source}) for {100 * share:.1f} % of the walk{where}",
    )
    return section


def segments(stamp: np.ndarray, above: np.ndarray) -> list[tuple[float, float]]:
    """First and last time of every stretch of consecutive ticks that are ``above`` [s]."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], above.astype(int), [0]))))
    return [(float(stamp[a]), float(stamp[b - 1])) for a, b in edges.reshape(-1, 2)]


def parts_text(parts: list[tuple[float, float]], start: float) -> str:
    """The longest stretch as ``1.2 s to 3.4 s``."""
    first, last = max(parts, key=lambda part: part[1] - part[0])
    return f"{first - start:.1f} s to {last - start:.1f} s"
