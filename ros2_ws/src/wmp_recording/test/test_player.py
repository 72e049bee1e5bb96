"""A bag that cannot be played is refused before a node is created, which nothing would destroy."""

import pytest
from rclpy.serialization import serialize_message
from std_msgs.msg import String

from wmp_recording.bag import BagWriter
from wmp_recording.player import Player, PlayError, open_bag


@pytest.fixture
def reader(tmp_path):
    """A bag with one string message."""
    with BagWriter(tmp_path / "bag", {"words": "std_msgs/msg/String"}, {}) as writer:
        writer.write("words", 1, serialize_message(String(data="left")))
    return open_bag(tmp_path / "bag")


# ROS is not initialised in these tests: no node could be created.


def test_a_bag_without_the_named_topics_is_refused(reader):
    with pytest.raises(PlayError, match="nothing to play: the bag has words"):
        Player(reader, 1.0, {"images"}, lockstep=False)


@pytest.mark.parametrize("kind", ["no_such_msgs/msg/String", "std_msgs/msg/NoSuchMessage"])
def test_a_message_type_that_is_not_installed_is_refused(reader, monkeypatch, kind):
    monkeypatch.setattr(
        type(reader), "topics", {"words": reader.topics["words"]._replace(kind=kind, definition="")}
    )
    with pytest.raises(PlayError, match=f"/words has type {kind}, which is not installed"):
        Player(reader, 1.0, None, lockstep=False)
