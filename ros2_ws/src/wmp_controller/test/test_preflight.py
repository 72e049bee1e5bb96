"""Which requests a failed preflight refuses, and which it never refuses."""

import logging

import pytest

from wmp_controller.preflight import Preflight
from wmp_core.a1.link import LinkStatistics
from wmp_core.control.modes import Request
from wmp_core.doctor.check import failed, passed, warned

WELL = [passed("robot link", "500 states"), warned("tick", "2 gaps", "check the cable")]
SILENT = [failed("robot link", "0 states in 1 s", "check the cable")]


def finished(checks, clock, enforcement="required", dry_run=False, depth=""):
    preflight = Preflight(enforcement, dry_run, clock=clock)
    preflight.finish(checks)
    if depth is not None:
        preflight.update_depth_status(depth)
    return preflight


def test_nothing_is_refused_when_all_is_well_or_only_warned_about(clock):
    preflight = finished(WELL, clock)
    assert [preflight.veto(request) for request in Request] == [None] * len(Request)


@pytest.mark.parametrize("request_", [Request.STAND_UP, Request.WALK])
def test_torque_is_refused_with_the_failed_check_and_its_remedy(clock, request_):
    veto = finished(SILENT, clock).veto(request_)
    assert "robot link: 0 states in 1 s (check the cable)" in veto and "preflight:=ignored" in veto


@pytest.mark.parametrize("request_", [Request.STOP, Request.SIT_DOWN])
def test_a_stop_and_sitting_down_are_never_refused(clock, request_):
    assert finished(SILENT, clock).veto(request_) is None


def test_torque_is_refused_before_the_checks_have_finished(clock):
    assert "has not finished" in Preflight("required", False, clock=clock).veto(Request.STAND_UP)


@pytest.mark.parametrize("request_", [Request.STAND_UP, Request.WALK])
@pytest.mark.parametrize(
    ("statistics", "reason"),
    [(LinkStatistics(restarts=1), "has restarted"), (LinkStatistics(silences=1), "was silent")],
)
def test_after_a_possible_restart_of_the_robot_torque_is_refused_and_a_stop_is_not(
    clock, request_, statistics, reason
):
    preflight = Preflight("required", False, clock=clock, statistics=lambda: statistics)
    preflight.finish(WELL)
    preflight.update_depth_status("")
    veto = preflight.veto(request_)
    assert reason in veto and "restart policy_node" in veto
    assert preflight.veto(Request.STOP) is preflight.veto(Request.SIT_DOWN) is None


def test_the_veto_of_a_failed_preflight_says_to_restart_the_node(clock):
    assert "(check the cable); then restart policy_node" in finished(SILENT, clock).veto(Request.WALK)


@pytest.mark.parametrize(
    ("status", "reason"),
    [(None, "no status from depth_node"), ("no RealSense camera offers depth", "no RealSense camera")],
)
def test_a_walk_needs_a_camera_and_standing_up_does_not(clock, status, reason):
    preflight = finished(WELL, clock, depth=status)
    assert reason in preflight.veto(Request.WALK)
    assert preflight.veto(Request.STAND_UP) is None


def test_an_old_status_of_depth_node_does_not_count(clock):
    preflight = finished(WELL, clock)
    clock.now += 3.1
    assert "no status from depth_node" in preflight.veto(Request.WALK)
    preflight.update_depth_status("")
    assert preflight.veto(Request.WALK) is None


def test_an_ignored_preflight_grants_torque_and_logs_critical_lines(clock, caplog):
    lines = []
    preflight = Preflight("ignored", False, clock=clock, log=lambda *line: lines.append(line))
    preflight.finish(SILENT)
    assert preflight.veto(Request.STAND_UP) is None
    (failure,) = [record.message for record in caplog.records if record.levelno == logging.CRITICAL]
    ((level, grant),) = lines  # through the log that does not block the control thread
    assert level == logging.CRITICAL
    assert all("PREFLIGHT IGNORED" in line and "robot link" in line for line in (failure, grant))


@pytest.mark.parametrize(("enforcement", "dry_run"), [("required", True), ("none", False)])
def test_a_dry_run_and_a_simulation_refuse_nothing(clock, enforcement, dry_run):
    assert finished(SILENT, clock, enforcement, dry_run).veto(Request.WALK) is None


def test_without_a_preflight_there_is_no_wait():
    assert Preflight("required", True, 5.0).wait_s == Preflight("ignored", False, 5.0).wait_s == 5.0
    assert Preflight("none", False, 5.0).wait_s == 0.0
    with pytest.raises(ValueError, match="preflight_wait is -1"):
        Preflight("required", False, -1.0)


def test_an_unknown_enforcement_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"'maybe'.*required, ignored, none"):
        Preflight("maybe", False)
