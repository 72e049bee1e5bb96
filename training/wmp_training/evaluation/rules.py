"""What an outcome depends on beside the protocol's settings: only figures under the same rules compare."""

from __future__ import annotations

from wmp_core.control.envelope import EnvelopeSettings
from wmp_sim.fall import FALLEN_TILT
from wmp_sim.terrain.track import TRACK_HALF_WIDTH
from wmp_training.evaluation.measures import BAR_REACH, LONGEST_TRUNK_CONTACT, PIT_DEPTH, UPRIGHT_HEIGHT

#: rad, s, m and W.
RULES = {
    "fallen_tilt": round(FALLEN_TILT, 4),
    "longest_trunk_contact": LONGEST_TRUNK_CONTACT,
    "pit_depth": PIT_DEPTH,
    "upright_height": UPRIGHT_HEIGHT,
    "bar_reach": BAR_REACH,
    "track_half_width": TRACK_HALF_WIDTH,
    "power_limit": EnvelopeSettings().power_limit,
}
