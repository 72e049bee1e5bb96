"""Message types without a ROS installation: from ``rosbags``, for ``wmp_msgs`` from ``.msg`` text."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from rosbags.typesys import Stores, TypesysError, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from wmp_replay.errors import BagError

PACKAGE = "wmp_msgs"
MESSAGES = ("PolicyStep", "Latent")


def typestore(definitions: Mapping[str, str]) -> Typestore:
    """Every type that a walk needs.

    Args:
        definitions: type name -> text as stored in the bag. Missing ones come from the installed messages:
            sqlite3 bags of Humble hold no definitions.

    Raises:
        BagError: a definition of ``wmp_msgs`` is missing or cannot be read.
    """
    names = {f"{PACKAGE}/msg/{message}": message for message in MESSAGES}
    return _store(tuple((name, definitions.get(name) or installed_text(names[name])) for name in names))


@functools.lru_cache(maxsize=4)
def _store(texts: tuple[tuple[str, str], ...]) -> Typestore:
    store = get_typestore(Stores.ROS2_HUMBLE)
    for name, text in texts:
        try:
            found = get_types_from_msg(text, name)
        except TypesysError as error:
            raise BagError(f"the bag's definition of {name} cannot be read: {error}") from error
        store.register({name: found[name]})
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
