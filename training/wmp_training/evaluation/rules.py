"""Rules that outcomes depend on beside the protocol; only figures under the same rules are comparable."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

import numpy as np

from wmp_core.control.envelope import EnvelopeSettings
from wmp_sim.fall import FALLEN_TILT
from wmp_sim.motors import FULL_TORQUE_SPEED
from wmp_sim.terrain import TERRAINS
from wmp_sim.terrain.track import TRACK_HALF_WIDTH
from wmp_sim.world import build_world
from wmp_training.evaluation.conditions import CONDITIONS, NOMINAL
from wmp_training.evaluation.finish import FOOTING
from wmp_training.evaluation.metrics import BAR_REACH, LONGEST_TRUNK_CONTACT, PIT_DEPTH, UPRIGHT_HEIGHT
from wmp_training.evaluation.obedience import CONTACT_BUDGET, LEAP_REACH, SPEED_AMONG_LEAPS, SPEED_ERROR
from wmp_training.evaluation.tracks import BODIES
from wmp_training.evaluation.trial import Trial


def tracks_digest() -> str:
    """Hash of one track per terrain; it changes with any dimension of any track."""
    digest = hashlib.sha256()
    for name in TERRAINS:
        terrain = Trial(name, 0.5, 0).track()
        parts = [terrain.boxes.centre, terrain.boxes.half_size]
        parts += [] if terrain.height_field is None else [terrain.height_field.heights]
        for part in parts:
            # Rounded, because the last bits of a sine differ between machines.
            digest.update((part.round(6) + 0.0).tobytes())
    return digest.hexdigest()[:16]


def robot_digest() -> str:
    """Hash of the simulated robot's shapes and masses; figures of another robot are not comparable."""
    model = build_world(Trial("flat", 0.0, 0).track(), "torque")
    robot, digest = model.geom_bodyid > 0, hashlib.sha256()
    shapes = (model.geom_type, model.geom_size, model.geom_pos, model.geom_quat, model.geom_friction)
    for part in (*(values[robot] for values in shapes), model.body_mass, model.dof_armature):
        digest.update((np.round(part, 6) + 0.0).tobytes())
    return digest.hexdigest()[:16]


#: In rad, s, m, rad/s and W.
RULES: dict[str, Any] = {
    "fallen_tilt": round(FALLEN_TILT, 4),
    "longest_trunk_contact": LONGEST_TRUNK_CONTACT,
    "pit_depth": PIT_DEPTH,
    "upright_height": UPRIGHT_HEIGHT,
    "bar_reach": BAR_REACH,
    "footing": FOOTING,
    "speed_among_leaps": SPEED_AMONG_LEAPS,
    "speed_error": SPEED_ERROR,
    "leap_reach": LEAP_REACH,
    "contact_budget": CONTACT_BUDGET,
    "track_half_width": TRACK_HALF_WIDTH,
    "start_y": CONDITIONS[NOMINAL].start_y,
    "start_yaw": CONDITIONS[NOMINAL].start_yaw,
    "full_torque_speed": FULL_TORQUE_SPEED,
    "power_limit": EnvelopeSettings().power_limit,
    "bodies": {name: list(limits) for name, limits in dataclasses.asdict(BODIES).items()},
    "tracks": tracks_digest(),
    "robot": robot_digest(),
}
