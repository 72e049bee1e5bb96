"""QoS profiles of the topics between the nodes."""

from __future__ import annotations

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

#: Topics of the policy's loop and of the camera: no message may be lost in lockstep.
RELIABLE = QoSProfile(depth=50, reliability=ReliabilityPolicy.RELIABLE)

#: Topics of a sensor in real time, where only the newest message counts. The second one also matches
#: publishers that send best effort.
NEWEST = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)
NEWEST_BEST_EFFORT = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)

#: For recorders: deep enough that a subscriber that waits for a CPU loses no message of a walk.
LISTEN = QoSProfile(depth=5000, reliability=ReliabilityPolicy.RELIABLE)

#: Late subscribers receive the newest message.
LATCHED = QoSProfile(
    depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL
)
