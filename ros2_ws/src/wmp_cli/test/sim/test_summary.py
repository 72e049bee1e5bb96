"""The last line says how a walk ended, and agrees with the exit code."""

import pytest

from wmp_cli.sim.summary import RunIdentity, summarise
from wmp_cli.sim.walk_record import WalkRecord

RUN = RunIdentity(
    "climb", 0.7, 1, True, "motor", {"vx": 0.6, "vy": 0.0, "yaw": 0.0}, {"name": "a", "sha256": "0"}
)


@pytest.mark.parametrize(
    ("failure", "fell", "last_line"),
    [
        ("", False, "no fall"),
        ("the robot fell", True, "FAILED: the robot fell"),
        ("", True, "FAILED: the robot fell after the walk, as it sat down"),
    ],
)
def test_the_last_line_tells_of_every_fall(failure, fell, last_line):
    record = WalkRecord(10, 0.02, 9.0)
    summary = summarise(record, {}, RUN, ended="duration", failure=failure, fell=fell, wall_s=1.0)
    assert summary.describe().splitlines()[-1] == last_line
