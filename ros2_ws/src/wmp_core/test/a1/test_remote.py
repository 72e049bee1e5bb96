import struct

import pytest

from wmp_core.a1.remote import decode_remote, is_stop_pressed


def test_buttons_and_sticks_of_a_hand_packed_frame():
    # R1 is bit 0, start bit 2, A bit 8: 1 + 4 + 256.
    data = struct.pack("<2sHfffff", b"\x55\x51", 261, 0.5, -0.25, 1.0, 0.75, -1.0).ljust(40, b"\0")
    remote = decode_remote(data)
    assert remote.buttons == {"R1", "start", "A"}
    assert (remote.lx, remote.rx, remote.ry, remote.l2, remote.ly) == (0.5, -0.25, 1.0, 0.75, -1.0)


def test_other_lengths_are_refused():
    with pytest.raises(ValueError, match="39 bytes"):
        decode_remote(bytes(39))


@pytest.mark.parametrize(
    ("bits", "stop"), [(32 + 512, True), (32 + 512 + 1, True), (32, False), (512, False)]
)
def test_l2_and_b_together_are_the_emergency_stop(bits, stop):
    # L2 is bit 5, B is bit 9.
    assert is_stop_pressed(struct.pack("<2sH", b"", bits).ljust(40, b"\0")) is stop
