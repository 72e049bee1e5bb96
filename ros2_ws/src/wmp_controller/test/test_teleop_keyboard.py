"""Keys to velocities, and a terminal that is left as it was found."""

import os
import pty
import termios

import pytest

from wmp_controller.teleop_keyboard import RawTerminal, Velocity


def after(keys: str) -> Velocity:
    velocity = Velocity()
    for key in keys:
        velocity = velocity.after(key)
    return velocity


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("www", Velocity(vx=0.3)),
        ("wwws", Velocity(vx=0.2)),
        ("ad", Velocity()),
        ("qqa", Velocity(vy=0.2, yaw_rate=0.1)),
        ("wwa ", Velocity()),
        ("zp\x1b", Velocity()),
    ],
)
def test_each_key_changes_its_own_axis_by_a_tenth(keys, expected):
    assert after(keys) == expected


def test_the_velocity_stops_growing_at_its_limit():
    assert after("w" * 50).vx == 1.0
    assert after("d" * 50).yaw_rate == -1.0


def test_keys_arrive_one_by_one_and_the_terminal_is_restored():
    keyboard, screen = pty.openpty()
    with os.fdopen(screen) as stream:
        before = termios.tcgetattr(stream.fileno())
        with RawTerminal(stream) as terminal:
            assert not termios.tcgetattr(stream.fileno())[3] & termios.ICANON
            os.write(keyboard, b"W1")
            assert terminal.keys(1.0) == ["w", "1"]
            assert terminal.keys(0.0) == []
        assert termios.tcgetattr(stream.fileno()) == before
    os.close(keyboard)
