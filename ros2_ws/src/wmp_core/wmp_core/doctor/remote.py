"""The remote test: every button and stick of the A1's remote once, as the robot passes it on at low level.

Sends damping only. The remote is the operator's emergency stop, and a reported robot with SDK 3.3.1 does not
pass its bytes on at low level at all.
"""

from __future__ import annotations

import time
from typing import Callable, Dict, List, Optional

from wmp_core.a1.link import RobotLink
from wmp_core.a1.remote import BUTTONS, HEADER, Remote, decode_remote, is_received
from wmp_core.contract import Contract
from wmp_core.control.command import MotorCommand
from wmp_core.doctor.check import Check, failed, passed
from wmp_core.robot_state import RobotState

_PERIOD = 0.002
_DAMPING = 3.0
#: Share of its full deflection from which a stick counts as moved.
_MOVED = 0.7
#: What to do for each stick, and the field that must show it.
_STICKS: Dict[str, str] = {
    "push the left stick up": "ly",
    "push the left stick to the right": "lx",
    "push the right stick up": "ry",
    "push the right stick to the right": "rx",
}


def check_remote(
    link: RobotLink,
    contract: Contract,
    ask: Callable[[str], None] = lambda text: None,
    patience: float = 10.0,
) -> List[Check]:
    """Ask for each button and stick, and report what came.

    Args:
        link: a closed link; it is opened and closed, which damps the robot.
        ask: called with what the operator shall do next.
        patience: maximum time in s for each answer.

    Raises:
        LinkError: the link cannot be opened.
    """
    link.open()
    try:
        wait = _Waiting(link, contract, patience)
        header = _header(wait)
        if header.remedy:
            return [header]
        checks = [header]
        for button in BUTTONS:
            ask(f"press {button}")
            seen = wait.until(lambda remote, name=button: name in remote.buttons)  # type: ignore[misc]
            checks.append(_judged(f"remote {button}", seen, wait.newest))
        for action, field in _STICKS.items():
            ask(action)
            seen = wait.until(lambda remote, name=field: getattr(remote, name) > _MOVED)  # type: ignore[misc]
            checks.append(_judged(f"remote {field}", seen, wait.newest))
        return checks
    finally:
        link.close()


class _Waiting:
    """Receives states and keeps the newest remote."""

    def __init__(self, link: RobotLink, contract: Contract, patience: float) -> None:
        self._link, self._patience = link, patience
        self._damping = MotorCommand.damping(_DAMPING, contract.num_joints)
        self.state: Optional[RobotState] = None
        self.newest: Optional[Remote] = None

    def until(self, holds: Callable[[Remote], bool]) -> bool:
        """Whether a remote for which ``holds`` is true arrives in time."""
        deadline = time.monotonic() + self._patience
        while time.monotonic() < deadline:
            self._link.send(self._damping)
            state = self._link.receive(_PERIOD)
            if state is None:
                continue
            self.state = state
            if is_received(state.remote):
                self.newest = decode_remote(state.remote)
                if holds(self.newest):
                    return True
        return False


def _header(wait: _Waiting) -> Check:
    if wait.until(lambda remote: True):
        return passed("remote", "received")
    if wait.state is None:
        return failed("remote", "no state from the robot", "run `wmp doctor --only robot` first")
    if any(wait.state.remote):
        found = f"unknown header {wait.state.remote[:2].hex(' ')}, expected {HEADER.hex(' ')}"
        return failed("remote", found, "drive with operator:=joy, and report the header")
    remedy = (
        "switch the remote on; if it is on, this robot does not pass it on at low level: "
        "use operator:=joy, and keep the robot's own power switch in reach"
    )
    return failed("remote", "all bytes are zero", remedy)


def _judged(name: str, seen: bool, newest: Optional[Remote]) -> Check:
    if seen:
        return passed(name, "arrived")
    held = ", ".join(sorted(newest.buttons)) if newest is not None and newest.buttons else "nothing held"
    return failed(name, f"did not arrive; the remote shows {held}", "press it longer, or repair the remote")
