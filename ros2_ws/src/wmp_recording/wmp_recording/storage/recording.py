"""Messages of a rosbag2 recording in the order of log times: MCAP or sqlite3, split, compressed, damaged.

Storage and compression are detected by content, not by names or metadata. Each file is scanned once; then
messages are read block by block (chunks, or rows) and merged by log time, as players do. Memory holds only
the blocks that overlap in time.
"""

from __future__ import annotations

import contextlib
import heapq
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from wmp_recording.storage import mcap_file, sqlite_file
from wmp_recording.storage.compression import decompress, decompress_file, is_compressed
from wmp_recording.storage.folder import BagFolder, open_folder, parse_metadata

#: Key of the description of the run, JSON, in the custom data of the bag.
RUN_INFO = "wmp_run_info"
CDR = "cdr"


class StoredMessage(NamedTuple):
    """One message as stored: topic without leading slash, type name, log time [ns], CDR bytes."""

    topic: str
    kind: str
    stamp_ns: int
    data: bytes


class StoredTopic(NamedTuple):
    """A topic as stored.

    Attributes:
        definition: text of its message type, with those that it contains; empty if the bag has none.
        qos: profiles of its publishers, YAML; empty if unknown.
        type_hash: of its message type; empty if unknown.
    """

    name: str
    kind: str
    definition: str
    qos: str
    type_hash: str


class _Block(NamedTuple):
    """Messages that are read together; ``start_ns``: the earliest log time among them."""

    start_ns: int
    read: Callable[[], Iterator[StoredMessage]]


@dataclass
class Recording:
    """The files of one recording; made by :func:`open_recording`. Files are read on first use."""

    path: Path
    folder: BagFolder
    _topics: dict[str, StoredTopic] = field(default_factory=dict)
    _blocks: list[_Block] | None = None
    _scan_problems: list[str] = field(default_factory=list)
    _unreadable: dict[str, int] = field(default_factory=dict)
    _is_partial: bool = False
    _temporary: tempfile.TemporaryDirectory[str] | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """Storage files in the order of their numbers."""
        return tuple(self.folder.files)

    @property
    def custom_data(self) -> dict[str, Any]:
        """The recorder's notes: from ``metadata.yaml``, else from the copy in the file."""
        found = self._metadata().get("custom_data")
        return dict(found) if isinstance(found, dict) else {}

    @property
    def topics(self) -> dict[str, StoredTopic]:
        """Name without leading slash -> topic, for every topic with a definition in the files."""
        self._scan()
        return dict(self._topics)

    @property
    def definitions(self) -> dict[str, str]:
        """Type name -> text of its definition, for the types that the bag describes as ``.msg`` text."""
        self._scan()
        return {
            topic.kind: topic.definition
            for topic in self._topics.values()
            if topic.definition and not is_idl(topic.definition)
        }

    @property
    def problems(self) -> list[str]:
        """What is wrong with the files, one sentence each; complete once :meth:`messages` has ended."""
        self._scan()
        unreadable = [f"{count} messages {reason}" for reason, count in self._unreadable.items()]
        return [*self.folder.problems, *self._scan_problems, *unreadable]

    @property
    def is_partial(self) -> bool:
        """Whether a part of the recording is missing or damaged."""
        self._scan()
        return self.folder.is_partial or self._is_partial or bool(self._unreadable)

    def messages(self) -> Iterator[StoredMessage]:
        """Every readable message in the order of log times; equal times in the order of the files."""
        self._scan()
        assert self._blocks is not None
        self._unreadable.clear()
        waiting: list[tuple[int, int, StoredMessage]] = []
        number = 0
        for block in self._blocks:
            while waiting and waiting[0][0] <= block.start_ns:
                yield heapq.heappop(waiting)[2]
            for message in block.read():
                heapq.heappush(waiting, (message.stamp_ns, number, message))
                number += 1
        while waiting:
            yield heapq.heappop(waiting)[2]

    def _metadata(self) -> dict[str, Any]:
        if self.folder.metadata:
            return self.folder.metadata
        for file in self.files:
            with contextlib.suppress(OSError, ValueError):  # damage is reported when the files are read
                if text := mcap_file.read_metadata(self._plain(file)):
                    return parse_metadata(text)
        return {}

    def _scan(self) -> None:
        if self._blocks is not None:
            return
        self._blocks = []
        for file in self.files:
            self._scan_file(file)
        self._blocks.sort(key=lambda block: block.start_ns)  # stable: equal times in the order of the files

    def _scan_file(self, file: Path) -> None:
        try:
            self._add_file(file)
        except (ValueError, OSError) as error:
            self._report(f"{file.name} cannot be read: {error}")

    def _add_file(self, file: Path) -> None:
        plain = self._plain(file)
        with plain.open("rb") as stream:
            start = stream.read(16)
        if not start:
            raise ValueError("it is empty")
        if start.startswith(mcap_file.MAGIC):
            self._add_mcap(file, mcap_file.scan_mcap(plain))
        elif start.startswith(sqlite_file.MAGIC):
            self._add_sqlite(file, sqlite_file.scan_sqlite(plain, self._temporary_folder()))
        else:
            raise ValueError("it is neither MCAP nor sqlite3")

    def _plain(self, file: Path) -> Path:
        """``file``, or a decompressed copy."""
        with file.open("rb") as stream:
            if not is_compressed(stream.read(4)):
                return file
        copy = self._temporary_folder() / f"plain_{file.name}"
        if not copy.exists() and not decompress_file(file, copy):
            self._report(f"cut off: the compressed {file.name} is incomplete")
        return copy

    def _temporary_folder(self) -> Path:
        if self._temporary is None:
            self._temporary = tempfile.TemporaryDirectory()
        return Path(self._temporary.name)

    def _add_mcap(self, file: Path, found: mcap_file.McapFile) -> None:
        channels: dict[int, StoredTopic] = {}
        for number, channel in found.channels.items():
            schema = found.schemas.get(channel.schema, mcap_file.Schema("", "", ""))
            topic = StoredTopic(
                channel.topic.lstrip("/"),
                schema.name,
                schema.text,
                channel.notes.get("offered_qos_profiles", ""),
                channel.notes.get("topic_type_hash", ""),
            )
            if self._is_readable(topic, channel.encoding):
                channels[number] = topic

        def read(block: mcap_file.Block) -> Iterator[StoredMessage]:
            for number, stamp, data in found.read(block):
                topic = channels.get(number)
                if topic is not None:
                    yield from self._message(topic, stamp, data)
                elif number not in found.channels:
                    self._count_unreadable(f"of {file.name} belong to a topic whose definition is lost")

        self._add_blocks(_Block(block.start_ns, partial(read, block)) for block in found.blocks)
        self._report_damage(file, found.damage, found.cut_off, found.count)

    def _add_sqlite(self, file: Path, found: sqlite_file.SqliteFile) -> None:
        topics: dict[int, StoredTopic] = {}
        for number, row in found.topics.items():
            _, text = found.definitions.get(row.kind, ("", ""))
            topic = StoredTopic(row.name.lstrip("/"), row.kind, text, row.qos, row.type_hash)
            if self._is_readable(topic, row.encoding):
                topics[number] = topic

        def read(first: int) -> Iterator[StoredMessage]:
            count = 0
            for number, stamp, data in found.read(first):
                count += 1
                if number in topics:
                    yield from self._message(topics[number], stamp, data)
            for _ in range(min(sqlite_file.ROWS, len(found.ids) - first) - count):
                self._count_unreadable(f"of {file.name} are on damaged pages and were left out")

        starts = range(0, len(found.ids), sqlite_file.ROWS)
        self._add_blocks(_Block(int(found.stamps_ns[first]), partial(read, first)) for first in starts)
        self._report_damage(file, found.damage, found.cut_off, len(found.ids))

    def _add_blocks(self, blocks: Iterator[_Block]) -> None:
        assert self._blocks is not None
        self._blocks += blocks

    def _is_readable(self, topic: StoredTopic, encoding: str) -> bool:
        """Add the topic; only CDR is read, which is what ROS 2 writes."""
        if encoding not in (CDR, ""):
            problem = f"{topic.name} is encoded as {encoding!r}, expected {CDR!r}: left out"
            if problem not in self._scan_problems:
                self._scan_problems.append(problem)
            return False
        known = self._topics.setdefault(topic.name, topic)
        if known.kind == topic.kind and not known.definition:
            self._topics[topic.name] = topic
        return True

    def _message(self, topic: StoredTopic, stamp_ns: int, data: bytes) -> Iterator[StoredMessage]:
        try:
            yield StoredMessage(topic.name, topic.kind, stamp_ns, decompress(data))
        except ValueError as error:
            self._count_unreadable(f"of {topic.name} cannot be decompressed ({error}) and were left out")

    def _count_unreadable(self, reason: str) -> None:
        self._unreadable[reason] = self._unreadable.get(reason, 0) + 1

    def _report_damage(self, file: Path, damage: list[str], cut_off: str, count: int) -> None:
        for text in damage:
            self._report(f"{file.name}: {text}")
        if cut_off:
            self._report(f"cut off: {file.name} ends after {count} messages ({cut_off})")

    def _report(self, problem: str) -> None:
        self._scan_problems.append(problem)
        self._is_partial = True


def open_recording(path: Path) -> Recording:
    """The recording at ``path``: a rosbag2 folder with or without metadata, or a single storage file.

    Raises:
        BagError: there is no such recording.
    """
    recording = Recording(path, open_folder(path))
    lacks_metadata = path.is_dir() and not recording.folder.metadata
    if lacks_metadata and not recording.custom_data:
        problems = recording.folder.problems
        problems[:] = [f"{problem}, so its notes on the run are lost" for problem in problems]
    return recording


def run_info(recording: Recording, key: str = RUN_INFO) -> dict[str, Any]:
    """Notes of ``wmp record`` and ``wmp sim --record`` on the run; empty for other recorders."""
    try:
        info = json.loads(recording.custom_data.get(key, "{}"))
    except (TypeError, ValueError):
        return {}
    return info if isinstance(info, dict) else {}


def is_idl(definition: str) -> bool:
    """Whether a definition is IDL instead of ``.msg`` text."""
    return definition.startswith("=" * 80 + "\nIDL: ")
