"""QoS profiles of the project's topics."""

from __future__ import annotations

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

#: Topics of the policy loop and of the camera: lockstep must not lose a message.
RELIABLE = QoSProfile(depth=50, reliability=ReliabilityPolicy.RELIABLE)

#: For nodes that only listen and may wait for a CPU core meanwhile: the queue holds every message of a walk.
LISTEN = QoSProfile(depth=5000, reliability=ReliabilityPolicy.RELIABLE)

#: Late subscribers receive the newest message too.
LATCHED = QoSProfile(
    depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL
)
