"""Settings of the simulated worlds: which terrains are compiled, and what is randomised in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

#: What each range may span: beyond it a robot is none, or the solver leaves it.
ALLOWED = {
    "friction": (0.05, 3.0),
    "payload": (-3.0, 10.0),
    "com": (-0.1, 0.1),
    "link_mass": (0.5, 2.0),
    "kp": (0.2, 3.0),
    "kd": (0.2, 3.0),
    "strength": (0.05, 3.0),
    "joint_friction": (0.0, 5.0),
}


def check_range(key: str, value: Sequence[float], allowed: tuple[float, float]) -> tuple[float, float]:
    """``value`` as (low, high); ``ValueError`` unless it is ordered and within ``allowed``."""
    expected = f"expected [low, high] with low <= high in [{allowed[0]:g}, {allowed[1]:g}]"
    pair = isinstance(value, (list, tuple)) and len(value) == 2
    if not pair or not all(isinstance(bound, (int, float)) for bound in value):
        raise ValueError(f"randomisation: {key} is {value!r}, {expected}")
    low, high = float(value[0]), float(value[1])
    if not allowed[0] <= low <= high <= allowed[1]:
        raise ValueError(f"randomisation: {key} is [{low:g}, {high:g}], {expected}")
    return low, high


@dataclass(frozen=True)
class RandomisationConfig:
    """Ranges (low, high), drawn uniformly once per world.

    ``friction`` of the feet; ``payload`` kg added to the trunk; ``com`` m by which the trunk's centre of mass
    shifts per axis; ``link_mass``, ``kp``, ``kd`` and ``strength`` are factors (strength scales both gains: a
    weak motor); ``joint_friction`` N m of dry friction in every joint. ``ValueError`` outside of ``ALLOWED``.
    """

    friction: tuple[float, float] = (0.4, 1.6)
    payload: tuple[float, float] = (-0.5, 2.5)
    com: tuple[float, float] = (-0.04, 0.04)
    link_mass: tuple[float, float] = (0.9, 1.1)
    kp: tuple[float, float] = (0.8, 1.2)
    kd: tuple[float, float] = (0.7, 1.3)
    strength: tuple[float, float] = (0.85, 1.15)
    joint_friction: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        for key, allowed in ALLOWED.items():
            check_range(key, getattr(self, key), allowed)


NOMINAL = RandomisationConfig(
    (0.8, 0.8), (0.0, 0.0), (0.0, 0.0), (1.0, 1.0), (1.0, 1.0), (1.0, 1.0), (1.0, 1.0)
)


@dataclass(frozen=True)
class PoolConfig:
    """Terrain kinds, each with ``levels`` but the flat one with a single level; variants per level.

    Difficulty rises evenly from 0 to ``hardest``; for a kind that begins at its ``easiest`` instead, in steps
    that shrink, since only the last of them are hard. With ``graded`` the variants of a level fill the way
    down to the level below: steps between levels that a policy can take.
    ``motor_limits``: motors obey the contract's torque limits and the envelope's limit of power, and lose
    torque at speed.
    """

    terrains: tuple[str, ...] = ("flat", "rough", "slope")
    levels: int = 10
    variants: int = 8
    flat_variants: int = 48
    hardest: float = 1.0
    easiest: tuple[tuple[str, float], ...] = ()
    graded: bool = False
    motor_limits: bool = False
    randomisation: RandomisationConfig = field(default_factory=RandomisationConfig)

    def levels_of(self, name: str) -> int:
        """How many levels the kind ``name`` has."""
        return 1 if name == "flat" else self.levels

    def variants_of(self, name: str) -> int:
        """How many variants every level of the kind ``name`` has."""
        return self.flat_variants if self.levels_of(name) == 1 else self.variants

    def difficulty(self, name: str, level: int, variant: int) -> float:
        """Difficulty of ``variant`` of ``level`` of the kind ``name``."""
        height = max(level - variant / self.variants, 0.0) if self.graded else level
        share = height / max(self.levels - 1, 1)
        easiest = dict(self.easiest).get(name)
        if easiest is None:
            return self.hardest * share
        return easiest + (self.hardest - easiest) * share * (2.0 - share)
