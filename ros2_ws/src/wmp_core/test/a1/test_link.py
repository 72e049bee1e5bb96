"""The link against a plain UDP socket on the loopback interface as robot."""

import json
import socket
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from wmp_core.a1 import robot_wire, wire
from wmp_core.a1.arrival import ArrivalSocket
from wmp_core.a1.link import A1Link, A1LinkSettings, Cycle, LinkError
from wmp_core.control.command import MotorCommand

NAMES = [f"{leg}_{part}_joint" for leg in ("FL", "FR", "RL", "RR") for part in ("hip", "thigh", "calf")]
GOLDEN = json.loads((Path(__file__).parent / "a1_wire_golden.json").read_text())
STATE = replace(wire.decode_low_state(bytes.fromhex(GOLDEN["low_state"][0]["wire"])), tick=1000)


@pytest.fixture
def robot():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        udp.settimeout(2)
        yield udp


@pytest.fixture
def link(robot):
    settings = A1LinkSettings("127.0.0.1", robot.getsockname()[1], local_port=0, stamp_from_tick=True)
    with A1Link(settings, NAMES) as opened:
        yield opened


def send_states(robot, link, *ticks):
    for tick in ticks:
        robot.sendto(robot_wire.encode_low_state(replace(STATE, tick=tick)), ("127.0.0.1", link.local_port))


def test_a_state_arrives_in_contract_order(robot, link):
    send_states(robot, link, 1000)
    state = link.receive(1.0)
    # Contract order begins with FL, which are the robot's motors 3..5.
    assert state.q[:3].tolist() == STATE.q[3:6].tolist() and state.q[3:6].tolist() == STATE.q[:3].tolist()
    assert state.foot_force.tolist() == [STATE.foot_force[i] for i in (1, 0, 3, 2)]
    assert state.motor_temperature[11] == STATE.motor_temp[8]
    assert state.stamp == pytest.approx(1.0) and state.tick == 1000


def test_the_remotes_stop_is_part_of_the_state(robot, link):
    pressed = (b"\0\0" + (32 + 512).to_bytes(2, "little")).ljust(40, b"\0")
    robot.sendto(robot_wire.encode_low_state(replace(STATE, remote=pressed)), ("127.0.0.1", link.local_port))
    assert link.receive(1.0).emergency_stop
    released = replace(STATE, remote=bytes(40), tick=1002)
    robot.sendto(robot_wire.encode_low_state(released), ("127.0.0.1", link.local_port))
    assert not link.receive(1.0).emergency_stop


def test_a_command_reaches_the_motor_of_its_joint(robot, link):
    command = MotorCommand.position(np.arange(12) / 10, kp=np.full(12, 40.0), kd=np.ones(12))
    link.send(command)
    received = robot_wire.decode_low_cmd(robot.recv(2048))
    assert np.allclose(received.q, [0.3, 0.4, 0.5, 0, 0.1, 0.2, 0.9, 1.0, 1.1, 0.6, 0.7, 0.8])
    assert np.all(received.kp == 40) and np.all(received.kd == 1)


def test_a_joint_without_gain_gets_no_target(robot, link):
    link.send(MotorCommand.torque(np.full(12, 2.0)))
    received = robot_wire.decode_low_cmd(robot.recv(2048))
    assert np.all(received.q == np.float32(wire.NO_POSITION_TARGET)) and np.all(received.dq == 16000)
    assert np.all(received.tau == 2)


def test_the_newest_of_several_states_is_returned(robot, link):
    send_states(robot, link, 1000, 1002, 1004)
    assert link.receive(1.0).tick == 1004
    assert link.statistics.received == 3 and link.statistics.superseded == 2


def test_after_a_pause_buffered_states_keep_their_arrival_time(robot):
    settings = A1LinkSettings("127.0.0.1", robot.getsockname()[1], local_port=0)
    sent = {}
    with A1Link(settings, NAMES, clock=time.monotonic) as link:
        # An A1's states of 0.8 s: a socket with Linux's default buffer keeps only the first of them.
        for tick in range(1000, 1800, 2):
            send_states(robot, link, tick)
            sent[tick] = time.monotonic()
        time.sleep(0.3)
        state = link.receive(0.0)
    assert state.stamp < sent[state.tick] + 1e-3
    assert state.stamp > sent[1000] - 0.05


def test_in_lockstep_every_state_is_returned_once(robot, link):
    send_states(robot, link, 1000, 1002, 1004)
    assert [link.receive(1.0, newest=False).tick for _ in range(3)] == [1000, 1002, 1004]
    assert link.receive(0.0, newest=False) is None


def test_a_socket_that_cannot_be_created_releases_the_robot(robot, monkeypatch):
    settings = A1LinkSettings("127.0.0.1", robot.getsockname()[1], local_port=0)
    link = A1Link(settings, NAMES)

    def fail(*_):
        raise OSError(92, "protocol not available")

    with monkeypatch.context() as broken:
        broken.setattr(ArrivalSocket, "setsockopt", fail)
        with pytest.raises(LinkError, match="cannot be bound"):
            link.open()
    with A1Link(settings, NAMES):
        pass


def test_states_from_another_port_of_the_robots_host_are_foreign(robot, link):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        send_states(other, link, 1000)
    send_states(robot, link, 1002)
    assert link.receive(1.0).tick == 1002
    assert link.statistics.foreign == 1


def test_duplicates_and_reordered_states_are_dropped_and_gaps_counted(robot, link):
    send_states(robot, link, 996, 998, 1000, 1000, 1008, 1004)
    assert link.receive(1.0).tick == 1008
    counts = link.statistics
    # 1000 -> 1008 in steps of 2 lacks 1002, 1004 and 1006.
    assert (counts.duplicates, counts.reordered, counts.lost) == (1, 1, 3)


def test_corrupt_packets_are_counted_and_never_returned(robot, link):
    data = bytearray(robot_wire.encode_low_state(STATE))
    data[100] ^= 1
    for wrong in (bytes(data), bytes(data[:-3]), b""):
        robot.sendto(wrong, ("127.0.0.1", link.local_port))
    assert link.receive(0.05) is None
    assert link.statistics.corrupt == 3


def test_in_lockstep_a_cycle_ends_with_its_state_or_without_one(robot, link):
    send_states(robot, link, 1000, 1002)
    robot.sendto(b"damaged", ("127.0.0.1", link.local_port))
    robot.sendto(b"", ("127.0.0.1", link.local_port))
    send_states(robot, link, 1006)
    assert [link.receive_cycle(1.0).state.tick for _ in range(2)] == [1000, 1002]
    assert link.receive_cycle(1.0) == Cycle(None)
    assert link.receive_cycle(1.0).state.tick == 1006
    assert link.receive_cycle(0.01) is None
    assert (link.statistics.corrupt, link.statistics.lost) == (1, 1)


def test_states_from_another_host_are_ignored(robot, link):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.2", 0))
        stranger.sendto(robot_wire.encode_low_state(STATE), ("127.0.0.1", link.local_port))
        assert link.receive(0.05) is None
    assert link.statistics.foreign == 1


def test_closing_damps_a_fast_joint_within_its_torque_limit(robot, link):
    speeds = np.zeros(12)
    speeds[4] = -25.0  # 3 N m s/rad would mean 75 N m
    robot.sendto(robot_wire.encode_low_state(replace(STATE, dq=speeds)), ("127.0.0.1", link.local_port))
    link.receive(1.0)
    link.close()
    command = robot_wire.decode_low_cmd(robot.recv(2048))
    assert np.delete(command.kd, 4) == pytest.approx(3.0, abs=0.01)
    assert 0.5 < command.kd[4] <= 20.0 / 25.0


def test_an_implausible_speed_does_not_reduce_the_final_damping_of_other_joints(robot, link):
    speeds = np.zeros(12, dtype=np.float32)
    speeds[4] = 1e30
    robot.sendto(robot_wire.encode_low_state(replace(STATE, dq=speeds)), ("127.0.0.1", link.local_port))
    link.receive(1.0)
    link.close()
    assert np.all(robot_wire.decode_low_cmd(robot.recv(2048)).kd == 3)


def test_closing_sends_damping_several_times(robot, link):
    link.close()
    for _ in range(3):
        received = robot_wire.decode_low_cmd(robot.recv(2048))
        assert np.all(received.kp == 0) and np.all(received.tau == 0) and np.all(received.kd == 3)
    with pytest.raises(LinkError, match="closed"):
        link.receive(0.0)


def test_a_command_that_must_not_be_sent_raises_and_sends_nothing(robot, link):
    with pytest.raises(wire.RangeError, match="tau of FR_hip_joint"):
        link.send(MotorCommand.torque(np.full(12, 40.0)))
    assert link.statistics.sent == 0
    link.send(MotorCommand.damping(1.0))
    assert np.all(robot_wire.decode_low_cmd(robot.recv(2048)).kd == 1)


def test_a_command_can_be_checked_without_a_robot_and_without_being_sent(robot, link):
    closed = A1Link(A1LinkSettings("127.0.0.1"), NAMES)
    closed.check(MotorCommand.torque(np.full(12, 33.5)))
    with pytest.raises(wire.RangeError, match="tau of FR_hip_joint is 34 N m"):
        closed.check(MotorCommand.torque(np.full(12, 34.0)))
    link.check(MotorCommand.damping(1.0))
    assert link.statistics.sent == 0


def test_a_port_in_use_is_a_one_line_error(robot):
    port = robot.getsockname()[1]
    with pytest.raises(LinkError, match=f"port {port} cannot be bound.*local_port") as error:
        A1Link(A1LinkSettings("127.0.0.1", 8007, local_port=port), NAMES).open()
    assert "\n" not in str(error.value)
