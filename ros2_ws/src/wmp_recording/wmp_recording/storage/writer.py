"""Writes rosbag2 folders with MCAP files that every reader accepts, the C++ one of rosbag2 included."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from typing import ClassVar

from rosbags.rosbag2 import StoragePlugin
from rosbags.rosbag2 import Writer as RosbagsWriter
from rosbags.rosbag2.storage_mcap import McapWriter as RosbagsMcapWriter
from rosbags.rosbag2.storage_sqlite3 import Sqlite3Writer

#: Offset of the checksum in a chunk's record: opcode, length, start, end and uncompressed size precede it.
CRC_OFFSET = 1 + 4 * 8


class McapWriter(RosbagsMcapWriter):
    """Writes chunks that hold a message each, with their CRC."""

    def close_chunk(self) -> None:
        """Write the pending chunk; does nothing while no message is pending.

        A chunk of definitions alone has no message index, and the C++ reader of rosbag2 then refuses the
        whole file. Definitions stay pending until the first message; the summary repeats them all.
        """
        if not self.chunk.msgs:
            return
        crc, start = zlib.crc32(self.chunk.bio.getvalue()), self.bio.tell()
        super().close_chunk()
        end = self.bio.tell()
        self.bio.seek(start + CRC_OFFSET)
        self.bio.write(struct.pack("<I", crc))
        self.bio.seek(end)

    def flush(self) -> None:
        """Pass all messages so far to the operating system."""
        self.close_chunk()
        self.bio.flush()


class RosbagWriter(RosbagsWriter):
    """Writer of a rosbag2 folder; see ``rosbags``."""

    STORAGE_PLUGINS: ClassVar[Mapping[StoragePlugin, type]] = {
        StoragePlugin.SQLITE3: Sqlite3Writer,
        StoragePlugin.MCAP: McapWriter,
    }
