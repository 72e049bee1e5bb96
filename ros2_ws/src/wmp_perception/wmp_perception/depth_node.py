"""ROS node: depth frames of the camera in, the world model's depth images out.

Subscribes to ``wmp/policy_step`` and, with ``source: topic``, to ``image_rect_raw`` and ``camera_info`` below
the parameter ``topics``; publishes ``wmp/depth`` and ``diagnostics``. All decisions use message stamps,
so a bag or a lockstep simulation gives the same images regardless of when messages arrive.

``wmp/depth`` and ``wmp/policy_step`` appear once the camera is available, so other nodes can tell whether
this node is ready.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from typing import Deque, List, Optional

from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, Image
from wmp_msgs.msg import PolicyStep

from wmp_core.bundle import Bundle
from wmp_core.contract import DepthContract
from wmp_core.depth.geometry import CameraIntrinsics, GeometryError
from wmp_core.manifest import BundleError
from wmp_perception import messages
from wmp_perception.depth_filter import DepthFilterSettings
from wmp_perception.depth_pipeline import DepthImage, DepthPipeline
from wmp_perception.realsense import CameraSettings, RawFrame, RealSenseError, import_realsense
from wmp_perception.realsense_thread import CameraThread
from wmp_perception.stream_problems import stream_problems
from wmp_ros.clock import WALL_CLOCK
from wmp_ros.graph import publishers_of, second_publisher
from wmp_ros.health import Health, Report
from wmp_ros.parameters import declare, declare_journal, declare_settings
from wmp_ros.qos import NEWEST, NEWEST_BEST_EFFORT, RELIABLE
from wmp_ros.running import run_node, spin_realtime
from wmp_ros.stamps import to_seconds
from wmp_ros.status import BUNDLE_SHA256


class DepthNode(Node):
    """Connects a :class:`DepthPipeline` to ROS."""

    def __init__(self) -> None:
        super().__init__("depth_node")
        self._lock = threading.Lock()  # camera thread and executor share the pipeline
        self._frame_id = "camera_depth_optical_frame"
        self._publisher: Optional[Publisher] = None
        self._published = 0
        self._worst_age_error = 0.0
        self._camera: Optional[CameraThread] = None
        self._intrinsics: Optional[CameraIntrinsics] = None
        self._unit = float(declare(self, "depth_unit", 0.001))
        prefix = str(declare(self, "topics", "camera/depth")).rstrip("/")
        self._image_topic, self._info_topic = f"{prefix}/image_rect_raw", f"{prefix}/camera_info"
        self._lockstep = bool(declare(self, "lockstep", False))
        # Only the contract is used here; the nodes that run the networks verify the bundle.
        bundle = Bundle.load_unverified(str(declare(self, "bundle", "")))
        contract, self._bundle_sha256 = bundle.contract, bundle.sha256
        self.get_logger().info(f"the bundle expects the camera {_mount(contract.depth)}")
        tolerance = float(declare(self, "depth_tolerance", 0.04))
        self._pipeline = DepthPipeline(
            contract, declare_settings(self, "filter", DepthFilterSettings), tolerance
        )
        self._journal = declare_journal(self)
        import_realsense()
        self._open_source(str(declare(self, "source", "device")))
        self._join_timer = self.create_timer(0.05, self._join_loop, clock=WALL_CLOCK)
        self._health = Health(self, "depth camera", self._report, self._journal)

    def destroy_node(self) -> None:
        if self._camera is not None:
            self._camera.close()
        super().destroy_node()

    def _open_source(self, source: str) -> None:
        if source == "device":
            self._camera = CameraThread(declare_settings(self, "camera", CameraSettings), self._on_frame)
            self._camera.start()
        elif source == "topic":
            self._early_images: Deque[Image] = deque(maxlen=30)  # arrived before the intrinsics
            self.create_subscription(CameraInfo, self._info_topic, self._on_camera_info, RELIABLE)
            # In lockstep no frame may be lost; in real time a frame that waits is older than the next one.
            self._images = self._subscribe_images(RELIABLE if self._lockstep else NEWEST)
        else:
            raise ValueError(
                f"parameter source is {source!r}, expected 'device' (RealSense on USB) or 'topic'"
            )

    def _subscribe_images(self, qos: QoSProfile) -> Subscription:
        return self.create_subscription(Image, self._image_topic, self._on_image, qos)

    def _match_best_effort(self) -> None:
        """Match a driver that sends best effort; a reliable subscription would receive nothing from it."""
        publishers = publishers_of(self, self._image_topic)
        if any(info.qos_profile.reliability is ReliabilityPolicy.BEST_EFFORT for info in publishers):
            self.destroy_subscription(self._images)
            self._images = self._subscribe_images(NEWEST_BEST_EFFORT)

    def _join_loop(self) -> None:
        """Advertise and subscribe once the camera is available."""
        if not self._has_camera():
            return
        if self._camera is None and not self._lockstep:
            self._match_best_effort()
        self._publisher = self.create_publisher(Image, "wmp/depth", RELIABLE)
        self.create_subscription(PolicyStep, "wmp/policy_step", self._on_step, RELIABLE)
        self.destroy_timer(self._join_timer)

    def _has_camera(self) -> bool:
        if self._camera is not None:
            return not self._camera.problem
        return self.count_publishers(self._image_topic) > 0 and self.count_publishers(self._info_topic) > 0

    def _on_camera_info(self, info: CameraInfo) -> None:
        try:
            self._intrinsics = messages.intrinsics_from_info(info)
        except GeometryError as error:  # for example, the driver has not read its calibration yet
            self.get_logger().error(f"{self._info_topic}: {error}", throttle_duration_sec=5.0)
            return
        while self._early_images:
            self._on_image(self._early_images.popleft())

    def _on_image(self, image: Image) -> None:
        if not image.data and self._lockstep:
            with self._lock:
                self._publish(self._pipeline.on_missing_frame(to_seconds(image.header.stamp)))
            return
        if self._intrinsics is None:
            self._early_images.append(image)
            return
        try:
            depth = messages.depth_from_image(image)
            if depth.shape != (self._intrinsics.height, self._intrinsics.width):
                raise GeometryError(f"depth image is {depth.shape}, camera_info says {self._intrinsics}")
        except ValueError as error:
            self.get_logger().error(str(error), throttle_duration_sec=5.0)
            return
        self._frame_id = image.header.frame_id or self._frame_id
        self._on_frame(RawFrame(to_seconds(image.header.stamp), depth, self._intrinsics, self._unit))

    def _on_frame(self, frame: RawFrame) -> None:
        with self._lock:
            self._publish(self._pipeline.on_frame(frame))

    def _on_step(self, step: PolicyStep) -> None:
        with self._lock:
            self._publish(self._pipeline.on_step(step.tick, to_seconds(step.header.stamp), step.is_first))

    def _publish(self, images: List[DepthImage]) -> None:
        for image in images:
            if image.metres.size == 0 and not self._lockstep:
                continue  # an empty image only matters in lockstep, where the world model waits for it
            assert self._publisher is not None
            self._publisher.publish(messages.image_from_metres(image.metres, image.stamp, self._frame_id))
            if image.metres.size > 0:
                self._published += 1
                self._journal.write("depth", stamp=image.stamp)
            self._worst_age_error = max(self._worst_age_error, abs(image.age_error))

    def _report(self) -> Report:
        with self._lock:
            health, missed = self._pipeline.health, self._pipeline.missed
        problem = self._camera.problem if self._camera is not None else ""
        # Simulated stamps are unrelated to wall time.
        age = 0.0 if self._lockstep or health.stamp is None else time.time() - health.stamp
        report = Report(
            "streaming",
            {
                BUNDLE_SHA256: self._bundle_sha256,  # policy_node compares it with its own bundle
                "frames": str(health.frames),
                "rate_hz": f"{health.rate:.1f}",
                "age_ms": f"{1e3 * age:.0f}",
                "published": str(self._published),
                "ticks_without_image": str(missed),
                "worst_age_error_ms": f"{1e3 * self._worst_age_error:.1f}",
                "invalid_ratio": f"{health.invalid_ratio:.3f}",
                "filter_ms": f"{health.filter_ms:.2f}",
            },
        )
        report.warn_if(bool(problem), problem)
        report.warn_if(
            self._publisher is None and not problem, f"waiting for a publisher of {self._image_topic}"
        )
        # A publisher is no proof of a camera: drivers advertise their topics before they find one.
        report.warn_if(
            not (self._lockstep or health.frames or problem or self._publisher is None),
            "no usable frame yet: check that the driver has found its camera and publishes RELIABLE, and "
            f"that {self._image_topic} and {self._info_topic} agree",
        )
        report.warn_if(age > 0.5, f"the newest frame is {age:.1f} s old")
        report.warn_if(
            age < -0.1, f"the newest frame is {-age:.1f} s ahead of this computer's time: check both clocks"
        )
        report.warn_if(
            health.invalid_ratio > 0.9,
            "fewer than 10 % of the pixels are valid: check for a covered lens or an obstacle too close",
        )
        report.error_if(
            not health.is_usable,
            "the camera still streams but delivers no usable depth: the world model continues with its prior",
        )
        report.error_if(bool(health.stamp_problem), health.stamp_problem)
        if self._camera is None:
            rival = second_publisher(self, self._image_topic)
            report.error_if(rival is not None, rival or "")
        for problem in stream_problems(health, self._pipeline.required_rate, self._unit):
            report.warn_if(not self._lockstep, problem)
        report.warn_if(
            health.coverage < 0.9,
            f"the camera covers {100 * health.coverage:.0f} % of the network's field of view",
        )
        return report


def _mount(depth: DepthContract) -> str:
    """Camera mount of the training, as a guide for the real one."""
    forward, left, up = depth.position
    return (
        f"{forward:.3f} m forward, {left:.3f} m left and {up:.3f} m up from the trunk's centre, "
        f"looking {math.degrees(depth.pitch):.1f} degrees down"
    )


def main() -> int:
    return run_node(DepthNode, (BundleError, ValueError, RealSenseError), spin_realtime)
