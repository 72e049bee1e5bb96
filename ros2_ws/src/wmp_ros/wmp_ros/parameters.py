"""Settings from ROS parameters."""

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

    Parameters are read once, so they are read-only: setting one later is refused instead of ignored.

    Args:
        node: that has the parameter.
        name: of the parameter.
        default: value if none is given, or the ``Parameter.Type`` of a parameter without a default.
    """
    return node.declare_parameter(name, default, ParameterDescriptor(read_only=True)).value


def declare_trusted_keys(node: Node) -> Sequence[str]:
    """The public keys in the file that the parameter ``trusted_keys`` names; none if it is empty.

    Raises:
        SignatureError: the file cannot be read or is invalid.
    """
    path = declare(node, "trusted_keys", "")
    return load_trusted_keys(path) if path else ()


def declare_journal(node: Node) -> Journal:
    """The journal that parameter ``journal`` names: a file, empty for none.

    Raises:
        OSError: the file cannot be created.
    """
    path = declare(node, "journal", "")
    return Journal(Path(path) if path else None)


def declare_realtime(node: Node) -> RealtimeSettings:
    """Real-time settings of the node's thread with deadlines, from the parameters ``realtime.*``.

    Raises:
        ValueError: a value is out of range.
    """
    cpus = declare(node, "realtime.cpus", Parameter.Type.INTEGER_ARRAY) or ()
    interval = declare(node, "realtime.switch_interval", SWITCH_INTERVAL)
    return declare_settings(node, "realtime", RealtimeSettings, cpus=tuple(cpus), switch_interval=interval)


def declare_settings(node: Node, prefix: str, settings: Type[T], **fixed: Any) -> T:
    """Build a dataclass of plain values from the parameters ``prefix.field``.

    The field's default is the parameter's default. Fields in ``fixed`` take the given value and do not become
    parameters.
    """
    values = dict(fixed)
    for field in dataclasses.fields(settings):  # type: ignore[arg-type]
        if field.name not in fixed:
            values[field.name] = declare(node, f"{prefix}.{field.name}", field.default)
    return settings(**values)
