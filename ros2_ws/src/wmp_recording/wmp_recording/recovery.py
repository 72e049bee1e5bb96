"""Make a complete bag from one whose recorder was killed, whose disk was full, or that is damaged."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from rosbags.interfaces import Qos
from rosbags.rosbag2 import StoragePlugin
from rosbags.rosbag2.errors import ReaderError
from rosbags.rosbag2.metadata import parse_qos

from wmp_recording.definitions import definition_of, type_hash, unlike_installed
from wmp_recording.storage.errors import BagError
from wmp_recording.storage.recording import RUN_INFO, open_recording, run_info
from wmp_recording.storage.writer import RosbagWriter


@dataclass(frozen=True)
class Recovered:
    """Result of :func:`recover`.

    Attributes:
        messages: number of messages in the new bag.
        problems: what is wrong with the old bag, and what was left out, one sentence each.
    """

    messages: int
    problems: tuple[str, ...]


def recover(bag: Path, folder: Path) -> Recovered:
    """Write the readable messages of ``bag`` into the new ``folder`` as a complete bag.

    Keeps message definitions, QoS and the notes on the run as stored; orders messages by log time. A failed
    attempt leaves no folder behind.

    Raises:
        BagError: ``bag`` is no recording, or a damaged one without a readable message.
        FileExistsError: ``folder`` exists.
        OSError: ``folder`` cannot be written.
    """
    if folder.exists():
        raise FileExistsError(f"{folder} exists already; name a new folder")
    recording = open_recording(bag)
    definitions = {topic: definition_of(stored) for topic, stored in recording.topics.items()}
    other = unlike_installed(recording, list(definitions))
    definitions.update(dict.fromkeys(other, ""))
    left_out = [
        f"{topic} is left out: its messages are none of the installed {recording.topics[topic].kind}, and "
        "the bag holds no definition of its own"
        for topic in other
    ]
    left_out += [
        f"{topic} is left out: its type {recording.topics[topic].kind} is neither in the bag nor installed"
        for topic, text in definitions.items()
        if not text and topic not in other
    ]
    first = next((message for message in recording.messages() if definitions[message.topic]), None)
    if first is None and (recording.is_partial or not definitions):
        raise BagError(f"{bag} holds no readable message: {'; '.join(recording.problems) or 'it is empty'}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    writer = RosbagWriter(folder, version=9, storage_plugin=StoragePlugin.MCAP)
    notes = {**run_info(recording), "recovered_from": bag.name}
    for key, value in {**recording.custom_data, RUN_INFO: json.dumps(notes, sort_keys=True)}.items():
        writer.set_custom_data(str(key), str(value))
    try:
        with writer:
            connections = {
                topic: writer.add_connection(
                    f"/{topic}",
                    stored.kind,
                    msgdef=definitions[topic],
                    rihs01=stored.type_hash or type_hash(stored.kind, definitions[topic]),
                    offered_qos_profiles=_qos(stored.qos),
                )
                for topic, stored in recording.topics.items()
                if definitions[topic]
            }
            count = 0
            for message in recording.messages():
                if message.topic in connections:
                    writer.write(connections[message.topic], message.stamp_ns, message.data)
                    count += 1
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Recovered(count, (*recording.problems, *left_out))


def _qos(profiles: str) -> list[Qos]:
    """The publishers' profiles; none if they are written in an unknown way."""
    try:
        return parse_qos(profiles)
    except (ReaderError, KeyError, TypeError, ValueError):
        return []
