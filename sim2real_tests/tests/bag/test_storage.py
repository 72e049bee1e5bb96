"""Whole, split, compressed, truncated and foreign recordings, in both storages."""

import shutil
import sqlite3

import numpy as np
import pytest
import yaml
import zstandard
from mcap.stream_reader import StreamReader
from mcap.writer import CompressionType
from mcap.writer import Writer as McapWriter

from wmp_recording.storage.recording import open_recording
from wmp_replay import BagError, load_bag
from wmp_replay.bag.writer import write_bag
from wmp_replay.golden_walk import golden_records

STEPS = 150


@pytest.fixture(params=["mcap", "sqlite3"])
def bag(request, tiny_bundle, tmp_path):
    return write_bag(tmp_path / "bag", golden_records(tiny_bundle), {"seed": 3}, request.param)


def actions_of(path, bundle):
    walk = load_bag(path)
    return walk, np.concatenate([step.actions for step in walk.steps(bundle.contract)])


def test_both_storages_give_every_value_of_the_walk(bag, tiny_bundle):
    walk, actions = actions_of(bag, tiny_bundle)
    np.testing.assert_array_equal(actions, tiny_bundle.golden.action)
    assert walk.problems == []
    assert not walk.is_partial
    assert walk.run_info == {"seed": 3}
    assert walk.topics["wmp/policy_step"].count == STEPS


def test_a_single_storage_file_is_a_recording(bag, tiny_bundle):
    (file,) = [each for each in bag.iterdir() if each.suffix in (".mcap", ".db3")]
    _, actions = actions_of(file, tiny_bundle)
    assert len(actions) == STEPS


def test_without_metadata_messages_are_read_and_the_loss_is_reported(bag, tiny_bundle):
    (bag / "metadata.yaml").unlink()
    walk, actions = actions_of(bag, tiny_bundle)
    assert len(actions) == STEPS
    # Whole MCAP files of rosbag2 repeat the metadata.
    assert walk.run_info == ({"seed": 3} if list(bag.glob("*.mcap")) else {})
    assert "no metadata.yaml" in walk.problems[0]


def test_damaged_metadata_are_reported(bag, tiny_bundle):
    (bag / "metadata.yaml").write_text("rosbag2_bagfile_information: [")
    walk, actions = actions_of(bag, tiny_bundle)
    assert len(actions) == STEPS
    assert "metadata.yaml is damaged" in walk.problems[0]


def test_a_truncated_recording_gives_its_readable_part_and_reports_it(tiny_bundle, tmp_path):
    bag = write_bag(tmp_path / "bag", list(golden_records(tiny_bundle)) * 4, storage="sqlite3")
    (file,) = bag.glob("*.db3")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    walk, actions = actions_of(bag, tiny_bundle)
    assert 0 < len(actions) < 4 * STEPS
    assert walk.is_partial
    assert walk.problems[0].startswith("cut off: bag.db3 ends after")


def test_a_truncated_mcap_gives_its_whole_chunks(tiny_bundle, tmp_path):
    records = list(golden_records(tiny_bundle))
    bag = write_bag(tmp_path / "bag", records * 4)
    (file,) = bag.glob("*.mcap")
    file.write_bytes(file.read_bytes()[: -file.stat().st_size // 4])
    walk, actions = actions_of(bag, tiny_bundle)
    assert 0 < len(actions) < 4 * STEPS
    assert walk.is_partial


def test_an_mcap_that_ends_within_a_chunk_gives_the_whole_messages_of_that_chunk(tiny_bundle, tmp_path):
    bag = write_bag(tmp_path / "bag", golden_records(tiny_bundle))
    (file,) = bag.glob("*.mcap")
    assert file.stat().st_size < 2**20  # one chunk holds everything
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    _, actions = actions_of(bag, tiny_bundle)
    assert 0.4 * STEPS < len(actions) < 0.6 * STEPS
    np.testing.assert_array_equal(actions, tiny_bundle.golden.action[: len(actions)])


@pytest.mark.parametrize("compression", [CompressionType.ZSTD, CompressionType.LZ4, CompressionType.NONE])
def test_every_compression_of_chunks_is_read_as_the_mcap_library_wrote_it(bag, tmp_path, compression):
    recording = open_recording(bag)
    messages = list(recording.messages())
    with (tmp_path / "other.mcap").open("wb") as stream:
        writer = McapWriter(stream, compression=compression)
        writer.start()
        channels = {}
        for topic, kind, stamp, data in messages:
            if topic not in channels:
                schema = writer.register_schema(kind, "ros2msg", b"")
                channels[topic] = writer.register_channel(f"/{topic}", "cdr", schema)
            writer.add_message(channels[topic], stamp, data, stamp)
        writer.finish()
    assert list(open_recording(tmp_path / "other.mcap").messages()) == messages


@pytest.mark.parametrize("compression", ["message", "file"])
def test_compressed_recordings_of_ros2_bag_are_read(bag, tiny_bundle, compression):
    (file,) = [each for each in bag.iterdir() if each.suffix in (".mcap", ".db3")]
    compress = zstandard.ZstdCompressor().compress
    metadata = yaml.safe_load((bag / "metadata.yaml").read_text())
    notes = metadata["rosbag2_bagfile_information"]
    notes.update(compression_format="zstd", compression_mode=compression)
    if compression == "file":
        file.with_name(file.name + ".zstd").write_bytes(compress(file.read_bytes()))
        file.unlink()
        notes["relative_file_paths"] = [file.name + ".zstd"]
    elif file.suffix == ".db3":
        with sqlite3.connect(file) as connection:
            rows = connection.execute("SELECT id, data FROM messages").fetchall()
            connection.executemany(
                "UPDATE messages SET data = ? WHERE id = ?", [(compress(d), n) for n, d in rows]
            )
        connection.close()
    else:
        compress_each_message(file, compress)
    (bag / "metadata.yaml").write_text(yaml.safe_dump(metadata))
    _, actions = actions_of(bag, tiny_bundle)
    np.testing.assert_array_equal(actions, tiny_bundle.golden.action)


def compress_each_message(file, compress):
    """Rewrite an MCAP with the ``mcap`` library, as ``ros2 bag record`` compresses messages."""
    with file.open("rb") as stream:
        records = list(StreamReader(stream).records)
    with file.open("wb") as stream:
        writer = McapWriter(stream)
        writer.start()
        schemas, channels = {}, {}
        for record in records:
            kind = type(record).__name__
            if kind == "Schema" and record.id not in schemas:
                schemas[record.id] = writer.register_schema(record.name, record.encoding, record.data)
            elif kind == "Channel" and record.id not in channels:
                channels[record.id] = writer.register_channel(record.topic, "cdr", schemas[record.schema_id])
            elif kind == "Message":
                stamp, data = record.log_time, compress(record.data)
                writer.add_message(channels[record.channel_id], stamp, data, stamp)
        writer.finish()


def test_a_split_recording_is_read_file_after_file(tiny_bundle, tmp_path):
    records = list(golden_records(tiny_bundle))
    half = len(records) // 2
    bag = write_bag(tmp_path / "bag", records[:half])
    rest = write_bag(tmp_path / "rest", records[half:])
    shutil.copy(rest / "rest.mcap", bag)
    metadata = yaml.safe_load((bag / "metadata.yaml").read_text())
    metadata["rosbag2_bagfile_information"]["relative_file_paths"] = ["bag.mcap", "rest.mcap"]
    (bag / "metadata.yaml").write_text(yaml.safe_dump(metadata))
    _, actions = actions_of(bag, tiny_bundle)
    np.testing.assert_array_equal(actions, tiny_bundle.golden.action)


def test_other_files_than_rosbag2_are_refused(tmp_path):
    with pytest.raises(BagError, match="does not exist"):
        open_recording(tmp_path / "nothing")
    (tmp_path / "old.bag").write_bytes(b"#ROSBAG V2.0")
    with pytest.raises(BagError, match="rosbags-convert"):
        open_recording(tmp_path / "old.bag")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BagError, match="holds no .mcap or .db3"):
        open_recording(tmp_path / "empty")


def test_a_file_of_noise_is_refused_with_the_reason(tmp_path):
    (tmp_path / "noise.mcap").write_bytes(b"\x00" * 4096)
    with pytest.raises(BagError, match="holds no readable message: noise.mcap cannot be read: it is neither"):
        load_bag(tmp_path / "noise.mcap")
