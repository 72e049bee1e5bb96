"""The control loop: one controller cycle per robot state, which yields one motor command.

It is independent of ROS. In real time a periodic loop sets the pace and each cycle uses the newest state.
In lockstep every state gets exactly one command, and a policy tick waits for its latent, so a run repeats bit
for bit.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import Callable, Iterator, Optional, TypeVar

from wmp_controller.cycle_report import ControlEvents, CycleReport
from wmp_controller.mailbox import LatentMailbox, Outbox
from wmp_controller.operator import Operator
from wmp_core.a1.link import Cycle, RobotLink
from wmp_core.control.controller import Controller, CycleOutput
from wmp_core.control.modes import Request
from wmp_core.realtime.loop import PeriodicLoop
from wmp_core.realtime.timing import StageTimer
from wmp_core.robot_state import RobotState

T = TypeVar("T")


class ControlError(RuntimeError):
    """The loop cannot continue; the robot is left in damping."""


@dataclass(frozen=True)
class LoopSettings:
    """How the control loop runs.

    Attributes:
        period: duration of one cycle [s].
        report_every: cycles between two reports to the outbox.
        lockstep: answer every state with exactly one command instead of keeping a rate.
        wait_for_graph: poll the operator only once the other nodes are ready and the robot answers. A script
            cannot tell that they are not, and lockstep repeats only if a run starts with all of them.
        dry_run: compute everything, send damping only.
        ready_timeout: longest wait for the other nodes, and for the robot's first state in real time [s, wall
            time].
        state_timeout, latent_timeout: longest wait for a state and for a latent in lockstep [s, wall time].

    Raises:
        ValueError: a time or ``report_every`` is not positive.
    """

    period: float = 0.002
    report_every: int = 10
    lockstep: bool = False
    wait_for_graph: bool = False
    dry_run: bool = False
    ready_timeout: float = 60.0
    state_timeout: float = 10.0
    latent_timeout: float = 10.0

    def __post_init__(self) -> None:
        for key in ("period", "report_every", "ready_timeout", "state_timeout", "latent_timeout"):
            if not getattr(self, key) > 0:
                raise ValueError(f"control loop: {key} is {getattr(self, key)!r}, expected a positive number")


class ControlLoop:
    """Runs a controller against a robot until it is stopped, its operator has finished, or an error occurs.

    Args:
        link: to the robot; :meth:`run` closes it.
        controller: decides each command.
        operator: polled for requests and velocities.
        latents: of the world model.
        outbox: receives reports and events.
        settings: of the loop.
        graph_veto: why the other nodes cannot serve a walking robot, None if they can. Called in every cycle
            with a request to walk; must return at once.
        clock: time of the robot states' stamps in real time [s].
        veto: why a request is refused before it reaches the controller, None if it is not.

    Attributes:
        heartbeat: cycles so far while the loop must keep its rate, None while it waits. Any thread.
        loop: keeps the rate and its statistics.
        timer: durations of the stages "receive", "send", and "policy" or "control" (a controller cycle with
            or without a policy step).
    """

    def __init__(
        self,
        link: RobotLink,
        controller: Controller,
        operator: Operator,
        latents: LatentMailbox,
        outbox: Outbox,
        settings: LoopSettings,
        graph_veto: Callable[[], Optional[str]],
        clock: Callable[[], float] = time.time,
        veto: Callable[[Request], Optional[str]] = lambda request: None,
    ) -> None:
        self._link = link
        self._controller = controller
        self._operator = operator
        self._latents = latents
        self._outbox = outbox
        self._settings = settings
        self._graph_veto = graph_veto
        self._clock = clock
        self._veto = veto
        self._stop = threading.Event()
        self._state: Optional[RobotState] = None
        self._cycles = 0
        self._clamps: Counter[str] = Counter()
        self.heartbeat: Optional[int] = None
        self.loop = PeriodicLoop(settings.period)
        self.timer = StageTimer()

    def stop(self) -> None:
        """End the loop after the cycle in progress. Any thread."""
        self._stop.set()

    @property
    def is_stopped(self) -> bool:
        """Whether :meth:`stop` has been called."""
        return self._stop.is_set()

    def wait_for_robot(self, timeout_s: float) -> bool:
        """Send damping and answer requests until the first state arrives; returns whether it did.

        A script is not polled: its patience is for a robot that refuses, not for one that is switched on
        late. The link stays open.

        Args:
            timeout_s: longest wait [s].

        Raises:
            LinkError: the link cannot be opened.
        """
        self._link.open()
        deadline = time.monotonic() + timeout_s
        for periods in self._ticks():
            state = self._link.receive(0.0)
            self._cycle(state, self._clock(), periods, polls=not self._settings.wait_for_graph)
            if state is not None:
                return True
            if self._is_over() or time.monotonic() > deadline:
                return False
        return False

    def refuse_pending(self, reason: str) -> None:
        """Refuse requests that arrived while no cycle ran; grant a stop, since the robot is damped.

        Otherwise the robot would stand up long after the button was pressed.
        """
        while True:
            request = self._operator.next_request(self._controller.mode, self._clock())
            if request is None:
                return
            is_stop = request is Request.STOP
            self._operator.answer(None if is_stop else f"{request.value} refused: {reason}")

    def run(self) -> None:
        """Run until the loop ends; for whatever reason it ends, the last commands are damping.

        Raises:
            ControlError: the other nodes, or in lockstep a state or a latent, are not there in time.
            LinkError: the link cannot be opened.
        """
        self._link.open()
        try:
            if self._settings.wait_for_graph:
                self._wait_for_graph()
            if self._settings.lockstep:
                self._run_lockstep()
            else:
                self._run_real_time()
        finally:
            self._link.close()

    def _run_real_time(self) -> None:
        if self._settings.wait_for_graph:
            self.wait_for_robot(self._settings.ready_timeout)
        for periods in self._ticks():
            if self._is_over():
                return
            with self.timer.stage("receive"):
                state = self._link.receive(0.0)
            self._cycle(state, self._clock(), periods)

    def _ticks(self) -> Iterator[int]:
        """Yield the loop periods since the last cycle, and advance :attr:`heartbeat`."""
        try:
            for count, periods in enumerate(self.loop.ticks()):
                self.heartbeat = count
                yield periods
        finally:
            self.heartbeat = None

    def _run_lockstep(self) -> None:
        first = self._first_state()
        cycle, now = (None, 0.0) if first is None else (Cycle(first), first.stamp)
        while cycle is not None:
            self._wait_for_latent()
            self._cycle(cycle.state, now, 1)
            if self._is_over():
                return
            with self.timer.stage("receive"):
                cycle = self._retry(self._link.receive_cycle, self._settings.state_timeout)
            now = self._next_stamp(cycle, now)
        if not self._stop.is_set():
            raise ControlError(
                f"no state from the robot within {self._settings.state_timeout:g} s of a command: "
                "is it switched off?"
            )

    def _next_stamp(self, cycle: Optional[Cycle], before: float) -> float:
        """Every cycle advances the time, also if its state is lost or late."""
        if cycle is None or cycle.state is None or cycle.state.stamp <= before:
            return before + self._settings.period
        return cycle.state.stamp

    def _is_over(self) -> bool:
        return self._stop.is_set() or self._operator.finished

    def _cycle(self, state: Optional[RobotState], now: float, periods: int, polls: bool = True) -> None:
        self._state = state or self._state
        if state is not None:
            self._operator.on_state(state)
        request = self._request(now) if polls else None
        started = time.perf_counter()
        velocity, joystick = self._operator.velocity(now), self._operator.joystick_stamp(now)
        output = self._controller.cycle(
            state, now, request, velocity, self._latents.drain(), periods, joystick
        )
        elapsed = time.perf_counter() - started
        with self.timer.stage("send"):
            self._link.send(self._controller.damping() if self._settings.dry_run else output.command)
        self.timer.record("control" if output.step is None else "policy", elapsed)
        if request is not None:
            self._operator.answer(output.refusal)
        if output.events:
            # Logged by the publisher thread: a blocked terminal must not block this thread.
            self._outbox.put(ControlEvents(now, output.mode, output.events))
        self._report(now, output, 1e3 * elapsed)

    def _request(self, now: float) -> Optional[Request]:
        """The operator's request, unless the preflight or the graph vetoes it."""
        request = self._operator.next_request(self._controller.mode, now)
        if request is None:
            return None
        veto = self._veto(request)
        if veto is None and request is Request.WALK:
            veto = self._graph_veto()
        if veto is None:
            return request
        self._operator.answer(f"{request.value} refused: {veto}")
        return None

    def _report(self, now: float, output: CycleOutput, compute_ms: float) -> None:
        """Report every policy step; without policy steps, report at the same rate."""
        self._cycles += 1
        if output.clamped:
            self._clamps.update(output.clamped)
        if output.step is None and self._cycles < self._settings.report_every:
            return
        cycles, clamps = self._cycles, self._clamps
        self._cycles, self._clamps = 0, Counter()
        decided = (output.mode, self._state, output.command, output.step)
        self._outbox.offer(CycleReport(now, *decided, compute_ms, cycles, clamps))

    def _wait_for_graph(self) -> None:
        """Wait for the other nodes; in lockstep, simulated time stands still until the first command."""
        deadline = time.monotonic() + self._settings.ready_timeout
        while not self._stop.is_set():
            veto = self._graph_veto()
            if veto is None:
                self._stop.wait(0.5)  # one side of a DDS match sees it earlier than the other
                return
            if time.monotonic() > deadline:
                raise ControlError(
                    f"the other nodes are not ready after {self._settings.ready_timeout:g} s: {veto}"
                )
            self._stop.wait(0.05)

    def _first_state(self) -> Optional[RobotState]:
        """Send damping until the robot answers; if it answers two commands, the newer state counts."""

        def send_and_receive(timeout_s: float) -> Optional[RobotState]:
            self._link.send(self._controller.damping())
            return self._retry(self._link.receive, 2.0)

        return self._retry(send_and_receive, self._settings.state_timeout)

    def _wait_for_latent(self) -> None:
        tick = self._controller.needs_latent
        if tick is None:
            return
        arrived = self._retry(
            lambda timeout_s: self._latents.wait_for(tick, timeout_s), self._settings.latent_timeout
        )
        if not arrived and not self._stop.is_set():
            raise ControlError(
                f"no latent for tick {tick} within {self._settings.latent_timeout:g} s: "
                "is world_model_node running?"
            )

    def _retry(self, attempt: Callable[[float], T], timeout_s: float) -> T:
        """Repeat a blocking ``attempt(timeout_s)`` until it has a result, time is up, or the loop stops."""
        deadline = time.monotonic() + timeout_s
        while True:
            result = attempt(0.1)
            if result or self._stop.is_set() or time.monotonic() > deadline:
                return result
