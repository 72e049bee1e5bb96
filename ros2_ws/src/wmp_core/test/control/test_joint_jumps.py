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


def excesses(make_state, positions, stamps=None):
    """Excess of a joint at ``positions`` in consecutive states; the speed allows 0.0858 rad per state."""
    jumps = JointJumps(MAX_SPEED, PERIOD)
    found = []
    for i, angle in enumerate(positions):
        stamp = i * PERIOD if stamps is None else stamps[i]
        jumps.update(make_state(stamp=stamp, q=np.full(12, angle)))
        found.append(float(jumps.excess[0]))
    return found


def test_a_jump_is_found_two_states_after_it_and_once(make_state):
    found = excesses(make_state, [0.0] * 5 + [0.6] * 6)
    assert [excess > 0.3 for excess in found] == [False] * 7 + [True] + [False] * 3
    assert found[7] == pytest.approx(0.6 - 0.0858)


def test_the_excess_is_the_motion_beyond_what_the_time_between_two_states_allows(make_state):
    # Two lost states: 6 ms at 42.9 rad/s are 0.2574 rad.
    stamps = [1.0, 1.002, 1.008, 1.01, 1.012]
    assert excesses(make_state, [0, 0, -0.6, -0.6, -0.6], stamps)[-1] == pytest.approx(0.6 - 0.2574)


def test_states_that_arrive_together_count_as_one_period_apart(make_state):
    stamps = [1.0, 1.0, 1.0, 1.002, 1.004]
    assert excesses(make_state, [0, 0, 0.0858, 0.0858, 0.0858], stamps)[-1] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("wrong", [1.0, -3.0, np.nan])
def test_a_single_wrong_sample_is_no_jump_neither_when_it_comes_nor_when_it_goes(make_state, wrong):
    found = excesses(make_state, [0.0] * 6 + [wrong] + [0.0] * 6)
    assert not any(excess > 0.0 for excess in found)


def test_the_joint_that_jumped_is_told_from_the_others(make_state):
    jumps, q = JointJumps(MAX_SPEED, PERIOD), np.zeros(12)
    q[3] = -0.6
    for i in range(6):
        jumps.update(make_state(stamp=i * PERIOD, q=q if i > 2 else np.zeros(12)))
    assert np.argmax(jumps.excess) == 3


def test_a_repeated_state_changes_nothing(make_state):
    jumps = JointJumps(MAX_SPEED, PERIOD)
    states = [make_state(stamp=i * PERIOD, q=np.full(12, float(i > 1))) for i in range(5)]
    for state in states:
        jumps.update(state)
        jumps.update(state)
    assert jumps.excess[0] == pytest.approx(1.0 - 0.0858)
