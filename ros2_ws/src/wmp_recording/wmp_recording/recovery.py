"""Make a complete bag from one whose recorder was killed or whose disk was full."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mcap.exceptions import McapError
from mcap.reader import NonSeekingReader

from wmp_recording.bag import BagWriter

#: What reading a file that ends within a record raises.
_CUT_OFF = (McapError, EOFError, ValueError, struct.error)


class RecordedMessage(NamedTuple):
    """A message of a file: topic without leading slash, type, log time [ns], CDR bytes."""

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
        raise FileNotFoundError(f"{bag} holds no .mcap file: is it a bag of wmp record?")
    for file in files:
        with file.open("rb") as stream:
            messages = NonSeekingReader(stream).iter_messages(log_time_order=False)
            while True:
                try:
                    schema, channel, message = next(messages)
                except StopIteration:
                    break
                except _CUT_OFF:  # all complete records have been read
                    break
                kind = "" if schema is None else schema.name
                yield RecordedMessage(channel.topic.lstrip("/"), kind, message.log_time, message.data)


def recover(bag: Path, folder: Path) -> int:
    """Write the readable messages of ``bag`` into the new ``folder`` as a complete bag; returns their number.

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
