"""Runs a simulation from the first process to the summary."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import rclpy
from rclpy.executors import Executor, SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from wmp_bringup.emergency_damping import damp_if_controller_killed
from wmp_bringup.processes import GraphProcesses, NodeExit
from wmp_cli.sim.fault_outcome import fault_outcome, newest_reaction
from wmp_cli.sim.journals import WalkJournals
from wmp_cli.sim.operator import Operator, VelocityCommand
from wmp_cli.sim.process_faults import ProcessFaults
from wmp_cli.sim.settings import SimSettings
from wmp_cli.sim.status_line import StatusLine, status_text
from wmp_cli.sim.stop_request import StopRequest
from wmp_cli.sim.summary import Ending, SimSummary, summarise
from wmp_cli.sim.walk_record import WalkRecord

EXIT_OK, EXIT_FAILED, EXIT_INTERRUPTED = 0, 1, 130

#: Longest time [s] from the start of the processes to the first policy step, in lockstep to the robot's first
#: state; loading a bundle takes a few seconds.
START_DEADLINE = 120.0
#: Time [s] without progress after which a walk counts as stuck.
STALL_DEADLINE = 30.0
#: Longest time [s] for sitting down at the end. It takes 2 s of the robot's time, which in lockstep may be
#: many on a busy machine.
SIT_DOWN_DEADLINE = 20.0
#: After the controller has stopped the robot because of an injected fault, the walk goes on for this long:
#: robot's time, and at most this machine's time [s].
AFTERMATH, AFTERMATH_DEADLINE = 1.5, 15.0


@dataclass(frozen=True)
class Outcome:
    """How a walk ended.

    Attributes:
        failure: why it counts as failed; empty if it does not.
        can_sit: whether the robot still obeys a request to sit down.
    """

    ended: Ending
    failure: str = ""
    can_sit: bool = True


def simulate(settings: SimSettings, environment: Mapping[str, str], stop: StopRequest) -> int:
    """Run the graph, show its state, report; returns the exit code of ``wmp sim``."""
    started = time.monotonic()
    rclpy.init(domain_id=int(environment["ROS_DOMAIN_ID"]), signal_handler_options=SignalHandlerOptions.NO)
    record = WalkRecord(settings.ticks, settings.control_period, settings.end_x)
    journals = WalkJournals(record, settings.log_folder)
    node, executor = rclpy.create_node("wmp_sim"), SingleThreadedExecutor()
    executor.add_node(node)
    command = VelocityCommand(**settings.identity.command)
    operator = Operator(node, command, settings.heading_gain, lambda: journals.yaw)
    try:
        with GraphProcesses(settings.specs, environment, settings.log_folder, settings.verbose) as graph:
            walk = _Walk(settings, journals, graph, operator, executor, stop)
            outcome = walk.run()
        recording = walk.recording_failure or _failed_recorder(graph)
    finally:
        executor.shutdown()
        node.destroy_node()
        rclpy.try_shutdown()
    journals.read()  # what the nodes wrote as they ended
    journals.close()
    failure = outcome.failure or (_unreported(record) if settings.identity.lockstep else "")
    summary = summarise(
        record,
        journals.values,
        settings.identity,
        ended=outcome.ended,
        failure=failure,
        fell=journals.fallen,
        wall_s=time.monotonic() - started,
        fault=fault_outcome(journals.faults, journals.events, journals.values),
        recording_failure=recording,
    )
    return _report(summary, settings)


class _Walk:
    """The main loop: reads the journals, gives the operator's requests, looks for the end."""

    def __init__(
        self,
        settings: SimSettings,
        journals: WalkJournals,
        graph: GraphProcesses,
        operator: Operator,
        executor: Executor,
        stop: StopRequest,
    ) -> None:
        self._settings, self._journals, self._graph, self._stop = settings, journals, graph, stop
        self._record = journals.record
        self._operator, self._executor = operator, executor
        self._faults = ProcessFaults(graph, operator, settings.bundle_folder, settings.bag)
        self._faults_seen = 0
        #: How a recorder ended before the walk did; empty while all of them run.
        self.recording_failure = ""
        self._status = StatusLine(sys.stderr)

    def run(self) -> Outcome:
        outcome = self._walk()
        if outcome.can_sit:
            self._sit_down()
        self._faults.end()
        self._status.close()
        return outcome

    def _walk(self) -> Outcome:
        progress, deadline = self._progress(), time.monotonic() + START_DEADLINE
        while True:
            self._update()
            if self._stop.count:
                return Outcome("request")
            if failure := self._failure():
                self._watch_aftermath()
                return Outcome("failure", failure, can_sit=False)
            if self._operator.was_halted(self._journals.mode):
                self._watch_aftermath()
                reaction = newest_reaction(self._journals.events)
                return Outcome("failure", f"the controller ended the walk: {reaction}")
            if self._record.complete:
                return Outcome("end of the track" if self._record.reached_end_of_track else "duration")
            if not self._settings.identity.lockstep:
                self._operator.pursue(self._journals.mode)
            if self._progress() > progress:
                progress, deadline = self._progress(), time.monotonic() + STALL_DEADLINE
            if time.monotonic() > deadline:
                return Outcome("failure", self._stuck(), can_sit=False)

    def _progress(self) -> float:
        """Grows as long as all is well; in lockstep a graph that is stuck stops time."""
        return self._record.time if self._settings.identity.lockstep else self._record.newest_tick

    def _watch_aftermath(self) -> None:
        """After an injected fault, record what becomes of a robot that its controller has stopped."""
        if not self._settings.faults:
            return
        damp_if_controller_killed(self._settings.specs, self._graph.exits())
        before, deadline = self._record.time, time.monotonic() + AFTERMATH_DEADLINE
        while self._record.time - before < AFTERMATH and time.monotonic() < deadline and not self._stop.count:
            self._update()

    def _sit_down(self) -> None:
        """Sit the robot down; a second request to stop, a dead node or the deadline cuts this short.

        In lockstep the controller's script knows only its own end; nothing after this request is compared.
        """
        deadline = time.monotonic() + SIT_DOWN_DEADLINE
        while self._stop.count < 2 and time.monotonic() < deadline and not self._graph.exits():
            self._update()
            self._operator.sit_down(self._journals.mode)
            if self._journals.mode in ("", "PASSIVE"):  # not started yet, or lying
                return

    def _update(self) -> None:
        self._executor.spin_once(timeout_sec=0.05)
        self._journals.read()
        self._watch_recorders()
        for notice in self._journals.faults[self._faults_seen :]:
            self._faults_seen += 1
            self._faults.carry_out(notice)
        if self._status.due():
            self._status.update(status_text(self._journals, self._settings))

    def _watch_recorders(self) -> None:
        """Report once that a recorder has ended: the walk goes on without it."""
        ended = None if self.recording_failure else next(_optional(self._graph), None)
        if ended is not None:
            self.recording_failure = ended.describe()
            self._status.close()
            print(f"warning: the recording ends here: {self.recording_failure}", file=sys.stderr)

    def _failure(self) -> str:
        dead = [ended for ended in self._graph.exits() if ended.required]
        if dead:
            self._journals.read()  # the process has written everything by now
        # The controller may end by itself once its script is through; the record then decides.
        if dead and not self._record.complete:
            return dead[0].describe()
        if self.recording_failure and self._record.newest_tick < 0:
            return self.recording_failure  # the controller waits for the recorder before its first step
        if self._journals.fallen:
            return "the robot fell"
        if self._journals.mode == "FAULT":
            return f"the controller stopped the robot: {self._journals.condition}"
        return ""

    def _stuck(self) -> str:
        mode = self._journals.mode or "unknown, policy_node has not reported"
        refusal = f"; last refusal: {self._operator.refusal}" if self._operator.refusal else ""
        return f"no progress any more (mode: {mode}{refusal}); logs are in {self._settings.log_folder}"


def _optional(graph: GraphProcesses) -> Iterator[NodeExit]:
    """The nodes that have ended and without which the robot walks on: the recorders."""
    return (ended for ended in graph.exits() if not ended.required)


def _failed_recorder(graph: GraphProcesses) -> str:
    """How a recorder failed to complete its bag after the walk; empty if none did."""
    return next((ended.describe() for ended in _optional(graph) if ended.code), "")


def _unreported(record: WalkRecord) -> str:
    missing = record.missing_ticks
    return f"{missing} policy steps were not reported: not comparable with another run" if missing else ""


def _report(summary: SimSummary, settings: SimSettings) -> int:
    print(summary.describe(settings.verbose))
    print(f"logs: {settings.log_folder}")
    for what, path in (("recording", settings.bag), ("figures", settings.json_file)):
        if path is not None:
            print(f"{what}: {path}")
    if settings.json_file is not None:
        summary.write_json(settings.json_file)
    if summary.recording_failure:
        print(f"RECORDING INCOMPLETE: {summary.recording_failure}")
    print(summary.conclusion())
    wanted = any(fault.kind == "disk_full" for fault in settings.faults)
    if summary.failure or summary.fell or (summary.recording_failure and not wanted):
        return EXIT_FAILED
    return EXIT_INTERRUPTED if summary.ended == "request" and settings.duration is not None else EXIT_OK
