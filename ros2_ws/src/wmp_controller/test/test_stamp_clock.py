"""The clock of the robot states after the system clock was set."""

import re
import time

import pytest

from wmp_controller.stamp_clock import StampClock


@pytest.fixture
def set_system_clock(monkeypatch):
    """Set the system clock by some seconds."""
    true_time = time.time
    return lambda step: monkeypatch.setattr(time, "time", lambda: true_time() + step)


def test_a_step_of_the_system_clock_does_not_change_the_stamps(set_system_clock):
    clock = StampClock()
    before = clock()
    set_system_clock(-3600.0)
    assert 0.0 <= clock() - before < 60.0


def test_a_step_of_the_system_clock_is_reported(set_system_clock):
    clock = StampClock()
    assert clock.step_warning() is None
    set_system_clock(-3600.0)
    assert re.search(r"set by -(3599\.9|3600\.0)", clock.step_warning())
