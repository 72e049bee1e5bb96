"""Records of MCAP files (MCAP specification, version 0): layouts, and what they hold."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from wmp_recording.storage.compression import inflate

MAGIC = b"\x89MCAP0\r\n"
FOOTER, SCHEMA, CHANNEL, MESSAGE, CHUNK, MESSAGE_INDEX = 0x02, 0x03, 0x04, 0x05, 0x06, 0x07
CHUNK_INDEX, METADATA, METADATA_INDEX, DATA_END = 0x08, 0x0C, 0x0D, 0x0F
#: Opcode and length of a record; channel, sequence, log time and publish time of a message.
RECORD, MESSAGE_HEAD = struct.Struct("<BQ"), struct.Struct("<HIQQ")
#: Start, end, uncompressed size and checksum of a chunk come before its compression.
CHUNK_HEAD = struct.Struct("<QQQI")
#: Offsets of summary and summary offsets, and the CRC of the summary.
FOOTER_BODY = struct.Struct("<QQI")
#: Metadata record in which rosbag2 repeats ``metadata.yaml``, and its key.
ROSBAG2, SERIALIZED = "rosbag2", "serialized_metadata"


class Schema(NamedTuple):
    """A message type: ``name``, ``encoding`` (``ros2msg`` or ``ros2idl``) and ``text`` of its definition."""

    name: str
    encoding: str
    text: str


class Channel(NamedTuple):
    """A topic: number of its schema, name, encoding of its messages, notes such as its QoS."""

    schema: int
    topic: str
    encoding: str
    notes: dict[str, str]


class Message(NamedTuple):
    """One message: number of its channel, log time [ns], serialised data."""

    channel: int
    stamp_ns: int
    data: bytes


def records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Opcode and body of every whole record in ``data``."""
    place = 0
    while place + RECORD.size <= len(data):
        opcode, length = RECORD.unpack_from(data, place)
        place += RECORD.size
        if place + length > len(data):
            return
        yield opcode, data[place : place + length]
        place += length


def chunk_content(body: bytes, is_whole: bool = True) -> bytes:
    """The records of a chunk.

    Args:
        is_whole: the chunk's end is in the file; otherwise only the part before it is returned, unchecked.

    Raises:
        ValueError: the chunk is damaged.
    """
    if len(body) < CHUNK_HEAD.size + 4:
        return b""
    _, _, size, crc = CHUNK_HEAD.unpack_from(body)
    compression, place = _text(body, CHUNK_HEAD.size)
    length = int.from_bytes(body[place : place + 8], "little")
    packed = body[place + 8 : place + 8 + length]
    if len(packed) < length or not is_whole:
        return inflate(compression, packed, is_whole=False)
    content = inflate(compression, packed)
    if len(content) != size:
        raise ValueError(f"it holds {len(content)} bytes, expected {size}")
    if crc and zlib.crc32(content) != crc:
        raise ValueError("its CRC is wrong")
    return content


def log_time(record: bytes) -> int:
    """Log time of a message record [ns]."""
    return int.from_bytes(record[6:14], "little")


def parse_message(record: bytes) -> Message:
    """The message in a record."""
    return Message(int.from_bytes(record[:2], "little"), log_time(record), record[MESSAGE_HEAD.size :])


def parse_schema(body: bytes) -> tuple[int, Schema]:
    """Number and definition of a message type."""
    name, place = _text(body, 2)
    encoding, place = _text(body, place)
    text, _ = _text(body, place)
    return int.from_bytes(body[:2], "little"), Schema(name, encoding, text)


def parse_channel(body: bytes) -> tuple[int, Channel]:
    """Number and description of a topic."""
    number, schema = struct.unpack_from("<HH", body)
    topic, place = _text(body, 4)
    encoding, place = _text(body, place)
    return number, Channel(schema, topic, encoding, _pairs(body, place))


def parse_metadata(body: bytes) -> str:
    """The copy of ``metadata.yaml`` that rosbag2 keeps in a record; empty if it is another one."""
    name, place = _text(body, 0)
    return _pairs(body, place).get(SERIALIZED, "") if name == ROSBAG2 else ""


def _pairs(body: bytes, place: int) -> dict[str, str]:
    """A map of strings at offset ``place``."""
    end = min(len(body), place + 4 + int.from_bytes(body[place : place + 4], "little"))
    place, found = place + 4, {}
    while place < end:
        key, place = _text(body, place)
        found[key], place = _text(body, place)
    return found


def _text(body: bytes, place: int) -> tuple[str, int]:
    """The string at offset ``place``, and the offset after it."""
    length = int.from_bytes(body[place : place + 4], "little")
    end = place + 4 + length
    return body[place + 4 : end].decode("utf-8", "replace"), end
