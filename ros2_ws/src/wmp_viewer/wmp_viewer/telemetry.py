"""Turns the messages of the graph into what the page draws.

It accepts messages of rclpy and of rosbags, which have the same fields, so a live page and a recorded one
show the same. Each item that it returns is a dictionary of plain values with a ``kind``:

- ``frame``: pose, joints, torques, speeds at time ``t`` [s]; see :meth:`Telemetry.frame`.
- ``images``: what the camera sees, what the world model believes and predicted; see :mod:`.imagination`.
- ``mode``, ``event`` and ``status``: changes of mode, the controller's events, and the state of each node.
- ``fault``: an injected fault begins or ends; ``terrain``: the simulated ground, see :mod:`.terrain_shapes`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from wmp_core.bundle import Bundle
from wmp_core.control.modes import Mode
from wmp_ros.stamps import to_seconds
from wmp_ros.status import CONTROLLER_EVENTS, node_statuses
from wmp_viewer.base_estimate import BaseEstimate
from wmp_viewer.imagination import Imagination
from wmp_viewer.terrain_shapes import terrain_shapes

Item = dict[str, Any]

#: Topic -> type of everything that the page shows.
TOPICS = {
    "joint_states": "sensor_msgs/msg/JointState",
    "imu/data": "sensor_msgs/msg/Imu",
    "wmp/policy_step": "wmp_msgs/msg/PolicyStep",
    "wmp/latent": "wmp_msgs/msg/Latent",
    "wmp/depth": "sensor_msgs/msg/Image",
    "cmd_vel": "geometry_msgs/msg/Twist",
    "diagnostics": "diagnostic_msgs/msg/DiagnosticArray",
    "sim/odometry": "nav_msgs/msg/Odometry",
    "sim/foot_forces": "sensor_msgs/msg/JointState",
    "sim/faults": "std_msgs/msg/String",
    "sim/terrain": "std_msgs/msg/String",
}

#: Keys of the nodes' status that the page shows, besides the timing ``*_ms``.
SHOWN_VALUES = (
    "latents_late",
    "loop_rate_hz",
    "overruns",
    "rate_hz",
    "age_ms",
    "latent_age_ticks",
    "link_lost",
)


class Telemetry:
    """Keeps the newest value of everything: :meth:`update` with each message, :meth:`frame` when one is due.

    Args:
        bundle: that the graph runs; its networks decode the images.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._order = list(bundle.contract.joints.names)
        self._imagination = Imagination(bundle)
        self._estimate = BaseEstimate()
        self._reset()
        self._handlers: dict[str, Callable[[Any], list[Item]]] = {
            "joint_states": self._on_joints,
            "imu/data": self._on_imu,
            "wmp/policy_step": self._on_step,
            "wmp/latent": self._on_latent,
            "wmp/depth": self._on_depth,
            "cmd_vel": self._on_command,
            "diagnostics": self._on_diagnostics,
            "sim/odometry": self._on_odometry,
            "sim/foot_forces": self._on_foot_forces,
            "sim/faults": self._on_fault,
            "sim/terrain": self._on_terrain,
        }

    def _reset(self) -> None:
        #: Stamp of the robot's newest state [s]; NaN before the first.
        self.time = math.nan
        self.mode = ""
        self._q: np.ndarray | None = None
        self._torque: np.ndarray | None = None
        self._quaternion: list[float] | None = None
        self._truth: list[float] | None = None
        self._velocity: list[float] | None = None
        self._believed_velocity: list[float] | None = None
        self._command: list[float] | None = None
        self._feet: list[float] | None = None
        self._compute_ms: float | None = None

    def update(self, topic: str, message: Any) -> list[Item]:
        """Use one message; returns the items that it completes. ``topic`` is without leading slash."""
        return self._handlers[topic](message)

    def frame(self) -> Item | None:
        """The robot at :attr:`time`; None before its first state.

        ``base``: position [m] and quaternion (w, x, y, z) of base_link in the world; ``base_is``: ``truth``
        of a simulation, or ``estimate``. ``q`` [rad], ``torque`` [N m] in contract order; ``feet`` [N];
        ``command`` and ``velocity``: vx, vy [m/s], yaw rate [rad/s]; ``believed``: the policy's estimate of
        its velocity.
        Values that the graph does not publish are None.
        """
        if self._q is None or self._torque is None:
            return None
        base, source = self._truth, "truth"
        if base is None:
            base, source = self._estimate.pose(self._quaternion, self._q), "estimate"
        return {
            "kind": "frame",
            "t": round(self.time, 3),
            "mode": self.mode,
            "base": _rounded(base, 4),
            "base_is": source,
            "q": _rounded(self._q, 4),
            "torque": _rounded(self._torque, 2),
            "feet": self._feet,
            "command": self._command,
            "velocity": self._velocity,
            "believed": self._believed_velocity,
            "compute_ms": self._compute_ms,
        }

    def _on_joints(self, message: Any) -> list[Item]:
        places = [list(message.name).index(name) for name in self._order]
        time = to_seconds(message.header.stamp)
        if time < self.time - 1.0:  # the simulation has started again
            self._reset()
        self._estimate.advance(time - self.time, self._believed_velocity if self.mode == "WALK" else None)
        self.time = time
        self._q = np.asarray(message.position)[places]
        self._torque = np.asarray(message.effort)[places]
        return []

    def _on_imu(self, message: Any) -> list[Item]:
        orientation = message.orientation
        self._quaternion = [orientation.w, orientation.x, orientation.y, orientation.z]
        self._estimate.orientation = self._quaternion
        return []

    def _on_odometry(self, message: Any) -> list[Item]:
        pose, twist = message.pose.pose, message.twist.twist
        place, turn = pose.position, pose.orientation
        self._truth = [place.x, place.y, place.z, turn.w, turn.x, turn.y, turn.z]
        self._velocity = _rounded([twist.linear.x, twist.linear.y, twist.angular.z], 3)
        return []

    def _on_foot_forces(self, message: Any) -> list[Item]:
        self._feet = _rounded(message.effort, 0)
        return []

    def _on_command(self, message: Any) -> list[Item]:
        self._command = _rounded([message.linear.x, message.linear.y, message.angular.z], 3)
        return []

    def _on_step(self, message: Any) -> list[Item]:
        self._command = _rounded(message.command, 3)
        self._believed_velocity = _rounded(message.base_velocity, 3)
        self._compute_ms = round(float(message.compute_ms), 3)
        self._imagination.on_step(message)
        return self._mode_is(Mode(message.mode).name, to_seconds(message.header.stamp))

    def _on_latent(self, message: Any) -> list[Item]:
        return self._imagination.on_latent(message)

    def _on_depth(self, message: Any) -> list[Item]:
        self._imagination.on_depth(message)
        return []

    def _on_fault(self, message: Any) -> list[Item]:
        change, fault, time = message.data.split()
        return [{"kind": "fault", "t": float(time), "fault": fault, "begins": change == "begin"}]

    def _on_terrain(self, message: Any) -> list[Item]:
        place = json.loads(message.data)
        return [{"kind": "terrain", **terrain_shapes(place["terrain"], place["difficulty"], place["seed"])}]

    def _on_diagnostics(self, message: Any) -> list[Item]:
        items: list[Item] = []
        for status in message.status:
            if status.name == CONTROLLER_EVENTS:
                time = round(to_seconds(message.header.stamp), 3)
                items += self._mode_is(status.hardware_id, time)
                items.append({"kind": "event", "t": time, "mode": status.hardware_id, "text": status.message})
        for node in node_statuses(message):
            # Events announce changes at once; a status, up to 1 s old, only tells a late page the mode.
            if node.node == "policy_node" and not self.mode:
                items += self._mode_is(node.values.get("mode", ""), self.time)
            values = {
                key: value for key, value in node.values.items() if key.endswith("_ms") or key in SHOWN_VALUES
            }
            items.append(
                {
                    "kind": "status",
                    "t": None if math.isnan(self.time) else round(self.time, 3),
                    "node": node.node,
                    "ok": node.is_ok,
                    "text": node.message,
                    "values": values,
                }
            )
        return items

    def _mode_is(self, mode: str, time: float) -> list[Item]:
        if mode == self.mode or not mode:
            return []
        self.mode = mode
        if mode in ("PASSIVE", "FAULT"):
            self._command = None
        return [{"kind": "mode", "t": None if math.isnan(time) else round(time, 3), "mode": mode}]


def _rounded(values: Any, digits: int) -> list[float]:
    """Finite numbers for JSON, which has no NaN."""
    return [round(float(value), digits) if math.isfinite(value) else 0.0 for value in values]
