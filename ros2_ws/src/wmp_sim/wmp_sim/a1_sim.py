"""The node that simulates an A1 with a D435i: motors on UDP, depth frames and ground truth on ROS topics.

In real time, the physics runs at 500 Hz by the system clock and stamps are system time. In lockstep, every
command is answered with the state 2 ms later, stamps are simulated time, and everything that belongs to a
state is published before that state is sent.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import time

import numpy as np
from builtin_interfaces.msg import Time
from nav_msgs.msg import Odometry
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_msgs.msg import Bool, String
from std_srvs.srv import Trigger

from wmp_core.bundle import Bundle
from wmp_core.control.envelope import EnvelopeSettings
from wmp_core.manifest import BundleError
from wmp_core.realtime import scheduling
from wmp_core.realtime.loop import PeriodicLoop
from wmp_core.realtime.scheduling import SWITCH_INTERVAL, RealtimeSettings
from wmp_core.robot_state import RobotState
from wmp_core.rotation import roll_pitch_yaw
from wmp_ros.health import Health, Report
from wmp_ros.parameters import declare, declare_journal
from wmp_ros.qos import LATCHED, RELIABLE
from wmp_ros.running import run_node, spin
from wmp_ros.stamps import to_stamp

from .a1 import LEGS
from .depth import CameraMount, SimulatedD435i, StereoNoise
from .depth.d435i import FRAME_RATE
from .faults import CameraFaults, FaultSchedule, parse_faults
from .faults.camera import DepthFrame
from .faults.schedule import MOTOR_TIMEOUT
from .robot import EXCHANGE, PHYSICS_DT, TICKS_PER_EXCHANGE, GroundTruth, SimulatedA1
from .server import A1Server, Address
from .terrain import seeded_terrain
from .wire_audit import WireAudit
from .world import build_world

_LOG = logging.getLogger("a1_sim")

#: Parameters with their defaults.
PARAMETERS = {
    "terrain": "flat",
    "difficulty": 0.0,
    "seed": 0,
    "lockstep": False,
    "address": "127.0.0.1",
    "port": 8007,
    "depth_noise": False,
    "camera_pitch": 0.0,  # rad, positive looks down
    "spawn": "prone",
    "frame_id": "camera_depth_optical_frame",
    "physics_dt": PHYSICS_DT,  # s
    "priority": 50,  # SCHED_FIFO priority of the physics in real time, if the system permits it
    "faults": "",  # KIND@T[:DURATION] ..., see wmp_sim.faults
    "bundle": "",  # commands are checked against its contract; empty: no check
}
#: Period of odometry and clock [ticks of 1 ms]: 50 Hz.
ODOMETRY_TICKS = 20
#: Largest number of exchanges per cycle after a delay; beyond it simulated time falls behind.
MAX_EXCHANGES_PER_CYCLE = 5
#: Change of the base's velocity by a push [m/s].
PUSH_SPEED = 0.6
#: States that a real-time controller may have used for a command: those of the last 50 ms.
STATES_ON_THE_WAY = 25


class A1Sim(Node):
    """Publishes depth images and ground truth of a simulated robot that is driven over UDP."""

    def __init__(self) -> None:
        super().__init__("a1_sim")
        setting = {name: declare(self, name, value) for name, value in PARAMETERS.items()}
        self.lockstep: bool = setting["lockstep"]
        self._frame_id: str = setting["frame_id"]
        self._journal = declare_journal(self)
        seed: int = setting["seed"]
        terrain = seeded_terrain(setting["terrain"], setting["difficulty"], seed)
        model = build_world(terrain, actuators="torque", physics_dt=setting["physics_dt"])
        self._robot = SimulatedA1(model, setting["spawn"])
        self._camera = SimulatedD435i(
            model,
            CameraMount(pitch=setting["camera_pitch"]),
            StereoNoise() if setting["depth_noise"] else None,
            seed,
        )
        # A short switch interval: the physics must get the interpreter back quickly from the camera thread.
        self._realtime = RealtimeSettings(
            priority=0 if self.lockstep else setting["priority"], switch_interval=SWITCH_INTERVAL
        )
        self._faults = FaultSchedule(parse_faults(setting["faults"]))
        self._camera_faults = CameraFaults(self._faults, (seed, 4))
        self._audit = self._create_audit(setting["bundle"])
        self.server = A1Server(
            self._robot,
            Address(setting["address"], setting["port"]),
            self._observe,
            self._faults,
            seed,
            self._audit,
        )
        self._image = self.create_publisher(Image, "camera/depth/image_rect_raw", RELIABLE)
        self._camera_info = self.create_publisher(CameraInfo, "camera/depth/camera_info", RELIABLE)
        self._odometry = self.create_publisher(Odometry, "sim/odometry", RELIABLE)
        self._foot_forces = self.create_publisher(JointState, "sim/foot_forces", RELIABLE)
        self._fallen = self.create_publisher(Bool, "sim/fallen", LATCHED)
        self._terrain = self.create_publisher(String, "sim/terrain", LATCHED)
        self._announcement = self.create_publisher(String, "sim/faults", RELIABLE)
        self._clock_publisher = self.create_publisher(Clock, "/clock", RELIABLE) if self.lockstep else None
        self.create_subscription(String, "sim/switch_fault", self._on_switch_fault, RELIABLE)
        self.create_service(Trigger, "~/push", self._on_push)
        self._push_side = 1.0
        self._fallen.publish(Bool(data=False))
        place = {"terrain": terrain.name, "difficulty": terrain.difficulty, "seed": seed}
        self._terrain.publish(String(data=json.dumps(place)))
        self._was_fallen = False
        self._had_timed_out = False
        self._frames = 0
        # The newest pose with its time, for the camera thread: replaced whole, never modified.
        self._seen: tuple[GroundTruth, float] = (self._robot.ground_truth(), self._time(self._robot.state()))
        self._health = Health(self, "simulated A1", self._report, self._journal)

    def _create_audit(self, bundle: str) -> WireAudit | None:
        if not bundle:
            return None
        joints = Bundle.load_unverified(bundle).contract.joints
        return WireAudit(joints, EnvelopeSettings(), 1 if self.lockstep else STATES_ON_THE_WAY)

    def _report(self) -> Report:
        values = {"frames_rejected": str(self.server.rejected)}
        if self._audit is not None:
            values["commands"] = str(self._audit.commands)
            values["commands_outside_envelope"] = str(self._audit.outside)
            values["first_violation"] = self._audit.first_violation
        report = Report("simulating", values)
        violated = self._audit is not None and self._audit.outside > 0
        report.error_if(violated, "a received command is outside the safety envelope")
        return report

    def _on_switch_fault(self, message: String) -> None:
        """Begin or end a fault by hand: ``on KIND`` or ``off KIND``."""
        change, _, kind = message.data.partition(" ")
        if change not in ("on", "off"):
            _LOG.warning("sim/switch_fault: %r ignored, expected 'on KIND' or 'off KIND'", message.data)
            return
        try:
            self._faults.switch(kind, change == "on")
        except ValueError as error:
            _LOG.warning("sim/switch_fault: %s", error)

    def _on_push(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Push the robot sideways, in turn to the left and to the right."""
        yaw = float(roll_pitch_yaw(self._seen[0].quaternion)[2])
        self._robot.push(PUSH_SPEED * self._push_side * np.array([-np.sin(yaw), np.cos(yaw), 0.0]))
        side = "left" if self._push_side > 0 else "right"
        self._push_side = -self._push_side
        response.success, response.message = True, f"pushed to the {side} by {PUSH_SPEED:g} m/s"
        return response

    def finish(self) -> None:
        """Publish the final diagnostics."""
        self._health.publish(self._report())

    def run(self, stop: threading.Event) -> None:
        """Simulate until ``stop`` is set."""
        truth = self._robot.ground_truth()
        # The first image compiles the ray caster, for seconds in which the physics would stand still.
        self._camera.capture(truth.position, truth.quaternion)
        with self.server as server:
            _LOG.info(
                "A1 listens on UDP port %d, %s", server.port, "lockstep" if self.lockstep else "real time"
            )
            if self.lockstep:
                server.serve_lockstep(lambda: not stop.is_set())
            else:
                self._run_in_real_time(server, stop)

    def _run_in_real_time(self, server: A1Server, stop: threading.Event) -> None:
        camera = threading.Thread(target=self._run_camera, args=(stop,), name="camera")
        camera.start()  # before the physics gets its priority, which threads inherit
        scheduling.apply(self._realtime)
        loop = PeriodicLoop(EXCHANGE)
        try:
            for periods in loop.ticks():
                if stop.is_set():
                    break
                for _ in range(min(periods, MAX_EXCHANGES_PER_CYCLE)):
                    server.exchange_in_real_time()
        finally:
            stop.set()
            camera.join()
        figures = loop.statistics
        _LOG.info("%d cycles, %d late by a cycle or more", figures.cycles, figures.overruns)

    def _run_camera(self, stop: threading.Event) -> None:
        try:
            for _ in PeriodicLoop(1 / FRAME_RATE).ticks():
                if stop.is_set():
                    return
                self._publish_frame(*self._seen)
        finally:
            # If the camera thread fails, the simulation ends: the robot must not walk on without images.
            stop.set()

    def _observe(self, state: RobotState) -> None:
        """Publish what belongs to ``state``, before it is sent."""
        truth, time_s = self._robot.ground_truth(), self._time(state)
        for fault, begins in self._faults.advance(state.stamp):
            self._announce(fault.kind, begins, time_s)
        if self._robot.has_timed_out is not self._had_timed_out:
            self._had_timed_out = self._robot.has_timed_out
            self._announce(MOTOR_TIMEOUT, self._had_timed_out, time_s)
        self._seen = (truth, time_s)
        stamp = to_stamp(time_s)
        if self.lockstep and state.stamp * FRAME_RATE >= self._frames:
            self._publish_frame(truth, time_s)
            self._frames += 1
        if state.tick % ODOMETRY_TICKS < TICKS_PER_EXCHANGE:
            self._publish_truth(truth, stamp)
            self._publish_foot_forces(state, stamp)
            x, y, _ = truth.position.tolist()
            yaw = float(roll_pitch_yaw(truth.quaternion)[2])
            vx = float(truth.velocity_in_base[0])
            self._journal.write("pose", stamp=time_s, x=x, y=y, yaw=yaw, vx=vx)
        if truth.fallen and not self._was_fallen:
            self._was_fallen = True
            self._journal.write("fall", stamp=time_s)
            self._fallen.publish(Bool(data=True))

    def _time(self, state: RobotState) -> float:
        """Time of ``state`` [s]: simulated in lockstep (independent of the machine), else system time."""
        return state.tick * 1e-3 if self.lockstep else time.time()

    def _announce(self, kind: str, begins: bool, time_s: float) -> None:
        """Publish the start or end of a fault: ``begin KIND TIME`` or ``end KIND TIME``."""
        text = f"{'begin' if begins else 'end'} {kind} {time_s:.3f}"
        self._journal.write("fault", fault=kind, begins=begins, stamp=round(time_s, 3))
        _LOG.info("fault: %s", text)
        self._announcement.publish(String(data=text))

    def _publish_frame(self, truth: GroundTruth, time_s: float) -> None:
        """Render the image of ``time_s``, and publish the frames that arrive now."""
        frame = DepthFrame(time_s, self._camera.capture(truth.position, truth.quaternion))
        arrived = self._camera_faults.deliver(frame)
        for image in arrived:
            self._publish_image(image)
        if self.lockstep and not arrived:
            # An empty image tells nodes in lockstep not to wait for this frame.
            self._publish_image(DepthFrame(time_s, np.zeros((0, 0), np.uint16)))

    def _publish_image(self, frame: DepthFrame) -> None:
        height, width = frame.depth.shape
        pinhole, stamp = self._camera.pinhole, to_stamp(frame.stamp)
        image = Image(height=height, width=width, encoding="16UC1", step=2 * width)
        image.is_bigendian = sys.byteorder == "big"
        image.data = frame.depth.tobytes()
        info = CameraInfo(height=pinhole.height, width=pinhole.width, distortion_model="plumb_bob")
        info.d = [0.0] * 5
        info.k = [pinhole.fx, 0.0, pinhole.cx, 0.0, pinhole.fy, pinhole.cy, 0.0, 0.0, 1.0]
        info.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
        info.p = [pinhole.fx, 0.0, pinhole.cx, 0.0, 0.0, pinhole.fy, pinhole.cy, 0.0, 0.0, 0.0, 1.0, 0.0]
        for message in (info, image):
            message.header.stamp, message.header.frame_id = stamp, self._frame_id
        self._camera_info.publish(info)
        self._image.publish(image)

    def _publish_truth(self, truth: GroundTruth, stamp: Time) -> None:
        message = Odometry(child_frame_id="base_link")
        message.header.stamp, message.header.frame_id = stamp, "world"
        pose, twist = message.pose.pose, message.twist.twist
        pose.position.x, pose.position.y, pose.position.z = truth.position
        rotation = pose.orientation
        rotation.w, rotation.x, rotation.y, rotation.z = truth.quaternion
        twist.linear.x, twist.linear.y, twist.linear.z = truth.velocity_in_base
        twist.angular.x, twist.angular.y, twist.angular.z = truth.angular_velocity
        self._odometry.publish(message)
        if self._clock_publisher is not None:
            self._clock_publisher.publish(Clock(clock=stamp))

    def _publish_foot_forces(self, state: RobotState, stamp: Time) -> None:
        """Vertical contact force of each foot in the world [N], as efforts."""
        assert state.foot_force is not None
        message = JointState(name=[f"{leg}_foot" for leg in LEGS], effort=state.foot_force.tolist())
        message.header.stamp = stamp
        self._foot_forces.publish(message)


def serve(node: A1Sim, stop: threading.Event) -> None:
    """Simulate in this thread, and answer parameter services in another, until ``stop`` is set."""
    spinning = threading.Thread(target=spin, args=(node, stop), name="ros")
    spinning.start()
    try:
        node.run(stop)
    finally:
        stop.set()
        spinning.join()
        node.finish()


def main() -> int:
    """Run the node until a signal; the exit code is 1 where a setting makes it impossible."""
    return run_node(A1Sim, (BundleError, ValueError, OSError), serve)


if __name__ == "__main__":
    sys.exit(main())
