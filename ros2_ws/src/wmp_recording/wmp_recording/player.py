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
from wmp_msgs.msg import Latent

from wmp_recording.bag import message_class
from wmp_recording.definitions import difference, unlike_installed
from wmp_recording.storage.errors import BagError
from wmp_recording.storage.recording import Recording, StoredTopic, open_recording
from wmp_ros.qos import LISTEN, RELIABLE

LATENT, STEP = "wmp/latent", "wmp/policy_step"
#: Longest wall time [s] for a subscriber to acknowledge, and for a latent to arrive.
TIMEOUT = 30.0
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
        topics: topics to play, without leading slash; None plays all.
        lockstep: publish as fast as subscribers acknowledge. A recorded latent is not published; the player
            waits for the one of the running graph and compares them.
        step_subscribers: in lockstep, number of subscribers that ``wmp/policy_step`` must have; every other
            topic needs one.

    Raises:
        PlayError: nothing to play, or a message type is not installed or differs from the installed one.
    """

    def __init__(
        self,
        recording: Recording,
        rate: float,
        topics: Collection[str] | None,
        lockstep: bool,
        step_subscribers: int = 1,
    ) -> None:
        self._recording, self._rate, self._lockstep = recording, rate, lockstep
        self._step_subscribers = step_subscribers
        self._topics = {
            name: topic for name, topic in recording.topics.items() if topics is None or name in topics
        }
        self._live_latents: dict[int, Latent] = {}
        # Checks come first: nothing would destroy the node and the executor of a player that was refused.
        played = {
            name: _message_class(topic)
            for name, topic in self._topics.items()
            if not (lockstep and name == LATENT)
        }
        if not played:
            raise PlayError(
                f"nothing to play: the bag has {', '.join(sorted(recording.topics)) or 'no topic'}"
            )
        _check_undescribed(recording, self._topics)
        super().__init__("player")
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self)
        if lockstep:
            self.create_subscription(Latent, f"/{LATENT}", self._on_latent, LISTEN)
        self._publishers_by_topic = {
            topic: self.create_publisher(kind, f"/{topic}", RELIABLE) for topic, kind in played.items()
        }

    def wait_for_subscribers(self, stop: threading.Event, seconds: float) -> None:
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
        required = {topic: self._step_subscribers if topic == STEP else 1 for topic in subscribers}
        for topic, count in subscribers.items():
            if count < required[topic]:
                return f"{count} of {required[topic]} subscribers of /{topic} appeared"
        if LATENT in self._topics and not self.count_publishers(f"/{LATENT}"):
            return f"no publisher of /{LATENT}, such as world_model_node, appeared"
        return ""

    def play(self, stop: threading.Event) -> Played:
        """Publish all messages, until the end or ``stop``.

        Raises:
            PlayError: in lockstep, an acknowledgement or a latent did not arrive.
        """
        played, start, first = Played(), time.monotonic(), None
        for topic, _, stamp, data in self._recording.messages():
            if topic not in self._topics:
                continue
            first = stamp if first is None else first
            if not self._lockstep and stop.wait(
                max(0.0, start + (stamp - first) * 1e-9 / self._rate - time.monotonic())
            ):
                break
            if stop.is_set():
                break
            if self._lockstep and topic == LATENT:
                self._compare(deserialize_message(data, Latent), played)
                continue
            self._publishers_by_topic[topic].publish(data)
            played.messages += 1
            if self._lockstep and played.messages % BURST == 0:
                self._wait_for_acknowledgements()
        self._wait_for_acknowledgements()
        return played

    def _wait_for_acknowledgements(self) -> None:
        for publisher in self._publishers_by_topic.values():
            if not publisher.wait_for_all_acked(Duration(seconds=TIMEOUT)):
                name = publisher.topic_name
                raise PlayError(f"a subscriber of {name} acknowledged nothing for {TIMEOUT:g} s")

    def _compare(self, recorded: Latent, played: Played) -> None:
        live = self._await(lambda: self._live_latents.pop(recorded.tick, None))
        if live is None:
            raise PlayError(
                f"no latent of tick {recorded.tick} within {TIMEOUT:g} s: is world_model_node "
                "running with lockstep, and does it receive wmp/depth?"
            )
        difference = np.abs(np.asarray(live.h) - np.asarray(recorded.h)).max()
        played.latents += 1
        played.largest_difference = max(played.largest_difference, float(difference))

    def _await(self, poll: Callable[[], Latent | None]) -> Latent | None:
        deadline = time.monotonic() + TIMEOUT
        while (found := poll()) is None and time.monotonic() < deadline:
            self._executor.spin_once(timeout_sec=0.05)
        return found

    def _on_latent(self, message: Latent) -> None:
        self._live_latents[message.tick] = message


def open_bag(path: Path) -> Recording:
    """Open the bag for reading; damaged ones too, see :attr:`Recording.problems`.

    Raises:
        PlayError: there is no bag, or it holds no message.
    """
    try:
        recording = open_recording(path)
    except BagError as error:
        raise PlayError(str(error)) from error
    if next(recording.messages(), None) is None:
        raise PlayError(f"{path} holds no readable message: {'; '.join(recording.problems) or 'it is empty'}")
    return recording


def _message_class(topic: StoredTopic) -> type:
    try:
        unlike = difference(topic)
    except (ImportError, AttributeError, ValueError) as error:
        raise PlayError(
            f"/{topic.name} has type {topic.kind}, which is not installed; leave it out with --topics"
        ) from error
    if unlike:
        raise PlayError(
            f"/{topic.name}: the bag's definition of {topic.kind} is not the installed one, {unlike}: no "
            "subscriber could read it; leave it out with --topics"
        )
    return message_class(topic.kind)


def _check_undescribed(recording: Recording, topics: dict[str, StoredTopic]) -> None:
    for name in unlike_installed(recording, topics):
        raise PlayError(
            f"/{name} was recorded with another definition of {topics[name].kind} than the installed one: no "
            "subscriber could read it; leave it out with --topics"
        )
