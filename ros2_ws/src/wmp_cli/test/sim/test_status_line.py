"""The status line says what the robot does, how fast and how far."""

import io
from types import SimpleNamespace

import numpy as np
import pytest

from wmp_cli.sim.status_line import StatusLine, status_text
from wmp_cli.sim.walk_record import Pose, WalkRecord


def journals(mode, metres=None):
    """Journals of a robot in ``mode`` that has walked ``metres`` in 2 s, or has not begun."""
    record = WalkRecord(None, 0.02)
    if metres is not None:
        for tick in range(101):
            record.add_pose(Pose(0.02 * tick, metres * tick / 100, 0.0, 0.0))
            record.add_step(tick, 0.02 * tick, np.zeros(12))
    values = {"policy_node": {"busy_p99_ms": "0.91", "overruns": "3", "latents_late": "1"}}
    return SimpleNamespace(mode=mode, record=record, speed=0.484, latent_age=0.02, values=values)


@pytest.mark.parametrize(
    ("mode", "metres", "duration", "text"),
    [
        ("", None, None, "starting"),
        ("PASSIVE", None, 20.0, "lying"),
        ("STAND_UP", None, 20.0, "standing up"),
        ("WALK", 1.0, None, "walking 0.48 m/s, 1.0 m, 2.0 s"),
        ("WALK", 1.0, 20.0, "walking 0.48 m/s, 1.0 m, 2.0 s of 20 s"),
        ("FAULT", 1.0, 20.0, "stopped by a fault, 1.0 m, 2.0 s of 20 s"),
    ],
)
def test_the_line_says_what_the_robot_does(mode, metres, duration, text):
    settings = SimpleNamespace(duration=duration, verbose=False)
    assert status_text(journals(mode, metres), settings) == text


def test_timing_is_shown_on_request():
    settings = SimpleNamespace(duration=None, verbose=True)
    line = status_text(journals("WALK", 1.0), settings)
    assert line.endswith("latent 20 ms old, loop 0.9 ms, 3 late cycles, 1 late latents")


def test_without_a_terminal_every_update_is_a_line():
    stream = io.StringIO()
    line = StatusLine(stream)
    assert line.due()
    line.update("standing up")
    assert not line.due()
    line.update("walking")
    line.close()
    assert stream.getvalue() == "standing up\nwalking\n"
