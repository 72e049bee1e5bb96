"""Reads an MCAP file from front to back, up to the last whole message even of a truncated file.

Implements only what sequential reading needs (MCAP specification, records 0x02 to 0x06). The ``mcap`` package
discards a chunk whose end is missing; a killed recorder leaves such a chunk, with seconds of messages in it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import BufferedIOBase
from typing import NamedTuple

import lz4.frame
import zstandard

MAGIC = b"\x89MCAP0\r\n"
FOOTER, SCHEMA, CHANNEL, MESSAGE, CHUNK = 0x02, 0x03, 0x04, 0x05, 0x06
#: Opcode and length of a record; channel, sequence, log time and publish time of a message.
RECORD, MESSAGE_HEAD = struct.Struct("<BQ"), struct.Struct("<HIQQ")
#: Start, end, uncompressed size and checksum of a chunk come before its compression.
CHUNK_HEAD = struct.Struct("<QQQI")
#: A longer record means that the file is damaged [bytes].
LARGEST_RECORD = 1 << 30


class Schema(NamedTuple):
    """A message type: ``name``, ``encoding`` (``ros2msg``) and ``text`` of its definition."""

    number: int
    name: str
    encoding: str
    text: str


class Channel(NamedTuple):
    """A topic and the number of its schema in the file."""

    number: int
    schema: int
    topic: str


class Message(NamedTuple):
    """One message: number of its channel, log time [ns], serialised data."""

    channel: int
    stamp_ns: int
    data: bytes


def read_mcap(stream: BufferedIOBase) -> Iterator[Schema | Channel | Message]:
    """Records in the order of the file.

    Raises:
        ValueError: the file is not MCAP, or a record is damaged.
        EOFError: the file ends before its footer; everything before that has been yielded.
    """
    if stream.read(len(MAGIC)) != MAGIC:
        raise ValueError("the file does not start with the MCAP magic bytes")
    while True:
        head = stream.read(RECORD.size)
        if len(head) < RECORD.size:
            raise EOFError("its end is missing")
        opcode, length = RECORD.unpack(head)
        if length > LARGEST_RECORD:
            raise ValueError("a record is damaged")
        if opcode == FOOTER:
            return
        body = stream.read(length)
        if opcode == CHUNK:
            yield from _chunk(body)
        elif len(body) == length:
            yield from _record(opcode, body)
        if len(body) < length:
            raise EOFError("its end is missing")


def _chunk(body: bytes) -> Iterator[Schema | Channel | Message]:
    """The whole records of a chunk."""
    if len(body) < CHUNK_HEAD.size + 4:
        return
    compression, place = _text(body, CHUNK_HEAD.size)
    data, place = _decompressed(compression, body[place + 8 :]), 0
    while place + RECORD.size <= len(data):
        opcode, length = RECORD.unpack_from(data, place)
        place += RECORD.size
        if place + length > len(data):
            return
        yield from _record(opcode, data[place : place + length])
        place += length


def _record(opcode: int, body: bytes) -> Iterator[Schema | Channel | Message]:
    if opcode == MESSAGE:
        channel, _, stamp, _ = MESSAGE_HEAD.unpack_from(body)
        yield Message(channel, stamp, body[MESSAGE_HEAD.size :])
    elif opcode == SCHEMA:
        name, place = _text(body, 2)
        encoding, place = _text(body, place)
        text, _ = _text(body, place)
        yield Schema(int.from_bytes(body[:2], "little"), name, encoding, text)
    elif opcode == CHANNEL:
        topic, _ = _text(body, 4)
        number, schema = struct.unpack_from("<HH", body)
        yield Channel(number, schema, topic)


def _decompressed(compression: str, data: bytes) -> bytes:
    """The data that can be decompressed, even if the end is missing."""
    if compression == "zstd":
        return zstandard.ZstdDecompressor().decompressobj().decompress(data)
    if compression == "lz4":
        return lz4.frame.LZ4FrameDecompressor().decompress(data)
    if compression:
        raise ValueError(f"chunks are compressed with {compression!r}, expected zstd or lz4")
    return data


def _text(body: bytes, place: int) -> tuple[str, int]:
    """The string at offset ``place``, and the offset after it."""
    length = int.from_bytes(body[place : place + 4], "little")
    end = place + 4 + length
    return body[place + 4 : end].decode("utf-8", "replace"), end
