"""Is h in the region that it covers in simulation? Distance to the envelope, and a map."""

from __future__ import annotations

from typing import Any

import numpy as np

from wmp_replay.envelope import Envelope
from wmp_replay.recompute import Recomputed
from wmp_replay.section import Section, Status

NAME = "latent"
#: Largest number of latents kept, evenly spread over the walk.
MAX_LATENTS = 4096
#: Largest number of latents per bag on the map of several bags.
MAX_MAPPED = 200


class LatentTest:
    """Keeps h of at most :data:`MAX_LATENTS` steps, evenly spread; update it with every step in order."""

    def __init__(self) -> None:
        self._every, self._count = 1, 0
        self._latents: list[np.ndarray] = []

    def update(self, done: Recomputed) -> None:
        """Add the next step."""
        if not done.is_seeded:
            return
        if self._count % self._every == 0:
            self._latents.append(done.h)
        self._count += 1
        if len(self._latents) > MAX_LATENTS:
            self._latents = self._latents[::2]
            self._every *= 2

    def latents(self) -> np.ndarray:
        """h ``[N, D]``."""
        return np.stack(self._latents) if self._latents else np.zeros((0, 0), np.float32)


def judge(latents: np.ndarray, envelope: Envelope | None, source: str, thresholds: dict[str, Any]) -> Section:
    """The verdict; ``source`` names the walks that the envelope was made from."""
    section = Section(NAME)
    if envelope is None or len(latents) == 0:
        section.add(
            Status.SKIP, "no latents to compare" if envelope is not None else "the reference has no envelope"
        )
        return section
    distance = envelope.distance(latents)
    outside = float(np.mean(distance > envelope.bound))
    dimensions = float(envelope.outside_dimensions(latents).mean())
    section.figures = {
        "envelope_from": source,
        "envelope_latents": envelope.count,
        "bound": envelope.bound,
        "median_distance": np.median(distance),
        "share_outside": outside,
        "share_of_dimensions_outside_quantiles": dimensions,
        "map": envelope.plane(latents[:: -(-len(latents) // MAX_MAPPED)]).round(2),
    }
    section.judge(
        outside,
        thresholds["share_outside"],
        f"{100 * outside:.1f} % of h is outside the envelope ({source}, {envelope.count} latents), "
        f"{100 * dimensions:.1f} % of single values are outside their quantiles",
    )
    return section
