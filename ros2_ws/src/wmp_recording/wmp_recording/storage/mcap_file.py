"""Reads MCAP files by their content, damaged ones too (MCAP specification, version 0).

The ``mcap`` package reads from the index, or up to the first damaged byte, and discards a chunk whose end is
missing. A killed recorder leaves such a chunk, with seconds of messages in it, and a bad disk leaves a
damaged chunk among good ones. This reader scans the file once, checks every CRC, and keeps what is whole.
"""

from __future__ import annotations

import bisect
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from wmp_recording.storage.mcap_records import (
    CHANNEL,
    CHUNK,
    CHUNK_INDEX,
    DATA_END,
    FOOTER,
    FOOTER_BODY,
    MAGIC,
    MESSAGE,
    MESSAGE_INDEX,
    METADATA,
    METADATA_INDEX,
    RECORD,
    SCHEMA,
    Channel,
    Message,
    Schema,
    chunk_content,
    log_time,
    parse_channel,
    parse_message,
    parse_metadata,
    parse_schema,
    records,
)

#: Messages outside of chunks are read together up to this size [bytes].
RUN = 1 << 20


@dataclass
class Block:
    """Messages that are read together: a chunk, or a run of messages outside of chunks.

    ``place`` and ``length`` [bytes] in the file; ``start_ns``: earliest log time; ``count`` of messages.
    """

    place: int
    length: int
    is_chunk: bool
    start_ns: int
    count: int


@dataclass
class McapFile:
    """Content of a file after :func:`scan_mcap`.

    Attributes:
        blocks: in the order of the file.
        metadata: the copy of ``metadata.yaml`` that whole files of rosbag2 hold; empty without one.
        damage: what is damaged, one sentence each.
        cut_off: why the file ends early; empty if it is whole.
    """

    path: Path
    schemas: dict[int, Schema] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    metadata: str = ""
    damage: list[str] = field(default_factory=list)
    cut_off: str = ""

    @property
    def count(self) -> int:
        """Number of messages that can be read."""
        return sum(block.count for block in self.blocks)

    def read(self, block: Block) -> Iterator[Message]:
        """The messages of ``block`` in the order of the file."""
        with self.path.open("rb") as stream:
            stream.seek(block.place)
            body = stream.read(block.length)
        content = chunk_content(body) if block.is_chunk else body
        for opcode, record in records(content):
            if opcode == MESSAGE:
                yield parse_message(record)


def scan_mcap(path: Path) -> McapFile:
    """Find all readable messages of a file; reads it once from front to back.

    Raises:
        ValueError: the file is not MCAP.
    """
    with path.open("rb") as stream:
        if stream.read(len(MAGIC)) != MAGIC:
            raise ValueError("it does not start with the magic bytes of MCAP")
        return _Scan(path, stream).run()


def read_metadata(path: Path) -> str:
    """The copy of ``metadata.yaml`` in a whole file, found by its index; empty if there is none."""
    with path.open("rb") as stream:
        for opcode, body in _summary(stream, path.stat().st_size):
            if opcode == METADATA_INDEX:
                stream.seek(int.from_bytes(body[:8], "little"))
                head = stream.read(RECORD.size)
                if len(head) == RECORD.size and head[0] == METADATA:
                    found = parse_metadata(stream.read(min(RECORD.unpack(head)[1], RUN)))
                    if found:
                        return found
    return ""


class _Scan:
    """One pass over the records of a file."""

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        self._stream, self._size = stream, path.stat().st_size
        self._file = McapFile(path)
        self._chunks = 0
        self._lost: int | None = None  # messages of the damaged chunk before, None: the last one is whole
        self._crc = zlib.crc32(MAGIC)
        #: Where chunks begin by the index at the end of the file: where to continue behind a damaged record.
        self._indexed = sorted(
            int.from_bytes(body[16:24], "little")
            for opcode, body in _summary(stream, self._size)
            if opcode == CHUNK_INDEX
        )

    def run(self) -> McapFile:
        place = len(MAGIC)
        while True:
            self._stream.seek(place)
            head = self._stream.read(RECORD.size)
            if len(head) < RECORD.size:
                self._end("its end is missing")
                return self._file
            opcode, length = RECORD.unpack(head)
            end = place + RECORD.size + length
            if opcode == FOOTER:
                self._end("")
                return self._file
            following = next(iter(self._indexed[bisect.bisect_right(self._indexed, place) :]), None)
            if opcode == 0 or end > self._size or (following is not None and following < end):
                if following is None:
                    if opcode == CHUNK:
                        self._on_chunk(place + RECORD.size, self._stream.read(), is_whole=False)
                    self._end("its end is missing" if opcode else "a record is damaged")
                    return self._file
                self._file.damage.append(f"bytes {place} to {following} are damaged and were left out")
                place, self._crc = following, -1
                continue
            body = self._stream.read(length)
            self._on_record(opcode, place, head, body)
            place = end

    def _on_record(self, opcode: int, place: int, head: bytes, body: bytes) -> None:
        if opcode != MESSAGE_INDEX:
            self._report_lost()
        if opcode == DATA_END:
            self._check_data(body)
            return
        if self._crc >= 0:
            self._crc = zlib.crc32(body, zlib.crc32(head, self._crc))
        if opcode == CHUNK:
            self._on_chunk(place + RECORD.size, body, is_whole=True)
        elif opcode == MESSAGE:
            self._on_message(place, RECORD.size + len(body), body)
        elif opcode == MESSAGE_INDEX and self._lost is not None:
            self._lost += int.from_bytes(body[2:6], "little") // 16
        elif opcode == METADATA:
            self._file.metadata = parse_metadata(body) or self._file.metadata
        else:
            self._define(opcode, body)

    def _define(self, opcode: int, body: bytes) -> None:
        try:
            if opcode == SCHEMA:
                number, schema = parse_schema(body)
                self._file.schemas.setdefault(number, schema)
            elif opcode == CHANNEL:
                number, channel = parse_channel(body)
                self._file.channels.setdefault(number, channel)
        except struct.error:
            self._file.damage.append("the definition of a topic is damaged")

    def _on_chunk(self, place: int, body: bytes, is_whole: bool) -> None:
        self._chunks += 1
        try:
            content = chunk_content(body, is_whole)
        except ValueError as error:
            self._lost, self._reason = 0, str(error)
            return
        stamps = []
        for opcode, record in records(content):
            if opcode == MESSAGE:
                stamps.append(log_time(record))
            else:
                self._define(opcode, record)
        if stamps:
            self._file.blocks.append(Block(place, len(body), True, min(stamps), len(stamps)))

    def _on_message(self, place: int, length: int, body: bytes) -> None:
        blocks, stamp = self._file.blocks, log_time(body)
        last = blocks[-1] if blocks else None
        if last is None or last.is_chunk or last.place + last.length != place or last.length + length > RUN:
            blocks.append(Block(place, length, False, stamp, 1))
            return
        last.length, last.count = last.length + length, last.count + 1
        last.start_ns = min(last.start_ns, stamp)

    def _check_data(self, body: bytes) -> None:
        """Compare the CRC of all records; it matters for files without chunks, which have no other."""
        expected = int.from_bytes(body[:4], "little")
        if expected and 0 <= self._crc != expected and not self._file.damage:
            self._file.damage.append("the CRC of its data is wrong: some message is damaged")

    def _report_lost(self) -> None:
        """Name the damaged chunk once the indexes behind it have told how many messages it held."""
        if self._lost is None:
            return
        lost = f"its {self._lost} messages were" if self._lost else "its messages were"
        self._file.damage.append(f"chunk {self._chunks} is damaged ({self._reason}); {lost} left out")
        self._lost = None

    def _end(self, reason: str) -> None:
        self._report_lost()
        self._file.cut_off = reason


def _summary(stream: BinaryIO, size: int) -> Iterator[tuple[int, bytes]]:
    """Records of the summary at the end of a whole file."""
    footer = RECORD.size + FOOTER_BODY.size + len(MAGIC)
    if size < footer + len(MAGIC):
        return
    stream.seek(size - footer)
    tail = stream.read(footer)
    if not tail.endswith(MAGIC) or tail[0] != FOOTER:
        return
    start, _, _ = FOOTER_BODY.unpack_from(tail, RECORD.size)
    if 0 < start < size:
        stream.seek(start)
        yield from records(stream.read(size - footer - start))
