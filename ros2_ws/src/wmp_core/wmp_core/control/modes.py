"""The state machine: modes and the transitions between them, as pure logic.

PASSIVE (damping) -> STAND_UP -> STAND -> WALK -> SIT_DOWN -> PASSIVE, and FAULT (damping) from every mode.
Only a stop request leaves FAULT.
"""

from __future__ import annotations

import enum
from typing import Dict, Optional, Tuple


class Mode(enum.IntEnum):
    """Mode of the controller; the values are those of ``wmp_msgs/PolicyStep``.

    PASSIVE and FAULT damp the joints; STAND_UP and SIT_DOWN follow a trajectory; STAND holds the
    default pose; in WALK the policy controls the joints.
    """

    PASSIVE = 0
    STAND_UP = 1
    STAND = 2
    WALK = 3
    SIT_DOWN = 4
    FAULT = 5


class Request(enum.Enum):
    """Request of an operator."""

    STAND_UP = "stand_up"
    WALK = "walk"
    SIT_DOWN = "sit_down"
    STOP = "stop"


# Per request: the modes that grant it, the mode it leads to, and advice for the other modes.
_GRANTS: Dict[Request, Tuple[Tuple[Mode, ...], Mode, str]] = {
    Request.STAND_UP: ((Mode.PASSIVE,), Mode.STAND_UP, "only a robot in PASSIVE stands up"),
    Request.WALK: ((Mode.STAND,), Mode.WALK, "only a robot in STAND walks; stand up first"),
    Request.SIT_DOWN: (
        (Mode.STAND_UP, Mode.STAND, Mode.WALK),
        Mode.SIT_DOWN,
        "only a robot on its legs (STAND_UP, STAND, WALK) sits down",
    ),
    Request.STOP: (tuple(Mode), Mode.PASSIVE, ""),
}


class ModeMachine:
    """Holds the mode; every change goes through one of its methods."""

    def __init__(self) -> None:
        self.mode = Mode.PASSIVE
        self.fault_reason: Optional[str] = None

    def request(self, request: Request, veto: Optional[str] = None) -> Optional[str]:
        """Grant a request, or return the reason why it is refused.

        Args:
            request: the operator's request.
            veto: the caller's reason to refuse (a failed preflight check); a stop ignores it.
        """
        modes, target, advice = _GRANTS[request]
        if self.mode is Mode.FAULT and request is not Request.STOP:
            return f"{request.value} refused: FAULT ({self.fault_reason}); stop acknowledges it"
        if self.mode not in modes:
            return f"{request.value} refused in {self.mode.name}: {advice}"
        if veto is not None and request is not Request.STOP:
            return f"{request.value} refused: {veto}"
        self.mode, self.fault_reason = target, None
        return None

    def stop_sequence_finished(self) -> None:
        """WALK becomes STAND; elsewhere nothing changes."""
        self.mode = Mode.STAND if self.mode is Mode.WALK else self.mode

    def trajectory_finished(self) -> None:
        """STAND_UP becomes STAND, SIT_DOWN becomes PASSIVE; elsewhere there is no trajectory to finish."""
        self.mode = {Mode.STAND_UP: Mode.STAND, Mode.SIT_DOWN: Mode.PASSIVE}.get(self.mode, self.mode)

    def fault(self, reason: str) -> None:
        """Enter FAULT. The first reason is kept: later ones are usually its consequence."""
        if self.mode is not Mode.FAULT:
            self.mode, self.fault_reason = Mode.FAULT, reason
