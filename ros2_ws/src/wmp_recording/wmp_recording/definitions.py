"""Compares the message definitions of a bag with the installed ones, and finds those that a bag lacks."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Collection

from rosbags.interfaces import Nodetype
from rosbags.serde import SerdeError
from rosbags.typesys import Stores, TypesysError, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from wmp_recording.bag import CUSTOM_TYPES, message_class, message_text
from wmp_recording.storage.recording import Recording, StoredMessage, StoredTopic, is_idl

#: Hash of a type whose definition cannot be parsed: rosbag2 reads it as "unknown".
UNKNOWN_HASH = f"RIHS01_{64 * '0'}"
#: Base types by their names in ``.msg`` files, as the installed classes name them.
IDL_NAMES = {"float32": "float", "float64": "double", "bool": "boolean", "byte": "octet", "char": "uint8"}


def definition_of(topic: StoredTopic) -> str:
    """The definition in the bag, else that of the installed type; empty if there is neither."""
    if topic.definition:
        return topic.definition
    try:
        return installed_types().generate_msgdef(topic.kind, ros_version=2)[0]
    except (TypesysError, KeyError):
        return ""


@functools.lru_cache(maxsize=1)
def installed_types() -> Typestore:
    """Types of ROS 2 Humble and of ``wmp_msgs``."""
    store = get_typestore(Stores.ROS2_HUMBLE)
    for name in CUSTOM_TYPES:
        with contextlib.suppress(LookupError, OSError):  # wmp_msgs is not installed
            store.register(get_types_from_msg(message_text(name), name))
    return store


def type_hash(kind: str, definition: str) -> str:
    """The hash of a type (REP 2016), which bags of Humble lack."""
    store = _parsed(kind, definition)
    try:
        return UNKNOWN_HASH if store is None else store.hash_rihs01(kind)
    except (TypesysError, KeyError):
        return UNKNOWN_HASH


def difference(topic: StoredTopic) -> str:
    """How the bag's definition of a topic's type differs on the wire from the installed type.

    Empty if it does not, or if the bag holds no definition that can be compared. Renamed fields are the same
    on the wire.

    Raises:
        ImportError, AttributeError: the type is not installed.
    """
    installed = message_class(topic.kind)
    store = _parsed(topic.kind, topic.definition) if topic.definition else None
    if store is None:
        return ""
    try:
        recorded = _bag_fields(store, topic.kind)
    except KeyError:
        return ""
    expected = _installed_fields(installed)
    if [kind for _, kind in recorded] == [kind for _, kind in expected]:
        return ""
    for found, wanted in zip(recorded, expected, strict=False):
        if found[1] != wanted[1]:
            return f"field {wanted[0]} ({wanted[1]}) is {found[0]} ({found[1]}) in the bag"
    if len(recorded) < len(expected):
        return f"field {expected[len(recorded)][0]} is missing in the bag"
    return f"field {recorded[len(expected)][0]} of the bag is not in the installed type"


def unlike_installed(recording: Recording, topics: Collection[str]) -> list[str]:
    """Those ``topics`` that the bag does not describe and whose first message is not of the installed type.

    sqlite3 bags of Humble describe no type; the bytes then tell whether the installed definition is theirs.
    """
    unchecked = {name for name in topics if not recording.topics[name].definition}
    store, found = installed_types(), []
    for message in recording.messages() if unchecked else ():
        if message.topic in unchecked:
            unchecked.remove(message.topic)
            if message.kind in store.fielddefs and not _is_readable(store, message):
                found.append(message.topic)
        if not unchecked:
            break
    return found


def _is_readable(store: Typestore, message: StoredMessage) -> bool:
    try:
        store.deserialize_cdr(message.data, message.kind)
    except (SerdeError, ValueError, IndexError, AssertionError):
        return False
    return True


def _parsed(kind: str, definition: str) -> Typestore | None:
    """The types of a definition; None if it cannot be parsed."""
    if is_idl(definition):
        return None
    store = get_typestore(Stores.ROS2_HUMBLE)
    try:
        found = get_types_from_msg(definition, kind)
        for name in found:
            store.fielddefs.pop(name, None)
            store.types.pop(name, None)
        store.register(found)
    except TypesysError:
        return None
    return store


def _bag_fields(store: Typestore, kind: str) -> list[tuple[str, str]]:
    """Path and type of every field, nested ones in their place."""
    fields = []
    for name, (node, value) in store.fielddefs[kind][1]:
        ending, inner = "", (node, value)
        if node == Nodetype.ARRAY:
            inner, ending = value[0], f"[{value[1]}]"
        elif node == Nodetype.SEQUENCE:
            inner, ending = value[0], "[]"
        if inner[0] == Nodetype.NAME:
            fields += [(f"{name}.{path}", f"{type_}{ending}") for path, type_ in _bag_fields(store, inner[1])]
        else:
            fields.append((name, f"{IDL_NAMES.get(inner[1][0], inner[1][0])}{ending}"))
    return fields


def _installed_fields(message: type) -> list[tuple[str, str]]:
    """As :func:`_bag_fields`, for an installed class."""
    fields = []
    for name, type_ in message.get_fields_and_field_types().items():  # type: ignore[attr-defined]
        inner, ending = type_, ""
        if type_.startswith("sequence<"):
            inner, ending = type_[len("sequence<") : -1].partition(",")[0].strip(), "[]"
        elif type_.endswith("]"):
            inner, _, size = type_.rpartition("[")
            ending = f"[{size}"
        if "/" in inner:
            package, _, short = inner.rpartition("/")
            nested = _installed_fields(message_class(f"{package.split('/')[0]}/msg/{short}"))
            fields += [(f"{name}.{path}", f"{kind}{ending}") for path, kind in nested]
        else:
            fields.append((name, f"{inner.partition('<')[0]}{ending}"))
    return fields
