"""ROS parameters as the settings of a library."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Sequence, Type, TypeVar

from rcl_interfaces.msg import ParameterDescriptor
from rclpy.node import Node
from rclpy.parameter import Parameter

from wmp_core.journal import Journal
from wmp_core.realtime.scheduling import SWITCH_INTERVAL, RealtimeSettings
from wmp_core.signing import load_trusted_keys

T = TypeVar("T")


def declare(node: Node, name: str, default: Any) -> Any:
    """Declare the parameter ``name`` and return its value.

    It is read here, once. Setting it later is refused, because ignoring the new value would be worse.

    Args:
        default: value if none is given, or the ``Parameter.Type`` of a parameter without a default.
    """
    return node.declare_parameter(name, default, ParameterDescriptor(read_only=True)).value


def declare_trusted_keys(node: Node) -> Sequence[str]:
    """The public keys in the file that parameter ``trusted_keys`` names; none if the parameter is empty.

    Raises:
        SignatureError: the file cannot be read, or is no list of keys.
    """
    path = declare(node, "trusted_keys", "")
    return load_trusted_keys(path) if path else ()


def declare_journal(node: Node) -> Journal:
    """The journal in the file that parameter ``journal`` names; if it is empty, nothing is written.

    Raises:
        OSError: the file cannot be created.
    """
    path = declare(node, "journal", "")
    return Journal(Path(path) if path else None)


def declare_realtime(node: Node) -> RealtimeSettings:
    """Real-time measures for a node's thread with deadlines, from the parameters ``realtime.*``.

    Raises:
        ValueError: a parameter is out of its range.
    """
    cpus = declare(node, "realtime.cpus", Parameter.Type.INTEGER_ARRAY) or ()
    interval = declare(node, "realtime.switch_interval", SWITCH_INTERVAL)
    return declare_settings(node, "realtime", RealtimeSettings, cpus=tuple(cpus), switch_interval=interval)


def declare_settings(node: Node, prefix: str, settings: Type[T], **fixed: Any) -> T:
    """Build a dataclass of plain values from the parameters ``prefix.field``, with the same defaults.

    Fields in ``fixed`` keep the given value and are not declared as parameters.
    """
    values = dict(fixed)
    for field in dataclasses.fields(settings):  # type: ignore[arg-type]
        if field.name not in fixed:
            values[field.name] = declare(node, f"{prefix}.{field.name}", field.default)
    return settings(**values)
