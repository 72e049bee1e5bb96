"""Checks bags as the C++ reader of rosbag2 does, with the mcap package and none of our own code."""

from __future__ import annotations

from pathlib import Path

from mcap.reader import make_reader
from mcap.records import Chunk, MessageIndex
from mcap.stream_reader import StreamReader


def check_mcap(bag: Path) -> int:
    """Check that every chunk of a bag holds a message and has its index and CRC; returns their number.

    The C++ reader refuses a whole file for one chunk without message index.
    """
    (file,) = bag.glob("*.mcap")
    indexed = 0
    with file.open("rb") as stream:
        before = None
        for record in StreamReader(stream, emit_chunks=True, validate_crcs=True).records:
            if isinstance(before, Chunk):
                assert isinstance(record, MessageIndex), f"a chunk of {file} has no message index"
                assert before.uncompressed_crc, f"a chunk of {file} has no CRC"
                indexed += 1
            before = record
    with file.open("rb") as stream:
        summary = make_reader(stream, validate_crcs=True).get_summary()
        assert summary is not None and len(summary.chunk_indexes) == indexed
        assert all(chunk.message_index_offsets for chunk in summary.chunk_indexes)
    return indexed
