"""A launcher damps the robot of a controller that was killed, and only then."""

import logging
import signal
import socket
import time
from dataclasses import replace

import numpy as np
import pytest

from wmp_bringup import last_damping
from wmp_bringup.graph import a1_graph
from wmp_bringup.last_damping import damp_if_controller_died
from wmp_bringup.processes import NodeExit
from wmp_core.a1.robot_wire import decode_low_cmd
from wmp_testing.tiny_bundle import tiny_contract
from wmp_testing.wire_robot import WireRobot


@pytest.fixture
def robot():
    """A socket that receives the commands to the motors."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        udp.settimeout(5.0)
        yield udp


def graph_for(port, **parameters):
    specs = a1_graph("real", {"bundle": "any", "robot_address": "127.0.0.1"})
    given = {"robot.port": port, "robot.local_port": 0, **parameters}
    return [replace(spec, parameters={**spec.parameters, **given}) for spec in specs]


def port_of(udp):
    return udp.getsockname()[1]


def ended(name, code):
    return NodeExit(name, code, (), True)


def test_a_killed_controller_leads_to_damping_commands(robot):
    killed = graph_for(port_of(robot), **{"envelope.damping_kd": 2.0})
    assert damp_if_controller_died(killed, [ended("policy_node", -signal.SIGKILL)])
    request, *damping = (decode_low_cmd(robot.recv(2048)) for _ in range(11))
    assert not any(command.kp.any() or command.tau.any() for command in (request, *damping))
    assert not request.kd.any()
    assert all((command.kd == 2.0).all() for command in damping)  # not reduced: the robot sent no velocities


def test_a_fast_joint_is_damped_no_harder_than_its_torque_allows(monkeypatch):
    monkeypatch.setattr(last_damping, "ANSWER_DEADLINE", 20.0)
    with WireRobot(tiny_contract().joints.default_position) as robot:
        speeds = np.zeros(12, dtype=np.float32)
        speeds[4] = -25.0  # damping of 3 N m s/rad would be 75 N m
        robot.fields["dq"] = speeds
        assert damp_if_controller_died(graph_for(robot.port), [ended("policy_node", -signal.SIGKILL)])
        deadline = time.monotonic() + 20.0
        while len(robot.commands) < 11 and time.monotonic() < deadline:
            time.sleep(0.01)
    newest = robot.commands[-1]
    assert np.delete(newest.kd, 4) == pytest.approx(3.0, abs=0.01)
    assert 0.5 < newest.kd[4] <= 20.0 / 25.0


@pytest.mark.parametrize(
    "exits",
    [
        [],
        [ended("policy_node", 0)],
        [ended("policy_node", 1)],
        [ended("world_model_node", -signal.SIGKILL)],
    ],
)
def test_nothing_is_sent_while_the_controller_runs_or_if_it_damped_the_robot_itself(robot, exits):
    robot.settimeout(0.1)
    assert not damp_if_controller_died(graph_for(port_of(robot)), exits)
    with pytest.raises(TimeoutError):
        robot.recv(2048)


def test_a_port_in_use_is_logged_and_raises_nothing(robot, caplog):
    taken = graph_for(port_of(robot), **{"robot.local_port": port_of(robot)})
    with caplog.at_level(logging.ERROR):
        assert damp_if_controller_died(taken, [ended("policy_node", -signal.SIGSEGV)])
    assert "could not be damped" in caplog.text
