"""Messages of a rosbag2 recording in the order of the file: MCAP or sqlite3, whole, split or truncated.

Both formats are read from front to back: memory does not grow with the file, and a recording whose end is
missing (the recorder was killed, the disk was full) yields everything before that.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sqlite3
import struct
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml
import zstandard

from wmp_replay.bag.mcap_file import Channel, Schema, read_mcap
from wmp_replay.errors import BagError

METADATA = "metadata.yaml"
SUFFIXES = (".mcap", ".db3")


class StoredMessage(NamedTuple):
    """One message as stored: topic without leading slash, type name, log time [ns], CDR bytes."""

    topic: str
    kind: str
    stamp_ns: int
    data: bytes


@dataclass
class Recording:
    """The files of one recording.

    Attributes:
        custom_data: the recorder's notes in the metadata.
        compresses_messages: each message is compressed on its own.
        definitions: type name -> ``.msg`` text, from the files read so far.
        problems: what is wrong with the files, one sentence each; grows while messages are read.
    """

    path: Path
    files: tuple[Path, ...]
    custom_data: dict[str, Any] = field(default_factory=dict)
    compresses_messages: bool = False
    definitions: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def messages(self) -> Iterator[StoredMessage]:
        """Every readable message, file after file."""
        self.problems = [problem for problem in self.problems if not problem.startswith("cut off")]
        for file in self.files:
            found = 0
            try:
                for message in self._read(file):
                    found += 1
                    yield message
            except _DAMAGED as error:
                reason = str(error) or type(error).__name__
                self.problems.append(f"cut off: {file.name} ends after {found} messages ({reason})")

    def _read(self, file: Path) -> Iterator[StoredMessage]:
        read = _READERS[Path(file.stem).suffix if file.suffix == ".zstd" else file.suffix]
        for message in read(file, self.definitions):
            if self.compresses_messages:
                yield message._replace(data=zstandard.ZstdDecompressor().decompress(message.data))
            else:
                yield message


_DAMAGED = (
    sqlite3.DatabaseError,
    struct.error,
    zstandard.ZstdError,
    ValueError,
    EOFError,
    OSError,
    RuntimeError,  # of lz4
)


def open_recording(path: Path) -> Recording:
    """The files of a rosbag2 folder (with or without metadata), or a single ``.mcap`` or ``.db3`` file.

    Raises:
        BagError: there is no such recording.
    """
    if path.is_file():
        if path.suffix not in SUFFIXES:
            raise BagError(
                f"{path} is no rosbag2 recording: expected a folder, {' or '.join(SUFFIXES)}"
                + (" (convert a ROS 1 bag with rosbags-convert)" if path.suffix == ".bag" else "")
            )
        return Recording(path, (path,))
    if not path.is_dir():
        raise BagError(f"{path} does not exist; expected a rosbag2 folder, or a file {' or '.join(SUFFIXES)}")
    metadata, problems = _metadata(path)
    files = [path / Path(name).name for name in metadata.get("relative_file_paths") or []]
    problems += [f"{file.name} is listed in {METADATA} but missing" for file in files if not file.exists()]
    files = [file for file in files if file.exists()] or _storage_files(path)
    if not files:
        raise BagError(f"{path} holds no {' or '.join(SUFFIXES)}: expected a rosbag2 folder")
    mode = str(metadata.get("compression_mode") or "").lower()
    custom = dict(metadata.get("custom_data") or {})
    return Recording(path, tuple(files), custom, mode == "message", problems=problems)


def run_info(recording: Recording, key: str = "wmp_run_info") -> dict[str, Any]:
    """Notes of ``wmp record`` and ``wmp sim --record`` on the run; empty for other recorders."""
    try:
        info = json.loads(recording.custom_data.get(key, "{}"))
    except ValueError:
        return {}
    return info if isinstance(info, dict) else {}


def _metadata(folder: Path) -> tuple[dict[str, Any], list[str]]:
    file = folder / METADATA
    if not file.is_file():
        return {}, [f"no {METADATA}: the recorder did not stop cleanly, so its notes on the run are lost"]
    try:
        return dict(yaml.safe_load(file.read_text(encoding="utf-8"))["rosbag2_bagfile_information"]), []
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        return {}, [f"{METADATA} is damaged ({type(error).__name__}), so the notes on the run are lost"]


def _storage_files(folder: Path) -> list[Path]:
    names = (f"*{suffix}{end}" for suffix in SUFFIXES for end in ("", ".zstd"))
    return sorted(file for name in names for file in folder.glob(name))


def _read_mcap(file: Path, definitions: dict[str, str]) -> Iterator[StoredMessage]:
    schemas: dict[int, str] = {}
    channels: dict[int, tuple[str, str]] = {}
    with _opened(file) as stream:
        for record in read_mcap(stream):
            if isinstance(record, Schema):
                schemas[record.number] = record.name
                if record.encoding == "ros2msg":
                    definitions.setdefault(record.name, record.text)
            elif isinstance(record, Channel):
                channels[record.number] = (record.topic.lstrip("/"), schemas.get(record.schema, ""))
            elif record.channel in channels:
                yield StoredMessage(*channels[record.channel], record.stamp_ns, record.data)


def _read_sqlite(file: Path, definitions: dict[str, str]) -> Iterator[StoredMessage]:
    with contextlib.ExitStack() as stack:
        place = _readable_place(file, stack)
        connection = sqlite3.connect(place, uri=True)
        stack.callback(connection.close)
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        if "message_definitions" in tables:
            columns = "topic_type, encoded_message_definition"
            query = f"SELECT {columns} FROM message_definitions WHERE encoding = 'ros2msg'"
            definitions.update(connection.execute(query))
        topics = {
            number: (name.lstrip("/"), kind)
            for number, name, kind in connection.execute("SELECT id, name, type FROM topics")
        }
        for number, stamp, data in connection.execute(
            "SELECT topic_id, timestamp, data FROM messages ORDER BY id"
        ):
            yield StoredMessage(*topics[number], stamp, data)


def _readable_place(file: Path, stack: contextlib.ExitStack) -> str:
    """URI that sqlite3 can read: ``file`` itself, or a copy that is deleted with ``stack``."""
    journal = file.with_name(f"{file.name}-wal")
    missing = 0 if file.suffix == ".zstd" else _missing_bytes(file)
    if not (file.suffix == ".zstd" or journal.exists() or missing):
        return f"file:{file.resolve()}?mode=ro&immutable=1"
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    copy = folder / "bag.db3"
    with _opened(file) as stream, copy.open("wb") as target:
        shutil.copyfileobj(stream, target)
        # sqlite3 refuses a file shorter than its header says; padded, it reads up to the missing part.
        target.truncate(target.tell() + missing)
    if journal.exists():  # left by a killed recorder; sqlite3 replays it
        shutil.copy(journal, folder / "bag.db3-wal")
    return f"file:{copy}"


def _missing_bytes(file: Path) -> int:
    """Number of bytes by which a database is shorter than its header says (SQLite file format, 1.3)."""
    with file.open("rb") as stream:
        header = stream.read(32)
    if len(header) < 32:
        return 0
    page = int.from_bytes(header[16:18], "big")
    size = (65536 if page == 1 else page) * int.from_bytes(header[28:32], "big")
    return min(max(0, size - file.stat().st_size), 1 << 40)


def _opened(file: Path) -> io.BufferedIOBase:
    stream = file.open("rb")
    if file.suffix == ".zstd":
        return io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(stream, closefd=True))
    return stream


_READERS: dict[str, Callable[[Path, dict[str, str]], Iterator[StoredMessage]]] = {
    ".mcap": _read_mcap,
    ".db3": _read_sqlite,
}
