"""Trials: the terrain, difficulty and seed of an episode, and how users name them."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np

from wmp_core.choices import unknown
from wmp_sim.terrain import HARDEST, TERRAINS, Terrain, seeded_terrain
from wmp_training.evaluation.conditions import CONDITIONS, NOMINAL, Condition, condition_name
from wmp_training.evaluation.protocol import RELEASE_SEEDS

#: The terrains that ``all`` stands for.
EVALUATED = tuple(TERRAINS)
#: Default difficulties of an evaluation; 1 is the hardest of training, what follows shows where success ends.
DIFFICULTIES = (0.1, 0.3, 0.5, 0.7, 0.9, 1.0, 1.2)


class CellKey(NamedTuple):
    """What the episodes of a cell share."""

    terrain: str
    difficulty: float
    condition: str = NOMINAL

    def __str__(self) -> str:
        under = "" if self.condition == NOMINAL else f" {self.condition}"
        return f"{self.terrain} {self.difficulty:.2f}{under}"


@dataclass(frozen=True)
class Trial:
    """Track, seed and condition of one episode.

    ``seed`` places the obstacles exactly as in ``wmp sim --terrain T --difficulty D --seed S``.
    ``condition`` is a name in :data:`~wmp_training.evaluation.conditions.CONDITIONS`.
    """

    terrain: str
    difficulty: float
    seed: int
    condition: str = NOMINAL

    def __post_init__(self) -> None:
        terrain_name(self.terrain)
        condition_name(self.condition)
        _check_difficulty(self.difficulty, HARDEST)

    @property
    def key(self) -> CellKey:
        """The cell that this trial belongs to."""
        return CellKey(self.terrain, self.difficulty, self.condition)

    def track(self) -> Terrain:
        """The terrain of this trial."""
        return seeded_terrain(self.terrain, self.difficulty, self.seed, HARDEST)

    def variation(self) -> np.random.Generator:
        """Random source of the differences between robots, independent of the track's."""
        return np.random.default_rng([self.seed, 1])


def trials(key: CellKey, episodes: int, seed: int) -> list[Trial]:
    """The ``episodes`` trials of the cell ``key``.

    Their seeds depend on terrain, difficulty and ``seed`` alone: a cell does not change with the cells
    evaluated beside it, and all conditions have the same tracks.
    """
    terrain, difficulty, condition = key
    names = (f"{seed}/{terrain}/{difficulty:.6f}/{episode}" for episode in range(episodes))
    return [Trial(terrain, difficulty, zlib.crc32(name.encode()) & 0x7FFFFFFF, condition) for name in names]


def shared_condition(trials: Iterable[Trial]) -> Condition:
    """The condition of all ``trials``; raises ``ValueError`` unless they share one."""
    names = {trial.condition for trial in trials}
    if len(names) != 1:
        raise ValueError(f"trials have the conditions {sorted(names)}, expected one")
    return CONDITIONS[names.pop()]


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


def condition_names(text: str) -> tuple[str, ...]:
    """Conditions of a comma-separated list, or ``all``; raises ``ValueError`` with the nearest name."""
    names = tuple(CONDITIONS) if text == "all" else tuple(condition_name(p.strip()) for p in text.split(","))
    _refuse_repetition("condition", names)
    return names


def difficulties(text: str, hardest: float = HARDEST) -> tuple[float, ...]:
    """Difficulties from 0 to ``hardest`` of a comma-separated list; raises ``ValueError``."""
    values = tuple(_number("difficulty", part, float) for part in text.split(","))
    _refuse_repetition("difficulty", values)
    for value in values:
        _check_difficulty(value, hardest)
    return values


def _check_difficulty(value: float, hardest: float) -> None:
    if not 0.0 <= value <= hardest:
        raise ValueError(f"difficulty is {value}, expected a number in [0, {hardest:g}]")


def seeds(text: str) -> tuple[int, ...]:
    """Seeds of a comma-separated list, or the protocol's for ``release``; raises ``ValueError``."""
    if text == "release":
        return RELEASE_SEEDS
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
