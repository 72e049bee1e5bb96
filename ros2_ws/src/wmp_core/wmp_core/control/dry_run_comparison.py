"""Dry-run comparison: what would have been sent, against the envelope and the golden trajectory.

Nobody can tell from twelve numbers whether they are right. The golden trajectory is a successful walk, so its
range of each action and of each observation element is a reference.
"""

from __future__ import annotations

from collections import Counter
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from wmp_core.contract import Contract, ObservationTerm
from wmp_core.control.command import MotorCommand
from wmp_core.control.walking import PolicyStepRecord
from wmp_core.golden import GoldenTrajectory
from wmp_core.observation import term_slices
from wmp_core.robot_state import RobotState

_AXES = ("x", "y", "z")
# Not compared: the operator chooses it, so it says nothing about the deployment.
_CHOSEN = "command"
_MOST_NAMED = 4


class GoldenRange:
    """Range of a vector's elements so far, compared with that in the golden trajectory.

    Args:
        what: name of the vector.
        names: names of its elements.
        golden: the reference, ``[T, len(names)]``.
    """

    def __init__(self, what: str, names: Sequence[str], golden: np.ndarray) -> None:
        self._what, self._names = what, tuple(names)
        self._lower, self._upper = golden.min(axis=0), golden.max(axis=0)
        self.reset()

    def reset(self) -> None:
        self._lowest = np.full(len(self._names), np.inf)
        self._highest = -self._lowest

    def add(self, values: np.ndarray) -> None:
        np.minimum(self._lowest, values, out=self._lowest)
        np.maximum(self._highest, values, out=self._highest)

    def summary(self) -> str:
        """One line: how many elements left their range, and the worst of them, furthest out first."""
        below, above = self._lower - self._lowest, self._highest - self._upper
        beyond = np.maximum(np.maximum(below, above), 0.0)
        outside = [index for index in np.argsort(-beyond, kind="stable") if beyond[index] > 0]
        if not outside:
            return f"{self._what}: all {len(self._names)} inside their golden range"
        named = [self._describe(index, below[index] > above[index]) for index in outside[:_MOST_NAMED]]
        more = len(outside) - len(named)
        listed = "; ".join(named) + (f"; and {more} more" if more else "")
        return f"{self._what}: {len(outside)} of {len(self._names)} left their golden range: {listed}"

    def _describe(self, index: int, is_below: bool) -> str:
        value = self._lowest[index] if is_below else self._highest[index]
        golden = f"{self._lower[index]:.2f}..{self._upper[index]:.2f}"
        return f"{self._names[index]} {value:.2f} outside {golden}"


class DryRunComparison:
    """Collects the controller's decisions between two summaries.

    Args:
        contract: the bundle's.
        golden: the bundle's.
    """

    def __init__(self, contract: Contract, golden: GoldenTrajectory) -> None:
        self._joints = contract.joints.names
        names = element_names(contract.observation.proprioception, self._joints)
        self._compared = np.array([not name.startswith(_CHOSEN) for name in names])
        compared = [name for name in names if not name.startswith(_CHOSEN)]
        self._actions = GoldenRange("actions", self._joints, golden.action)
        self._observations = GoldenRange("observations", compared, golden.proprioception[:, self._compared])
        self._reset()

    def _reset(self) -> None:
        self._commands = self._steps = 0
        self._clamps: Counter[str] = Counter()
        self._newest: Optional[Tuple[MotorCommand, RobotState]] = None
        self._actions.reset()
        self._observations.reset()

    def add(
        self,
        commands: int,
        clamps: Mapping[str, int],
        step: Optional[PolicyStepRecord],
        command: MotorCommand,
        state: Optional[RobotState],
    ) -> None:
        """Add ``commands`` decided commands: how many of them each limit clamped, and the newest one."""
        self._commands += commands
        self._clamps.update(clamps)
        if state is not None:
            self._newest = (command, state)
        if step is not None:
            self._steps += 1
            self._actions.add(step.action)
            self._observations.add(step.proprioception[self._compared])

    def summary(self) -> List[str]:
        """Lines about everything since the last summary; then starts again."""
        lines = [
            f"{self._commands} commands decided, {self._steps} of them with a policy step; "
            "the motors got damping only",
            self._envelope_line(),
        ]
        if self._steps:
            lines += [self._actions.summary(), self._observations.summary()]
        if self._newest is not None:
            lines.append(self._command_line(*self._newest))
        self._reset()
        return lines

    def _envelope_line(self) -> str:
        if not self._clamps:
            return "envelope: no command clamped"
        shares: Dict[str, float] = {name: count / self._commands for name, count in self._clamps.items()}
        listed = ", ".join(f"{name} {100 * share:.1f} %" for name, share in sorted(shares.items()))
        return f"envelope would clamp: {listed} of the commands"

    def _command_line(self, command: MotorCommand, state: RobotState) -> str:
        if not command.kp.any() and not command.tau.any():
            return "newest command: damping"
        torque = command.implied_torque(state.q, state.dq)
        joints = zip(self._joints, command.q, state.q, command.kp, torque)
        listed = ", ".join(
            f"{name} {f'{target:+.2f} rad (is {now:+.2f}), ' if kp > 0 else ''}{effort:+.1f} N m"
            for name, target, now, kp, effort in joints
        )
        return f"newest command: {listed}"


def element_names(terms: Sequence[ObservationTerm], joints: Sequence[str]) -> List[str]:
    """A name for every element of an observation: its term, and the joint or the axis."""
    names: List[str] = []
    for term, part in term_slices(tuple(terms), len(joints)).items():
        size = part.stop - part.start
        names += [f"{term} {element}" for element in (joints if size == len(joints) else _AXES[:size])]
    return names
