import math

import pytest

from wmp_core.control.joystick import Joystick, JoystickSettings, Pad
from wmp_core.control.modes import Request


def pad(*buttons, lx=0.0, ly=0.0, rx=0.0, ry=0.0):
    return Pad(frozenset(buttons), lx, ly, rx, ry)


@pytest.fixture
def joystick():
    joystick = Joystick(JoystickSettings(vx=0.8, vy=0.4, yaw_rate=1.0, dead_zone=0.1))
    assert joystick.request(pad()) is None
    return joystick


def test_sticks_count_only_while_the_dead_man_switch_is_held(joystick):
    assert joystick.velocity(pad("R1", ly=1.0)).tolist() == pytest.approx([0.8, 0, 0])
    assert joystick.velocity(pad("L1", ly=1.0)).tolist() == [0, 0, 0]


def test_pushing_right_moves_and_turns_right_which_is_negative(joystick):
    # Half-way is (0.55 - 0.1) / 0.9 = 0.5 beyond the dead zone.
    assert joystick.velocity(pad("R1", lx=0.55, rx=0.55)).tolist() == pytest.approx([0, -0.2, -0.5])
    assert joystick.velocity(pad("R1", lx=-1.0, rx=-7.0)).tolist() == pytest.approx([0, 0.4, 1.0])


@pytest.mark.parametrize("stick", [0.1, -0.1, math.nan, math.inf])
def test_a_stick_near_its_centre_or_not_finite_is_centred(joystick, stick):
    assert not joystick.velocity(pad("R1", lx=stick, ly=stick, rx=stick)).any()


@pytest.mark.parametrize(
    ("button", "request_"), [("A", Request.STAND_UP), ("X", Request.WALK), ("Y", Request.SIT_DOWN)]
)
def test_a_button_gives_one_request_per_press_and_only_with_the_dead_man_switch(joystick, button, request_):
    assert joystick.request(pad(button)) is None
    joystick.request(pad())
    assert joystick.request(pad("R1", button)) is request_
    assert joystick.request(pad("R1", button)) is None
    joystick.request(pad("R1"))
    assert joystick.request(pad("R1", button)) is request_


def test_the_stop_needs_no_dead_man_switch(joystick):
    assert joystick.request(pad("L2", "B")) is Request.STOP
    assert joystick.request(pad("L2", "B")) is None
    assert joystick.request(pad("B")) is None


def test_a_button_held_from_the_start_requests_nothing():
    assert Joystick(JoystickSettings()).request(pad("R1", "X")) is None
    assert Joystick(JoystickSettings()).request(pad("L2", "B")) is Request.STOP


@pytest.mark.parametrize(("key", "value"), [("vx", -1.0), ("yaw_rate", math.nan), ("dead_zone", 1.0)])
def test_settings_out_of_range_are_refused_by_name(key, value):
    with pytest.raises(ValueError, match=key):
        JoystickSettings(**{key: value})
