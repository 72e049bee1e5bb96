"""Message types without a ROS installation: from ``rosbags``, for ``wmp_msgs`` from ``.msg`` text."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rosbags.interfaces import Nodetype
from rosbags.typesys import Stores, TypesysError, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from wmp_replay.errors import BagError

PACKAGE = "wmp_msgs"
MESSAGES = ("PolicyStep", "Latent")


def typestore(definitions: Mapping[str, str]) -> Typestore:
    """Types of ROS 2 Humble and of ``wmp_msgs``; those that the bag defines as it defines them.

    Args:
        definitions: type name -> text as stored in the bag. Missing ones come from the installed messages:
            sqlite3 bags of Humble hold no definitions.

    Raises:
        BagError: a definition of ``wmp_msgs`` is neither in the bag nor installed, or one cannot be read.
    """
    names = {f"{PACKAGE}/msg/{message}": message for message in MESSAGES}
    texts = {**definitions}
    for name, message in names.items():
        texts[name] = texts.get(name) or installed_text(message)
    return _store(tuple(sorted(texts.items())))


def check_fields(store: Typestore, topic: str, kind: str, fields: Iterable[str]) -> None:
    """Compare the definition of ``kind`` in a bag with the ``fields`` that are read from it.

    Args:
        fields: paths like ``header.stamp``; ``a|b``: one of them.

    Raises:
        BagError: a field is missing, or its kind differs from that in the installed definition.
    """
    for field in fields:
        names = field.split("|")
        found = next((shape for name in names if (shape := _shape(store, kind, name))), None)
        if found is None:
            raise BagError(
                f"{topic}: the bag's definition of {kind} has no field {names[0]!r}; it was recorded by "
                "another version, and its messages cannot be read"
            )
        expected = _shape(typestore({}), kind, names[0])
        if expected and found != expected:
            raise BagError(
                f"{topic}: the bag's definition of {kind} has field {names[0]!r} as {found}, expected "
                f"{expected}; it was recorded by another version, and its messages cannot be read"
            )


def _shape(store: Typestore, kind: str, path: str) -> str:
    """What a field holds: a number, a text, a list of them, or a message; empty without that field."""
    name, _, rest = path.partition(".")
    definition = store.fielddefs.get(kind)
    description = dict(definition[1]).get(name) if definition else None
    if description is None:
        return ""
    node, value = description
    if node in (Nodetype.ARRAY, Nodetype.SEQUENCE):
        inner, inner_value = value[0]
        return f"list of {_scalar(inner, inner_value)}"
    return _shape(store, value, rest) if rest and node == Nodetype.NAME else _scalar(node, value)


def _scalar(node: Nodetype, value: Any) -> str:
    if node == Nodetype.NAME:
        return str(value)
    return "text" if value[0] == "string" else "number"


@functools.lru_cache(maxsize=4)
def _store(texts: tuple[tuple[str, str], ...]) -> Typestore:
    store = get_typestore(Stores.ROS2_HUMBLE)
    for name, text in texts:
        try:
            found = get_types_from_msg(text, name)
        except TypesysError as error:
            if name.startswith(PACKAGE):
                raise BagError(f"the bag's definition of {name} cannot be read: {error}") from error
            continue  # of a topic that no walk needs, or as installed
        for each in found:
            store.fielddefs.pop(each, None)
            store.types.pop(each, None)
        store.register(found)
    return store


def installed_text(message: str) -> str:
    """Text of ``wmp_msgs/msg/<message>.msg`` of this environment or checkout.

    Raises:
        BagError: the file is not installed.
    """
    for folder in _message_folders():
        file = folder / "msg" / f"{message}.msg"
        if file.is_file():
            return file.read_text(encoding="utf-8")
    raise BagError(
        f"{PACKAGE}/msg/{message}.msg is neither in the bag nor installed: run 'make setup', or source "
        "the workspace that holds wmp_msgs"
    )


def _message_folders() -> Iterator[Path]:
    prefixes = [*os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep), sys.prefix]
    for prefix in filter(None, prefixes):
        yield Path(prefix) / "share" / PACKAGE
    yield Path(__file__).resolve().parents[3] / "ros2_ws" / "src" / PACKAGE
