"""Order and counts of ticks, worked out by hand."""

import pytest

from wmp_core.a1.robot_link import LinkStatistics
from wmp_core.a1.tick import TickOrder


@pytest.fixture
def counts():
    return LinkStatistics()


@pytest.fixture
def order(counts):
    return TickOrder(2, counts)


def test_the_first_tick_is_fresh_whatever_it_is(order, counts):
    assert order.accept(123_456)
    assert counts == LinkStatistics()


def test_repeated_and_reordered_ticks_are_not_fresh_and_gaps_are_counted(order, counts):
    assert [order.accept(tick) for tick in (1000, 1000, 1008, 1004)] == [True, False, True, False]
    # 1000 -> 1008 in steps of 2 lacks 1002, 1004 and 1006.
    assert counts == LinkStatistics(duplicates=1, reordered=1, lost=3)


def test_the_tick_may_wrap(order, counts):
    assert order.accept(2**32 - 2) and order.accept(0)
    assert counts == LinkStatistics()


def test_a_tick_of_more_than_a_second_ago_is_a_restart(order, counts):
    assert order.accept(500_000) and not order.accept(499_000) and order.accept(498_999)
    assert counts == LinkStatistics(reordered=1, restarts=1)


def test_with_an_unknown_step_nothing_counts_as_lost(counts):
    order = TickOrder(0, counts)
    assert order.accept(1000) and order.accept(1500)
    assert counts == LinkStatistics()
