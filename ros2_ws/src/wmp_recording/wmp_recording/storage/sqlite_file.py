"""Reads the sqlite3 databases of rosbag2 (schemas 1 to 4), truncated and damaged ones too."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

MAGIC = b"SQLite format 3\x00"
#: Messages that are read together.
ROWS = 256
#: No database has a larger message number; the search behind damaged pages ends here.
LARGEST_ID = 1 << 40


class Topic(NamedTuple):
    """A row of the table of topics."""

    name: str
    kind: str
    encoding: str
    qos: str
    type_hash: str


@dataclass
class SqliteFile:
    """Content of a database after :func:`scan_sqlite`.

    Attributes:
        uri: of the database, or of a copy that sqlite3 can read.
        ids, stamps_ns: number and log time of every message, sorted by time.
        definitions: type name -> encoding and text; empty in databases of Humble and older.
        damage, cut_off: as for :class:`~wmp_recording.storage.mcap_file.McapFile`.
    """

    uri: str
    topics: dict[int, Topic] = field(default_factory=dict)
    definitions: dict[str, tuple[str, str]] = field(default_factory=dict)
    ids: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    stamps_ns: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    damage: list[str] = field(default_factory=list)
    cut_off: str = ""

    def read(self, first: int) -> Iterator[tuple[int, int, bytes]]:
        """Topic, log time [ns] and data of up to :data:`ROWS` messages, from the ``first`` in time.

        A message on a damaged page is left out.
        """
        with contextlib.closing(sqlite3.connect(self.uri, uri=True)) as connection:
            for number in self.ids[first : first + ROWS].tolist():
                with contextlib.suppress(sqlite3.DatabaseError):
                    query = "SELECT topic_id, timestamp, data FROM messages WHERE id = ?"
                    yield from connection.execute(query, (number,))


def scan_sqlite(file: Path, folder: Path) -> SqliteFile:
    """Find all readable messages of a database.

    Args:
        folder: for a copy, where sqlite3 would change or refuse ``file``.

    Raises:
        ValueError: the file is no database of rosbag2.
    """
    missing = _missing_bytes(file)
    found = SqliteFile(_readable_uri(file, folder, missing))
    try:
        with contextlib.closing(sqlite3.connect(found.uri, uri=True)) as connection:
            _read_topics(connection, found)
            is_damaged = _read_times(connection, found)
    except sqlite3.DatabaseError as error:
        raise ValueError(f"it is no readable database of rosbag2 ({error})") from error
    if missing:
        found.cut_off = "its end is missing"
    elif is_damaged:
        found.damage.append("pages of the database are damaged; their messages were left out")
    return found


def _read_topics(connection: sqlite3.Connection, found: SqliteFile) -> None:
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    if "message_definitions" in tables:
        columns = "topic_type, encoding, encoded_message_definition"
        for kind, encoding, text in connection.execute(f"SELECT {columns} FROM message_definitions"):
            found.definitions[kind] = (encoding, text)
    names = [row[1] for row in connection.execute("PRAGMA table_info(topics)")]
    for row in connection.execute("SELECT * FROM topics"):
        values = dict(zip(names, row, strict=True))
        found.topics[values["id"]] = Topic(
            values["name"],
            values["type"],
            values.get("serialization_format") or "cdr",
            str(values.get("offered_qos_profiles") or ""),
            str(values.get("type_description_hash") or ""),
        )


def _read_times(connection: sqlite3.Connection, found: SqliteFile) -> bool:
    """Numbers and times of all messages; returns whether pages are damaged."""
    ids: list[int] = []
    stamps: list[int] = []
    last, skip, is_damaged = -1, 1, False
    while last < LARGEST_ID:
        query = "SELECT id, timestamp FROM messages NOT INDEXED WHERE id > ? ORDER BY id"
        try:
            for number, stamp in connection.execute(query, (last,)):
                ids.append(number)
                stamps.append(stamp)
                last, skip = number, 1
            break
        except sqlite3.DatabaseError:  # continue behind the damaged page
            is_damaged = True
            last, skip = last + skip, 2 * skip
    order = np.argsort(np.array(stamps, np.int64), kind="stable")
    found.ids, found.stamps_ns = np.array(ids, np.int64)[order], np.array(stamps, np.int64)[order]
    return is_damaged


def _readable_uri(file: Path, folder: Path, missing: int) -> str:
    """URI that sqlite3 can read: ``file`` itself, or a copy in ``folder``."""
    journal = file.with_name(f"{file.name}-wal")
    if not (journal.exists() or missing):
        return f"{file.resolve().as_uri()}?mode=ro&immutable=1"
    copy = folder / f"copy_{file.name}"
    shutil.copyfile(file, copy)
    with copy.open("ab") as target:
        # sqlite3 refuses a file shorter than its header says; padded, it reads up to the missing part.
        target.truncate(target.tell() + missing)
    if journal.exists():  # left by a killed recorder; sqlite3 replays it
        shutil.copyfile(journal, copy.with_name(f"{copy.name}-wal"))
    return copy.resolve().as_uri()


def _missing_bytes(file: Path) -> int:
    """Number of bytes by which a database is shorter than its header says (SQLite file format, 1.3)."""
    with file.open("rb") as stream:
        header = stream.read(32)
    if len(header) < 32:
        return 0
    page = int.from_bytes(header[16:18], "big")
    size = (65536 if page == 1 else page) * int.from_bytes(header[28:32], "big")
    return min(max(0, size - file.stat().st_size), 1 << 40)
