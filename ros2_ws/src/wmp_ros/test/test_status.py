"""What nodes read from each other's diagnostics."""

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from wmp_ros.status import BUNDLE_SHA256, CONTROLLER_EVENTS, controller_events, enters_fault, node_statuses


def test_a_node_reports_its_problem_and_its_bundle_and_an_event_is_no_status():
    values = [KeyValue(key=BUNDLE_SHA256, value="abc")]
    well = DiagnosticStatus(
        level=DiagnosticStatus.OK, name="world_model_node", message="running", values=values
    )
    ill = DiagnosticStatus(level=DiagnosticStatus.WARN, name="depth_node", message="streaming; too old")
    event = DiagnosticStatus(
        level=DiagnosticStatus.ERROR, name=CONTROLLER_EVENTS, message="WALK -> FAULT: fell"
    )
    message = DiagnosticArray(status=[well, event, ill])
    assert [(status.node, status.problem, status.bundle_sha256) for status in node_statuses(message)] == [
        ("world_model_node", "", "abc"),
        ("depth_node", "streaming; too old", None),
    ]
    (line,) = controller_events(message)
    assert enters_fault(line) and not enters_fault("FAULT -> PASSIVE")
