"""Makes a whole bag of one that has no end: its recorder was killed, or its disk was full."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mcap.exceptions import McapError
from mcap.reader import NonSeekingReader

from wmp_recording.bag import BagWriter

#: How a file that ends within a record shows.
_CUT_OFF = (McapError, EOFError, ValueError, struct.error)


class RecordedMessage(NamedTuple):
    """A message as it lies in the file: topic without leading slash, type, log time, CDR bytes."""

    topic: str
    kind: str
    stamp_ns: int
    data: bytes


def recorded_messages(bag: Path) -> Iterator[RecordedMessage]:
    """Every message of a rosbag2 folder that can still be read, in the order of the file.

    Raises:
        FileNotFoundError: there is no MCAP file in the folder.
    """
    files = sorted(bag.glob("*.mcap"))
    if not files:
        raise FileNotFoundError(f"{bag} holds no .mcap file: is it a bag of this recorder?")
    for file in files:
        with file.open("rb") as stream:
            messages = NonSeekingReader(stream).iter_messages(log_time_order=False)
            while True:
                try:
                    schema, channel, message = next(messages)
                except StopIteration:
                    break
                except _CUT_OFF:  # everything before has been read
                    break
                kind = "" if schema is None else schema.name
                yield RecordedMessage(channel.topic.lstrip("/"), kind, message.log_time, message.data)


def recover(bag: Path, folder: Path) -> int:
    """Write what is left of ``bag`` as a whole bag into the new ``folder``; returns the number of messages.

    Raises:
        FileNotFoundError: there is no MCAP file in ``bag``.
        FileExistsError: ``folder`` exists.
    """
    if folder.exists():
        raise FileExistsError(f"{folder} exists already; name a new folder")
    topics = {message.topic: message.kind for message in recorded_messages(bag)}
    count = 0
    with BagWriter(folder, topics, {"recovered_from": bag.name}) as writer:
        for message in recorded_messages(bag):
            writer.write(message.topic, message.stamp_ns, message.data)
            count += 1
    return count
