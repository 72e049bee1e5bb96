"""The A1's wireless remote, whose 40 bytes are part of every state."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import FrozenSet

#: Button of each bit, least significant first.
BUTTONS = (
    "R1", "L1", "start", "select", "R2", "L2", "F1", "F2", "A", "B", "X", "Y", "up", "right", "down", "left",
)  # fmt: skip

_LAYOUT = struct.Struct("<2xH5f")
REMOTE_SIZE = 40
#: The first two bytes of a remote that is received; zeros while it is off or out of range.
HEADER = b"\x55\x51"
_STOP_BITS = 1 << BUTTONS.index("L2") | 1 << BUTTONS.index("B")


@dataclass(frozen=True)
class Remote:
    """Held buttons; stick positions in -1..1, right and up positive; ``l2`` the analogue trigger."""

    buttons: FrozenSet[str]
    lx: float
    ly: float
    rx: float
    ry: float
    l2: float


def decode_remote(data: bytes) -> Remote:
    """Decode the ``remote`` bytes of a state.

    Raises:
        ValueError: ``data`` is not 40 bytes long.
    """
    if len(data) != REMOTE_SIZE:
        raise ValueError(f"remote data has {len(data)} bytes, expected {REMOTE_SIZE}")
    bits, lx, rx, ry, l2, ly = _LAYOUT.unpack_from(data)
    held = frozenset(name for i, name in enumerate(BUTTONS) if bits >> i & 1)
    return Remote(held, lx=lx, ly=ly, rx=rx, ry=ry, l2=l2)


def idle_remote() -> bytes:
    """The bytes of a remote that is switched on and not touched."""
    return HEADER.ljust(REMOTE_SIZE, b"\0")


def is_received(data: bytes) -> bool:
    """Whether ``data`` comes from a remote that is switched on and in range."""
    return len(data) == REMOTE_SIZE and data[:2] == HEADER


def is_stop_pressed(data: bytes) -> bool:
    """Whether L2 and B are held together, the emergency stop as in the robot's own firmware."""
    return int.from_bytes(data[2:4], "little") & _STOP_BITS == _STOP_BITS
