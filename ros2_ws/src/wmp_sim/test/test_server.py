"""The UDP protocol on loopback, spoken by the controller's own link."""

import socket
import threading

import numpy as np
import pytest

from wmp_core.a1.link import A1Link, A1LinkSettings
from wmp_core.control.command import MotorCommand
from wmp_sim.a1 import JOINT_NAMES, a1_model
from wmp_sim.robot import SimulatedA1
from wmp_sim.server import MAX_COMMANDS_PER_EXCHANGE, A1Server, Address
from wmp_sim.terrain import make_terrain
from wmp_sim.world import build_world

A1 = a1_model()
STAND = MotorCommand.position(A1.default_position, A1.kp, A1.kd)


def robot(spawn="standing"):
    terrain = make_terrain("flat", 0.0, np.random.default_rng(0))
    return SimulatedA1(build_world(terrain, "torque", physics_dt=0.002), spawn)


@pytest.fixture
def lockstep():
    """A served robot: its link, and the states that were observed before they were sent."""
    observed = []
    stop = threading.Event()
    with A1Server(robot(), Address(port=0), observed.append) as server:
        serving = threading.Thread(target=server.serve_lockstep, args=(lambda: not stop.is_set(),))
        serving.start()
        link = A1Link(A1LinkSettings("127.0.0.1", server.port, 0, stamp_from_tick=True), JOINT_NAMES)
        with link:
            yield link, observed, server
        stop.set()
        serving.join()


def exchange(link, command):
    link.send(command)
    return link.receive(5.0, newest=False)


def test_every_command_is_answered_by_one_state_two_milliseconds_later(lockstep):
    link, observed, _ = lockstep
    stamps = [exchange(link, STAND).stamp for _ in range(50)]
    np.testing.assert_allclose(stamps, 0.002 * np.arange(1, 51))
    assert len(observed) == 50
    assert link.receive(0.05, newest=False) is None


def test_states_over_the_wire_equal_those_of_the_robot_alone(lockstep):
    link, _, _ = lockstep
    alone = robot()
    targets = np.random.default_rng(1).normal(A1.default_position, 0.2, (100, 12)).astype(np.float32)
    for q in targets:
        command = MotorCommand.position(q, A1.kp, A1.kd)
        received, expected = exchange(link, command), alone.step(command)
        np.testing.assert_allclose(received.q, expected.q, atol=1e-6)
        np.testing.assert_allclose(received.dq, expected.dq, atol=1e-4)
        np.testing.assert_allclose(received.quat_wxyz, expected.quat_wxyz, atol=1e-6)
        np.testing.assert_allclose(received.tau_est, expected.tau_est, atol=1 / 256)


def test_joints_and_legs_keep_their_identity_through_the_motor_order(lockstep):
    link, observed, _ = lockstep
    target = A1.default_position.copy()
    target[[1, 9]] += [0.2, -0.2]  # FL thigh, RR hip
    for _ in range(200):
        state = exchange(link, MotorCommand.position(target, A1.kp, A1.kd))
    np.testing.assert_allclose(state.q, observed[-1].q, atol=1e-6)
    np.testing.assert_allclose(state.foot_force, np.trunc(observed[-1].foot_force), atol=1.0)
    assert len(set(np.round(state.foot_force))) > 1


def test_a_state_is_observed_before_it_is_sent(lockstep):
    link, observed, _ = lockstep
    for count in range(1, 20):
        exchange(link, STAND)
        assert len(observed) >= count


def test_garbage_is_counted_and_moves_nothing(lockstep):
    link, observed, server = lockstep
    exchange(link, STAND)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(b"\x00" * 610, ("127.0.0.1", server.port))
        stranger.sendto(b"hello", ("127.0.0.1", server.port))
        exchange(link, STAND)
    assert server.rejected == 2 and len(observed) == 2


def test_no_target_switches_the_gain_off(lockstep):
    link, _, _ = lockstep
    # With kp = 0 the link sends the robot's "no position target", which must not act as a far-away one.
    state = exchange(link, MotorCommand.damping(1.0))
    assert np.abs(state.tau_est).max() < 1.0


def test_in_real_time_the_newest_command_counts_and_states_flow_without_commands():
    with A1Server(robot(), Address(port=0)) as server:
        settings = A1LinkSettings("127.0.0.1", server.port, 0, stamp_from_tick=True)
        with A1Link(settings, JOINT_NAMES) as link:
            server.exchange_in_real_time()
            assert link.receive(0.01) is None  # nobody has spoken yet
            link.send(MotorCommand.torque(np.full(12, 5.0)))
            link.send(MotorCommand.torque(np.full(12, -1.0)))
            server.exchange_in_real_time()
            first = link.receive(1.0)
            np.testing.assert_allclose(first.tau_est, -1.0, atol=1 / 256)
            server.exchange_in_real_time()
            assert link.receive(1.0).tick == first.tick + 2


def test_a_robot_that_is_slower_than_its_commands_goes_on_all_the_same():
    with A1Server(robot(), Address(port=0)) as server:
        link = A1Link(A1LinkSettings("127.0.0.1", server.port, 0), JOINT_NAMES)
        link.open()
        for torque in range(MAX_COMMANDS_PER_EXCHANGE + 1):
            link.send(MotorCommand.torque(np.full(12, 0.1 * torque)))
        server.exchange_in_real_time()
        first = link.receive(1.0).tau_est
        server.exchange_in_real_time()
        second = link.receive(1.0).tau_est
        link.close()
    np.testing.assert_allclose(first, 0.1 * (MAX_COMMANDS_PER_EXCHANGE - 1), atol=1 / 128)
    np.testing.assert_allclose(second, 0.1 * MAX_COMMANDS_PER_EXCHANGE, atol=1 / 128)


def test_a_taken_port_is_named_with_the_way_out():
    with A1Server(robot(), Address(port=0)) as server:
        second = A1Server(robot(), Address(port=server.port))
        with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1:{server.port}.*choose another port"):
            second.__enter__()
