"""Fixtures of the tests of wmp_viewer."""

import pytest
from rclpy.serialization import serialize_message

from wmp_core.bundle import Bundle
from wmp_recording.bag import TOPICS, BagWriter
from wmp_testing.graph_messages import walk_messages
from wmp_testing.tiny_bundle import write_tiny_bundle


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory):
    """A complete bundle with tiny, untrained networks."""
    return Bundle.load_unverified(write_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny"))


@pytest.fixture(scope="session")
def bag(tiny_bundle, tmp_path_factory):
    """A recorded walk over the course."""
    folder = tmp_path_factory.mktemp("bags") / "walk"
    info = {"terrain": "course", "difficulty": 0.3, "seed": 0}
    info["bundle"] = {"name": tiny_bundle.name, "sha256": tiny_bundle.sha256}
    with BagWriter(folder, TOPICS, info) as writer:
        for time, topic, message in walk_messages():
            writer.write(topic, round(1e9 * time), bytes(serialize_message(message)))
    return folder
