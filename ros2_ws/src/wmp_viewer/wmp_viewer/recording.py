"""A recorded walk as items for the page."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml
from rosbags.highlevel import AnyReader, AnyReaderError
from rosbags.interfaces import Connection
from rosbags.typesys import Stores, get_typestore

from wmp_core.bundle import Bundle
from wmp_recording.bag import RUN_INFO
from wmp_viewer.header import page_header
from wmp_viewer.telemetry import TOPICS, Item, Telemetry
from wmp_viewer.terrain_shapes import terrain_shapes

#: Time between two frames [s].
FRAME_PERIOD = 0.04
#: Without these there is nothing to draw.
REQUIRED = ("joint_states", "imu/data")


class RecordingError(ValueError):
    """The bag cannot be shown; the message says why."""


def recorded_items(
    path: Path, bundle: Bundle, progress: Callable[[float], None] = lambda share: None
) -> Iterator[Item]:
    """The header, the terrain if the bag names it, then everything in order of time.

    Args:
        path: rosbag2 folder, or a ``.mcap`` or ``.db3`` file.
        bundle: that the walk ran.
        progress: called with the share of messages read, 0..1.

    Raises:
        RecordingError: it cannot be read, or lacks what the page needs.
    """
    try:
        reader = AnyReader([path], default_typestore=get_typestore(Stores.ROS2_HUMBLE))
        reader.open()
    except Exception as error:  # rosbags' errors share no public base
        raise RecordingError(
            f"{path} cannot be read: {error}; 'wmp recover' repairs a bag whose recorder was killed"
        ) from error
    try:
        yield from _items(reader, path, bundle, progress)
    finally:
        reader.close()


def _items(
    reader: AnyReader, path: Path, bundle: Bundle, progress: Callable[[float], None]
) -> Iterator[Item]:
    connections = [connection for connection in reader.connections if _topic(connection) is not None]
    missing = [name for name in REQUIRED if name not in map(_topic, connections)]
    if missing:
        raise RecordingError(f"{path} has no {' and no '.join(missing)}: record it with 'wmp record'")
    _check_bundle(path, bundle)
    yield page_header(bundle, path.resolve().name, live=False, drive=False)
    terrain = recorded_terrain(path)
    if terrain is not None:
        yield {"kind": "terrain", **terrain}
    telemetry, due, undecodable = Telemetry(bundle), -math.inf, 0
    total = sum(connection.msgcount for connection in connections)
    for number, (connection, _, data) in enumerate(reader.messages(connections)):
        if number % 500 == 0:
            progress(number / total)
        name = _topic(connection)
        assert name is not None
        try:
            message = reader.deserialize(data, connection.msgtype)
        except AnyReaderError:
            undecodable += 1
            continue
        yield from telemetry.update(name, message)
        if name == "joint_states" and telemetry.time >= due and (frame := telemetry.frame()) is not None:
            due = telemetry.time + FRAME_PERIOD - 1e-3
            yield frame
    progress(1.0)
    if telemetry.frame() is None:
        raise RecordingError(f"{path} holds no state of a robot ({undecodable} messages cannot be decoded)")


def _check_bundle(path: Path, bundle: Bundle) -> None:
    """Refuse a bundle other than the one that the bag's notes name: its decoder does not fit the latents."""
    recorded = run_info(path).get("bundle")
    name, digest = (recorded.get("name"), recorded.get("sha256")) if isinstance(recorded, dict) else ("", "")
    if digest and digest != bundle.sha256:
        raise RecordingError(
            f"{path} was recorded with bundle {name} ({digest[:12]}), but this is {bundle.name} "
            f"({bundle.sha256[:12]}): name the recorded one with --bundle"
        )


def recorded_terrain(path: Path) -> dict[str, Any] | None:
    """The simulated terrain that the bag's notes name; None without notes."""
    info = run_info(path)
    name, difficulty, seed = (info.get(key) for key in ("terrain", "difficulty", "seed"))
    if not (isinstance(name, str) and isinstance(difficulty, (int, float)) and isinstance(seed, int)):
        return None
    try:
        return terrain_shapes(name, difficulty, seed)
    except ValueError:  # a terrain that this version does not have
        return None


def run_info(path: Path) -> dict[str, Any]:
    """The recorder's notes on the run; empty where there are none."""
    file = (path if path.is_dir() else path.parent) / "metadata.yaml"
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        info = json.loads(content["rosbag2_bagfile_information"]["custom_data"][RUN_INFO])
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError):
        return {}
    return info if isinstance(info, dict) else {}


def _topic(connection: Connection) -> str | None:
    """Name in the graph of the topic of ``connection``, which may have a namespace; None for others."""
    for name, kind in TOPICS.items():
        if connection.msgtype == kind and f"/{connection.topic}".endswith(f"/{name}"):
            return name
    return None
