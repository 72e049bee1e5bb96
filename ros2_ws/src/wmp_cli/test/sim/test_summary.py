"""The last line says how far of how far the robot came, how the walk ended, and agrees with the exit code."""

from dataclasses import replace

import numpy as np
import pytest

from wmp_cli.sim.summary import RunIdentity, summarise
from wmp_cli.sim.walk_record import Pose, WalkRecord

RUN = RunIdentity(
    "climb", 0.7, 1, True, "motor", {"vx": 0.6, "vy": 0.0, "yaw": 0.0}, {"name": "a", "sha256": "0"}
)


def one_second():
    """A walk of one second along x: 0.3 m ahead, 0.04 m to the left."""
    record = WalkRecord(50, 0.02, 9.0)
    for tick in range(51):
        record.add_pose(Pose(0.02 * tick, 0.006 * tick, 0.0008 * tick, 0.0))
        record.add_step(tick, 0.02 * tick, np.zeros(12))
    return record


@pytest.mark.parametrize(
    ("failure", "fell", "last_line"),
    [
        ("", False, "walked 0.30 m of 0.6 m asked in 1.0 s, 0.04 m left of its line; no fall"),
        (
            "the robot fell",
            True,
            "FAILED: the robot fell; walked 0.30 m of 0.6 m asked in 1.0 s, 0.04 m left of its line",
        ),
        (
            "",
            True,
            "FAILED: walked 0.30 m of 0.6 m asked in 1.0 s, 0.04 m left of its line, and fell as it sat down",
        ),
    ],
)
def test_the_last_line_says_how_far_of_how_far_and_tells_every_fall(failure, fell, last_line):
    summary = summarise(one_second(), {}, RUN, ended="duration", failure=failure, fell=fell, wall_s=1.0)
    assert summary.conclusion() == last_line


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ({"vx": 0.0, "vy": 0.0, "yaw": 0.0}, "stood for 1.0 s, moved 0.30 m; no fall"),
        ({"vx": 0.0, "vy": 0.0, "yaw": -0.5}, "turned +0.0 rad of -0.5 rad asked in 1.0 s; no fall"),
        (
            {"vx": 0.0, "vy": 0.2, "yaw": 0.0},
            "walked 0.04 m of 0.2 m asked in 1.0 s, 0.30 m right of its line; no fall",
        ),
    ],
)
def test_the_sentence_fits_the_command(command, sentence):
    run = replace(RUN, command=command)
    summary = summarise(one_second(), {}, run, ended="duration", failure="", fell=False, wall_s=1.0)
    assert summary.conclusion() == sentence


def test_the_timing_table_is_shown_on_request_only():
    timing = {"policy": {"policy_p50_ms": "0.5"}}
    summary = summarise(one_second(), timing, RUN, ended="duration", failure="", fell=False, wall_s=1.0)
    assert "policy" not in summary.describe().replace("policy steps", "")
    row = summary.describe(verbose=True).splitlines()[-1].split()
    assert row == ["policy", "0.500", "-", "-"]
