"""The kinds of faults, and when each is active."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from wmp_core.choices import unknown

#: Kind -> effect: on the link, in the sensors, in the camera, or outside the robot, caused by whoever
#: runs the graph.
KINDS = {
    "udp_loss_5": "5 % of the packets are lost, both ways",
    "udp_loss_30": "30 % of the packets are lost, both ways",
    "udp_loss_100": "every packet is lost, both ways",
    "udp_delay": "packets arrive 30 ms late, both ways",
    "udp_reorder": "one packet in five arrives after the next, both ways",
    "udp_duplicate": "one packet in three arrives twice, both ways",
    "udp_corrupt": "one packet in ten arrives with a flipped bit, both ways",
    "udp_truncate": "one packet in ten arrives cut short, both ways",
    "tick_frozen": "the tick stands still: the same state is sent repeatedly",
    "imu_nan": "orientation, rates and acceleration are NaN",
    "imu_stuck": "orientation, rates and acceleration do not change",
    "encoder_jump": "the encoder of one joint is off by 0.6 rad",
    "motor_hot": "one motor reports 90 degrees Celsius",
    "temperature_wrapped": "one motor has 130 degrees Celsius, which its byte reports as -126",
    "motor_dropped": "a calf's motor leaves the servo mode (mode 8, reserve 4) and has no torque",
    "dead_motor_slot": "one motor does not answer: its slot is all zeros, and it has no torque",
    "other_commander": "the robot leaves the low level: somebody else holds the motors",
    "brown_out": "the robot's computer restarts: the tick starts again, the motors have no torque",
    "camera_stop": "no depth frames arrive",
    "camera_frozen": "the same depth frame is sent repeatedly, with new stamps",
    "camera_black": "a covered lens: 1 % noisy pixels, the others invalid",
    "depth_invalid": "every pixel is invalid",
    "depth_slow": "depth frames arrive 0.25 s late",
    "clock_jump": "the camera's clock jumps forward by 5 s, as if set by a time server",
    "world_model_killed": "world_model_node is killed",
    "world_model_hung": "world_model_node hangs",
    "policy_killed": "policy_node is killed",
    "cmd_vel_nan": "cmd_vel carries NaN",
    "cmd_vel_huge": "cmd_vel asks for 1e6 m/s",
    "disk_full": "the disk of the recording is full",
    "bundle_swapped": "the bundle's files change on disk",
}
#: Kinds that affect a process or its commands. The simulated robot can only announce them. Not in lockstep,
#: which would wait for a process that has ended.
REAL_TIME_ONLY = ("world_model_killed", "world_model_hung", "policy_killed", "cmd_vel_nan", "cmd_vel_huge")
#: Kinds that affect files: announced here, caused by whoever runs the graph.
FILES = ("disk_full", "bundle_swapped")
#: Not a fault, but announced like one: commands have stopped and the motors damp.
MOTOR_TIMEOUT = "motor_timeout"


@dataclass(frozen=True)
class Fault:
    """A fault of ``kind``, ``start`` s after the robot began to stand up, for ``duration`` s."""

    kind: str
    start: float
    duration: float = math.inf

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise unknown("fault", self.kind, KINDS)
        if not (math.isfinite(self.start) and self.start >= 0):
            raise ValueError(f"fault {self.kind}: T is {self.start}, expected seconds from 0")
        if not self.duration > 0:
            raise ValueError(f"fault {self.kind}: DURATION is {self.duration}, expected seconds above 0")

    @classmethod
    def parse(cls, text: str) -> Fault:
        """From ``KIND@T[:DURATION]``.

        Raises:
            ValueError: ``text`` has another form.
        """
        kind, _, times = text.partition("@")
        try:
            start, *rest = (float(part) for part in times.split(":"))
            (duration,) = rest or (math.inf,)
        except ValueError as error:
            raise ValueError(f"fault {text!r}: expected KIND@T or KIND@T:DURATION, in seconds") from error
        return cls(kind, start, duration)

    def is_on(self, elapsed: float) -> bool:
        """Whether it is active ``elapsed`` [s] after the robot began to stand up."""
        # Half a tick of tolerance: times are whole milliseconds, but their floating-point sums are not.
        return self.start - 5e-4 <= elapsed < self.start + self.duration - 5e-4


def parse_faults(text: str) -> tuple[Fault, ...]:
    """Faults from words separated by blanks.

    Raises:
        ValueError: a word is not a fault.
    """
    return tuple(Fault.parse(word) for word in text.split())


class FaultSchedule:
    """The faults of one run, and the time since the robot began to stand up."""

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self.faults = tuple(faults)
        self._origin: float | None = None
        self._elapsed = -math.inf
        self._on: frozenset[Fault] = frozenset()
        self._switched: frozenset[Fault] = frozenset()

    @property
    def elapsed(self) -> float:
        """Time since the robot began to stand up [s]; minus infinity before."""
        return self._elapsed

    def start(self, time: float) -> None:
        """The robot begins to stand up at ``time`` [s]; later calls have no effect."""
        if self._origin is None:
            self._origin = time

    def advance(self, time: float) -> list[tuple[Fault, bool]]:
        """Advance to ``time`` [s]; returns the faults that begin (True) or end (False)."""
        if self._origin is not None:
            self._elapsed = time - self._origin
        now_on = frozenset(fault for fault in self.faults if fault.is_on(self._elapsed)) | self._switched
        known = [*self.faults, *sorted((now_on | self._on) - {*self.faults}, key=lambda fault: fault.kind)]
        changes = [(fault, True) for fault in known if fault in now_on - self._on]
        changes += [(fault, False) for fault in known if fault in self._on - now_on]
        self._on = now_on
        return changes

    def switch(self, kind: str, on: bool) -> None:
        """Begin or end a fault by hand, from the next :meth:`advance` on. Any thread.

        Raises:
            ValueError: there is no such kind, or it is outside the simulated robot.
        """
        if kind in (*REAL_TIME_ONLY, *FILES):
            raise ValueError(f"fault {kind} is caused by 'wmp sim --fault', not by the simulated robot")
        fault = Fault(kind, start=0.0)
        self._switched = self._switched | {fault} if on else self._switched - {fault}

    def is_on(self, kind: str) -> bool:
        """Whether a fault of this kind is active."""
        return any(fault.kind == kind for fault in self._on)

    def has_any(self, kinds: Collection[str]) -> bool:
        """Whether the run has a fault of one of these kinds, at any time so far or to come."""
        return any(fault.kind in kinds for fault in (*self.faults, *self._on))
