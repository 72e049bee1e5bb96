"""The worst problem sets the level; every problem is in the message."""

from diagnostic_msgs.msg import DiagnosticStatus

from wmp_ros.health import Report


def test_a_report_without_problems_is_ok():
    report = Report("streaming", {"frames": "3"})
    report.warn_if(False, "slow")
    report.error_if(False, "gone")
    assert (report.level, report.message) == (DiagnosticStatus.OK, "streaming")


def test_the_worst_problem_sets_the_level_and_the_message_has_all():
    report = Report("streaming", {})
    report.error_if(True, "gone")
    report.warn_if(True, "slow")
    assert (report.level, report.message) == (DiagnosticStatus.ERROR, "streaming; gone; slow")
