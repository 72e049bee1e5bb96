"""Order, unit and counts of ticks, worked out by hand."""

import pytest

from wmp_core.a1.robot_link import LinkStatistics
from wmp_core.a1.tick import TickOrder

#: Ticks per state and states per second of a robot that counts ms or us.
UNITS = {"ms": (2, 1e-3), "us": (2000, 1e-6)}


@pytest.fixture
def counts():
    return LinkStatistics()


@pytest.fixture
def order(counts):
    return TickOrder(counts)


def after(counts, unit, states=20, first=1000):
    """An order that has seen ``states`` states 2 ms apart, with its last tick and arrival [s]."""
    order, (step, _) = TickOrder(counts), UNITS[unit]
    assert all(order.accept(first + step * i, 0.002 * i) for i in range(states))
    return order, first + step * (states - 1), 0.002 * (states - 1)


def test_the_first_tick_is_fresh_whatever_it_is(order, counts):
    assert order.accept(123_456)
    assert counts == LinkStatistics()


@pytest.mark.parametrize("unit", UNITS)
def test_unit_and_step_are_learned_from_what_arrives(counts, unit):
    order, _, _ = after(counts, unit, states=3)
    assert (order.step, order.unit) == UNITS[unit]


@pytest.mark.parametrize("unit", UNITS)
def test_repeated_and_overtaken_states_are_not_fresh_and_gaps_are_counted(counts, unit):
    order, tick, arrival = after(counts, unit)
    step, _ = UNITS[unit]
    # A gap of four steps lacks three states; one of them arrives late.
    ticks = (tick, tick + 4 * step, tick + 2 * step)
    assert [order.accept(tick, arrival + 0.008) for tick in ticks] == [False, True, False]
    assert counts == LinkStatistics(duplicates=1, reordered=1, lost=3)


def test_jitter_of_the_tick_is_no_loss(order, counts):
    ticks = [1000, 1002, 1003, 1006, 1008, 1011, 1012]
    assert all(order.accept(tick) for tick in ticks)
    assert order.step == 2 and counts == LinkStatistics()


def test_one_gap_at_the_beginning_does_not_spoil_the_step(order, counts):
    assert all(order.accept(tick) for tick in (1000, 1010, 1012, 1014, 1016, 1018, 1020))
    assert order.step == 2


@pytest.mark.parametrize("unit", UNITS)
def test_the_tick_may_wrap(counts, unit):
    step, _ = UNITS[unit]
    order, tick, arrival = after(counts, unit, first=2**32 - 20 * step)
    assert tick == 2**32 - step
    assert order.accept(0, arrival + 0.002)
    assert counts == LinkStatistics()


@pytest.mark.parametrize("unit", UNITS)
def test_a_tick_of_more_than_a_second_ago_is_a_restart_and_a_later_one_is_not(counts, unit):
    second = round(1 / UNITS[unit][1])
    order, tick, arrival = after(counts, unit, first=10 * second)
    assert not order.accept(tick - second, arrival)
    assert order.accept(tick - second - UNITS[unit][0], arrival)
    assert counts == LinkStatistics(reordered=1, restarts=1)


def test_after_forty_minutes_in_microseconds_a_restart_leaps_forward_and_is_one(counts):
    # 2.4e9 us: 2**32 - 2.4e9 is the shorter way round to 0.
    order, _, arrival = after(counts, "us", first=2_400_000_000)
    assert order.accept(100_000, arrival + 0.1)
    assert counts == LinkStatistics(restarts=1)


@pytest.mark.parametrize("unit", UNITS)
def test_after_an_outage_the_tick_has_grown_with_the_time_and_that_is_no_restart(counts, unit):
    order, tick, arrival = after(counts, unit)
    assert order.accept(tick + round(30 / UNITS[unit][1]), arrival + 30.0)
    assert counts.restarts == 0


def test_before_the_unit_is_known_an_overtaken_state_is_no_restart(order, counts):
    # 2000 ticks back are 2 ms or 2 s.
    assert order.accept(10_000) and not order.accept(8_000)
    assert counts == LinkStatistics(reordered=1)
