"""When the operator is warned that the robot does not answer."""

from wmp_controller.robot_silence import RobotSilence
from wmp_core.a1.link import A1LinkSettings, LinkStatistics


def test_the_silence_warning_says_how_long_the_controller_waits(clock):
    silence = RobotSilence(A1LinkSettings("10.0.0.1", 8007), 120.0, clock)
    silence.warning(LinkStatistics(sent=1))
    clock.now += 0.5
    assert "waiting for 120 s: switch it on" in silence.warning(LinkStatistics(sent=9))


def test_silence_is_reported_once_half_a_second_after_the_first_command(clock):
    silence = RobotSilence(A1LinkSettings("10.0.0.1", 8007), clock=clock)
    one_command = LinkStatistics(sent=1)
    clock.now += 60
    assert silence.warning(LinkStatistics()) is None  # no command has been sent
    assert silence.warning(one_command) is None
    clock.now += 0.5
    assert "10.0.0.1:8007" in silence.warning(one_command)
    assert silence.warning(one_command) is None


def test_once_the_robot_has_answered_its_silence_is_left_to_the_safety_monitor(clock):
    silence = RobotSilence(A1LinkSettings("10.0.0.1", 8007), clock=clock)
    assert silence.warning(LinkStatistics(sent=1, received=1)) is None
    clock.now += 60
    assert silence.warning(LinkStatistics(sent=9)) is None
