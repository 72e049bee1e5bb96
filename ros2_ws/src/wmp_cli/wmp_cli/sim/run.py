"""Runs a simulation from the first process to the summary."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

import rclpy
from rclpy.executors import Executor, SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from wmp_bringup.last_damping import damp_if_controller_died
from wmp_bringup.processes import GraphProcesses
from wmp_cli.sim.fault_outcome import fault_outcome, newest_reaction
from wmp_cli.sim.monitor import SimMonitor
from wmp_cli.sim.operator import Operator, VelocityCommand
from wmp_cli.sim.process_faults import ProcessFaults
from wmp_cli.sim.settings import SimSettings
from wmp_cli.sim.status_line import StatusLine
from wmp_cli.sim.stop_request import StopRequest
from wmp_cli.sim.summary import Ending, SimSummary, summarise
from wmp_cli.sim.timing import diagnostic_value
from wmp_cli.sim.walk_record import WalkRecord

EXIT_OK, EXIT_FAILED, EXIT_INTERRUPTED = 0, 1, 130

#: Seconds from the start of the processes to the first policy step, in lockstep to the first move of time;
#: loading a bundle takes a few.
START_DEADLINE = 120.0
#: Seconds without any progress after which a walk counts as stuck.
STALL_DEADLINE = 30.0
#: Seconds given to sitting down at the end; a robot that lies is a robot that can be switched off. It takes 2
#: of the robot's, which in lockstep may be many on a busy machine.
SIT_DOWN_DEADLINE = 20.0
#: Seconds of the robot's time after a controller gave up on an injected fault; and of this machine's.
AFTERMATH, AFTERMATH_DEADLINE = 1.5, 15.0
#: Seconds given to the last messages of nodes that have finished.
LAST_WORDS = 0.3

#: Diagnostics shown in the status line: the time the control loop works per cycle, its cycles that came too
#: late for the next one, and latents that came too late for their tick.
STATUS_FIGURES = (
    ("loop {:.1f} ms", "busy_p99_ms"),
    ("overruns {:.0f}", "overruns"),
    ("late {:.0f}", "latents_late"),
)


@dataclass(frozen=True)
class Outcome:
    """How a walk ended: ``failure`` is empty if as asked; ``obeys``: the robot may still be told to sit."""

    ended: Ending
    failure: str = ""
    obeys: bool = True


def simulate(settings: SimSettings, environment: Mapping[str, str], stop: StopRequest) -> int:
    """Run the graph, show its state, report; returns the exit code of ``wmp sim``."""
    started = time.monotonic()
    rclpy.init(domain_id=int(environment["ROS_DOMAIN_ID"]), signal_handler_options=SignalHandlerOptions.NO)
    record = WalkRecord(settings.ticks, settings.control_period, settings.end_x)
    monitor, executor = SimMonitor(record), SingleThreadedExecutor()
    executor.add_node(monitor)
    try:
        with GraphProcesses(settings.specs, environment, settings.log_folder, settings.verbose) as graph:
            walk = _Walk(settings, monitor, graph, executor, stop)
            outcome = walk.run()
            graph.stop()
            walk.hear_last_words()
    finally:
        executor.shutdown()
        monitor.destroy_node()
        rclpy.try_shutdown()
    failure = outcome.failure or (_gaps(record) if settings.identity.lockstep else "")
    summary = summarise(
        record,
        monitor.diagnostics,
        settings.identity,
        ended=outcome.ended,
        failure=failure,
        fell=monitor.fallen,
        wall_s=time.monotonic() - started,
        fault=fault_outcome(monitor.faults, monitor.events, monitor.diagnostics),
    )
    return _report(summary, settings)


class _Walk:
    """The main loop: serve the monitor's callbacks, give orders, watch for the end."""

    def __init__(
        self,
        settings: SimSettings,
        monitor: SimMonitor,
        graph: GraphProcesses,
        executor: Executor,
        stop: StopRequest,
    ) -> None:
        self._settings, self._monitor, self._graph, self._stop = settings, monitor, graph, stop
        self._record = monitor.record
        self._executor = executor
        command = VelocityCommand(**settings.identity.command)
        self._operator = Operator(monitor, command, settings.heading_gain, lambda: monitor.yaw)
        self._faults = ProcessFaults(graph, self._operator, settings.bundle_folder, settings.bag)
        self._noticed = 0
        self._status = StatusLine(sys.stderr)

    def run(self) -> Outcome:
        outcome = self._walk()
        if outcome.obeys:
            self._sit_down()
        self._faults.end()
        self._status.close()
        return outcome

    def hear_last_words(self) -> None:
        """Take in what the nodes said on their way out."""
        deadline = time.monotonic() + LAST_WORDS
        while time.monotonic() < deadline:
            self._executor.spin_once(timeout_sec=0.05)

    def _walk(self) -> Outcome:
        progress, deadline = self._progress(), time.monotonic() + START_DEADLINE
        while True:
            self._serve()
            if self._stop.count:
                return Outcome("request")
            if failure := self._failure():
                self._watch_aftermath()
                return Outcome("failure", failure, obeys=False)
            if self._operator.was_halted(self._monitor.mode):
                self._watch_aftermath()
                reaction = newest_reaction(self._monitor.events)
                return Outcome("failure", f"the controller ended the walk: {reaction}")
            if self._record.complete:
                return Outcome("end of the track" if self._record.reached_end_of_track else "duration")
            if not self._settings.identity.lockstep:
                self._operator.pursue(self._monitor.mode)
            if self._progress() > progress:
                progress, deadline = self._progress(), time.monotonic() + STALL_DEADLINE
            if time.monotonic() > deadline:
                return Outcome("failure", self._stuck(), obeys=False)

    def _progress(self) -> float:
        """Grows as long as all is well; in lockstep a graph that is stuck stops time."""
        return self._record.time if self._settings.identity.lockstep else self._record.newest_tick

    def _watch_aftermath(self) -> None:
        """After an injected fault, see what becomes of a robot whose controller has given up."""
        if not self._settings.faults:
            return
        damp_if_controller_died(self._settings.specs, self._graph.exits())
        before, deadline = self._record.time, time.monotonic() + AFTERMATH_DEADLINE
        while self._record.time - before < AFTERMATH and time.monotonic() < deadline and not self._stop.count:
            self._serve()

    def _sit_down(self) -> None:
        """End the walk properly; a second request to stop, a dead node or the deadline cut it short.

        In lockstep the script in the controller knows of no end other than its own, and is told of this one:
        all that is compared has happened before.
        """
        deadline = time.monotonic() + SIT_DOWN_DEADLINE
        while self._stop.count < 2 and time.monotonic() < deadline and not self._graph.exits():
            self._serve()
            self._operator.sit_down(self._monitor.mode)
            if self._monitor.mode in ("", "PASSIVE"):  # nothing has been heard of it yet, or it lies
                return

    def _serve(self) -> None:
        self._executor.spin_once(timeout_sec=0.05)
        for notice in self._monitor.faults[self._noticed :]:
            self._noticed += 1
            self._faults.carry_out(notice)
        if self._status.due():
            self._status.update(self._line())

    def _failure(self) -> str:
        dead = [ended for ended in self._graph.exits() if ended.required]
        # The controller may end by itself once its script is through; the record then decides.
        if dead and not self._record.complete:
            return dead[0].describe()
        if self._monitor.fallen:
            return "the robot fell"
        if self._monitor.mode == "FAULT":
            return f"the controller stopped the robot: {self._monitor.condition}"
        return ""

    def _stuck(self) -> str:
        state = self._monitor.mode or "unknown, nothing heard from policy_node"
        refusal = f"; last refusal: {self._operator.refusal}" if self._operator.refusal else ""
        return f"no progress any more (state: {state}{refusal}); logs are in {self._settings.log_folder}"

    def _line(self) -> str:
        monitor, travel = self._monitor, self._record.travel()
        parts = [f"{monitor.mode or 'starting':<8}"]
        if travel is not None:
            parts += [f"{travel.seconds:5.1f} s", f"{monitor.speed:5.2f} m/s", f"{travel.forward:6.2f} m"]
        if monitor.latent_age is not None:
            parts.append(f"latent {monitor.latent_age * 1000:3.0f} ms")
        for text, key in STATUS_FIGURES:
            if (value := diagnostic_value(monitor.diagnostics, key)) is not None:
                parts.append(text.format(float(value)))
        return "  ".join(parts)


def _gaps(record: WalkRecord) -> str:
    missing = record.missing_ticks
    return f"{missing} policy steps were not received: not comparable with another run" if missing else ""


def _report(summary: SimSummary, settings: SimSettings) -> int:
    print(summary.describe())
    print(f"logs: {settings.log_folder}")
    if settings.json_file is not None:
        summary.write_json(settings.json_file)
    if summary.failure or summary.fell:
        return EXIT_FAILED
    return EXIT_INTERRUPTED if summary.ended == "request" and settings.duration is not None else EXIT_OK
