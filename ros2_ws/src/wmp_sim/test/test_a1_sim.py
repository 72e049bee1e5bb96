"""The whole process: commands over UDP, frames and ground truth over ROS, and a clean end."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from wmp_core.a1.link import A1Link, A1LinkSettings
from wmp_core.control.command import MotorCommand
from wmp_sim.a1 import JOINT_NAMES, a1_model

rclpy = pytest.importorskip("rclpy")

A1 = a1_model()
STAND = MotorCommand.position(A1.default_position, A1.kp, A1.kd)


def start(**parameters) -> subprocess.Popen:
    arguments = [f"{name}:={value}" for name, value in parameters.items()]
    command = [sys.executable, "-m", "wmp_sim.a1_sim", "--ros-args"]
    for argument in arguments:
        command += ["-p", argument]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def listening_port(process: subprocess.Popen) -> int:
    for line in process.stderr:
        if "UDP port" in line:
            return int(line.split("UDP port ")[1].split(",")[0])
    raise AssertionError(f"the simulation ended with {process.wait()} before it listened")


@pytest.fixture
def link_to():
    """Starts a simulation and gives a link to it; ends both."""
    opened = []

    def connect(**parameters):
        process = start(port=0, spawn="standing", **parameters)
        opened.append(process)
        settings = A1LinkSettings("127.0.0.1", listening_port(process), 0, stamp_from_tick=True)
        link = A1Link(settings, JOINT_NAMES)
        link.open()
        opened.append(link)
        return process, link

    yield connect
    for thing in opened:
        if isinstance(thing, A1Link):
            thing.close()
        elif thing.poll() is None:
            thing.kill()
            thing.wait()


class Listener:
    """Collects what the simulation publishes."""

    def __init__(self):
        from nav_msgs.msg import Odometry
        from rosgraph_msgs.msg import Clock
        from sensor_msgs.msg import CameraInfo, Image
        from std_msgs.msg import Bool

        from wmp_ros.qos import LATCHED, RELIABLE

        self.received = {}
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.node = rclpy.create_node("listener", context=self.context)
        self.executor = rclpy.executors.SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        for topic, kind, qos in (
            ("camera/depth/image_rect_raw", Image, RELIABLE),
            ("camera/depth/camera_info", CameraInfo, RELIABLE),
            ("sim/odometry", Odometry, RELIABLE),
            ("/clock", Clock, RELIABLE),
            ("sim/fallen", Bool, LATCHED),
        ):
            self.received[topic] = []
            self.node.create_subscription(kind, topic, self.received[topic].append, qos)

    def wait(self, condition, seconds=20.0) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if condition():
                return True
            self.executor.spin_once(timeout_sec=0.05)
        return False

    def matched(self, publishers: int) -> bool:
        """Whether the simulation's publishers have found this listener."""
        counts = [self.node.count_publishers(topic) for topic in self.received]
        return sum(counts) >= publishers

    def close(self):
        self.executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)


@pytest.fixture
def listener():
    listener = Listener()
    yield listener
    listener.close()


def seconds_of(stamp) -> float:
    return stamp.sec + stamp.nanosec * 1e-9


def test_lockstep_publishes_frames_of_simulated_time_before_their_state(link_to, listener):
    _, link = link_to(lockstep="true", terrain="climb", difficulty=0.5)
    assert listener.wait(lambda: listener.matched(5) and listener.received["sim/fallen"])
    for _ in range(500):
        link.send(STAND)
        state = link.receive(10.0, newest=False)
        assert state is not None
    assert state.stamp == pytest.approx(1.0)

    images, infos = (
        listener.received["camera/depth/image_rect_raw"],
        listener.received["camera/depth/camera_info"],
    )
    # One second of simulated time: frames 0..30, the last at the very end, all sent before the last state.
    assert listener.wait(lambda: len(images) == 31 and len(infos) == 31)
    stamps = np.array([seconds_of(image.header.stamp) for image in images])
    due = np.arange(31) / 30.0
    assert ((stamps >= due - 1e-9) & (stamps < due + 0.0041)).all()
    assert (images[0].encoding, images[0].height, images[0].width, images[0].step) == ("16UC1", 240, 424, 848)
    assert list(infos[0].k) == [211.4, 0.0, 212.6, 0.0, 211.4, 117.7, 0.0, 0.0, 1.0]
    frame = np.frombuffer(images[-1].data, np.uint16).reshape(240, 424)
    assert 500 < frame[120, 212] < 1400  # the box ahead, from 0.8 to 1.3 m beyond the start

    odometry = listener.received["sim/odometry"]
    assert listener.wait(lambda: len(odometry) == 50)
    assert odometry[-1].pose.pose.position.z == pytest.approx(0.275, abs=0.01)
    assert (odometry[-1].header.frame_id, odometry[-1].child_frame_id) == ("world", "base_link")
    clock = listener.received["/clock"]
    assert listener.wait(lambda: clock and seconds_of(clock[-1].clock) == pytest.approx(1.0))
    assert [message.data for message in listener.received["sim/fallen"]] == [False]


def test_a_fall_is_announced(link_to, listener):
    _, link = link_to(lockstep="true")
    for _ in range(300):
        link.send(MotorCommand.damping(0.1))
        link.receive(10.0, newest=False)
    fallen = listener.received["sim/fallen"]
    assert listener.wait(lambda: fallen and fallen[-1].data)


def test_real_time_streams_states_and_frames_with_system_stamps(link_to, listener):
    _, link = link_to(terrain="flat")
    link.send(STAND)
    first = link.receive(10.0)
    images = listener.received["camera/depth/image_rect_raw"]
    assert listener.wait(lambda: len(images) >= 5)
    assert abs(seconds_of(images[-1].header.stamp) - time.time()) < 5.0
    assert link.receive(10.0).tick > first.tick


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("lockstep", ["true", "false"])
def test_a_signal_ends_the_process_cleanly(link_to, number, lockstep):
    process, link = link_to(lockstep=lockstep)
    link.send(STAND)
    assert link.receive(10.0) is not None
    process.send_signal(number)
    assert process.wait(15.0) == 0
    assert "Traceback" not in process.stderr.read()


def test_an_unknown_terrain_ends_with_the_choices():
    process = start(port=0, terrain="lava")
    assert process.wait(60.0) == 1
    assert "terrain is 'lava', expected one of" in process.stderr.read()


@pytest.fixture(autouse=True)
def own_domain(monkeypatch):
    """Keep these tests apart from other graphs on this machine."""
    monkeypatch.setenv("ROS_DOMAIN_ID", os.environ.get("ROS_DOMAIN_ID", "43"))
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    monkeypatch.setenv("FASTDDS_BUILTIN_TRANSPORTS", "UDPv4")
