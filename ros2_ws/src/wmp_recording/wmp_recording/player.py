"""Node that says again what a bag holds, byte for byte: in the recorded rhythm, or as fast as it is heard."""

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
#: s of wall time that a listener may take for one message, and for a latent.
PATIENCE = 30.0
#: s from the first match to the last: both sides of a topic find each other at different times.
SETTLING = 1.0
#: In lockstep, messages after which listeners must have caught up: fewer than their queues hold. An
#: acknowledgement costs a heartbeat of the transport, so it is not asked for after every message.
BURST = 25


class PlayError(RuntimeError):
    """The bag cannot be played as asked: says why."""


@dataclass
class Played:
    """What became of a bag: ``messages`` published; in lockstep ``latents`` answered by the live graph, and
    the largest difference of an h from the recorded one."""

    messages: int = 0
    latents: int = 0
    largest_difference: float = 0.0


class Player(Node):
    """Publishes the messages of one bag.

    Args:
        rate: speed, 1 is as recorded.
        topics: those to be played, with leading slash; None plays all.
        lockstep: go on as soon as listeners have caught up; a recorded latent is not published but awaited
            from the live graph, and compared.
        listeners: in lockstep, those that ``wmp/policy_step`` must have; every other topic needs one.

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
        # What may be refused comes first: nobody would destroy the node that was refused, nor its executor.
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
        """Until somebody listens (in lockstep: to everything that is played, and the graph has latents).

        Raises:
            PlayError: nobody does.
        """
        deadline = time.monotonic() + seconds
        while lacking := self._lacking():
            if time.monotonic() > deadline or stop.is_set():
                raise PlayError(f"{lacking} within {seconds:g} s: is a graph running in this ROS domain?")
            self._executor.spin_once(timeout_sec=0.05)
        stop.wait(SETTLING)

    def _lacking(self) -> str:
        """Who is missing for the play to begin; empty when all are there."""
        heard = {topic: p.get_subscription_count() for topic, p in self._publishers_by_topic.items()}
        if not any(heard.values()):
            return "nobody listened"
        if not self._lockstep:
            return ""
        wanted = {topic: self._listeners if topic == STEP else 1 for topic in heard}
        for topic, count in heard.items():
            if count < wanted[topic]:
                return f"{count} of {wanted[topic]} listened to {topic}"
        if any(c.topic == LATENT for c in self._connections) and not self.count_publishers(LATENT):
            return f"nobody published {LATENT}, as world_model_node does,"
        return ""

    def play(self, stop: threading.Event) -> Played:
        """Publish everything, until the end or ``stop``.

        Raises:
            PlayError: in lockstep, a listener or a latent did not come.
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
                self._settle()
        self._settle()
        return played

    def _settle(self) -> None:
        for publisher in self._publishers_by_topic.values():
            if not publisher.wait_for_all_acked(Duration(seconds=PATIENCE)):
                name = publisher.topic_name
                raise PlayError(f"a listener of {name} did not take its messages for {PATIENCE:g} s")

    def _compare(self, recorded: Latent, played: Played) -> None:
        live = self._await(lambda: self._answers.pop(recorded.tick, None))
        if live is None:
            raise PlayError(
                f"no latent of tick {recorded.tick} within {PATIENCE:g} s: is world_model_node running with "
                "lockstep, and does it hear wmp/depth?"
            )
        difference = np.abs(np.asarray(live.deter) - np.asarray(recorded.deter)).max()
        played.latents += 1
        played.largest_difference = max(played.largest_difference, float(difference))

    def _await(self, take: Callable[[], Latent | None]) -> Latent | None:
        deadline = time.monotonic() + PATIENCE
        while (found := take()) is None and time.monotonic() < deadline:
            self._executor.spin_once(timeout_sec=0.05)
        return found

    def _on_latent(self, message: Latent) -> None:
        self._answers[message.tick] = message


def open_bag(path: Path) -> Reader:
    """The bag, opened.

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
