"""From ROS parameters to a library's settings."""

from __future__ import annotations

import dataclasses
from typing import Any, Sequence, Type, TypeVar

from rclpy.node import Node
from rclpy.parameter import Parameter

from wmp_core.realtime.scheduling import SWITCH_INTERVAL, RealtimeSettings
from wmp_core.signing import load_trusted_keys

T = TypeVar("T")


def declare_trusted_keys(node: Node) -> Sequence[str]:
    """The keys in the file that parameter ``trusted_keys`` names; none if it is empty.

    Raises:
        SignatureError: the file cannot be read, or holds something else.
    """
    path = node.declare_parameter("trusted_keys", "").value
    return load_trusted_keys(path) if path else ()


def declare_realtime(node: Node) -> RealtimeSettings:
    """What a node's thread with deadlines asks of the system: ``realtime.*``.

    Raises:
        ValueError: one of them is out of its range.
    """
    cpus = node.declare_parameter("realtime.cpus", Parameter.Type.INTEGER_ARRAY).value or ()
    interval = node.declare_parameter("realtime.switch_interval", SWITCH_INTERVAL).value
    return declare_settings(node, "realtime", RealtimeSettings, cpus=tuple(cpus), switch_interval=interval)


def declare_settings(node: Node, prefix: str, settings: Type[T], **fixed: Any) -> T:
    """Build a dataclass of plain values from parameters ``prefix.field``, its defaults being theirs.

    Fields in ``fixed`` are given and become no parameters.
    """
    values = dict(fixed)
    for field in dataclasses.fields(settings):  # type: ignore[arg-type]
        if field.name not in fixed:
            values[field.name] = node.declare_parameter(f"{prefix}.{field.name}", field.default).value
    return settings(**values)
