"""What the robot says about its motors, by bytes put into a state of the vendor's library."""

import json
from pathlib import Path

import numpy as np
import pytest

from wmp_core.a1 import frames, wire
from wmp_core.a1.servo import servo_problem

GOLDEN = bytes.fromhex(
    json.loads((Path(__file__).parent / "a1_wire_golden.json").read_text())["low_state"][0]["wire"]
)
#: Offsets in a frame: level; motor slots of 32 bytes, in them mode, temperature and reserve.
LEVEL, MOTORS, SLOT, MODE, TEMPERATURE, RESERVE = 0, 63, 32, 0, 23, 24
RL_CALF = MOTORS + 11 * SLOT


def decoded(changes):
    frame = bytearray(GOLDEN)
    for offset, value in changes.items():
        frame[offset] = value
    return wire.decode_low_state(frames.with_checksum(bytes(frame)))


def in_servo_mode(**changes):
    return {MOTORS + i * SLOT + MODE: 10 for i in range(12)} | changes


def test_a_robot_in_servo_mode_at_low_level_has_no_problem():
    assert servo_problem(decoded(in_servo_mode())) == ""


def test_another_level_is_named():
    problem = servo_problem(decoded({**in_servo_mode(), LEVEL: 0xF0}))
    assert problem.startswith("the robot is at level 0xf0, expected 0xff (low level): it is in sport mode")


def test_a_motor_that_left_the_servo_mode_is_named_with_its_reserve():
    problem = servo_problem(decoded({**in_servo_mode(), RL_CALF + MODE: 8, RL_CALF + RESERVE: 4}))
    assert problem == "RL_calf_joint is in motor mode 8 (reserve 4, 0), expected 10 (servo)"


def test_a_slot_of_zeros_is_a_motor_that_does_not_answer():
    zeros = dict.fromkeys(range(RL_CALF, RL_CALF + SLOT), 0)
    problem = servo_problem(decoded({**in_servo_mode(), **zeros}))
    assert problem == "RL_calf_joint sends only zeros: its motor board does not answer"


@pytest.mark.parametrize(
    ("byte", "degrees"), [(0x00, 0), (0x7F, 127), (0x82, 130), (0xD7, 215), (0xD8, -40), (0xFF, -1)]
)
def test_temperatures_beyond_127_degrees_have_wrapped(byte, degrees):
    assert decoded({RL_CALF + TEMPERATURE: byte}).motor_temp[11] == degrees


def test_the_robots_side_wraps_them_the_same_way():
    assert wire.temperature(np.array([130, -5], np.int16).astype(np.int8)).tolist() == [130, -5]
