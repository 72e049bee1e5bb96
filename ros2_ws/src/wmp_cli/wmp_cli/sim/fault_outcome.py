"""The outcome of an injected fault, from the events and counters of one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from wmp_cli.sim.timing import diagnostic_value
from wmp_sim.faults.schedule import MOTOR_TIMEOUT

#: Reactions of the controller, mildest first; "damp" leads to FAULT.
REACTIONS = ("continue", "slow", "stand", "sit", "damp", "FAULT")
#: Counters in the nodes' diagnostics that show a fault without a reaction, with their names in the outcome.
COUNTERS = (
    ("link_lost", "states lost"),
    ("link_corrupt", "states damaged"),
    ("link_duplicates", "states repeated"),
    ("link_reordered", "states overtaken"),
    ("frames_rejected", "commands damaged"),
    ("latents_late", "latents late"),
    ("latents_prior", "latents without an image"),
    ("ticks_without_image", "ticks without an image"),
)


class Event(NamedTuple):
    """An event that the controller reported at ``stamp`` s of the robot's time."""

    stamp: float
    text: str


class FaultNotice(NamedTuple):
    """An injected fault that begins or ends, at ``stamp`` s of the robot's time."""

    kind: str
    begins: bool
    stamp: float


@dataclass(frozen=True)
class FaultOutcome:
    """What one injected fault led to.

    Attributes:
        detected_after_ms: time from its begin to the first event that it caused; None without an event.
        reaction: the strongest that followed.
        events: events of controller and motors since, with ms after the begin.
        counted: counters that show it.
    """

    kind: str
    detected_after_ms: float | None
    reaction: str
    events: Sequence[str]
    counted: Mapping[str, int]


def fault_outcome(
    notices: Sequence[FaultNotice], events: Sequence[Event], diagnostics: Mapping[str, Mapping[str, str]]
) -> FaultOutcome | None:
    """The outcome of the first fault that began; None if none did."""
    begun = next((notice for notice in notices if notice.begins and notice.kind != MOTOR_TIMEOUT), None)
    if begun is None:
        return None
    timeouts = [Event(n.stamp, "the motors receive no command: damp") for n in notices if _is_timeout(n)]
    unplanned = [event for event in events if not _is_planned(event)]
    since = sorted(event for event in [*unplanned, *timeouts] if event.stamp >= begun.stamp - 1e-6)
    first = since[0].stamp if since else None
    counted = {}
    for key, name in COUNTERS:
        count = int(float(diagnostic_value(diagnostics, key) or 0))
        if count:
            counted[name] = count
    return FaultOutcome(
        kind=begun.kind,
        detected_after_ms=None if first is None else round(1e3 * (first - begun.stamp), 1),
        reaction=strongest_reaction([event.text for event in since]),
        events=[f"{1e3 * (event.stamp - begun.stamp):.0f} ms: {event.text}" for event in since],
        counted=counted,
    )


def strongest_reaction(lines: Sequence[str]) -> str:
    """The strongest reaction that the controller's lines name, "continue" if they name none."""
    named = [0]
    for line in lines:
        for rank, reaction in enumerate(REACTIONS):
            if line.endswith(f": {reaction}") or f"-> {reaction}" in line:
                named.append(rank)
    return REACTIONS[max(named)]


def newest_reaction(events: Sequence[Event]) -> str:
    """The newest event that names a reaction."""
    lines = [event.text for event in events if strongest_reaction([event.text]) != REACTIONS[0]]
    return lines[-1] if lines else "no reason was reported"


def _is_timeout(notice: FaultNotice) -> bool:
    return notice.kind == MOTOR_TIMEOUT and notice.begins


def _is_planned(event: Event) -> bool:
    """Whether the event is a change of mode that the script requests."""
    planned = ("PASSIVE -> STAND_UP", "STAND_UP -> STAND", "STAND -> WALK", "SIT_DOWN -> PASSIVE")
    return event.text.startswith((*planned, "WALK -> SIT_DOWN"))
