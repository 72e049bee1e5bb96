"""How messages travel between our nodes."""

from __future__ import annotations

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

#: Topics of the policy's loop and the camera: in lockstep nothing may be lost.
RELIABLE = QoSProfile(depth=50, reliability=ReliabilityPolicy.RELIABLE)

#: For whoever only listens, and may have to wait for a core: no message of a walk is lost meanwhile.
LISTEN = QoSProfile(depth=5000, reliability=ReliabilityPolicy.RELIABLE)

#: The newest message reaches those who come later as well.
LATCHED = QoSProfile(
    depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL
)
