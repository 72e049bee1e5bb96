"""A walk's figures come from the journals that its nodes keep."""

import json

import numpy as np
import pytest

from wmp_cli.sim.journals import WalkJournals, journal_path
from wmp_cli.sim.walk_record import WalkRecord


@pytest.fixture
def write(tmp_path):
    """Append an entry to the journal of a node."""

    def append(node, kind, **values):
        with journal_path(tmp_path, node).open("a") as file:
            file.write(json.dumps({"kind": kind, **values}) + "\n")

    return append


def step(tick):
    action = np.full(12, tick, "<f4").tobytes().hex()
    return {"tick": tick, "stamp": 0.02 * tick, "action": action, "compute_ms": 0.5}


def pose(stamp, x=0.0):
    return {"stamp": stamp, "x": x, "y": 0.0, "yaw": 0.25, "vx": 0.5}


def test_a_reader_that_begins_after_the_walk_has_all_of_it(write, tmp_path):
    for tick in range(6):
        write("policy_node", "step", **step(tick))
        write("a1_sim", "pose", **pose(0.02 * tick, 0.01 * tick))
    write("world_model_node", "latent", tick=5, stamp=0.08, source=1, advance_ms=0.2, observe_ms=1.0)
    write("depth_node", "depth", stamp=0.0)
    write("policy_node", "status", message="WALK; slow", values={"mode": "WALK"})
    journals = WalkJournals(WalkRecord(5, 0.02), tmp_path)
    journals.read()
    record = journals.record
    assert (len(record.actions), record.latents, record.depth_frames) == (5, {5: True}, 1)
    assert record.complete and record.travel().seconds == pytest.approx(0.1)
    assert (journals.mode, journals.condition, journals.speed, journals.yaw) == (
        "WALK",
        "WALK; slow",
        0.5,
        0.25,
    )
    assert journals.latent_age == pytest.approx(0.02)


@pytest.mark.parametrize(("stamp", "counts"), [(0.5, True), (1.5, False)])
def test_a_fall_counts_before_the_end_of_the_track(write, tmp_path, stamp, counts):
    write("a1_sim", "fall", stamp=stamp)
    write("a1_sim", "pose", **pose(1.0, x=9.0))
    journals = WalkJournals(WalkRecord(None, 0.02, end_x=9.0), tmp_path)
    journals.read()
    assert journals.fallen is counts


def test_faults_and_events_keep_their_time(write, tmp_path):
    write("a1_sim", "fault", fault="imu_nan", begins=True, stamp=4.5)
    write("policy_node", "event", stamp=4.502, text="WALK -> FAULT")
    journals = WalkJournals(WalkRecord(None, 0.02), tmp_path)
    journals.read()
    assert journals.faults == [("imu_nan", True, 4.5)]
    assert journals.events == [(4.502, "WALK -> FAULT")]
