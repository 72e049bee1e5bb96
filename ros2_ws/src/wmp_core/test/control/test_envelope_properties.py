"""Any command at any state: the result of the envelope, and the bytes that reach the motors."""

import socket

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wmp_core.a1 import robot_wire, wire
from wmp_core.a1.joints import JointOrder
from wmp_core.a1.link import A1Link, A1LinkSettings
from wmp_core.control.command import MotorCommand
from wmp_core.control.envelope import Envelope, EnvelopeSettings
from wmp_core.control.pd import pd_torque
from wmp_core.robot_state import RobotState
from wmp_testing.tiny_bundle import tiny_contract

JOINTS = tiny_contract().joints
LIMIT, KP, KD, SPEED = (JOINTS.array(key) for key in ("torque_limit", "kp", "kd", "velocity_limit"))
POWER = 900.0
LOWER, UPPER = np.array(JOINTS.position_lower), np.array(JOINTS.position_upper)
#: Margin that a target may exceed a joint limit by and still change the torque, with 1e-6 rad for rounding:
#: (effort limit + kd * speed limit) / kp.
REACH = (LIMIT + KD * SPEED) / KP + 1e-6

anything = st.floats(allow_nan=True, allow_infinity=True, width=64)
usual = st.floats(-5, 5)
adversarial = arrays(float, (5, 12), elements=st.one_of(usual, st.floats(-300, 300), anything), fill=usual)
readings = st.one_of(
    arrays(float, (2, 12), elements=st.floats(-40, 40), fill=usual),
    arrays(float, (2, 12), elements=anything, fill=usual),
)
warmth = st.one_of(st.none(), arrays(float, 12, elements=st.floats(-20, 127), fill=st.just(30.0)))
sequences = st.lists(st.tuples(adversarial, readings, warmth), min_size=1, max_size=4)
relaxed = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def state(q, dq, temperature=None):
    rest = np.zeros(12)
    return RobotState(np.array([1.0, 0, 0, 0]), rest[:3], rest[:3], q, dq, rest, 0.0, 0, temperature)


def is_plausible(q, dq):
    return bool(np.isfinite((q, dq)).all() and np.abs((q, dq)).max() < 1e3)


def limits_at(temperature):
    """Effort limits, falling from 100 % at 60 to 30 % at 80 degrees."""
    return LIMIT if temperature is None else LIMIT * np.interp(temperature, [60, 80], [1.0, 0.3])


@relaxed
@given(sequences)
def test_any_command_becomes_finite_with_torques_within_limits(sequence):
    envelope = Envelope(JOINTS, EnvelopeSettings())
    for rows, (q, dq), temperature in sequence:
        result = envelope.apply(MotorCommand(*rows), state(q, dq, temperature))
        command = result.command
        assert np.isfinite([command.q, command.dq, command.tau, command.kp, command.kd]).all()
        assert (command.kp >= 0).all() and (command.kd >= 0).all()
        assert (np.abs(command.tau) <= LIMIT + 1e-9).all()
        stiff = command.kp > 0
        assert (command.q >= LOWER - REACH)[stiff].all() and (command.q <= UPPER + REACH)[stiff].all()
        if is_plausible(q, dq):
            torque = np.abs(command.implied_torque(q, dq))
            assert (torque <= limits_at(temperature) * (1 + 1e-6)).all()
            assert torque @ np.abs(dq) <= POWER * (1 + 1e-6)
        if not np.isfinite(rows).all():
            assert result.trip is not None


@relaxed
@given(
    arrays(float, 12, elements=st.floats(-20, 20)),
    arrays(float, 12, elements=st.floats(0, 1)),
    arrays(float, 12, elements=st.floats(-1, 1)),
)
def test_the_margin_changes_no_torque_of_training(targets, place, speed):
    envelope = Envelope(JOINTS, EnvelopeSettings(target_step=100.0, power_limit=1e6, power_trip=1e6))
    q, dq = LOWER + place * (UPPER - LOWER), speed * SPEED
    command = envelope.apply(MotorCommand.position(targets, KP, KD), state(q, dq)).command
    trained = pd_torque(targets, q, dq, KP, KD, LIMIT)
    np.testing.assert_allclose(command.implied_torque(q, dq), trained, atol=1e-4)


@pytest.fixture(scope="module")
def wired():
    """A link and the socket of its robot."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as robot:
        robot.bind(("127.0.0.1", 0))
        robot.settimeout(2)
        link_settings = A1LinkSettings("127.0.0.1", robot.getsockname()[1], local_port=0)
        with A1Link(link_settings, JOINTS.names) as link:
            yield link, robot


def received(robot):
    """The packet's command in contract order; a joint without a target has zeros there."""
    packet, order = robot_wire.decode_low_cmd(robot.recv(2048)), JointOrder(JOINTS.names)
    fields = (packet.q, packet.dq, packet.tau, packet.kp, packet.kd)
    q, dq, tau, kp, kd = (order.to_contract(values).astype(float) for values in fields)
    assert (q[kp == 0] == np.float32(wire.NO_POSITION_TARGET)).all()
    assert (dq[kd == 0] == np.float32(wire.NO_VELOCITY_TARGET)).all()
    return MotorCommand(np.where(kp > 0, q, 0.0), np.where(kd > 0, dq, 0.0), tau, kp, kd)


@relaxed
@given(sequences)
def test_the_packet_on_the_wire_stays_inside_the_limits(wired, sequence):
    link, robot = wired
    envelope = Envelope(JOINTS, EnvelopeSettings())
    for rows, (q, dq), temperature in sequence:
        link.send(envelope.apply(MotorCommand(*rows), state(q, dq, temperature)).command)
        sent = received(robot)
        assert np.isfinite([sent.q, sent.dq, sent.tau, sent.kp, sent.kd]).all()
        assert (sent.q >= LOWER - REACH)[sent.kp > 0].all() and (sent.q <= UPPER + REACH)[sent.kp > 0].all()
        assert (np.abs(sent.dq) <= SPEED).all() and (np.abs(sent.tau) <= LIMIT).all()
        assert (sent.kp <= 200).all() and (sent.kd <= 20).all()
        if is_plausible(q, dq):
            # On the wire torques have steps of 1/256 N m, and targets are float32 at gains up to 200 and 20.
            torque = np.abs(sent.implied_torque(q, dq))
            assert (torque <= limits_at(temperature) + 1 / 256 + 1e-3).all()
            assert torque @ np.abs(dq) <= POWER + (1 / 256 + 1e-3) * np.abs(dq).sum()
