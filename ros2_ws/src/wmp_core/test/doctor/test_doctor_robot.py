"""Checks of a healthy and of a faulty robot on the wire."""

import numpy as np
import pytest

from wmp_core.doctor.check import Verdict
from wmp_core.doctor.robot import check_robot
from wmp_core.doctor.wiggle import WiggleError, wiggle

CHECKS = ["robot link", "state rate", "tick", "servo", "imu", "joints", "motor temperature", "remote"]


def examine(link, contract):
    return {check.name: check for check in check_robot(link, contract, seconds=0.2)}


def test_a_healthy_robot_passes_and_gets_only_damping(link, contract, robot):
    checks = examine(link, contract)
    assert list(checks) == CHECKS
    # Rate and gaps depend on the load of this machine.
    loaded = ("state rate", "tick")
    assert all(checks[name].verdict is Verdict.PASS for name in CHECKS if name not in loaded)
    assert "standing" in checks["joints"].found
    assert checks["tick"].figures["step"] == 2
    assert all(not command.kp.any() and not command.tau.any() for command in robot.commands)


def test_a_silent_robot_is_a_failure_with_its_remedy(link, contract, robot):
    robot.answers = False
    (check,) = check_robot(link, contract, seconds=0.05)
    assert check.verdict is Verdict.FAIL and "ping" in check.remedy


def pitched(angle):
    return np.float32([np.cos(angle / 2), 0, np.sin(angle / 2), 0])


@pytest.mark.parametrize(
    ("name", "fields", "verdict", "found"),
    [
        ("imu", {"acc": np.float32([0, 0, -9.81])}, Verdict.FAIL, "3.142 rad from"),
        ("imu", {"quat_wxyz": pitched(0.2)}, Verdict.WARN, "0.200 rad from"),
        ("imu", {"acc": np.zeros(3, np.float32)}, Verdict.FAIL, "acceleration"),
        ("imu", {"quat_wxyz": np.zeros(4, np.float32)}, Verdict.FAIL, "quaternion"),
        ("joints", {"q": np.full(12, 0.5, np.float32)}, Verdict.FAIL, "calf_joint is at 0.50"),
        ("joints", {"q": np.float32([0.7, 3.0, -2.0] * 4)}, Verdict.WARN, "off lying"),
        ("motor temperature", {"motor_temp": np.full(12, 80)}, Verdict.FAIL, "80 degrees"),
        ("motor temperature", {"motor_temp": np.full(12, 130)}, Verdict.FAIL, "130 degrees"),
        ("servo", {"level": 0xF0}, Verdict.FAIL, "level 0xf0"),
        (
            "servo",
            {"motor_mode": np.uint8([10] * 11 + [8])},
            Verdict.FAIL,
            "RL_calf_joint is in motor mode 8",
        ),
        ("remote", {"remote": bytes(40)}, Verdict.WARN, "not received"),
        ("remote", {"remote": b"\x01\x02".ljust(40, b"\0")}, Verdict.WARN, "unknown header 01 02"),
    ],
)
def test_a_fault_is_named(link, contract, robot, name, fields, verdict, found):
    robot.fields.update(fields)
    check = examine(link, contract)[name]
    assert check.verdict is verdict and found in check.found and check.remedy


def test_a_tilted_robot_whose_sensors_agree_passes(link, contract, robot):
    # Nose down by 0.3 rad: up has a component along -x of base_link.
    robot.fields.update(quat_wxyz=pitched(0.3), acc=np.float32([-9.81 * np.sin(0.3), 0, 9.81 * np.cos(0.3)]))
    assert examine(link, contract)["imu"].verdict is Verdict.PASS


def test_the_wiggle_passes_if_every_motor_moves_its_own_joint(link, contract, robot):
    announced = []
    checks = wiggle(link, contract, announced.append, phase=0.01)
    assert tuple(announced) == contract.joints.names
    assert [check.verdict for check in checks] == [Verdict.PASS] * 12
    assert checks[0].figures["moved_rad"] == pytest.approx(0.05, abs=0.005)
    newest = robot.commands[-1]
    assert not newest.kp.any() and (newest.kd > 0).all()


def test_the_wiggle_finds_a_crossed_pair_and_a_reversed_motor(link, contract, robot):
    # Motors 0 and 3 are the front hips; motor 7 is the right rear thigh.
    robot.wiring[[0, 3]] = [3, 0]
    robot.sign[7] = -1.0
    checks = wiggle(link, contract, phase=0.01)
    wrong = {check.name: check for check in checks if check.verdict is Verdict.FAIL}
    assert sorted(wrong) == ["wiggle FL_hip_joint", "wiggle FR_hip_joint", "wiggle RR_thigh_joint"]
    assert "FR_hip_joint moved +0.050" in wrong["wiggle FL_hip_joint"].found
    assert "disagree in sign" in wrong["wiggle RR_thigh_joint"].remedy


def test_the_remotes_stop_aborts_the_wiggle_with_damping(link, contract, robot):
    robot.fields["remote"] = (b"\0\0" + (32 + 512).to_bytes(2, "little")).ljust(40, b"\0")
    with pytest.raises(WiggleError, match="L2 and B"):
        wiggle(link, contract)
    assert not robot.commands[-1].kp.any()


def test_a_silent_robot_aborts_the_wiggle(link, contract, robot):
    def silence(name):
        robot.answers = name == contract.joints.names[0]

    with pytest.raises(WiggleError, match="no state"):
        wiggle(link, contract, silence)
