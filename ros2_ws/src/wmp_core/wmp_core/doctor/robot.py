"""Checks of the robot's link and sensors; sends damping only."""

from __future__ import annotations

import time
from typing import List, Tuple

import numpy as np

from wmp_core.a1.link import LinkError, RobotLink
from wmp_core.a1.remote import HEADER, is_received
from wmp_core.a1.tick import TICK_SECONDS, unit_of
from wmp_core.contract import Contract
from wmp_core.control.command import MotorCommand
from wmp_core.control.posture import PostureSettings, folded_pose
from wmp_core.doctor.check import Check, failed, graded, passed, warned
from wmp_core.robot_state import RobotState
from wmp_core.rotation import projected_gravity

_PERIOD = 0.002
_DAMPING = 3.0
_GRAVITY = 9.81
# Maximum error of a joint to count as in a posture, and maximum plausible excess over a joint limit [rad].
_POSTURE_TOLERANCE = 0.5
_RANGE_TOLERANCE = 0.1


def no_states(states: int, seconds: float) -> Check:
    """Failure of a robot that sent fewer than two ``states`` in ``seconds``."""
    return failed(
        "robot link",
        f"{states} states in {seconds:g} s",
        "check the cable, `ping` the robot's address, this computer's own address in its network, "
        "and that the robot has left sport mode",
    )


def check_robot(link: RobotLink, contract: Contract, seconds: float = 1.0) -> List[Check]:
    """Like :func:`examine_robot`, over a closed link, which it opens and closes."""
    try:
        link.open()
    except LinkError as error:
        return [failed("robot link", str(error), "see the message")]
    try:
        return examine_robot(link, contract, seconds)
    finally:
        link.close()


def examine_robot(link: RobotLink, contract: Contract, seconds: float = 1.0) -> List[Check]:
    """Receive states over an open ``link`` for ``seconds`` and check them. The link stays open: closing it
    would let another controller take the robot."""
    states, elapsed = _receive(link, contract.num_joints, seconds)
    if len(states) < 2:
        return [no_states(len(states), seconds)]
    return [
        passed("robot link", f"{len(states)} states in {elapsed:.1f} s", states=len(states)),
        _rate(states, elapsed),
        _tick(states),
        _servo(states[-1]),
        _imu(states),
        _joints(states[-1], contract),
        _temperature(states[-1]),
        _remote(states[-1]),
    ]


def _receive(link: RobotLink, joints: int, seconds: float) -> Tuple[List[RobotState], float]:
    damping = MotorCommand.damping(_DAMPING, joints)
    states: List[RobotState] = []
    started = time.monotonic()
    deadline = started
    while deadline - started < seconds:
        link.send(damping)
        deadline += _PERIOD
        while True:
            state = link.receive(max(0.0, deadline - time.monotonic()), newest=False)
            if state is not None:
                states.append(state)
            if time.monotonic() >= deadline:
                break
    return states, time.monotonic() - started


def _rate(states: List[RobotState], elapsed: float) -> Check:
    rate = len(states) / elapsed
    remedy = "network or computer is busy, or the link is wireless: connect only the robot, by cable"
    return graded("state rate", 500.0 / rate, 1.1, 2.0, f"{rate:.0f} Hz of 500 Hz", remedy, rate_hz=rate)


def _tick(states: List[RobotState]) -> Check:
    steps = np.diff([state.tick for state in states])
    median, lost = float(np.median(steps)), int((steps > 1.5 * np.median(steps)).sum())
    unit = "ms" if unit_of(median) == TICK_SECONDS else "us"
    found = f"grows by {median:g} {unit} per state, {lost} gaps"
    if (steps <= 0).any():
        return failed(
            "tick", f"{found}, and fell back", "a second controller, or the robot restarts: switch it off"
        )
    if lost > 0.01 * len(steps):
        return warned("tick", found, "states are lost: check cable and load", gaps=lost)
    return passed("tick", found, step=median, gaps=lost)


def _servo(state: RobotState) -> Check:
    if not state.servo_problem:
        return passed("servo", "all motors follow low-level commands")
    remedy = (
        "leave sport mode (L2 + A, L2 + B, then L1 + L2 + start), stop other controllers, restart the robot"
    )
    return failed("servo", state.servo_problem, remedy)


def _imu(states: List[RobotState]) -> Check:
    """At rest the accelerometer points up, which the orientation must confirm."""
    acceleration = np.mean([state.acc for state in states], axis=0)
    quat = np.asarray(states[-1].quat_wxyz, dtype=np.float64)
    size, norm = float(np.linalg.norm(acceleration)), float(np.linalg.norm(quat))
    if not (abs(norm - 1) < 0.05 and size > 1):
        found = f"|quaternion| {norm:.3g}, |acceleration| {size:.3g} m/s2"
        return failed("imu", found, "the IMU sends no orientation: restart the robot")
    cosine = float(np.dot(-projected_gravity(quat / norm), acceleration) / size)
    angle = float(np.arccos(np.clip(cosine, -1, 1)))
    found = f"{size:.2f} m/s2, {angle:.3f} rad from the orientation's vertical"
    figures = {"acceleration_m_s2": size, "angle_rad": angle}
    remedy = "keep the robot at rest during the check; if it was, the IMU or its mounting is wrong"
    worst = max(angle / 0.1, abs(size - _GRAVITY) / 0.5)
    return graded("imu", worst, 1.0, 3.0, found, remedy, **figures)


def _joints(state: RobotState, contract: Contract) -> Check:
    joints = contract.joints
    beyond = np.maximum(np.array(joints.position_lower) - state.q, state.q - np.array(joints.position_upper))
    worst = int(np.argmax(beyond))
    if not beyond[worst] <= _RANGE_TOLERANCE:
        found = f"{joints.names[worst]} is at {state.q[worst]:.2f} rad, {beyond[worst]:.2f} beyond its limit"
        return failed("joints", found, "calibrate the joint's zero; do not let this robot stand up")
    postures = {
        "standing": np.array(joints.default_position),
        "lying": folded_pose(joints, PostureSettings()),
    }
    distance = {name: float(np.abs(state.q - pose).max()) for name, pose in postures.items()}
    nearest = min(distance, key=lambda name: distance[name])
    found = f"within their limits, {distance[nearest]:.2f} rad off {nearest}"
    if distance[nearest] <= _POSTURE_TOLERANCE:
        return passed("joints", found, off_posture_rad=distance[nearest])
    remedy = "suspend the robot or fold its legs, and compare each joint's angle with its reading"
    return warned("joints", found, remedy, off_posture_rad=distance[nearest])


def _temperature(state: RobotState) -> Check:
    if state.motor_temperature is None:
        return passed("motor temperature", "not reported by the robot")
    hottest = float(np.max(state.motor_temperature))
    found, remedy = f"{hottest:.0f} degrees at most", "let the motors cool down"
    return graded("motor temperature", hottest, 50.0, 70.0, found, remedy, hottest=hottest)


def _remote(state: RobotState) -> Check:
    if is_received(state.remote):
        return passed("remote", "received; `wmp doctor --remote` tries every button")
    if any(state.remote):
        found = f"unknown header {state.remote[:2].hex(' ')}, expected {HEADER.hex(' ')}"
        return warned("remote", found, "do not rely on its emergency stop; drive with operator:=joy")
    return warned(
        "remote", "not received", "switch it on, it is the emergency stop; then try `wmp doctor --remote`"
    )
