"""What is read off a run with an injected fault."""

import pytest

from wmp_cli.sim.fault_outcome import Event, FaultNotice, fault_outcome, newest_reaction, strongest_reaction
from wmp_sim.faults.schedule import MOTOR_TIMEOUT

NOTICES = [FaultNotice("camera_stop", True, 5.0), FaultNotice("camera_stop", False, 7.5)]


@pytest.mark.parametrize(
    ("lines", "reaction"),
    [
        ([], "continue"),
        (["surprise is 3 nats, limit 2 nats: slow"], "slow"),
        (["blind stand is 2.1 s, limit 2 s: stand", "blind slow is 0.6 s, limit 0.5 s: slow"], "stand"),
        (["attitude is nan rad, limit 0.6 rad: damp", "WALK -> FAULT: attitude is nan rad"], "FAULT"),
    ],
)
def test_the_strongest_reaction_counts(lines, reaction):
    assert strongest_reaction(lines) == reaction


def test_detection_is_the_first_event_that_was_not_planned_after_the_beginning():
    events = [
        Event(4.9, "surprise is 3 nats, limit 2 nats: slow"),
        Event(5.1, "WALK -> SIT_DOWN"),
        Event(5.788, "blind slow is 0.6 s, limit 0.5 s: slow"),
    ]
    outcome = fault_outcome(NOTICES, events, {"policy_node": {"link_lost": "3", "latents_late": "0"}})
    assert outcome.kind == "camera_stop" and outcome.detected_after_ms == 788.0
    assert outcome.reaction == "slow" and outcome.counted == {"states lost": 3}
    assert outcome.events == ["788 ms: blind slow is 0.6 s, limit 0.5 s: slow"]


def test_motors_that_hear_nothing_are_a_reaction_as_well():
    killed = FaultNotice("policy_killed", True, 5.0)
    outcome = fault_outcome([killed, FaultNotice(MOTOR_TIMEOUT, True, 5.052)], [], {})
    assert (outcome.detected_after_ms, outcome.reaction) == (52.0, "damp")


def test_without_a_fault_there_is_no_outcome():
    assert fault_outcome([], [Event(1.0, "anything: damp")], {}) is None


def test_the_newest_reaction_is_the_reason_of_a_walk_that_was_ended():
    events = [
        Event(4.9, "surprise is 3 nats, limit 2 nats: slow"),
        Event(5.1, "latent age is 0.6 s, limit 0.5 s: sit"),
        Event(5.1, "WALK -> SIT_DOWN"),
    ]
    assert newest_reaction(events) == "latent age is 0.6 s, limit 0.5 s: sit"
    assert newest_reaction(events[2:]) == "no reason was reported"
