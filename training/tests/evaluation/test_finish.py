import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wmp_sim.terrain import TERRAINS, Terrain
from wmp_sim.terrain.geometry import Boxes
from wmp_sim.terrain.track import PIT_FLOOR, ground
from wmp_training.evaluation.finish import FOOTING, finish_line, pits
from wmp_training.evaluation.trial import Trial

#: Ground up to 5.8 m, a pit of 0.9 m, ground again; a bar hangs over the pit.
TRACK = Terrain(
    "gap",
    0.9,
    Boxes.spanning(ground(6.7, 9.0), ground(-2.0, 5.8), ((6.1, 6.2), (-1.0, 1.0), (0.3, 0.5))),
    None,
    PIT_FLOOR,
    (0.0, 0.0, 0.0),
    goal_x=6.7,
)


@pytest.mark.parametrize(
    ("asked", "line"),
    [(5.4, 5.4), (5.5, 7.05), (6.0, 7.05), (7.0, 7.05), (7.1, 7.1)],
    ids=["well before", "at the edge", "in mid-air", "just landed", "well beyond"],
)
def test_a_finish_line_over_a_pit_moves_to_where_all_feet_have_landed(asked, line):
    assert pits(TRACK) == [pytest.approx((5.8, 6.7))]
    assert finish_line(TRACK, asked) == pytest.approx(line)


@given(st.sampled_from(sorted(TERRAINS)), st.floats(0.0, 1.0), st.integers(0, 1000))
def test_every_finish_line_has_firm_ground_within_reach_of_the_feet(name, difficulty, seed):
    terrain = Trial(name, difficulty, seed).track()
    line = finish_line(terrain, 6.0)
    assert 6.0 <= line < 6.0 + 1.0 + 2 * FOOTING
    if terrain.floor > PIT_FLOOR:
        assert line == 6.0
        return
    low, high = (terrain.boxes.centre + sign * terrain.boxes.half_size for sign in (-1, 1))
    for x in np.linspace(line - FOOTING, line + FOOTING, 15)[1:-1]:
        assert ((low[:, 0] <= x) & (x <= high[:, 0]) & (low[:, 2] == terrain.floor)).any()
