"""From ROS parameters to a library's settings."""

from __future__ import annotations

import dataclasses
from typing import Any, Type, TypeVar

from rclpy.node import Node

T = TypeVar("T")


def declare_settings(node: Node, prefix: str, settings: Type[T], **fixed: Any) -> T:
    """Build a dataclass of plain values from parameters ``prefix.field``, its defaults being theirs.

    Fields in ``fixed`` are given and become no parameters.
    """
    values = dict(fixed)
    for field in dataclasses.fields(settings):  # type: ignore[arg-type]
        if field.name not in fixed:
            values[field.name] = node.declare_parameter(f"{prefix}.{field.name}", field.default).value
    return settings(**values)
