"""The status and the events that policy_node publishes in ``diagnostics``."""

from __future__ import annotations

import dataclasses
from typing import Dict, Optional, Union

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus

from wmp_controller.control_loop import ControlLoop
from wmp_controller.cycle_report import ControlEvents, CycleReport
from wmp_core.a1.link import A1Link
from wmp_core.a1.sdk_link import SdkLink
from wmp_core.control.controller import Controller
from wmp_core.control.modes import Mode
from wmp_core.realtime.timing import TimingSummary
from wmp_ros.health import Report
from wmp_ros.status import CONTROLLER_EVENTS

#: Time without a state before a warning [s]; a robot on its legs is in FAULT by then.
_MAX_STATE_AGE = 0.5


def control_report(
    controller: Controller,
    loop: ControlLoop,
    link: Union[A1Link, SdkLink],
    newest: Optional[CycleReport],
    reports_dropped: int,
    error: Optional[str],
) -> Report:
    """Mode, loop rate, stage timings, latents and link; the control thread keeps updating these figures."""
    rate, statistics = loop.loop.statistics, link.statistics
    values: Dict[str, str] = {
        "mode": controller.mode.name,
        "cycles": str(rate.cycles),
        "rate_error": f"{rate.rate_error:.2e}",
        "loop_rate_hz": f"{(rate.cycles - 1) / rate.elapsed:.4f}" if rate.elapsed > 0 else "",
        "overruns": str(rate.overruns),
        "deadlines_skipped": str(rate.skipped),
        "latents_late": str(controller.latents_late),
        "ticks_missed": str(controller.ticks_missed),
        "reports_dropped": str(reports_dropped),
    }
    if newest is not None and newest.step is not None:
        values["tick"] = str(newest.step.tick)
        values["latent_age_ticks"] = str(newest.step.tick - newest.step.latent_tick)
    stages = {"lateness": rate.lateness, "busy": rate.busy, **loop.timer.summaries()}
    for stage, timing in stages.items():
        values.update(_timing_values(stage, timing))
    values.update({f"link_{key}": str(value) for key, value in dataclasses.asdict(statistics).items()})
    report = Report(controller.mode.name, values)
    report.error_if(controller.mode is Mode.FAULT, controller.fault_reason or "")
    report.error_if(error is not None, error or "")
    report.warn_if(statistics.received == 0, "no state from the robot yet")
    silent = _state_age(newest)
    report.warn_if(
        silent > _MAX_STATE_AGE, f"no state from the robot for {silent:.0f} s: check cable and power"
    )
    return report


def _state_age(newest: Optional[CycleReport]) -> float:
    """Time since the robot's newest state [s]; 0 before the first."""
    return 0.0 if newest is None or newest.state is None else newest.stamp - newest.state.stamp


def event_diagnostics(events: ControlEvents) -> DiagnosticArray:
    """The events of one cycle, one status per line, stamped with the robot's time."""
    level = DiagnosticStatus.ERROR if events.mode is Mode.FAULT else DiagnosticStatus.WARN
    sec, nanosec = divmod(round(events.stamp * 1e9), 1_000_000_000)
    message = DiagnosticArray()
    message.header.stamp = Time(sec=sec, nanosec=nanosec)
    message.status = [
        DiagnosticStatus(level=level, name=CONTROLLER_EVENTS, message=line, hardware_id=events.mode.name)
        for line in events.lines
    ]
    return message


def _timing_values(stage: str, timing: TimingSummary) -> Dict[str, str]:
    if timing.count == 0:
        return {}
    figures = {"p50": timing.p50, "p99": timing.p99, "max": timing.max}
    return {f"{stage}_{name}_ms": f"{1e3 * value:.3f}" for name, value in figures.items()}
