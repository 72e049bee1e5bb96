"""Keys set velocities, space is the dead-man switch, and the terminal's settings are restored."""

import os
import pty
import subprocess
import sys
import termios
import threading
import time

import pytest
import rclpy
from geometry_msgs.msg import Twist
from rclpy.executors import SingleThreadedExecutor

from wmp_controller.teleop_keyboard import DeadManSwitch, RawTerminal, Velocity


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
        ("wwaz", Velocity()),
        (" p\x1b", Velocity()),
        ("ww ", Velocity(vx=0.2)),
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


def test_ctrl_s_does_not_suspend_the_terminal_that_must_read_x():
    keyboard, screen = pty.openpty()
    with os.fdopen(screen) as stream:
        assert termios.tcgetattr(stream.fileno())[0] & termios.IXON
        with RawTerminal(stream) as terminal:
            os.write(keyboard, b"\x13x")
            assert terminal.keys(1.0) == ["\x13", "x"]  # passed on instead of suspending the terminal
            os.write(stream.fileno(), b"damped")
            assert os.read(keyboard, 64) == b"damped"
    os.close(keyboard)


@pytest.mark.parametrize(
    "typed",
    [
        *(b"\x1b[A", b"\x1b[D", b"\x1bOA", b"\x1b[1;5A"),  # arrows, alone and with Ctrl
        *(b"\x1b[2~", b"\x1b[3~", b"\x1b[1~", b"\x1b[H"),  # Insert, Delete, Home
        *(b"\x1b[15~", b"\x1b[20~", b"\x1bOP", b"\x1b[[A"),  # F5, F9, F1
        *(b"\x1b1", b"\x1b", b"\x1b[2", b"\x1b\x1b[A"),  # Alt and a key; Escape; cut off; Alt and an arrow
    ],
)
def test_arrows_and_function_keys_do_not_act_as_the_letters_they_contain(typed):
    keyboard, screen = pty.openpty()
    with os.fdopen(screen) as stream, RawTerminal(stream) as terminal:
        os.write(keyboard, typed)
        assert terminal.keys(1.0) == []
        os.write(keyboard, b"x")
        assert terminal.keys(1.0) == ["x"]
    os.close(keyboard)


def test_an_arrow_that_arrives_in_pieces_does_not_act_as_the_letters_it_contains():
    keyboard, screen = pty.openpty()
    with os.fdopen(screen) as stream, RawTerminal(stream) as terminal:
        os.write(keyboard, b"\x1b[")
        rest = threading.Timer(0.01, os.write, (keyboard, b"2~x"))
        rest.start()
        assert terminal.keys(1.0) == ["x"]
        rest.join()
    os.close(keyboard)


def test_a_closed_terminal_is_an_error_instead_of_endless_zero_velocities():
    # A process in a container outlives its terminal, and zero velocities would signal a present operator.
    keyboard, screen = pty.openpty()
    with os.fdopen(screen) as stream, RawTerminal(stream) as terminal:
        os.close(keyboard)
        with pytest.raises(EOFError, match="terminal is closed"):
            terminal.keys(1.0)


def test_a_repeating_key_is_held_not_pressed_again():
    switch = DeadManSwitch()
    assert switch.on_key("w", 0.0)
    assert switch.on_key("w", 0.5)  # pressed twice
    assert not any(switch.on_key("w", 0.5 + 0.03 * count) for count in range(1, 20))
    assert switch.on_key(" ", 1.1)


def test_a_console_with_eleven_repeats_per_second_also_holds_a_key():
    switch = DeadManSwitch()
    pressed = [switch.on_key("w", at) for at in (0.0, *(0.25 + 0.092 * count for count in range(14)))]
    assert pressed == [True, True, *[False] * 13]  # the first repeat is as late as a second press


def test_a_key_that_changes_the_velocity_does_not_start_the_motion():
    switch = DeadManSwitch()
    switch.on_key("w", 1.0)
    assert not switch.is_held(1.0)
    switch.on_key(" ", 2.0)
    switch.on_key("w", 2.5)  # pressed while space is held, which then stops repeating
    assert switch.is_held(2.66) and not switch.is_held(2.71)


def test_nothing_is_held_before_the_first_key_and_soon_after_the_last():
    switch = DeadManSwitch()
    assert not switch.is_held(0.0)
    switch.on_key(" ", 1.0)
    assert switch.is_held(1.66)  # the longest pause before a held key repeats
    assert not switch.is_held(1.71)


@pytest.fixture
def velocities():
    """Subscribe to cmd_vel until a condition on the velocities received so far holds."""
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node("robot", context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    received = []
    node.create_subscription(Twist, "cmd_vel", lambda twist: received.append(twist.linear.x), 10)

    def listen(condition, timeout_s=60.0):
        deadline = time.monotonic() + timeout_s
        while not condition(received):
            assert time.monotonic() < deadline, received[-5:]
            executor.spin_once(timeout_sec=0.05)

    yield listen
    node.destroy_node()
    rclpy.try_shutdown(context=context)


def test_the_robot_moves_while_space_is_held_and_stops_when_it_is_released(velocities):
    keyboard, screen = pty.openpty()
    code = "from wmp_controller.teleop_keyboard import main; raise SystemExit(main())"
    teleop = subprocess.Popen([sys.executable, "-c", code], stdin=screen, stdout=screen)
    try:
        velocities(lambda received: received)
        os.write(keyboard, b"w ")
        velocities(lambda received: received[-1] == pytest.approx(0.1))
        velocities(lambda received: received[-1] == 0.0)
        teleop.terminate()
        assert teleop.wait(timeout=30) == 0
    finally:
        teleop.kill()
        teleop.wait()
        os.close(keyboard)
        os.close(screen)
