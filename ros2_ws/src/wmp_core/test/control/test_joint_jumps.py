"""A joint within its speed limit never jumps, however many states are lost."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wmp_core.control.joint_jumps import JointJumps

MAX_SPEED = np.full(12, 42.9)
PERIOD = 0.002


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 25), st.floats(-1.0, 1.0)), min_size=1, max_size=20))
def test_motion_within_the_limit_has_no_excess(make_state, moves):
    jumps = JointJumps(MAX_SPEED, PERIOD)
    cycle, angle = 0, 0.0
    jumps.update(make_state(stamp=0.0, q=np.zeros(12)))
    for periods, share in moves:
        cycle += periods
        angle += share * periods * PERIOD * 42.9
        jumps.update(make_state(stamp=cycle * PERIOD, q=np.full(12, angle)))
        assert jumps.excess.max() <= 1e-9


def test_the_excess_is_the_motion_beyond_the_limit(make_state):
    jumps = JointJumps(MAX_SPEED, PERIOD)
    jumps.update(make_state(stamp=1.0, q=np.zeros(12)))
    assert jumps.excess.max() == 0.0
    # Two lost states: 6 ms at 42.9 rad/s are 0.2574 rad.
    q = np.zeros(12)
    q[3] = -0.6
    jumps.update(make_state(stamp=1.006, q=q))
    assert (np.argmax(jumps.excess), jumps.excess[3]) == (3, pytest.approx(0.6 - 0.2574))


def test_states_that_arrive_together_count_as_one_period_apart(make_state):
    jumps = JointJumps(MAX_SPEED, PERIOD)
    jumps.update(make_state(stamp=1.0, q=np.zeros(12)))
    jumps.update(make_state(stamp=1.0, q=np.full(12, 0.0858)))
    assert jumps.excess.max() == pytest.approx(0.0)


def excesses(make_state, positions):
    """Excess of a joint that is at ``positions`` in consecutive states; speed allows 0.0858 rad per state."""
    jumps = JointJumps(MAX_SPEED, PERIOD)
    found = []
    for i, angle in enumerate(positions):
        jumps.update(make_state(stamp=i * PERIOD, q=np.full(12, angle)))
        found.append(float(jumps.excess[0]))
    return found


def test_a_lasting_jump_shows_in_three_states_and_a_single_wrong_one_in_two(make_state):
    lasting = excesses(make_state, [0.0] * 4 + [1.0] * 5)
    assert [excess > 0.3 for excess in lasting] == [False] * 4 + [True] * 3 + [False] * 2
    assert lasting[4] == pytest.approx(1.0 - 3 * 0.0858)
    single = excesses(make_state, [0.0] * 4 + [1.0] + [0.0] * 5)
    assert [excess > 0.3 for excess in single] == [False] * 4 + [True, False, False, True] + [False] * 2


def test_a_repeated_state_changes_nothing(make_state):
    jumps = JointJumps(MAX_SPEED, PERIOD)
    first, second = make_state(stamp=1.0, q=np.zeros(12)), make_state(stamp=1.002, q=np.full(12, 1.0))
    jumps.update(first)
    for _ in range(2):
        jumps.update(second)
        assert jumps.excess[0] == pytest.approx(1.0 - 0.0858)
