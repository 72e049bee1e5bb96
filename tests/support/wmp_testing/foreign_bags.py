"""Bags as other recorders, drivers and accidents leave them, made from a simulated walk."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mcap.writer import CompressionType
from mcap.writer import Writer as McapWriter
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from wmp_core.bundle import Bundle
from wmp_core.control.pd import joint_targets
from wmp_core.depth.geometry import DepthProjection
from wmp_recording.storage.recording import open_recording
from wmp_replay import simulated_walk as simulation
from wmp_replay.bag.records import CameraFrame, CameraInfo, JointCommand, Record
from wmp_replay.bag.types import installed_text
from wmp_replay.bag.writer import write_bag

#: Rate of the robot's own state stream [Hz]; the rates of drivers divide it.
STATE_RATE = 500.0
#: Stamp of the first reading [s]: drivers do not start at zero.
START = 100.0
CHUNK, RECORD_HEAD = 0x06, struct.Struct("<BQ")


class Stored(NamedTuple):
    """A message: topic with its leading slash, type, log time [ns], CDR bytes."""

    topic: str
    kind: str
    stamp_ns: int
    data: bytes


def types(**definitions: str) -> Typestore:
    """The types of ROS 2 Humble and wmp_msgs; ``PolicyStep="..."`` replaces the definition of that type."""
    store = get_typestore(Stores.ROS2_HUMBLE)
    for name in ("PolicyStep", "Latent"):
        text = definitions.get(name) or installed_text(name)
        store.register(get_types_from_msg(text, f"wmp_msgs/msg/{name}"))
    return store


def read(bag: Path) -> list[Stored]:
    """Every message of a bag."""
    return [
        Stored(*message)._replace(topic=f"/{message.topic}") for message in open_recording(bag).messages()
    ]


def edited(
    messages: Iterable[Stored], change: Callable[[str, str, Any], None], store: Typestore | None = None
) -> Iterator[Stored]:
    """``change(topic, type, message)`` edits each message in place."""
    store = store or types()
    for topic, kind, stamp, data in messages:
        message = store.deserialize_cdr(data, kind)
        change(topic, kind, message)
        yield Stored(topic, kind, stamp, bytes(store.serialize_cdr(message, kind)))


def write(
    folder: Path,
    messages: Iterable[Stored],
    notes: Mapping[str, Any] | None = None,
    compression: CompressionMode = CompressionMode.NONE,
    plugin: StoragePlugin = StoragePlugin.MCAP,
    store: Typestore | None = None,
) -> Path:
    """A rosbag2 folder by the rosbags library, messages in the order given; returns the folder."""
    store, connections = store or types(), {}
    writer = Writer(folder, version=9, storage_plugin=plugin)
    if notes is not None:
        writer.set_custom_data("wmp_run_info", json.dumps(notes))
    writer.set_compression(compression, CompressionFormat.ZSTD)
    with writer:
        for topic, kind, stamp, data in messages:
            if topic not in connections:
                connections[topic] = writer.add_connection(topic, kind, typestore=store)
            writer.write(connections[topic], stamp, data)
    return folder


def write_chunked(
    file: Path,
    messages: Iterable[Stored],
    compression: CompressionType = CompressionType.NONE,
    store: Typestore | None = None,
    chunk_size: int = 1 << 16,
    use_chunking: bool = True,
) -> Path:
    """One MCAP file with small chunks by the mcap library, in a new folder; returns the folder."""
    store, schemas, channels = store or types(), {}, {}
    file.parent.mkdir(parents=True)
    with file.open("wb") as stream:
        writer = McapWriter(
            stream,
            chunk_size=chunk_size,
            compression=compression,
            use_chunking=use_chunking,
            enable_data_crcs=True,
        )
        writer.start("ros2", "test")
        for topic, kind, stamp, data in messages:
            if kind not in schemas:
                text, _ = store.generate_msgdef(kind, ros_version=2)
                schemas[kind] = writer.register_schema(kind, "ros2msg", text.encode())
            if topic not in channels:
                channels[topic] = writer.register_channel(topic, "cdr", schemas[kind])
            writer.add_message(channels[topic], stamp, data, stamp)
        writer.finish()
    return file.parent


def chunks(data: bytes) -> list[tuple[int, int]]:
    """Place and length of the body of every chunk in an MCAP file."""
    place, found = 8, []
    while place + RECORD_HEAD.size <= len(data):
        opcode, length = RECORD_HEAD.unpack_from(data, place)
        if opcode == CHUNK:
            found.append((place + RECORD_HEAD.size, length))
        place += RECORD_HEAD.size + length
    return found


def damage_middle_chunk(file: Path) -> int:
    """Change 64 bytes in the middle of the middle chunk of an MCAP file; returns its number, from 1."""
    data = bytearray(file.read_bytes())
    places = chunks(bytes(data))
    start, length = places[len(places) // 2]
    for place in range(start + length // 2, start + length // 2 + 64):
        data[place] ^= 0x5A
    file.write_bytes(data)
    return len(places) // 2 + 1


def cut(file: Path, share: float) -> None:
    """Keep the first ``share`` of a file, as a killed recorder or a full disk leaves it."""
    file.write_bytes(file.read_bytes()[: int(share * file.stat().st_size)])


def sensor_walk(
    folder: Path,
    bundle: Bundle,
    seconds: float = 8.0,
    rate: float = 50.0,
    commands: bool = False,
    speed: float = 0.5,
) -> Path:
    """The walk of a nominal robot as drivers publish it: camera, joints and IMU at ``rate`` Hz."""
    records = _sensor_records(bundle, seconds, rate, commands, speed)
    return write_bag(folder, (replace(record, stamp=record.stamp + START) for record in records))


def _sensor_records(
    bundle: Bundle, seconds: float, rate: float, commands: bool, speed: float
) -> Iterator[Record]:
    contract, course = bundle.contract, simulation.Course(seconds=seconds, speed=speed)
    robot, camera = simulation._robot_and_camera(course, simulation.NOMINAL)
    project = DepthProjection(contract.depth, camera.pinhole)
    policy, model = bundle.create_policy(), bundle.create_world_model()
    motors = simulation._Motors(robot, bundle, simulation.NOMINAL)

    def capture() -> np.ndarray:
        truth = robot.ground_truth()
        return camera.capture(truth.position, truth.quaternion)

    frame, latent, names = capture(), model.reset(), contract.joints.names
    interval, period = contract.timing.world_model_interval, contract.timing.control_period
    every, exchange, actions = round(STATE_RATE / rate), 0, []
    for tick in range(round(seconds / period)):
        state = robot.state()
        command = contract.limits.clip_command(simulation._command(course, state))
        captured = state.stamp - contract.timing.depth_age
        output = policy.step(state, command, latent.h)
        actions.append(output.action)
        if tick % interval == 0:
            yield CameraInfo(captured, camera.pinhole)
            yield CameraFrame(captured, frame, simulation.DEPTH_UNIT)
            model.observe(output.proprioception, project(frame, simulation.DEPTH_UNIT), captured)
            frame = capture()
        if tick % interval == interval - 1:
            latent = model.advance(np.stack(actions[-interval:]))
        targets = joint_targets(contract, output.action)
        for _ in range(round(period / simulation.EXCHANGE)):
            if exchange % every == 0:
                yield from simulation._readings(robot.state(), names)
            if commands and exchange % round(period / simulation.EXCHANGE) == 0:
                yield JointCommand(state.stamp, names, targets, np.zeros(12), np.zeros(12))
            exchange += 1
            motors.follow(targets, 1)
