"""The link over an SDK binding, here a fake with the interface of user-built ones."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from wmp_core.a1 import wire
from wmp_core.a1.link import A1Link, A1LinkSettings, LinkError
from wmp_core.a1.sdk_link import SdkLink
from wmp_core.a1.transport import create_link
from wmp_core.control.command import MotorCommand

NAMES = [f"{leg}_{part}_joint" for leg in ("FL", "FR", "RL", "RR") for part in ("hip", "thigh", "calf")]
SETTINGS = A1LinkSettings("192.0.2.1", transport="sdk", damping_repeats=2)


class RobotInterface:
    """Motor i is at i / 10 rad; records commands."""

    tick, level, mode, temperature = 7, 0xFF, 10, 30
    sent: list

    def receive_observation(self):
        motors = [
            SimpleNamespace(
                mode=self.mode,
                q=i / 10,
                dq=float(i),
                tauEst=0.5 * i,
                temperature=self.temperature + i,
                reserve=[4, 0],
            )
            for i in range(20)
        ]
        imu = SimpleNamespace(
            quaternion=[1.0, 0, 0, 0], gyroscope=[0.1, 0.2, 0.3], accelerometer=[0, 0, 9.81], rpy=[0, 0, 0]
        )
        return SimpleNamespace(
            levelFlag=self.level,
            imu=imu,
            motorState=motors,
            footForce=[1, 2, 3, 4],
            tick=self.tick,
            wirelessRemote=[0] * 40,
        )

    def send_command(self, values):
        self.sent.append(values)


@pytest.fixture
def binding(monkeypatch):
    module = ModuleType("robot_interface")
    module.RobotInterface = type("RobotInterface", (RobotInterface,), {"sent": []})
    monkeypatch.setitem(sys.modules, "robot_interface", module)
    return module.RobotInterface


@pytest.fixture
def link(binding):
    link = SdkLink(SETTINGS, NAMES)
    link.open()
    return link


def test_the_transport_is_chosen_by_the_settings():
    assert isinstance(create_link(SETTINGS, NAMES), SdkLink)
    assert isinstance(create_link(A1LinkSettings("192.0.2.1"), NAMES), A1Link)


def test_without_the_binding_the_error_says_what_to_do():
    with pytest.raises(LinkError, match="robot_interface built from legged_sdk 3.3.x.*transport 'udp'"):
        SdkLink(SETTINGS, NAMES).open()


def test_one_robot_has_one_controller_over_the_sdk_too(binding):
    with SdkLink(SETTINGS, NAMES), pytest.raises(LinkError, match="another program on this machine controls"):
        SdkLink(SETTINGS, NAMES).open()
    SdkLink(SETTINGS, NAMES).open()


def test_another_module_of_that_name_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "robot_interface", ModuleType("robot_interface"))
    with pytest.raises(LinkError, match="has no class RobotInterface"):
        SdkLink(SETTINGS, NAMES).open()


def test_a_state_arrives_in_contract_order_once(link, binding):
    state = link.receive(0.0)
    # Contract order begins with FL, which are the robot's motors 3..5.
    assert state.q[:6] == pytest.approx([0.3, 0.4, 0.5, 0.0, 0.1, 0.2])
    assert state.motor_temperature[:3].tolist() == [33, 34, 35]
    assert state.foot_force.tolist() == [2, 1, 4, 3]
    assert link.receive(0.001) is None
    binding.tick = 8
    assert link.receive(0.0).tick == 8


def test_a_pause_of_more_than_a_second_counts_as_a_silence(binding):
    arrivals = iter((100.0, 101.0, 102.01))
    link = SdkLink(SETTINGS, NAMES, lambda: next(arrivals))
    link.open()
    counted = []
    for binding.tick in (2, 4, 6):
        link.receive(0.0)
        counted.append(link.statistics.silences)
    assert counted == [0, 0, 1]


def test_a_command_is_sent_per_motor_as_q_kp_dq_kd_tau(link, binding):
    rows = [np.arange(12) / 10 + offset for offset in (0.0, 2.0, 4.0, 6.0, 8.0)]
    link.send(MotorCommand(*rows))
    # Motor 0 is FR hip, the contract's joint 3.
    assert binding.sent[0][:5] == pytest.approx([0.3, 6.3, 2.3, 8.3, 4.3])
    assert len(binding.sent[0]) == 60


def test_a_command_out_of_range_is_not_sent(link, binding):
    with pytest.raises(wire.RangeError, match="tau"):
        link.send(MotorCommand.torque(np.full(12, 40.0)))
    assert binding.sent == []


def test_a_binding_that_fails_at_the_end_leaves_a_closed_link(link, binding, monkeypatch):
    def fail(self, values):
        raise RuntimeError("the binding's socket is gone")

    monkeypatch.setattr(binding, "send_command", fail)
    with pytest.raises(RuntimeError, match="socket is gone"):
        link.close()
    link.close()  # no effect: it is closed
    with pytest.raises(LinkError, match="closed"):
        link.receive(0.0)


def test_closing_damps(link, binding):
    link.close()
    assert len(binding.sent) == 2
    assert binding.sent[0][:5] == pytest.approx([wire.NO_POSITION_TARGET, 0.0, 0.0, 3.0, 0.0])
    with pytest.raises(LinkError, match="closed"):
        link.receive(0.0)


def test_the_bindings_states_undergo_the_same_checks(link, binding):
    binding.level = 0xF0
    assert "level 0xf0" in link.receive(0.0).servo_problem
    binding.tick, binding.level, binding.mode = 9, 0xFF, 8
    assert link.receive(0.0).servo_problem.startswith("FR_hip_joint is in motor mode 8 (reserve 4, 0)")
    # 130 degrees as int8.
    binding.tick, binding.temperature = 11, -126
    assert link.receive(0.0).motor_temperature.max() == 130 + 11
    assert link.statistics.received == 3


def test_a_restart_of_the_robot_is_counted(link, binding):
    for binding.tick in (5000, 5002, 5004, 6):
        state = link.receive(0.0)
    assert state.restarts == link.statistics.restarts == 1
