import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wmp_core.a1 import frames, robot_wire, wire
from wmp_core.a1.checksum import crc32_words

GOLDEN = json.loads((Path(__file__).parent / "a1_wire_golden.json").read_text())
COMMANDS, STATES = GOLDEN["low_cmd"], GOLDEN["low_state"]
FIELDS = ("q", "dq", "tau", "kp", "kd")


def arrays(golden):
    return [np.array(golden[field]) for field in FIELDS]


def bitwise_crc(data):
    """CRC-32, polynomial 0x04C11DB7, one bit at a time over little-endian words."""
    crc = 0xFFFFFFFF
    for i in range(0, len(data), 4):
        word = int.from_bytes(data[i : i + 4], "little")
        for bit in range(31, -1, -1):
            top = (crc >> 31) ^ (word >> bit & 1)
            crc = (crc << 1 & 0xFFFFFFFF) ^ (0x04C11DB7 if top else 0)
    return crc


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=20))
def test_checksum_equals_the_bitwise_definition(words):
    data = b"".join(word.to_bytes(4, "little") for word in words)
    assert crc32_words(data) == bitwise_crc(data)


def test_frames_have_the_robots_sizes_and_offsets():
    assert frames.LOW_COMMAND.itemsize == 610 and frames.LOW_STATE.itemsize == 771
    offsets = {
        name: frames.LOW_STATE.fields[name][1]
        for name in ("quaternion", "motor", "foot_force", "tick", "remote")
    }
    assert offsets == {"quaternion": 10, "motor": 63, "foot_force": 703, "tick": 719, "remote": 723}


@pytest.mark.parametrize("golden", COMMANDS)
def test_commands_are_byte_exact(golden):
    assert wire.encode_low_cmd(*arrays(golden)).hex() == golden["wire"]


@pytest.mark.parametrize("golden", COMMANDS)
def test_decoded_commands_are_within_one_unit_of_the_wire(golden):
    command = robot_wire.decode_low_cmd(bytes.fromhex(golden["wire"]))
    for field, resolution in zip(FIELDS, (0, 0, 1 / 256, 1 / 32, 1 / 16)):
        assert np.abs(getattr(command, field) - golden[field]).max() <= resolution, field
    # Truncation goes toward zero, so no magnitude grows on the wire.
    assert np.all(np.abs(command.tau) <= np.abs(golden["tau"]))


@pytest.mark.parametrize("golden", STATES)
def test_states_decode_exactly(golden):
    state = wire.decode_low_state(bytes.fromhex(golden["wire"]))
    for field in ("quat_wxyz", "gyro", "acc", "rpy", "q", "dq", "tau_est", "motor_temp", "foot_force"):
        assert np.array_equal(getattr(state, field), golden[field]), field
    assert state.tick == golden["tick"]
    assert state.remote == bytes.fromhex(golden["wire"])[723:763]


@pytest.mark.parametrize("golden", STATES)
def test_an_encoded_state_decodes_to_itself_and_keeps_the_robots_bytes(golden):
    data = bytes.fromhex(golden["wire"])
    encoded = robot_wire.encode_low_state(wire.decode_low_state(data))
    # Header and IMU, foot forces, tick and remote.
    for part in (slice(0, 62), slice(703, 711), slice(719, 767)):
        assert encoded[part] == data[part]
    again = wire.decode_low_state(encoded)
    assert np.array_equal(again.tau_est, golden["tau_est"]) and np.array_equal(
        again.motor_temp, golden["motor_temp"]
    )
    assert np.array_equal(again.q, golden["q"]) and np.array_equal(again.dq, golden["dq"])


def test_no_target_values_may_be_sent():
    zero = np.zeros(12)
    data = wire.encode_low_cmd(
        np.full(12, wire.NO_POSITION_TARGET), np.full(12, wire.NO_VELOCITY_TARGET), zero, zero, zero
    )
    motors = robot_wire.decode_low_cmd(data)
    assert np.all(motors.q == np.float32(2.146e9)) and np.all(motors.dq == 16000)


@pytest.mark.parametrize(
    ("field", "value"),
    [("q", 7.0), ("q", -90.0), ("dq", 61.0), ("tau", 200.0), ("tau", -33.6), ("kp", -1.0), ("kp", 1024.0),
     ("kd", 2048.0), ("kd", -0.1), ("tau", wire.NO_VELOCITY_TARGET), ("kp", wire.NO_POSITION_TARGET)],
)  # fmt: skip
def test_out_of_range_command_is_refused_by_name(field, value):
    command = arrays(COMMANDS[0])
    command[FIELDS.index(field)][4] = value
    with pytest.raises(wire.RangeError, match=f"{field} of FL_thigh_joint") as error:
        wire.encode_low_cmd(*command)
    low, high = error.value.allowed
    assert error.value.field == field and not low <= error.value.value <= high


def test_a_torque_that_exceeds_its_limit_by_rounding_may_be_sent():
    command = arrays(COMMANDS[0])
    command[FIELDS.index("tau")][4] = 33.5 + 1e-9  # the envelope tolerates as much
    assert robot_wire.decode_low_cmd(wire.encode_low_cmd(*command)).tau[4] == 33.5


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_non_finite_command_is_refused_by_name(field, value):
    command = arrays(COMMANDS[0])
    command[FIELDS.index(field)][11] = value
    with pytest.raises(wire.NonFiniteError, match=f"{field} of RL_calf_joint"):
        wire.encode_low_cmd(*command)


def test_a_command_of_another_size_is_refused():
    with pytest.raises(frames.LengthError, match=r"kp has shape \(11,\)"):
        wire.encode_low_cmd(np.zeros(12), np.zeros(12), np.zeros(12), np.zeros(11), np.zeros(12))


@pytest.mark.parametrize(
    ("decode", "golden"), [(wire.decode_low_state, STATES), (robot_wire.decode_low_cmd, COMMANDS)]
)
def test_frames_of_another_length_are_refused(decode, golden):
    data = bytes.fromhex(golden[0]["wire"])
    for wrong in (b"", data[:-1], data + b"\0"):
        with pytest.raises(frames.LengthError, match=f"{len(wrong)} bytes"):
            decode(wrong)


@given(st.integers(0, 763), st.integers(0, 7))
def test_any_flipped_bit_of_a_state_is_detected(byte, bit):
    data = bytearray.fromhex(STATES[0]["wire"])
    data[byte] ^= 1 << bit
    with pytest.raises(frames.ChecksumError):
        wire.decode_low_state(bytes(data))


finite = st.floats(allow_nan=True, allow_infinity=True)


@given(st.sampled_from(FIELDS), finite, st.integers(0, 11))
def test_an_encoded_value_is_decoded_within_its_resolution(field, value, motor):
    command = arrays(COMMANDS[3])
    command[FIELDS.index(field)][motor] = value
    try:
        data = wire.encode_low_cmd(*command)
    except frames.WireError:
        return
    arrived = getattr(robot_wire.decode_low_cmd(data), field)[motor]
    resolution = {"q": 1e-5, "dq": 1e-5, "tau": 1 / 256, "kp": 1 / 32, "kd": 1 / 16}[field]
    assert abs(arrived - value) <= resolution or (field in ("q", "dq") and arrived == np.float32(value))
