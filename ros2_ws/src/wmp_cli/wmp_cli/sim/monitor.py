"""Node of ``wmp sim`` that listens to a running graph and keeps the record of the walk."""

from __future__ import annotations

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from nav_msgs.msg import Odometry
from rclpy.node import Node
from sensor_msgs.msg import Image
from std_msgs.msg import Bool, String
from wmp_msgs.msg import Latent, PolicyStep

from wmp_cli.sim.fault_outcome import Event, FaultNotice
from wmp_cli.sim.operator import POLICY_NODE
from wmp_cli.sim.walk_record import Pose, WalkRecord
from wmp_core.rotation import roll_pitch_yaw
from wmp_ros.qos import LATCHED, LISTEN
from wmp_ros.status import controller_events, node_statuses


class SimMonitor(Node):
    """Fills ``record`` and keeps the newest state, for the status line and the operator."""

    def __init__(self, record: WalkRecord) -> None:
        super().__init__("wmp_sim_monitor")
        self.record = record
        self.fallen = False
        self.mode = ""
        self.condition = ""  # the controller's own words on its state
        self.speed = self.yaw = 0.0
        self.events: list[Event] = []
        self.faults: list[FaultNotice] = []
        self.diagnostics: dict[str, dict[str, str]] = {}
        self._step_stamp = 0.0
        self._latent_stamp: float | None = None
        self.create_subscription(PolicyStep, "wmp/policy_step", self._on_step, LISTEN)
        self.create_subscription(Latent, "wmp/latent", self._on_latent, LISTEN)
        self.create_subscription(Image, "wmp/depth", self._on_depth, LISTEN)
        self.create_subscription(Odometry, "sim/odometry", self._on_odometry, LISTEN)
        self.create_subscription(DiagnosticArray, "diagnostics", self._on_diagnostics, LISTEN)
        self.create_subscription(Bool, "sim/fallen", self._on_fallen, LATCHED)
        self.create_subscription(String, "sim/faults", self._on_fault, LISTEN)

    @property
    def latent_age(self) -> float | None:
        """Seconds from the step that completed the newest latent to the newest step; None without one."""
        return None if self._latent_stamp is None else max(0.0, self._step_stamp - self._latent_stamp)

    def _on_step(self, message: PolicyStep) -> None:
        self._step_stamp = _seconds(message.header.stamp)
        self.record.add_step(message.tick, self._step_stamp, message.action)
        self.record.add_duration("policy", message.compute_ms)

    def _on_latent(self, message: Latent) -> None:
        self._latent_stamp = _seconds(message.header.stamp)
        self.record.add_latent(message.tick, from_image=message.source == Latent.POSTERIOR)
        self.record.add_duration("advance", message.advance_ms)
        self.record.add_duration("observe", message.observe_ms)

    def _on_depth(self, message: Image) -> None:
        if message.data:  # in lockstep an empty image says that there is none
            self.record.add_depth(_seconds(message.header.stamp))

    def _on_odometry(self, message: Odometry) -> None:
        position, rotation = message.pose.pose.position, message.pose.pose.orientation
        quat = np.array([rotation.w, rotation.x, rotation.y, rotation.z])
        self.yaw = float(roll_pitch_yaw(quat)[2])
        self.speed = message.twist.twist.linear.x
        self.record.add_pose(Pose(_seconds(message.header.stamp), position.x, position.y, self.yaw))

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        stamp = _seconds(message.header.stamp)
        self.events += [Event(stamp, text) for text in controller_events(message)]
        for status in node_statuses(message):
            self.diagnostics[status.node] = status.values
            if status.node == POLICY_NODE:
                self.mode, self.condition = status.values["mode"], status.message

    def _on_fault(self, message: String) -> None:
        what, kind, stamp = message.data.split()
        self.faults.append(FaultNotice(kind, what == "begin", float(stamp)))

    def _on_fallen(self, message: Bool) -> None:
        self.fallen |= message.data and not self.record.reached_end_of_track


def _seconds(stamp) -> float:
    return stamp.sec + stamp.nanosec * 1e-9
