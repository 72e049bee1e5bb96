"""A launcher damps the robot of a controller that was killed, and only then."""

import logging
import signal
import socket
from dataclasses import replace

import pytest

from wmp_bringup.graph import a1_graph
from wmp_bringup.last_damping import damp_if_controller_died
from wmp_bringup.processes import NodeExit
from wmp_core.a1.wire import decode_low_cmd


@pytest.fixture
def robot():
    """A socket at which commands to the motors arrive."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        udp.settimeout(5.0)
        yield udp


def graph_for(robot, local_port=0):
    specs = a1_graph("real", {"bundle": "any", "robot_address": "127.0.0.1"})
    addresses = {"robot.port": robot.getsockname()[1], "robot.local_port": local_port}
    return [replace(spec, parameters={**spec.parameters, **addresses}) for spec in specs]


def ended(name, code):
    return NodeExit(name, code, (), True)


def test_motors_of_a_killed_controller_are_told_to_damp(robot):
    assert damp_if_controller_died(graph_for(robot), [ended("policy_node", -signal.SIGKILL)])
    for _ in range(10):
        command = decode_low_cmd(robot.recv(2048))
        # Motors beyond the twelve of the legs exist in the protocol only.
        assert not command.kp.any() and not command.tau.any() and (command.kd[:12] > 0).all()


@pytest.mark.parametrize(
    "exits",
    [
        [],
        [ended("policy_node", 0)],
        [ended("policy_node", 1)],
        [ended("world_model_node", -signal.SIGKILL)],
    ],
)
def test_nothing_is_sent_for_a_controller_that_lives_or_has_damped_by_itself(robot, exits):
    robot.settimeout(0.1)
    assert not damp_if_controller_died(graph_for(robot), exits)
    with pytest.raises(TimeoutError):
        robot.recv(2048)


def test_a_port_that_is_taken_is_told_and_ends_nothing(robot, caplog):
    taken = graph_for(robot, local_port=robot.getsockname()[1])
    with caplog.at_level(logging.ERROR):
        assert damp_if_controller_died(taken, [ended("policy_node", -signal.SIGSEGV)])
    assert "could not be damped" in caplog.text
