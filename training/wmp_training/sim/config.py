"""Settings of the simulated worlds: terrains and randomised properties. Needs neither torch nor MuJoCo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from wmp_sim.terrain import TerrainOptions

#: Allowed bounds of each range: beyond them the robot is not plausible or the solver diverges.
ALLOWED = {
    "friction": (0.05, 3.0),
    "calf_friction": (0.05, 3.0),
    "thigh_friction": (0.05, 3.0),
    "ground_friction": (0.05, 3.0),
    "payload": (-3.0, 10.0),
    "com": (-0.1, 0.1),
    "link_mass": (0.5, 2.0),
    "kp": (0.2, 3.0),
    "kd": (0.2, 3.0),
    "strength": (0.05, 3.0),
    "joint_friction": (0.0, 5.0),
    "joint_damping": (0.0, 5.0),
    "armature": (0.0, 0.1),
    "torque_lag": (0.0, 0.05),
}


def check_range(key: str, value: Sequence[float], allowed: tuple[float, float]) -> tuple[float, float]:
    """``value`` as (low, high); raises ``ValueError`` unless it is ordered and within ``allowed``."""
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
    """Ranges (low, high) of physical properties, drawn uniformly once per world.

    Attributes:
        friction: sliding friction of the feet.
        calf_friction, thigh_friction: sliding friction of these shapes.
        ground_friction: of the ground; the lower one of ground and shape counts, so the default never does.
        payload: mass added to the trunk [kg].
        com: offset of the trunk's centre of mass, per axis [m].
        link_mass: factor on the mass of every other link.
        kp, kd: factors on the gains, per joint.
        strength: factor on both gains of a joint: a weak or strong motor.
        joint_friction: dry friction (frictionloss) [N m], per joint.
        joint_damping: viscous friction of all joints [N m s/rad].
        armature: rotor inertia at all joints [kg m2].
        torque_lag: time constant with which the motors' torque follows its command [s]; needs
            ``PoolConfig.motor_limits``.

    Raises:
        ValueError: a range exceeds ``ALLOWED``.
    """

    friction: tuple[float, float] = (0.4, 1.6)
    payload: tuple[float, float] = (-0.5, 2.5)
    com: tuple[float, float] = (-0.04, 0.04)
    link_mass: tuple[float, float] = (0.9, 1.1)
    kp: tuple[float, float] = (0.8, 1.2)
    kd: tuple[float, float] = (0.7, 1.3)
    strength: tuple[float, float] = (0.85, 1.15)
    joint_friction: tuple[float, float] = (0.0, 0.0)
    joint_damping: tuple[float, float] = (0.0, 0.0)
    armature: tuple[float, float] = (0.01, 0.01)
    calf_friction: tuple[float, float] = (1.0, 1.0)
    thigh_friction: tuple[float, float] = (1.0, 1.0)
    ground_friction: tuple[float, float] = (3.0, 3.0)
    torque_lag: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        for key, allowed in ALLOWED.items():
            check_range(key, getattr(self, key), allowed)


NOMINAL = RandomisationConfig(
    (0.8, 0.8), (0.0, 0.0), (0.0, 0.0), (1.0, 1.0), (1.0, 1.0), (1.0, 1.0), (1.0, 1.0)
)


@dataclass(frozen=True)
class PoolConfig:
    """Which worlds are compiled.

    Attributes:
        terrains: kinds of terrain.
        levels: of every kind but the flat one, which has one.
        variants, flat_variants: worlds per level, each with its own randomised robot.
        hardest: difficulty of the last level; it rises evenly from 0.
        easiest: (kind, difficulty) of kinds that begin elsewhere; their steps shrink towards the last level,
            because only the last levels are hard.
        graded: the variants of a level fill the range down to the level below, so that the steps between
            levels stay small.
        motor_limits: motors obey the contract's torque limits and the envelope's power limit, and lose torque
            with speed.
        joint_stops: the torque towards a joint's stop is limited, see ``wmp_core.control.joint_stops``; needs
            ``motor_limits``.
        roughness: height of bumps on the ground of gaps and boxes at difficulty 1 [m], see
            ``wmp_sim.terrain.bumps``. Every second variant has them: contacts with bumps double the time of
            physics.
        slot_offset: range (+-) of the middle of a slot beside the track's middle [m].
        randomisation: of the robots.

    Raises:
        ValueError: a setting is out of range, or needs ``motor_limits``.
    """

    terrains: tuple[str, ...] = ("flat", "rough", "slope")
    levels: int = 10
    variants: int = 8
    flat_variants: int = 48
    hardest: float = 1.0
    easiest: tuple[tuple[str, float], ...] = ()
    graded: bool = False
    motor_limits: bool = False
    joint_stops: bool = False
    roughness: float = 0.0
    slot_offset: float = 0.0
    randomisation: RandomisationConfig = field(default_factory=RandomisationConfig)

    def __post_init__(self) -> None:
        for key, most in (("roughness", 0.1), ("slot_offset", 1.0)):
            if not 0.0 <= getattr(self, key) <= most:
                raise ValueError(f"worlds: {key} is {getattr(self, key)}, expected 0 to {most:g} m")
        needing = {"joint_stops": self.joint_stops, "torque_lag": self.randomisation.torque_lag[1] > 0.0}
        for key in (key for key, used in needing.items() if used and not self.motor_limits):
            raise ValueError(f"worlds: {key} needs simulated motors, expected motor_limits to be true")

    def options(self, variant: int) -> TerrainOptions:
        """What is added to the terrain of a variant."""
        return TerrainOptions(self.roughness if variant % 2 else 0.0, self.slot_offset)

    def levels_of(self, name: str) -> int:
        """Number of levels of the kind ``name``."""
        return 1 if name == "flat" else self.levels

    def variants_of(self, name: str) -> int:
        """Number of variants per level of the kind ``name``."""
        return self.flat_variants if self.levels_of(name) == 1 else self.variants

    def difficulty(self, name: str, level: int, variant: int) -> float:
        """Difficulty of a variant of a level of the kind ``name``."""
        height = max(level - variant / self.variants, 0.0) if self.graded else level
        share = height / max(self.levels - 1, 1)
        easiest = dict(self.easiest).get(name)
        if easiest is None:
            return self.hardest * share
        return easiest + (self.hardest - easiest) * share * (2.0 - share)
