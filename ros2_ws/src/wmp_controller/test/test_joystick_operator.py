"""Joystick operators: one request per press, velocities at once, and the age of a pad that falls silent."""

import struct

import numpy as np
import pytest

from wmp_controller.joystick_operator import JoystickOperator, RemoteOperator, pad_from_joy
from wmp_core.control.joystick import JoystickSettings, Pad
from wmp_core.control.modes import Mode, Request
from wmp_core.robot_state import RobotState

# Bits of the remote's buttons.
R1, L2, A, B = 1, 1 << 5, 1 << 8, 1 << 9


def pad(*buttons, ly=0.0):
    return Pad(frozenset(buttons), 0.0, ly, 0.0, 0.0)


def state(buttons=0, ly=0.0, remote=None):
    data = struct.pack("<2sH5f", b"\x55\x51", buttons, 0, 0, 0, 0, ly).ljust(40, b"\0")
    zeros = np.zeros(12)
    remote = data if remote is None else remote
    return RobotState(zeros[:4], zeros[:3], zeros[:3], zeros, zeros, zeros, 0.0, 0, remote=remote)


@pytest.fixture
def replies():
    return []


@pytest.fixture
def joystick(replies):
    operator = JoystickOperator(lambda *answer: replies.append(answer), JoystickSettings())
    operator.on_pad(pad())
    return operator


@pytest.fixture
def remote(replies):
    operator = RemoteOperator(lambda *answer: replies.append(answer), JoystickSettings())
    operator.on_state(state())
    return operator


def test_a_press_makes_one_request_even_if_released_before_the_next_poll(joystick):
    joystick.on_pad(pad("R1", "A"))
    joystick.on_pad(pad())
    assert joystick.next_request(Mode.PASSIVE, 0.0) is Request.STAND_UP
    assert joystick.next_request(Mode.PASSIVE, 0.0) is None


def test_a_later_press_does_not_replace_a_stop(joystick):
    joystick.on_pad(pad("L2", "B"))
    joystick.on_pad(pad("R1", "A"))
    assert joystick.next_request(Mode.WALK, 0.0) is Request.STOP


def test_services_stay_available_and_are_answered_with_their_ticket_a_press_without_one(joystick, replies):
    joystick.submit(Request.WALK, "ticket")
    joystick.on_pad(pad("R1", "A"))
    assert joystick.next_request(Mode.PASSIVE, 0.0) is Request.STAND_UP
    joystick.answer(None)
    assert joystick.next_request(Mode.PASSIVE, 0.0) is Request.WALK
    joystick.answer("stand first")
    assert replies == [(None, None), ("ticket", "stand first")]


def test_releasing_the_dead_man_switch_stops_the_motion_at_once(joystick):
    joystick.on_pad(pad("R1", ly=1.0))
    assert joystick.velocity(1.0).value[0] == pytest.approx(0.8)
    joystick.on_pad(pad(ly=1.0))
    assert joystick.velocity(1.1).value.tolist() == [0, 0, 0]


def test_the_joystick_stamp_is_that_of_the_last_pad_or_of_the_first_poll(joystick):
    assert joystick.joystick_stamp(1.0) == 1.0
    assert joystick.joystick_stamp(2.0) == 1.0
    joystick.on_pad(pad())
    assert joystick.joystick_stamp(3.0) == 3.0
    never = JoystickOperator(lambda ticket, refusal: None, JoystickSettings())
    assert [never.joystick_stamp(now) for now in (5.0, 9.0)] == [5.0, 5.0]


def test_the_remote_drives_with_r1_and_its_left_stick(remote):
    remote.on_state(state(R1, ly=1.0))
    assert remote.velocity(0.0).value.tolist() == pytest.approx([0.8, 0, 0])
    remote.on_state(state(R1 | A))
    assert remote.next_request(Mode.PASSIVE, 0.0) is Request.STAND_UP


def test_a_remote_that_is_off_does_not_renew_the_joystick_stamp(remote):
    assert remote.joystick_stamp(1.0) == 1.0
    remote.on_state(state(remote=bytes(40)))
    assert remote.joystick_stamp(2.0) == 1.0


def test_bytes_of_another_header_do_not_drive(remote):
    remote.on_state(state(remote=b"\x01" + state(R1, ly=1.0).remote[1:]))
    assert remote.velocity(1.0).value.tolist() == [0, 0, 0]


def test_a_stick_that_is_held_without_the_least_motion_does_not_renew_the_joystick_stamp(remote):
    remote.on_state(state(R1, ly=0.5))
    assert remote.joystick_stamp(1.0) == 1.0
    remote.on_state(state(R1, ly=0.5))
    assert remote.joystick_stamp(2.0) == 1.0
    remote.on_state(state(R1, ly=0.51))
    assert remote.joystick_stamp(3.0) == 3.0


def test_a_remote_at_rest_may_repeat_itself(remote):
    remote.joystick_stamp(1.0)
    remote.on_state(state())
    assert remote.joystick_stamp(2.0) == 2.0


def test_no_torque_is_granted_before_the_remote_has_been_seen_alive(remote, replies):
    remote.submit(Request.STAND_UP, "early")
    assert remote.next_request(Mode.PASSIVE, 0.0) is None
    (answer,) = replies
    assert answer[0] == "early" and "has not been seen alive" in answer[1]
    remote.on_state(state(ly=0.2))
    remote.submit(Request.STAND_UP, "later")
    assert remote.next_request(Mode.PASSIVE, 0.1) is Request.STAND_UP


def test_the_safety_monitor_handles_the_remotes_stop_and_a_second_one_acknowledges_the_fault(remote):
    remote.on_state(state(L2 | B))
    assert remote.next_request(Mode.WALK, 0.0) is None
    remote.on_state(state())
    remote.on_state(state(L2 | B))
    assert remote.next_request(Mode.FAULT, 0.1) is Request.STOP


def test_a_service_stops_a_robot_that_has_a_remote(remote):
    remote.submit(Request.STOP, "ticket")
    assert remote.next_request(Mode.WALK, 0.0) is Request.STOP


def test_a_joy_message_is_converted_by_its_layout_and_left_becomes_negative():
    names = ["A", "B", "X", "Y", "L2", "R1"]
    joy = pad_from_joy([0.5, 0.25, 9.0, -1.0, 0.75], [1, 0, 0, 0, 0, 1, 1], (0, 1, 3, 4), names)
    assert joy == Pad(frozenset(("A", "R1")), -0.5, 0.25, 1.0, 0.75)
    assert pad_from_joy([], [], (0, 1, 3, 4), names) == Pad(frozenset(), 0.0, 0.0, 0.0, 0.0)
