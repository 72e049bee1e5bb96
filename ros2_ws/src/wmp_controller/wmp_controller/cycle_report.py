"""What the control thread reports to the publisher thread."""

from __future__ import annotations

from typing import Mapping, NamedTuple, Optional, Tuple

from wmp_core.control.command import MotorCommand
from wmp_core.control.modes import Mode
from wmp_core.control.walking import PolicyStepRecord
from wmp_core.robot_state import RobotState


class CycleReport(NamedTuple):
    """State of one cycle, and counts since the previous report.

    Attributes:
        stamp: time of the cycle [s].
        command: what the controller decided; the motors receive it, except in a dry run.
        step: of the policy; None in a cycle without one.
        compute_ms: duration of the controller cycle [ms].
        cycles: commands decided since the previous report.
        clamps: of these, commands clamped, per limit of the envelope.
    """

    stamp: float
    mode: Mode
    state: Optional[RobotState]
    command: MotorCommand
    step: Optional[PolicyStepRecord]
    compute_ms: float
    cycles: int
    clamps: Mapping[str, int]


class ControlEvents(NamedTuple):
    """Events of the cycle at ``stamp`` [s]: mode changes with their reason, safety rules that trip."""

    stamp: float
    mode: Mode
    lines: Tuple[str, ...]
