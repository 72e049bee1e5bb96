"""One episode of the protocol: a terrain, how hard it is, and the seed of everything random in it."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from wmp_sim.terrain import TERRAINS, Terrain, seeded_terrain

#: What ``all`` means: every terrain of one kind (``course`` chains several).
EVALUATED = tuple(name for name in TERRAINS if name != "course")
#: Difficulties of an evaluation, if nothing else is asked for.
LEVELS = (0.1, 0.3, 0.5, 0.7, 0.9)


@dataclass(frozen=True)
class Trial:
    """``seed`` places the obstacles exactly as ``wmp sim --terrain T --difficulty D --seed S`` does."""

    terrain: str
    difficulty: float
    seed: int

    def __post_init__(self) -> None:
        if self.terrain not in TERRAINS:
            raise ValueError(f"terrain is {self.terrain!r}, expected one of {sorted(TERRAINS)}")
        if not 0.0 <= self.difficulty <= 1.0:
            raise ValueError(f"difficulty is {self.difficulty}, expected a number in [0, 1]")

    def track(self) -> Terrain:
        """The terrain of this trial."""
        return seeded_terrain(self.terrain, self.difficulty, self.seed)

    def variation(self) -> np.random.Generator:
        """Source of what differs between robots; apart from the track's, so that either can change alone."""
        return np.random.default_rng([self.seed, 1])


def trials(terrain: str, difficulty: float, episodes: int, seed: int) -> list[Trial]:
    """The ``episodes`` trials of one cell.

    Their seeds depend on the arguments alone, so a cell is the same whichever others are evaluated with it.
    """
    names = (f"{seed}/{terrain}/{difficulty:.6f}/{episode}" for episode in range(episodes))
    return [Trial(terrain, difficulty, zlib.crc32(name.encode()) & 0x7FFFFFFF) for name in names]


def terrain_names(text: str) -> tuple[str, ...]:
    """``all`` or a comma-separated list of terrains; raises ``ValueError`` that names the choices."""
    names = EVALUATED if text == "all" else tuple(part.strip() for part in text.split(","))
    _refuse_repetition(names)
    unknown = [name for name in names if name not in TERRAINS]
    if unknown:
        raise ValueError(f"terrains {unknown} do not exist, expected all or some of {sorted(TERRAINS)}")
    return names


def difficulties(text: str) -> tuple[float, ...]:
    """Comma-separated difficulties in [0, 1]; raises ``ValueError``."""
    values = tuple(float(part) for part in text.split(","))
    _refuse_repetition(values)
    outside = [value for value in values if not 0.0 <= value <= 1.0]
    if outside:
        raise ValueError(f"levels {outside} are no difficulties, expected numbers in [0, 1]")
    return values


def seeds(text: str) -> tuple[int, ...]:
    """Comma-separated seeds; raises ``ValueError``."""
    values = tuple(int(part) for part in text.split(","))
    _refuse_repetition(values)
    return values


def _refuse_repetition(values: Iterable[object]) -> None:
    listed = list(values)
    if len(set(listed)) != len(listed):
        raise ValueError(f"{listed} names something twice, expected each once")
