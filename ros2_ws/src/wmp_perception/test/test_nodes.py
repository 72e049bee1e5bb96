"""depth_node and world_model_node as processes over real DDS, compared with direct library calls."""

import json
import os
import signal
import subprocess
import sys
import time
from array import array
from pathlib import Path

import numpy as np
import pytest
import rclpy
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image
from wmp_msgs.msg import Latent, PolicyStep

from wmp_core.bundle import Bundle
from wmp_core.depth.geometry import CameraIntrinsics
from wmp_core.verification import load_verified
from wmp_perception import messages
from wmp_perception.depth_filter import DepthFilterSettings
from wmp_perception.depth_pipeline import DepthPipeline
from wmp_perception.realsense import RawFrame
from wmp_ros.qos import RELIABLE
from wmp_ros.stamps import to_seconds, to_stamp
from wmp_testing.tiny_bundle import write_tiny_bundle

D435I = CameraIntrinsics(424, 240, 211.4, 211.4, 212.6, 117.7)
INTERVALS = 3
JOINTS, PROPRIOCEPTION = 12, 33


class Process:
    """A node of this package."""

    def __init__(self, module: str, **parameters):
        arguments = [f"-p {name}:={value}".split(" ", 1) for name, value in parameters.items()]
        code = f"from wmp_perception.{module} import main; raise SystemExit(main())"
        command = [sys.executable, "-c", code, "--ros-args", *(word for pair in arguments for word in pair)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def end(self, signal_number=signal.SIGTERM):
        """Exit code and everything the node printed."""
        self.process.send_signal(signal_number)
        out, err = self.process.communicate(timeout=10)
        return self.process.returncode, out + err


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    path = tmp_path_factory.mktemp("bundle") / "tiny"
    write_tiny_bundle(path)
    return path


@pytest.fixture
def processes():
    started = []

    def start(module, **parameters):
        started.append(Process(module, **parameters))
        return started[-1]

    yield start
    for process in started:
        process.process.kill()
        process.process.communicate()


@pytest.fixture
def node():
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node("test_perception", context=context)
    yield node
    node.destroy_node()
    rclpy.try_shutdown(context=context)


class Graph:
    """Acts as camera and policy, and collects what the nodes publish."""

    def __init__(self, node):
        self.node = node
        self.executor = SingleThreadedExecutor(context=node.context)
        self.executor.add_node(node)
        self.images = node.create_publisher(Image, "camera/depth/image_rect_raw", RELIABLE)
        self.infos = node.create_publisher(CameraInfo, "camera/depth/camera_info", RELIABLE)
        self.steps = node.create_publisher(PolicyStep, "wmp/policy_step", RELIABLE)
        self.depths, self.latents, self.diagnostics = [], [], []
        self.subscriptions = [
            node.create_subscription(Image, "wmp/depth", self.depths.append, RELIABLE),
            node.create_subscription(Latent, "wmp/latent", self.latents.append, RELIABLE),
        ]
        node.create_subscription(DiagnosticArray, "diagnostics", self.diagnostics.append, 10)

    def wait(self, condition, timeout_s=20.0):
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, "the condition was not met in time"
            self.executor.spin_once(timeout_sec=0.05)

    def wait_for_matches(self):
        self.wait(
            lambda: self.steps.get_subscription_count() >= 2 and self.images.get_subscription_count() >= 1
        )
        self.wait(lambda: self.infos.get_subscription_count() >= 1)
        self.wait(lambda: all(taken.get_publisher_count() >= 1 for taken in self.subscriptions))
        settled = time.monotonic() + 0.3
        self.wait(lambda: time.monotonic() > settled)

    def publish_frame(self, stamp, depth):
        info = CameraInfo(width=424, height=240)
        info.k = [211.4, 0.0, 212.6, 0.0, 211.4, 117.7, 0.0, 0.0, 1.0]
        image = Image(width=424, height=240, step=848, encoding="16UC1", data=array("B", depth.tobytes()))
        info.header.stamp = image.header.stamp = to_stamp(stamp)
        self.images.publish(image)
        self.infos.publish(info)

    def publish_step(self, tick, stamp, proprioception, action):
        step = PolicyStep(tick=tick, is_first=tick == 0)
        step.header.stamp = to_stamp(stamp)
        step.proprioception, step.action = array("f", proprioception.tobytes()), array("f", action.tobytes())
        self.steps.publish(step)


class Recording:
    """Camera frames at 30 Hz and policy steps at 50 Hz on one simulated clock."""

    def __init__(self, near_mm=800):
        rng = np.random.default_rng(3)
        self.frames = []
        for index in range(15):
            depth = np.full((240, 424), 1900, np.uint16)
            depth[60:, 150 + 4 * index : 260 + 4 * index] = near_mm
            depth[rng.random(depth.shape) < 0.02] = 0
            self.frames.append((round(9.85 + index / 30, 6), depth))
        self.proprioception = rng.normal(size=(5 * INTERVALS, PROPRIOCEPTION)).astype(np.float32)
        self.actions = rng.normal(size=(5 * INTERVALS, JOINTS)).astype(np.float32)

    def stamp(self, tick):
        return round(10.0 + 0.02 * tick, 6)

    def latents_by_library(self, path):
        """The latents that the nodes must publish: the same library, called in sequence."""
        bundle = load_verified(path)
        pipeline = DepthPipeline(bundle.contract, DepthFilterSettings(), 0.04)
        for stamp, depth in self.frames:
            pipeline.on_frame(RawFrame(stamp, depth, D435I, 0.001))
        model, latents = bundle.create_world_model(), []
        for tick in range(0, 5 * INTERVALS, 5):
            (image,) = pipeline.on_step(tick, self.stamp(tick), tick == 0)
            model.observe(self.proprioception[tick], image.metres, image.stamp)
            latents.append((image, model.advance(self.actions[tick : tick + 5])))
        return latents


def start_both(processes, bundle):
    return (
        processes("depth_node", bundle=bundle, source="topic", lockstep=True),
        processes("world_model_node", bundle=bundle, lockstep=True),
    )


@pytest.mark.parametrize("late", ["frames", "steps"])
def test_the_graph_publishes_what_the_library_computes_in_either_order(bundle, processes, node, late):
    graph, recording = Graph(node), Recording()
    nodes = start_both(processes, bundle)
    graph.wait_for_matches()

    def send_frames():
        for stamp, depth in recording.frames:
            graph.publish_frame(stamp, depth)

    def send_steps(interval):
        for tick in range(5 * interval, 5 * interval + 5):
            graph.publish_step(
                tick, recording.stamp(tick), recording.proprioception[tick], recording.actions[tick]
            )
        # The policy waits for the latent of its tick before its next step.
        if late == "steps" or interval > 0:
            graph.wait(lambda: len(graph.latents) == interval + 1)

    if late == "steps":
        send_frames()
        send_steps(0)
    else:
        send_steps(0)
        send_frames()
        graph.wait(lambda: len(graph.latents) == 1)
    for interval in range(1, INTERVALS):
        send_steps(interval)

    # The topics have no order among each other.
    graph.wait(lambda: len(graph.depths) == len(graph.latents) == INTERVALS)
    for index, (image, state) in enumerate(recording.latents_by_library(bundle)):
        message = graph.latents[index]
        assert (message.tick, message.source) == (5 * (index + 1), Latent.POSTERIOR)
        assert to_seconds(message.header.stamp) == pytest.approx(recording.stamp(5 * index + 4))
        assert message.depth_age == pytest.approx(recording.stamp(5 * index) - image.stamp, abs=1e-5)
        assert message.kl == pytest.approx(state.kl)
        np.testing.assert_array_equal(message.h, state.h)
        np.testing.assert_array_equal(message.z, state.z)
        np.testing.assert_array_equal(messages.metres_from_image(graph.depths[index]), image.metres)
        assert to_seconds(graph.depths[index].header.stamp) == pytest.approx(image.stamp)
    assert [process.end()[0] for process in nodes] == [0, 0]


def test_different_depth_images_give_a_different_h(bundle, processes, node):
    graph = Graph(node)
    near, far = Recording(near_mm=400), Recording(near_mm=1900)
    start_both(processes, bundle)
    graph.wait_for_matches()
    for number, recording in enumerate((near, far)):
        for stamp, depth in recording.frames:
            graph.publish_frame(stamp + 50 * number, depth)
        for interval in range(2):
            for tick in range(5 * interval, 5 * interval + 5):
                stamp = recording.stamp(tick) + 50 * number
                graph.publish_step(tick, stamp, near.proprioception[tick], near.actions[tick])
            graph.wait(lambda expected=2 * number + interval + 1: len(graph.latents) == expected)
    assert not np.array_equal(graph.latents[0].z, graph.latents[2].z)
    assert not np.allclose(graph.latents[0].h, graph.latents[2].h, atol=1e-4)


def test_without_images_the_world_model_continues_with_its_prior_and_reports_it(bundle, processes, node):
    graph, recording = Graph(node), Recording()
    depths = node.create_publisher(Image, "wmp/depth", RELIABLE)
    processes("world_model_node", bundle=bundle)
    graph.wait(lambda: graph.steps.get_subscription_count() >= 1 and depths.get_subscription_count() >= 1)
    graph.wait(lambda: node.count_publishers("wmp/latent") >= 1)
    # Right age, wrong size: refused, and the node continues.
    wrong = np.ones((3, 3), np.float32)
    depths.publish(messages.image_from_metres(wrong, recording.stamp(0) - 0.1, "camera"))
    for tick in range(5):
        graph.publish_step(
            tick, recording.stamp(tick), recording.proprioception[tick], recording.actions[tick]
        )
    graph.wait(lambda: graph.latents)
    assert graph.latents[0].source == Latent.PRIOR
    assert graph.latents[0].depth_stamp == Time() and np.isnan(graph.latents[0].depth_age)
    graph.wait(lambda: any("prior" in d.status[0].message for d in graph.diagnostics))
    values = {entry.key: entry.value for entry in graph.diagnostics[-1].status[0].values}
    assert values["bundle_sha256"] == Bundle.load_unverified(bundle).sha256


@pytest.mark.parametrize("module", ["depth_node", "world_model_node"])
def test_a_node_gets_its_priority_and_other_threads_one_less_or_reports_why_not(
    bundle, processes, node, module
):
    graph = Graph(node)
    source = {"source": "topic"} if module == "depth_node" else {}
    running = processes(module, bundle=bundle, **source, **{"realtime.priority": 5})
    graph.wait(lambda: graph.diagnostics)  # the node serves ROS
    main = running.process.pid
    threads = {int(entry.name) for entry in Path(f"/proc/{main}/task").iterdir()}
    found = {thread: os.sched_getparam(thread).sched_priority for thread in threads}
    code, text = running.end()
    assert code == 0, text
    if "rtprio 5" in text:
        assert set(found.values()) == {0}
    else:
        assert len(threads) > 1 and found == {**dict.fromkeys(threads, 4), main: 5}


def test_a_missing_calibration_or_a_wrong_clock_is_reported_and_the_node_continues(bundle, processes, node):
    graph = Graph(node)
    running = processes("depth_node", bundle=bundle, source="topic")
    graph.wait(lambda: graph.images.get_subscription_count() >= 1)
    graph.wait(lambda: graph.infos.get_subscription_count() >= 1)
    graph.infos.publish(CameraInfo(width=424, height=240))

    def is_reported(problem):
        return any(problem in d.status[0].message for d in graph.diagnostics)

    def is_ahead():
        graph.publish_frame(time.time() + 5.0, np.full((240, 424), 1000, np.uint16))
        return is_reported("ahead of this computer's time")

    graph.wait(lambda: is_reported("no usable frame yet"))
    graph.wait(is_ahead)
    assert "no usable frame yet" not in graph.diagnostics[-1].status[0].message
    _, text = running.end()
    assert "camera intrinsics: fx is 0.0" in text and "Traceback" not in text


@pytest.mark.parametrize("reliability", [ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT])
def test_a_slow_camera_with_another_unit_is_a_problem_whatever_its_reliability(
    bundle, processes, node, reliability
):
    graph = Graph(node)
    node.destroy_publisher(graph.images)
    qos = QoSProfile(depth=5, reliability=reliability)
    graph.images = node.create_publisher(Image, "camera/depth/image_rect_raw", qos)
    processes("depth_node", bundle=bundle, source="topic")
    graph.wait(lambda: graph.infos.get_subscription_count() >= 1)
    # 6 Hz, and 2 m in units of 0.1 mm.
    stamp = time.time()

    def publish():
        nonlocal stamp
        stamp += 1 / 6
        graph.publish_frame(stamp, np.full((240, 424), 20_000, np.uint16))
        texts = [d.status[0].message for d in graph.diagnostics]
        named = "6 frames per second, expected 12.5 or more", "0.001 m per count"
        return any(all(name in text for name in named) for text in texts)

    graph.wait(publish)


def test_depth_node_logs_where_the_bundle_expects_the_camera(tmp_path, processes, node):
    graph = Graph(node)
    path = write_tiny_bundle(tmp_path / "tiny")
    description = json.loads((path / "bundle.json").read_text())
    description["contract"]["depth"].update(position=[0.31, -0.02, 0.045], pitch=0.1)
    (path / "bundle.json").write_text(json.dumps(description))
    running = processes("depth_node", bundle=path, source="topic")
    graph.wait(lambda: graph.images.get_subscription_count() >= 1)
    _, text = running.end()
    assert "0.310 m forward, -0.020 m left and 0.045 m up" in text and "5.7 degrees down" in text


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_a_node_ends_on_a_signal(bundle, processes, node, signal_number):
    graph = Graph(node)
    running = processes("depth_node", bundle=bundle, source="topic")
    graph.wait(lambda: graph.images.get_subscription_count() >= 1)
    code, text = running.end(signal_number)
    assert code == 0, text


@pytest.mark.parametrize(
    ("module", "parameters", "expected"),
    [
        ("depth_node", {"source": "webcam"}, "'webcam'"),
        ("depth_node", {"source": "topic", "filter.temporal_alpha": 3.0}, "temporal_alpha"),
        ("world_model_node", {"depth_tolerance": 0.2}, "depth tolerance"),
        ("world_model_node", {"bundle": "/nowhere"}, "/nowhere"),
        ("world_model_node", {"realtime.priority": 100}, "priority is 100"),
    ],
)
def test_a_bad_parameter_ends_the_node_with_one_line_that_names_it(
    bundle, processes, module, parameters, expected
):
    failed = processes(module, **{"bundle": bundle, **parameters})
    out, err = failed.process.communicate(timeout=20)
    assert failed.process.returncode == 1
    assert expected in out + err and "Traceback" not in out + err


def test_with_trusted_keys_the_world_model_refuses_an_unsigned_bundle(bundle, processes, tmp_path):
    keys = tmp_path / "trusted_keys.txt"
    keys.write_text(64 * "a" + " a key\n")
    refusing = processes("world_model_node", bundle=bundle, trusted_keys=keys)
    out, err = refusing.process.communicate(timeout=20)
    assert refusing.process.returncode == 1
    assert "is not signed" in out + err and "Traceback" not in out + err
