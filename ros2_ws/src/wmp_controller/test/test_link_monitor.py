"""Problems of the link are warned about once."""

import pytest

from wmp_controller.link_monitor import LinkMonitor
from wmp_core.a1.link import A1LinkSettings, LinkStatistics


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def monitor(clock, **options):
    return LinkMonitor(A1LinkSettings("10.0.0.1", 8007), clock=clock, **options)


def test_the_warning_of_silence_says_how_long_the_preflight_waits_for_the_robot(clock):
    link = monitor(clock, wait_s=120.0)
    link.warnings(LinkStatistics(sent=1))
    clock.now += 0.5
    (warning,) = link.warnings(LinkStatistics(sent=9))
    assert "waiting for 120 s: switch it on" in warning


def test_silence_is_warned_about_once_half_a_second_after_the_first_command(clock):
    link = monitor(clock)
    sending = LinkStatistics(sent=1)
    clock.now += 60
    assert link.warnings(LinkStatistics()) == []  # no command yet
    assert link.warnings(sending) == []
    clock.now += 0.5
    (warning,) = link.warnings(sending)
    assert "10.0.0.1:8007" in warning
    assert link.warnings(sending) == []


def test_a_robot_that_has_answered_is_left_to_the_safety_monitor_from_then_on(clock):
    link = monitor(clock)
    assert link.warnings(LinkStatistics(sent=1, received=1)) == []
    clock.now += 60
    assert link.warnings(LinkStatistics(sent=9)) == []


def test_in_lockstep_silence_is_left_to_the_control_loop(clock):
    link = monitor(clock, warns_of_silence=False)
    link.warnings(LinkStatistics(sent=1))
    clock.now += 60
    assert link.warnings(LinkStatistics(sent=9)) == []


def test_commands_that_cannot_be_sent_are_warned_about_once(clock):
    link = monitor(clock)
    statistics = LinkStatistics(sent=1, received=1, send_failures=1)
    (warning,) = link.warnings(statistics)
    assert "could not be sent" in warning
    assert link.warnings(statistics) == []
