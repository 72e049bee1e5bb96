"""Trials: the terrain, difficulty and seed of an episode, and how users name them."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from wmp_core.choices import unknown
from wmp_sim.terrain import TERRAINS, Terrain, seeded_terrain

#: The terrains that ``all`` stands for; ``course`` is left out, because it chains several others.
EVALUATED = tuple(name for name in TERRAINS if name != "course")
#: Default difficulties of an evaluation.
DIFFICULTIES = (0.1, 0.3, 0.5, 0.7, 0.9)


@dataclass(frozen=True)
class Trial:
    """The conditions of one episode.

    ``seed`` places the obstacles exactly as in ``wmp sim --terrain T --difficulty D --seed S``.
    """

    terrain: str
    difficulty: float
    seed: int

    def __post_init__(self) -> None:
        terrain_name(self.terrain)
        if not 0.0 <= self.difficulty <= 1.0:
            raise ValueError(f"difficulty is {self.difficulty}, expected a number in [0, 1]")

    def track(self) -> Terrain:
        """The terrain of this trial."""
        return seeded_terrain(self.terrain, self.difficulty, self.seed)

    def variation(self) -> np.random.Generator:
        """Random source of the differences between robots, independent of the track's."""
        return np.random.default_rng([self.seed, 1])


def trials(terrain: str, difficulty: float, episodes: int, seed: int) -> list[Trial]:
    """The ``episodes`` trials of one cell.

    Their seeds depend on the arguments alone: a cell does not change with the cells evaluated beside it.
    """
    names = (f"{seed}/{terrain}/{difficulty:.6f}/{episode}" for episode in range(episodes))
    return [Trial(terrain, difficulty, zlib.crc32(name.encode()) & 0x7FFFFFFF) for name in names]


def terrain_name(text: str) -> str:
    """``text``; raises ``ValueError`` with the nearest name unless it is a terrain."""
    if text not in TERRAINS:
        raise unknown("terrain", text, TERRAINS)
    return text


def terrain_names(text: str) -> tuple[str, ...]:
    """Terrains of a comma-separated list, or ``all``; raises ``ValueError`` with the nearest name."""
    names = EVALUATED if text == "all" else tuple(terrain_name(part.strip()) for part in text.split(","))
    _refuse_repetition("terrain", names)
    return names


def difficulties(text: str) -> tuple[float, ...]:
    """Difficulties in [0, 1] of a comma-separated list; raises ``ValueError``."""
    values = tuple(_number("difficulty", part, float) for part in text.split(","))
    _refuse_repetition("difficulty", values)
    outside = [value for value in values if not 0.0 <= value <= 1.0]
    if outside:
        raise ValueError(f"difficulty is {outside[0]}, expected a number in [0, 1]")
    return values


def seeds(text: str) -> tuple[int, ...]:
    """Seeds of a comma-separated list; raises ``ValueError``."""
    values = tuple(_number("seed", part, int) for part in text.split(","))
    _refuse_repetition("seed", values)
    return values


Number = TypeVar("Number", int, float)


def _number(what: str, text: str, kind: Callable[[str], Number]) -> Number:
    try:
        return kind(text)
    except ValueError:
        expected = "a whole number" if kind is int else "a number"
        raise ValueError(f"{what} is {text.strip()!r}, expected {expected}") from None


def _refuse_repetition(what: str, values: Iterable[object]) -> None:
    listed = list(values)
    if len(set(listed)) != len(listed):
        raise ValueError(f"{what} {', '.join(map(str, listed))} names something twice, expected each once")
