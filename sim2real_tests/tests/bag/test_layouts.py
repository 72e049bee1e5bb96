"""Bags with the layouts of ``ros2 bag record`` in Humble and Jazzy are read, in both storages.

The bags are made here, by the rosbags library and after rosbag2's documented formats (metadata versions 5 and
9, sqlite3 schemas 3 and 4); no ``ros2 bag`` recorded them.
"""

import sqlite3

import numpy as np
import pytest
import yaml
from rosbags.rosbag2 import StoragePlugin, Writer

from wmp_recording.storage.recording import open_recording
from wmp_replay import Status, load_bag, replay
from wmp_replay.bag.types import typestore
from wmp_replay.bag.writer import write_bag
from wmp_replay.golden_walk import golden_records

PLUGINS = {"mcap": StoragePlugin.MCAP, "sqlite3": StoragePlugin.SQLITE3}
FOREVER = {"sec": 9223372036, "nsec": 854775807}
#: QoS profiles of publishers as recorders note them: numbers in Humble, words in Jazzy.
QOS = {
    "humble": {"history": 3, "depth": 0, "reliability": 1, "durability": 2, "deadline": FOREVER},
    "jazzy": {"history": "unknown", "depth": 0, "reliability": "reliable", "durability": "volatile"},
}


@pytest.fixture(params=[(d, s) for d in ("humble", "jazzy") for s in PLUGINS], ids="-".join)
def foreign_bag(request, tiny_bundle, tmp_path):
    """Folder ``walk`` with ``walk_0.mcap`` or ``walk_0.db3``; a foreign topic lies between the graph's."""
    distribution, storage = request.param
    own = open_recording(write_bag(tmp_path / "own", golden_records(tiny_bundle)))
    folder, store = tmp_path / "walk", typestore({})
    version = 8 if distribution == "humble" else 9  # the oldest that can be written
    with Writer(folder, version=version, storage_plugin=PLUGINS[storage]) as writer:
        rosout = writer.add_connection("/rosout", "std_msgs/msg/String", typestore=store)
        said = bytes(store.serialize_cdr(store.types["std_msgs/msg/String"]("hello"), "std_msgs/msg/String"))
        connections = {}
        for message in own.messages():
            if message.topic not in connections:
                topic = f"/a1/{message.topic}"
                connections[message.topic] = writer.add_connection(topic, message.kind, typestore=store)
                writer.write(rosout, message.stamp_ns, said)
            writer.write(connections[message.topic], message.stamp_ns, message.data)
    (file,) = [each for each in folder.iterdir() if each.suffix in (".mcap", ".db3")]
    file = file.rename(folder / f"walk_0{file.suffix}")
    if (distribution, storage) == ("humble", "sqlite3"):
        to_schema_3(file)
    to_metadata_of(distribution, folder, file.name)
    return folder


def to_schema_3(file):
    """A database as Humble writes it: types are only named, nowhere described."""
    with sqlite3.connect(file) as connection:
        connection.executescript("""
            CREATE TABLE older(id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL,
                               serialization_format TEXT NOT NULL, offered_qos_profiles TEXT NOT NULL);
            INSERT INTO older SELECT id, name, type, serialization_format, offered_qos_profiles FROM topics;
            DROP TABLE topics; ALTER TABLE older RENAME TO topics; DROP TABLE message_definitions;
            UPDATE schema SET schema_version = 3, ros_distro = 'humble';
        """)
    connection.close()


def to_metadata_of(distribution, folder, name):
    path = folder / "metadata.yaml"
    notes = yaml.safe_load(path.read_text())["rosbag2_bagfile_information"]
    for each in notes["topics_with_message_count"]:
        topic, profiles = each["topic_metadata"], [QOS[distribution]]
        if distribution == "humble":
            topic.pop("type_description_hash", None)
            topic["offered_qos_profiles"] = yaml.safe_dump(profiles)
        else:
            topic["offered_qos_profiles"] = profiles
    span = {key: notes[key] for key in ("starting_time", "duration", "message_count")}
    notes.update(relative_file_paths=[name], files=[{"path": name, **span}])
    if distribution == "humble":
        notes["version"] = 5
        notes.pop("custom_data", None)
        notes.pop("ros_distro", None)
    else:
        notes.update(version=9, custom_data=None, ros_distro="jazzy")
    path.write_text(yaml.safe_dump({"rosbag2_bagfile_information": notes}))


def test_the_walk_in_it_is_found_whole(foreign_bag, tiny_bundle):
    walk = load_bag(foreign_bag)
    steps = list(walk.steps(tiny_bundle.contract))
    actions = np.concatenate([step.actions for step in steps])
    np.testing.assert_array_equal(actions, tiny_bundle.golden.action)
    assert (walk.kind, walk.problems, walk.run_info) == ("graph", [], {})
    assert walk.names["wmp/latent"] == "a1/wmp/latent"
    verdict = replay(walk, tiny_bundle)
    assert verdict.section("exactness").status is not Status.FAIL
    assert "does not say which bundle walked" in str(verdict.section("integrity").findings)


def test_a_database_of_humble_describes_no_types_and_needs_none(foreign_bag):
    recording = open_recording(foreign_bag)
    assert sum(1 for _ in recording.messages()) > 0
    humble = yaml.safe_load((foreign_bag / "metadata.yaml").read_text())["rosbag2_bagfile_information"]
    described = humble["version"] != 5 or humble["storage_identifier"] != "sqlite3"
    assert bool(recording.definitions) is described
