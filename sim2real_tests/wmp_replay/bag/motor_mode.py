"""Detects dry runs, in which the motors do not receive the commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rosbags.serde import SerdeError
from rosbags.typesys import Stores, get_typestore

from wmp_recording.storage.recording import StoredMessage

DIAGNOSTICS = "diagnostic_msgs/msg/DiagnosticArray"
#: Key in the diagnostics of policy_node for what the motors receive, and its value in a dry run.
KEY, DAMPING = "motors_get", "damping"


class MotorMode:
    """Add every message of a recording; ``is_dry_run`` is None as long as nothing decides it."""

    def __init__(self, run_info: Mapping[str, Any]) -> None:
        noted = run_info.get("dry_run")
        self.is_dry_run = noted if isinstance(noted, bool) else None

    def add(self, message: StoredMessage) -> None:
        """Look at the next message. The recorder's notes take precedence over diagnostics."""
        if self.is_dry_run is not None or message.kind != DIAGNOSTICS or KEY.encode() not in message.data:
            return
        try:
            array: Any = get_typestore(Stores.ROS2_HUMBLE).deserialize_cdr(message.data, DIAGNOSTICS)
        except (SerdeError, ValueError, IndexError, AssertionError):
            return
        values = [pair.value for status in array.status for pair in status.values if pair.key == KEY]
        if values:
            self.is_dry_run = values[-1] == DAMPING
