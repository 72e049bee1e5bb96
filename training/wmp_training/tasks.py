"""Tasks: terrains, the robots on them, and rewards. Needs neither torch nor MuJoCo."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from wmp_core.choices import suggestion, unknown
from wmp_sim.fall import FALLEN_TILT
from wmp_sim.terrain import EASIEST
from wmp_training.env.config import (
    GENTLE_REWARDS,
    CommandConfig,
    CurriculumConfig,
    DepthNoise,
    EnvConfig,
)
from wmp_training.env.end_terms import limits
from wmp_training.env.reward_terms import weights
from wmp_training.sim.config import NOMINAL, PoolConfig

#: With fewer robots than this (tests), only few worlds are compiled.
FEW_ROBOTS = 64


@dataclass(frozen=True)
class Task:
    """Worlds and environment of a training run.

    Attributes:
        mirrored: half of the episodes are in worlds seen in a mirror, see ``sim/mirror.py``.
    """

    worlds: PoolConfig
    env: EnvConfig = field(default_factory=EnvConfig)
    mirrored: bool = True

    def pool(self, num_robots: int) -> PoolConfig:
        """The worlds to compile for ``num_robots``: fewer for few robots."""
        if num_robots >= FEW_ROBOTS:
            return self.worlds
        return replace(self.worlds, variants=1, flat_variants=2)

    def with_worlds(self, **changes: Any) -> Task:
        """The same task with fields of its ``worlds`` changed."""
        return replace(self, worlds=replace(self.worlds, **changes))

    def randomised(self, ranges: Mapping[str, Sequence[float]]) -> Task:
        """The same task with other ``ranges``, by name: randomised properties or ``action_delay``."""
        chosen = {key: (float(low), float(high)) for key, (low, high) in ranges.items()}
        env = replace(self.env, action_delay=chosen.pop("action_delay", self.env.action_delay))
        return replace(self.with_worlds(randomisation=replace(self.worlds.randomisation, **chosen)), env=env)

    def without(self, names: Sequence[str]) -> Task:
        """The same task without the disturbances ``names``.

        They are keys of :data:`DISTURBANCES`, or ``bodies``, which makes all robots identical.

        Raises:
            ValueError: a name is unknown.
        """
        known = {*DISTURBANCES, "bodies"}
        wrong = sorted(set(names) - known)
        if wrong:
            near = suggestion(wrong[0], known)
            raise ValueError(f"without names {wrong}, expected some of {sorted(known)}{near}")
        off = {key: value for name in names for key, value in DISTURBANCES.get(name, {}).items()}
        bodies = {"randomisation": NOMINAL} if "bodies" in names else {}
        return replace(self.with_worlds(**bodies), env=replace(self.env, **off))


#: Disturbances that can be switched off, and the environment settings that do so.
DISTURBANCES: dict[str, dict[str, Any]] = {
    "noise": {"noise": ()},
    "pushes": {"push_velocity": 0.0},
    "latency": {"latency": 0.0, "action_delay": None, "action_jitter": 0.0},
    "pitch": {"camera_pitch": 0.0},
    "depth_noise": {"depth_noise": None},
    "lost_images": {"lost_images": 0.0, "blind_robots": 0.0},
}


#: Share of the robots per terrain at the beginning. Flat ground keeps its share; with 3 % of the robots
#: there, gait and speed on it went astray. The others follow the measured success, see ``env/balance.py``.
SHARES = {"flat": 0.1} | dict.fromkeys(
    ("rough", "slope", "stairs_up", "stairs_down", "climb", "gap", "crawl", "tilt", "course"), 0.1
)
#: Terrains whose crossing needs what is penalised elsewhere.
STAIRS, ACROBATIC = ("stairs_up", "stairs_down"), ("climb", "gap", "crawl", "tilt", "course")
#: Reduces the penalties for what an obstacle requires: leaping, pitching, leaning sideways, touching it.
LENIENCY = (
    *((terrain, term, 0.1) for terrain in ("climb", "gap") for term in ("vertical_velocity", "tilt_rate")),
    *((terrain, term, 0.3) for terrain in (*STAIRS, "course") for term in ("vertical_velocity", "tilt_rate")),
    # Between bars and on open ground a robot should walk upright; elsewhere it may crouch to leap or balance.
    *((terrain, "crouch", 0.15) for terrain in SHARES if terrain not in ("flat", "rough", "slope", "crawl")),
    *((terrain, "collision", 0.5) for terrain in ("climb", "tilt", "course")),
    ("tilt", "lateral_tilt", 0.0),
    ("course", "lateral_tilt", 0.0),
    *((terrain, "foot_clearance", 0.3) for terrain in ("rough", "slope", *STAIRS)),
    *((terrain, term, 0.0) for terrain in ACROBATIC for term in ("foot_clearance", "stance_slip")),
    # Exact speed, heading and attitude matter on open ground only.
    *(
        (terrain, term, 0.0)
        for terrain in SHARES
        if terrain != "flat"
        for term in ("track_mean_velocity", "track_mean_yaw", "level")
    ),
)

OBSTACLES = EnvConfig(
    terrain_shares=tuple(SHARES.items()),
    push_velocity=0.3,
    depth_noise=DepthNoise(),
    surroundings=True,
    start_x=0.2,
    start_heading=0.2,
    # Robots stay on the last level, where most of the learning is left to do (docs/lessons.md).
    curriculum=CurriculumConfig(promotion=4.8, failure=0.5, redraw_from=9, revisit=0.25, rebalance=40),
    commands=CommandConfig(track_shares=(0.0, 0.0, 0.0, 1.0, 0.0), speed=(0.3, 0.8)),
    ends=limits(
        {
            "upright": -math.cos(FALLEN_TILT),
            "trunk_contact": 1.0,
            "stuck": 6.0,
            "pit": 0.4,
            "off_side": 2.2,
            "off_back": 1.8,
            "track_end": 7.0,
        }
    ),
    rewards=weights(
        dict(GENTLE_REWARDS)
        | {
            "track_yaw": 0.7,
            "air_time": 0.01,
            "tilt_rate": -0.03,
            "lateral_tilt": -0.5,
            "joint_acceleration": -1.5e-7,
            "action_rate": -0.01,
            "action_jerk": 0.0,
            "posture": -0.02,
            "hip_posture": 0.0,
            "stuck": -1.0,
            "heading": -1.0,
            "crouch": -450.0,
            # Without it nobody crosses 0.8 m: the trunk drops before the front feet land (docs/lessons.md).
            "leap": 16.0,
        }
    ),
    leniency=LENIENCY,
    overspeed=(
        # A leap takes more than 2 m/s, the way between leaps does not.
        ("climb", 0.4),
        ("gap", 0.4),
        *((t, 0.15) for t in SHARES if t not in ("flat", "climb", "gap")),
    ),
)

TASKS: dict[str, Task] = {
    "gentle": Task(PoolConfig(("flat", "rough", "slope"))),
    # Difficulty is level / 10, as in the paper; slots begin with widths that need no tilting.
    "obstacles": Task(
        PoolConfig(
            tuple(SHARES),
            variants=6,
            flat_variants=12,
            hardest=0.9,
            easiest=(("tilt", EASIEST["tilt"]),),
            graded=True,
            motor_limits=True,
        ),
        OBSTACLES,
    ),
}


def task(name: str) -> Task:
    """The task called ``name``; raises ``ValueError`` that lists the choices."""
    if name not in TASKS:
        raise unknown("task", name, TASKS)
    return TASKS[name]


def without_camera(config: EnvConfig) -> EnvConfig:
    """The same environment without depth images, for a policy that needs none."""
    return replace(config, camera=False)
