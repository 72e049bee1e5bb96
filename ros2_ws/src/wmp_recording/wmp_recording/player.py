"""Node that publishes the messages of a bag, byte for byte: at the recorded rate, or in lockstep."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rclpy.duration import Duration
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.serialization import deserialize_message
from rosbags.interfaces import Connection
from rosbags.rosbag2 import Reader
from wmp_msgs.msg import Latent

from wmp_recording.bag import message_class
from wmp_ros.qos import LISTEN, RELIABLE

LATENT, STEP = "/wmp/latent", "/wmp/policy_step"
#: Longest wall time [s] for a subscriber to acknowledge, and for a latent to arrive.
ANSWER_DEADLINE = 30.0
#: Time [s] between the first match of publisher and subscriber and the last.
DISCOVERY_TIME = 1.0
#: In lockstep, messages between two waits for acknowledgement: fewer than the queues hold. Not 1, because
#: each wait costs a heartbeat of the transport.
BURST = 25


class PlayError(RuntimeError):
    """The bag cannot be played; the message says why."""


@dataclass
class Played:
    """Result of playing a bag.

    Attributes:
        messages: number of messages published.
        latents: in lockstep, number of latents that the running graph published in response.
        largest_difference: in lockstep, largest absolute difference of an h from the recorded one.
    """

    messages: int = 0
    latents: int = 0
    largest_difference: float = 0.0


class Player(Node):
    """Publishes the messages of one bag.

    Args:
        rate: speed, 1 is as recorded.
        topics: topics to play, with leading slash; None plays all.
        lockstep: publish as fast as subscribers acknowledge. A recorded latent is not published; the player
            waits for the one of the running graph and compares them.
        listeners: in lockstep, number of subscribers that ``wmp/policy_step`` must have; every other topic
            needs one.

    Raises:
        PlayError: nothing to play, or a message type is not installed.
    """

    def __init__(
        self,
        reader: Reader,
        rate: float,
        topics: Collection[str] | None,
        lockstep: bool,
        listeners: int = 1,
    ) -> None:
        self._reader, self._rate, self._lockstep = reader, rate, lockstep
        self._listeners = listeners
        self._connections = [c for c in reader.connections if topics is None or c.topic in topics]
        self._answers: dict[int, Latent] = {}
        # Checks come first: nothing would destroy the node and the executor of a player that was refused.
        played = {
            c.topic: _message_class(c) for c in self._connections if not (lockstep and c.topic == LATENT)
        }
        if not played:
            raise PlayError(f"nothing to play: the bag has {sorted(c.topic for c in reader.connections)}")
        super().__init__("player")
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self)
        if lockstep:
            self.create_subscription(Latent, LATENT, self._on_latent, LISTEN)
        self._publishers_by_topic = {
            topic: self.create_publisher(kind, topic, RELIABLE) for topic, kind in played.items()
        }

    def wait_for_listeners(self, stop: threading.Event, seconds: float) -> None:
        """Wait for a subscriber of any topic; in lockstep for all subscribers, and a publisher of latents.

        Raises:
            PlayError: subscribers are missing after ``seconds`` s.
        """
        deadline = time.monotonic() + seconds
        while missing := self._missing():
            if time.monotonic() > deadline or stop.is_set():
                raise PlayError(f"{missing} within {seconds:g} s: is a graph running in this ROS domain?")
            self._executor.spin_once(timeout_sec=0.05)
        stop.wait(DISCOVERY_TIME)

    def _missing(self) -> str:
        """Which subscriber or publisher is missing; empty if none is."""
        subscribers = {topic: p.get_subscription_count() for topic, p in self._publishers_by_topic.items()}
        if not any(subscribers.values()):
            return "no subscriber appeared"
        if not self._lockstep:
            return ""
        wanted = {topic: self._listeners if topic == STEP else 1 for topic in subscribers}
        for topic, count in subscribers.items():
            if count < wanted[topic]:
                return f"{count} of {wanted[topic]} subscribers of {topic} appeared"
        if any(c.topic == LATENT for c in self._connections) and not self.count_publishers(LATENT):
            return f"no publisher of {LATENT}, such as world_model_node, appeared"
        return ""

    def play(self, stop: threading.Event) -> Played:
        """Publish all messages, until the end or ``stop``.

        Raises:
            PlayError: in lockstep, an acknowledgement or a latent did not arrive.
        """
        played, start, first = Played(), time.monotonic(), None
        for connection, stamp, data in self._reader.messages(self._connections):
            first = stamp if first is None else first
            if not self._lockstep and stop.wait(
                max(0.0, start + (stamp - first) * 1e-9 / self._rate - time.monotonic())
            ):
                break
            if stop.is_set():
                break
            if self._lockstep and connection.topic == LATENT:
                self._compare(deserialize_message(data, Latent), played)
                continue
            publisher = self._publishers_by_topic[connection.topic]
            publisher.publish(bytes(data))
            played.messages += 1
            if self._lockstep and played.messages % BURST == 0:
                self._wait_for_acknowledgements()
        self._wait_for_acknowledgements()
        return played

    def _wait_for_acknowledgements(self) -> None:
        for publisher in self._publishers_by_topic.values():
            if not publisher.wait_for_all_acked(Duration(seconds=ANSWER_DEADLINE)):
                name = publisher.topic_name
                raise PlayError(f"a subscriber of {name} acknowledged nothing for {ANSWER_DEADLINE:g} s")

    def _compare(self, recorded: Latent, played: Played) -> None:
        live = self._await(lambda: self._answers.pop(recorded.tick, None))
        if live is None:
            raise PlayError(
                f"no latent of tick {recorded.tick} within {ANSWER_DEADLINE:g} s: is world_model_node "
                "running with lockstep, and does it receive wmp/depth?"
            )
        difference = np.abs(np.asarray(live.h) - np.asarray(recorded.h)).max()
        played.latents += 1
        played.largest_difference = max(played.largest_difference, float(difference))

    def _await(self, poll: Callable[[], Latent | None]) -> Latent | None:
        deadline = time.monotonic() + ANSWER_DEADLINE
        while (found := poll()) is None and time.monotonic() < deadline:
            self._executor.spin_once(timeout_sec=0.05)
        return found

    def _on_latent(self, message: Latent) -> None:
        self._answers[message.tick] = message


def open_bag(path: Path) -> Reader:
    """Open the bag for reading.

    Raises:
        PlayError: it cannot be read.
    """
    try:
        reader = Reader(path)
        reader.open()
    except Exception as error:  # rosbags' errors share no public base
        raise PlayError(f"{path} cannot be played: {error}") from error
    return reader


def _message_class(connection: Connection) -> type:
    try:
        return message_class(connection.msgtype)
    except (ImportError, AttributeError) as error:
        raise PlayError(
            f"{connection.topic} has type {connection.msgtype}, which is not installed; leave it out with "
            "--topics"
        ) from error
