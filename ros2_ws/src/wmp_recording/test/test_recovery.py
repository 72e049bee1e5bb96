"""The bag of a killed recorder is readable up to its last flush."""

import subprocess
import sys
import time
from itertools import pairwise

import numpy as np
import pytest
from mcap.reader import NonSeekingReader
from rclpy.serialization import serialize_message
from rosbags.highlevel import AnyReader
from wmp_msgs.msg import PolicyStep

from wmp_recording.bag import TOPICS, BagWriter
from wmp_recording.recovery import recover
from wmp_recording.storage.errors import BagError
from wmp_recording.storage.recording import open_recording

#: Writes a step every 10 ms, flushes and prints the count after every 50th, until it is killed.
RECORDER = """
import sys, time
from pathlib import Path
from rclpy.serialization import serialize_message
from wmp_recording.bag import TOPICS, BagWriter
from wmp_msgs.msg import PolicyStep
with BagWriter(Path(sys.argv[1]), TOPICS, {}) as bag:
    for tick in range(100_000):
        bag.write("wmp/policy_step", tick * 10_000_000, serialize_message(PolicyStep(tick=tick)))
        if tick % 50 == 49:
            bag.flush()
            print(tick + 1, flush=True)
        time.sleep(0.001)
"""


@pytest.fixture
def killed(tmp_path):
    """A bag whose recorder was killed, and the number of messages that it had flushed."""
    folder = tmp_path / "bag"
    command = [sys.executable, "-c", RECORDER, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        flushed = [int(process.stdout.readline()) for _ in range(4)][-1]
        time.sleep(0.02)
        process.kill()
    return folder, flushed


def test_mcap_reads_a_killed_recording_up_to_its_last_flush(killed):
    folder, flushed = killed
    (file,) = folder.glob("*.mcap")
    with file.open("rb") as stream:
        messages = NonSeekingReader(stream).iter_messages(log_time_order=False)
        ticks = [next(messages)[2].log_time // 10_000_000 for _ in range(flushed)]
    assert ticks == list(range(flushed))


def test_recovery_makes_a_bag_that_rosbags_opens(killed, tmp_path):
    folder, flushed = killed
    count = recover(folder, tmp_path / "complete").messages
    assert count >= flushed
    with AnyReader([tmp_path / "complete"]) as reader:
        ticks = [reader.deserialize(raw, c.msgtype).tick for c, _, raw in reader.messages()]
    assert ticks == list(range(count))


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9, 0.999])
def test_a_file_cut_off_anywhere_is_readable_up_to_there(tmp_path, share):
    with BagWriter(tmp_path / "bag", TOPICS, {}) as bag:
        for tick in range(300):
            step = PolicyStep(tick=tick, action=np.zeros(12, np.float32))
            bag.write("wmp/policy_step", tick, serialize_message(step))
            if tick % 10 == 9:
                bag.flush()
    (file,) = (tmp_path / "bag").glob("*.mcap")
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    stamps = [message.stamp_ns for message in open_recording(tmp_path / "bag").messages()]
    # The index takes up the end of the file.
    assert len(stamps) >= 10 * int(share * 20)
    assert stamps[0] == 0 and all(later - earlier == 1 for earlier, later in pairwise(stamps))


def test_an_existing_folder_is_not_overwritten(tmp_path):
    with pytest.raises(FileExistsError):
        recover(tmp_path, tmp_path)
    with pytest.raises(BagError, match="holds no .mcap or .db3"):
        recover(tmp_path, tmp_path / "new")
