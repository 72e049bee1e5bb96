"""Messages of the graph with made-up, repeatable contents, and a short walk of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from nav_msgs.msg import Odometry
from sensor_msgs.msg import Image, Imu, JointState
from wmp_msgs.msg import Latent, PolicyStep

from wmp_sim.a1 import JOINT_NAMES

#: Length of the recorded walk in policy steps of 20 ms.
STEPS = 80


def stamp(seconds: float) -> Time:
    return Time(sec=int(seconds), nanosec=round((seconds % 1) * 1e9))


def joint_states(time: float, q: Any = None) -> JointState:
    names = list(reversed(JOINT_NAMES))  # the page must go by names
    q = np.arange(12) / 10 if q is None else np.asarray(q)
    message = JointState(name=names, position=q[::-1].tolist(), velocity=[0.0] * 12)
    message.effort = (10 * q[::-1]).tolist()
    message.header.stamp = stamp(time)
    return message


def imu(time: float, quaternion: Sequence[float] = (1.0, 0.0, 0.0, 0.0)) -> Imu:
    message = Imu()
    message.header.stamp = stamp(time)
    turn = message.orientation
    turn.w, turn.x, turn.y, turn.z = quaternion
    return message


def odometry(time: float, x: float) -> Odometry:
    message = Odometry()
    message.header.stamp = stamp(time)
    message.pose.pose.position.x, message.pose.pose.position.z = x, 0.3
    message.pose.pose.orientation.w = 1.0
    message.twist.twist.linear.x = 0.5
    return message


def policy_step(time: float, tick: int, mode: int = 3) -> PolicyStep:
    message = PolicyStep(tick=tick, is_first=tick == 0, mode=mode, compute_ms=0.7)
    message.header.stamp = stamp(time)
    message.action = np.sin(np.arange(12) + tick).astype(np.float32).tolist()
    message.command, message.base_velocity = [0.5, 0.0, 0.1], [0.4, 0.0, 0.0]
    return message


def latent(time: float, tick: int, z_class: int = 0, depth_stamp: float | None = None) -> Latent:
    source = 2 if depth_stamp is None else 1
    message = Latent(tick=tick, source=source, kl=math.nan if depth_stamp is None else 3.25)
    message.header.stamp = stamp(time)
    message.h = np.cos(np.arange(16) * 0.3 + tick).astype(np.float32).tolist()
    message.z = [z_class] * 4
    message.depth_age, message.advance_ms = math.nan, 0.5
    if depth_stamp is not None:
        message.depth_stamp, message.depth_age = stamp(depth_stamp), 0.1
    return message


def depth(time: float, metres: float) -> Image:
    image = Image(height=64, width=64, encoding="32FC1", step=256)
    image.header.stamp = stamp(time)
    image.data = np.full((64, 64), metres, np.float32).tobytes()
    return image


def event(time: float, mode: str, text: str) -> DiagnosticArray:
    message = DiagnosticArray()
    message.header.stamp = stamp(time)
    message.status = [
        DiagnosticStatus(
            level=DiagnosticStatus.WARN, name="policy_node: events", message=text, hardware_id=mode
        )
    ]
    return message


def status(node: str, text: str, **values: str) -> DiagnosticArray:
    found = [KeyValue(key=key, value=value) for key, value in values.items()]
    return DiagnosticArray(status=[DiagnosticStatus(name=node, message=text, values=found)])


def walk_messages() -> Iterator[tuple[float, str, Any]]:
    """Topic and message of a short walk with images until 1.2 s, in order of time."""
    yield 0.0, "diagnostics", status("policy_node", "STAND", mode="STAND", control_p50_ms="0.30")
    for tick in range(STEPS):
        time = round(0.02 * (tick + 1), 3)
        yield time, "sim/odometry", odometry(time, x=0.5 * time)
        yield time, "imu/data", imu(time)
        yield time, "joint_states", joint_states(time)
        yield time, "wmp/policy_step", policy_step(time, tick)
        if tick % 5 == 4:
            seen = time - 0.18 if time < 1.2 else None
            yield time, "wmp/latent", latent(time, tick + 1, depth_stamp=seen)
        if tick % 5 == 0:
            yield time, "wmp/depth", depth(time - 0.1, 0.5 + 0.01 * tick)
    yield 1.6, "diagnostics", event(1.55, "FAULT", "WALK -> FAULT: motor too hot")
