"""What a failed preflight stops, and what it never does."""

import logging

import pytest

from wmp_controller.preflight import Preflight
from wmp_controller.robot_silence import RobotSilence
from wmp_core.a1.link import A1LinkSettings, LinkStatistics
from wmp_core.control.modes import Request
from wmp_core.doctor.check import failed, passed, warned

WELL = [passed("robot link", "500 states"), warned("tick", "2 gaps", "check the cable")]
SILENT = [failed("robot link", "0 states in 1 s", "check the cable")]


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def concluded(checks, clock, demand="required", dry_run=False, depth=""):
    preflight = Preflight(demand, dry_run, clock=clock)
    preflight.finish(checks)
    if depth is not None:
        preflight.update_depth_status(depth)
    return preflight


def test_nothing_is_refused_when_all_is_well_or_only_warned_about(clock):
    preflight = concluded(WELL, clock)
    assert [preflight.veto(request) for request in Request] == [None] * len(Request)


@pytest.mark.parametrize("request_", [Request.STAND_UP, Request.WALK])
def test_torque_is_refused_with_the_failed_check_and_its_remedy(clock, request_):
    veto = concluded(SILENT, clock).veto(request_)
    assert "robot link: 0 states in 1 s (check the cable)" in veto and "preflight:=ignored" in veto


@pytest.mark.parametrize("request_", [Request.STOP, Request.SIT_DOWN])
def test_what_makes_the_robot_safer_is_never_held_up(clock, request_):
    assert concluded(SILENT, clock).veto(request_) is None


def test_nothing_moves_before_the_checks_are_done(clock):
    assert "has not finished" in Preflight("required", False, clock=clock).veto(Request.STAND_UP)


@pytest.mark.parametrize("request_", [Request.STAND_UP, Request.WALK])
@pytest.mark.parametrize(
    ("counts", "told"),
    [(LinkStatistics(restarts=1), "has restarted"), (LinkStatistics(silences=1), "was silent")],
)
def test_a_robot_that_may_have_restarted_since_gets_no_torque_and_every_stop(clock, request_, counts, told):
    preflight = Preflight("required", False, clock=clock, statistics=lambda: counts)
    preflight.finish(WELL)
    preflight.update_depth_status("")
    veto = preflight.veto(request_)
    assert told in veto and "restart policy_node" in veto
    assert preflight.veto(Request.STOP) is preflight.veto(Request.SIT_DOWN) is None


def test_a_failed_preflight_says_that_it_is_not_repeated(clock):
    assert "(check the cable); then restart policy_node" in concluded(SILENT, clock).veto(Request.WALK)


@pytest.mark.parametrize(
    ("heard", "told"),
    [(None, "no status from depth_node"), ("no RealSense camera offers depth", "no RealSense camera")],
)
def test_a_walk_asks_for_a_camera_and_standing_up_does_not(clock, heard, told):
    preflight = concluded(WELL, clock, depth=heard)
    assert told in preflight.veto(Request.WALK)
    assert preflight.veto(Request.STAND_UP) is None


def test_what_depth_node_said_long_ago_does_not_count(clock):
    preflight = concluded(WELL, clock)
    clock.now += 3.1
    assert "no status from depth_node" in preflight.veto(Request.WALK)
    preflight.update_depth_status("")
    assert preflight.veto(Request.WALK) is None


def test_an_ignored_preflight_grants_and_shouts(clock, caplog):
    told = []
    preflight = Preflight("ignored", False, clock=clock, log=lambda *words: told.append(words))
    preflight.finish(SILENT)
    assert preflight.veto(Request.STAND_UP) is None
    (concluded,) = [record.message for record in caplog.records if record.levelno == logging.CRITICAL]
    ((level, granted),) = told  # by whoever logs for the control thread
    assert level == logging.CRITICAL
    assert all("PREFLIGHT IGNORED" in line and "robot link" in line for line in (concluded, granted))


@pytest.mark.parametrize(("demand", "dry_run"), [("required", True), ("none", False)])
def test_a_dry_run_and_a_simulation_refuse_nothing(clock, demand, dry_run):
    assert concluded(SILENT, clock, demand, dry_run).veto(Request.WALK) is None


def test_silence_says_for_how_long_the_robot_is_waited_for(clock):
    silence = RobotSilence(A1LinkSettings("10.0.0.1", 8007), 120.0, clock)
    silence.warning(LinkStatistics(sent=1))
    clock.now += 0.5
    assert "waiting for 120 s: switch it on" in silence.warning(LinkStatistics(sent=9))


def test_only_a_preflight_that_is_wanted_waits():
    assert Preflight("required", True, 5.0).wait_s == Preflight("ignored", False, 5.0).wait_s == 5.0
    assert Preflight("none", False, 5.0).wait_s == 0.0
    with pytest.raises(ValueError, match="preflight_wait is -1"):
        Preflight("required", False, -1.0)


def test_a_demand_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(ValueError, match=r"'maybe'.*required, ignored, none"):
        Preflight("maybe", False)


def test_silence_is_told_once_after_half_a_second_of_asking(clock):
    silence = RobotSilence(A1LinkSettings("10.0.0.1", 8007), clock=clock)
    asked = LinkStatistics(sent=1)
    clock.now += 60
    assert silence.warning(LinkStatistics()) is None  # nobody has been asked anything
    assert silence.warning(asked) is None
    clock.now += 0.5
    assert "10.0.0.1:8007" in silence.warning(asked)
    assert silence.warning(asked) is None


def test_a_robot_that_has_answered_is_left_to_the_safety_monitor_from_then_on(clock):
    silence = RobotSilence(A1LinkSettings("10.0.0.1", 8007), clock=clock)
    assert silence.warning(LinkStatistics(sent=1, received=1)) is None
    clock.now += 60
    assert silence.warning(LinkStatistics(sent=9)) is None
