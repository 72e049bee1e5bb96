"""The flight recorder buffers the last seconds and writes them on FAULT, on request and at the end."""

import os
import signal
import subprocess
import sys
import time

import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rosbags.highlevel import AnyReader
from std_srvs.srv import Trigger
from wmp_msgs.msg import PolicyStep

from wmp_bringup.isolation import reserve_domain
from wmp_controller.control_health import event_diagnostics
from wmp_controller.cycle_report import ControlEvents
from wmp_core.control.modes import Mode
from wmp_ros.qos import RELIABLE
from wmp_testing.mcap_check import check_mcap

SPAN = 2.0


@pytest.fixture
def recorder(tiny_bundle, tmp_path):
    """A running flight recorder with a short buffer: its folder, its process, and a client node."""
    domain = reserve_domain()
    parameters = {"output": tmp_path, "bundle": tiny_bundle, "span": SPAN, "after_fault": 0.3}
    command = [sys.executable, "-m", "wmp_recording.flight_recorder", "--ros-args"]
    for name, value in parameters.items():
        command += ["-p", f"{name}:={value}"]
    environment = {**os.environ, "ROS_DOMAIN_ID": str(domain.domain_id)}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=domain.domain_id)
    peer = Peer(context)
    assert peer.wait(lambda: peer.steps.get_subscription_count() > 0)
    yield tmp_path, process, peer
    process.kill()
    process.communicate()
    peer.close()
    domain.lock.close()


class Peer:
    """Publishes numbered policy steps and the controller's events."""

    def __init__(self, context):
        self.context = context
        self.node = rclpy.create_node("peer", context=context)
        self.executor = SingleThreadedExecutor(context=context)
        self.executor.add_node(self.node)
        self.steps = self.node.create_publisher(PolicyStep, "wmp/policy_step", RELIABLE)
        self.events = self.node.create_publisher(DiagnosticArray, "diagnostics", RELIABLE)
        self.client = self.node.create_client(Trigger, "flight_recorder/write")

    def publish(self, *ticks):
        for tick in ticks:
            self.steps.publish(PolicyStep(tick=tick))

    def wait(self, condition, seconds=30.0):
        deadline = time.monotonic() + seconds
        while not condition() and time.monotonic() < deadline:
            self.executor.spin_once(timeout_sec=0.05)
        return condition()

    def request_write(self):
        assert self.wait(self.client.service_is_ready)
        answer = self.client.call_async(Trigger.Request())
        assert self.wait(answer.done)
        return answer.result()

    def close(self):
        self.executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)


def ticks_in(bag):
    with AnyReader([bag]) as reader:
        steps = [c for c in reader.connections if c.topic == "/wmp/policy_step"]
        return [reader.deserialize(raw, c.msgtype).tick for c, _, raw in reader.messages(steps)]


def test_a_request_writes_the_messages_within_the_span(recorder):
    folder, _, peer = recorder
    peer.publish(1, 2)
    time.sleep(SPAN + 0.5)
    peer.publish(3, 4)
    assert peer.wait(lambda: ticks_in(folder / peer.request_write().message)[-1:] == [4])
    assert ticks_in(max(folder.iterdir(), key=lambda bag: bag.stat().st_mtime)) == [3, 4]


def test_a_fault_writes_a_bag_without_a_request(recorder):
    folder, _, peer = recorder
    peer.publish(1)
    peer.events.publish(event_diagnostics(ControlEvents(1.0, Mode.WALK, ("PASSIVE -> STAND_UP",))))
    time.sleep(1.0)
    assert not list(folder.iterdir())
    peer.events.publish(event_diagnostics(ControlEvents(2.0, Mode.FAULT, ("WALK -> FAULT: attitude",))))
    assert peer.wait(lambda: peer.publish(2) or list(folder.glob("flight_*_fault/metadata.yaml")))
    (bag,) = folder.glob("flight_*_fault")
    assert check_mcap(bag) > 0
    assert 2 in ticks_in(bag)  # the bag also holds messages after the FAULT


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_writes_a_bag_before_the_node_ends(recorder, number):
    folder, process, peer = recorder
    for _ in range(10):
        peer.publish(7)
        time.sleep(0.1)
    process.send_signal(number)
    assert process.wait(30.0) == 0
    (bag,) = folder.glob("flight_*_end")
    assert set(ticks_in(bag)) == {7}
