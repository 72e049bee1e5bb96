"""A Python of the environment finds ROS 2 and wmp_msgs with nothing sourced."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

ROUND_TRIP = """
import rclpy
from rclpy.executors import SingleThreadedExecutor
from wmp_msgs.msg import Latent

rclpy.init()
node = rclpy.create_node("round_trip")
received = []
node.create_subscription(Latent, "latent", received.append, 1)
publisher = node.create_publisher(Latent, "latent", 1)
executor = SingleThreadedExecutor()
executor.add_node(node)
for _ in range(100):
    publisher.publish(Latent(tick=5, h=[0.25, -2.0], z=[31, 0], source=Latent.PRIOR))
    executor.spin_once(timeout_sec=0.1)
    if received:
        break
latent = received[0]
print(latent.tick, list(latent.h), list(latent.z), latent.source == Latent.PRIOR)
"""

KEPT = ("HOME", "PATH", "ROS_DOMAIN_ID", "ROS_AUTOMATIC_DISCOVERY_RANGE", "FASTDDS_BUILTIN_TRANSPORTS")

pytestmark = pytest.mark.skipif(
    sys.prefix == sys.base_prefix, reason="ROS 2 is installed on this machine itself"
)


def run_python(code: str, **environment: str) -> str:
    kept = {key: os.environ[key] for key in KEPT if key in os.environ}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env={**kept, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_messages_are_received_with_nothing_sourced():
    assert run_python(ROUND_TRIP) == "5 [0.25, -2.0] [31, 0] True"


def test_this_environment_is_first_and_others_are_kept():
    program = "import os; print(os.environ['AMENT_PREFIX_PATH'])"
    assert run_python(program) == sys.prefix
    assert run_python(program, AMENT_PREFIX_PATH="/opt/other") == f"{sys.prefix}:/opt/other"
    assert run_python(program, AMENT_PREFIX_PATH=f"/opt/other:{sys.prefix}") == f"{sys.prefix}:/opt/other"
