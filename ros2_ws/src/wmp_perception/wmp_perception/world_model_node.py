"""ROS node that runs the world model: policy steps and depth images in, latents out.

Subscribes to ``wmp/policy_step`` and ``wmp/depth``; publishes ``wmp/latent`` and ``diagnostics``. The
networks run in the callbacks, in a process of their own, so no other node waits for them. A latent is due
within 20 ms of the step that completes it; ``realtime.*`` sets the scheduling for this deadline.

``wmp/latent`` is advertised once ``wmp/depth`` has a publisher, so a node that waits for the latent publisher
also waits for the camera.
"""

from __future__ import annotations

import math
import time
from array import array
from typing import Optional

import numpy as np
from rclpy.node import Node
from rclpy.publisher import Publisher
from sensor_msgs.msg import Image
from wmp_msgs.msg import Latent, PolicyStep

from wmp_core.inference.session import ModelError
from wmp_core.inference.world_model import LatentState, Source, WorldModel
from wmp_core.manifest import BundleError
from wmp_core.realtime.timing import StageTimer
from wmp_core.signing import SignatureError
from wmp_core.verification import load_verified
from wmp_perception import messages
from wmp_perception.latent_schedule import LatentSchedule, Step, TimedLatent
from wmp_ros.clock import WALL_CLOCK
from wmp_ros.health import Health, Report
from wmp_ros.parameters import declare, declare_journal, declare_trusted_keys
from wmp_ros.qos import RELIABLE
from wmp_ros.running import run_node, spin_realtime
from wmp_ros.stamps import to_seconds, to_stamp
from wmp_ros.status import BUNDLE_SHA256


class TimedWorldModel:
    """A world model that times its phases; ``advance_ms`` and ``observe_ms`` hold the last call's times."""

    def __init__(self, model: WorldModel) -> None:
        self._model = model
        self.timer = StageTimer()
        self.advance_ms = self.observe_ms = math.nan

    def reset(self) -> LatentState:
        return self._model.reset()

    def observe(
        self, proprioception: np.ndarray, depth_m: Optional[np.ndarray], depth_stamp: float
    ) -> LatentState:
        started = time.perf_counter()
        state = self._model.observe(proprioception, depth_m, depth_stamp)
        elapsed = time.perf_counter() - started
        self.timer.record("prior" if depth_m is None else "observe", elapsed)
        self.observe_ms = math.nan if depth_m is None else 1e3 * elapsed
        return state

    def advance(self, actions: np.ndarray) -> LatentState:
        started = time.perf_counter()
        state = self._model.advance(actions)
        elapsed = time.perf_counter() - started
        self.timer.record("advance", elapsed)
        self.advance_ms = 1e3 * elapsed
        return state


class WorldModelNode(Node):
    """Connects a :class:`LatentSchedule` to ROS."""

    def __init__(self) -> None:
        super().__init__("world_model_node")
        provider = str(declare(self, "provider", "cpu"))
        path = str(declare(self, "bundle", ""))
        bundle = load_verified(path, provider, trusted_keys=declare_trusted_keys(self))
        lockstep = bool(declare(self, "lockstep", False))
        tolerance = float(declare(self, "depth_tolerance", 0.04))
        self._lockstep_timeout = float(declare(self, "lockstep_timeout", 5.0))
        self._journal = declare_journal(self)
        self._depth, self._bundle_sha256 = bundle.contract.depth, bundle.sha256
        self._model = TimedWorldModel(bundle.create_world_model())
        self._schedule = LatentSchedule(
            self._model, bundle.contract.timing, tolerance, wait_for_depth=lockstep
        )
        self._publisher: Optional[Publisher] = None
        self._waiting_since: Optional[float] = None
        self._newest: Optional[TimedLatent] = None
        self._published = dict.fromkeys(Source, 0)
        self.create_subscription(Image, "wmp/depth", self._on_depth, RELIABLE)
        self._join_timer = self.create_timer(0.05, self._join_loop, clock=WALL_CLOCK)
        if lockstep:
            self.create_timer(0.1, self._check_lockstep_timeout, clock=WALL_CLOCK)
        self._health = Health(self, bundle.name, self._report, self._journal)
        self.get_logger().info(f"bundle {bundle.name} verified on {bundle.provider}")

    def _join_loop(self) -> None:
        """Advertise and subscribe once depth images can arrive."""
        if self.count_publishers("wmp/depth") == 0:
            return
        self._publisher = self.create_publisher(Latent, "wmp/latent", RELIABLE)
        self.create_subscription(PolicyStep, "wmp/policy_step", self._on_step, RELIABLE)
        self.destroy_timer(self._join_timer)

    def _on_step(self, message: PolicyStep) -> None:
        step = Step(
            message.tick,
            to_seconds(message.header.stamp),
            message.is_first,
            np.asarray(message.proprioception, dtype=np.float32),
            np.asarray(message.action, dtype=np.float32),
        )
        self._publish(self._schedule.on_step(step))

    def _on_depth(self, image: Image) -> None:
        try:
            depth = messages.world_model_image(image, self._depth)
        except ValueError as error:
            self.get_logger().error(str(error), throttle_duration_sec=5.0)
            return
        self._publish(self._schedule.on_depth(to_seconds(image.header.stamp), depth))

    def _check_lockstep_timeout(self) -> None:
        """In lockstep, continue after the time-out: a lost image must not stop the simulation for good."""
        if not self._schedule.is_waiting:
            self._waiting_since = None
        elif self._waiting_since is None:
            self._waiting_since = time.monotonic()
        elif time.monotonic() - self._waiting_since > self._lockstep_timeout:
            self.get_logger().warning(
                f"no depth image within {self._lockstep_timeout:g} s: continuing with the prior"
            )
            self._publish(self._schedule.continue_without_depth())

    def _publish(self, latent: Optional[TimedLatent]) -> None:
        if latent is None:
            return
        assert self._publisher is not None
        state = latent.state
        message = Latent(tick=latent.tick, source=int(state.source), kl=float(state.kl))
        message.header.stamp = to_stamp(latent.stamp)
        message.depth_stamp = to_stamp(state.depth_stamp)
        message.depth_age = latent.observed_at - state.depth_stamp
        message.advance_ms, message.observe_ms = self._model.advance_ms, self._model.observe_ms
        message.h = array("f", state.h.tobytes())
        message.z = array("B", state.z.astype(np.uint8).tobytes())
        self._publisher.publish(message)
        self._journal.write(
            "latent",
            tick=latent.tick,
            stamp=latent.stamp,
            source=int(state.source),
            advance_ms=message.advance_ms,
            observe_ms=message.observe_ms,
        )
        self._newest = latent
        self._published[state.source] += 1

    def _report(self) -> Report:
        values = {f"latents_{source.name.lower()}": str(count) for source, count in self._published.items()}
        values[BUNDLE_SHA256] = self._bundle_sha256  # policy_node compares it with its own bundle
        values["gaps"] = str(self._schedule.gaps)
        if self._newest is not None:
            values["tick"] = str(self._newest.tick)
            values["kl"] = f"{self._newest.state.kl:.3f}"
        for stage, timing in self._model.timer.summaries().items():
            values[f"{stage}_p50_ms"], values[f"{stage}_p99_ms"] = (
                f"{1e3 * timing.p50:.3f}",
                f"{1e3 * timing.p99:.3f}",
            )
            values[f"{stage}_max_ms"] = f"{1e3 * timing.max:.3f}"
        report = Report("running", values)
        report.warn_if(self._publisher is None, "waiting for a publisher of wmp/depth")
        uses_prior = self._newest is not None and self._newest.state.source is Source.PRIOR
        report.warn_if(uses_prior, "no depth image: the world model continues with its prior")
        return report


def main() -> int:
    return run_node(WorldModelNode, (BundleError, ModelError, SignatureError, ValueError), spin_realtime)
