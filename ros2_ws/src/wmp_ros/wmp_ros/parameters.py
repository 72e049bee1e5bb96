"""From ROS parameters to a library's settings."""

from __future__ import annotations

import dataclasses
from typing import Any, Sequence, Type, TypeVar

from rclpy.node import Node

from wmp_core.signing import load_trusted_keys

T = TypeVar("T")


def declare_trusted_keys(node: Node) -> Sequence[str]:
    """The keys in the file that parameter ``trusted_keys`` names; none if it is empty.

    Raises:
        SignatureError: the file cannot be read, or holds something else.
    """
    path = node.declare_parameter("trusted_keys", "").value
    return load_trusted_keys(path) if path else ()


def declare_settings(node: Node, prefix: str, settings: Type[T], **fixed: Any) -> T:
    """Build a dataclass of plain values from parameters ``prefix.field``, its defaults being theirs.

    Fields in ``fixed`` are given and become no parameters.
    """
    values = dict(fixed)
    for field in dataclasses.fields(settings):  # type: ignore[arg-type]
        if field.name not in fixed:
            values[field.name] = node.declare_parameter(f"{prefix}.{field.name}", field.default).value
    return settings(**values)
