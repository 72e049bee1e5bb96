"""wmp doctor checks the simulated A1, this computer and recorded camera frames."""

import json
import threading
import time

import numpy as np
import pytest

from wmp_cli import cli
from wmp_cli.doctor.camera import check_camera, judge_frames
from wmp_cli.doctor.ros import check_ros
from wmp_core.depth.geometry import CameraIntrinsics
from wmp_core.doctor import robot as robot_checks
from wmp_core.doctor.check import Verdict, passed
from wmp_perception.realsense import CameraSettings, RawFrame
from wmp_sim.robot import SimulatedA1
from wmp_sim.server import A1Server, Address
from wmp_sim.terrain import make_terrain
from wmp_sim.world import build_world
from wmp_testing.realsense_recording import write_recording


def suspended_robot():
    """The simulated A1 with its feet off the ground and a trunk so heavy that it hardly moves."""
    world = build_world(make_terrain("flat", 0.0, np.random.default_rng(0)), "torque", physics_dt=0.002)
    robot = SimulatedA1(world, "standing")
    data, trunk, mass = robot._data, 1, 1e6
    legs = world.body_mass.sum() - world.body_mass[trunk]
    world.body_mass[trunk] = world.body_inertia[trunk] = mass
    data.xfrc_applied[trunk, 2] = (mass + legs) * 9.81
    data.qpos[2] += 0.5
    data.qvel[:] = 0
    return robot


@pytest.fixture
def suspended(monkeypatch):
    """Options with the address of a simulated A1 that is suspended, on a machine that may be busy."""
    for judge in ("_rate", "_tick"):
        monkeypatch.setattr(robot_checks, judge, lambda *_: passed("load", "not judged"))
    robot = suspended_robot()
    stop = threading.Event()
    with A1Server(robot, Address(port=0)) as server:
        serving = threading.Thread(target=server.serve_lockstep, args=(lambda: not stop.is_set(),))
        serving.start()
        yield ["--robot-address", "127.0.0.1", "--robot-port", str(server.port), "--local-port", "0"]
        stop.set()
        serving.join()


@pytest.fixture
def run(tmp_path):
    def doctor(*arguments):
        file = tmp_path / "report.json"
        code = cli.main(["doctor", "--json", str(file), "--overwrite", *map(str, arguments)])
        report = json.loads(file.read_text())
        return code, report, {check["name"]: check for check in report["checks"]}

    return doctor


def test_the_wiggle_test_passes_for_every_joint_of_the_simulated_a1(suspended, tiny_bundle, run):
    _, _, checks = run("--wiggle", "--yes", "--bundle", tiny_bundle, *suspended)
    wiggled = [check for name, check in checks.items() if name.startswith("wiggle")]
    assert len(wiggled) == 12
    assert all(check["verdict"] == "pass" for check in wiggled), wiggled
    assert all(0.03 < check["figures"]["moved_rad"] < 0.06 for check in wiggled)


def test_the_wiggle_test_needs_confirmation(suspended, tiny_bundle, capsys):
    assert cli.main(["doctor", "--wiggle", "--bundle", str(tiny_bundle), *suspended]) == 2
    assert "not confirmed" in capsys.readouterr().err


def test_a_robot_that_does_not_answer_fails_within_seconds(tiny_bundle, run):
    where = ["--robot-address", "127.0.0.1", "--robot-port", 9, "--local-port", 0]
    started = time.monotonic()
    code, report, checks = run("--only", "robot", "--bundle", tiny_bundle, *where)
    assert code == 1 and not report["ok"]
    assert "ping" in checks["robot link"]["remedy"]
    assert time.monotonic() - started < 20


def test_checks_of_the_computer_have_figures_and_remedies(tiny_bundle, run):
    code, report, checks = run("--only", "bundle", "clock", "ros", "--bundle", tiny_bundle)
    assert {"bundle", "inference policy", "clock", "rclpy", "wmp_msgs", "discovery"} <= set(checks)
    assert code == (0 if report["ok"] else 1)
    assert all(check["remedy"] for check in report["checks"] if check["verdict"] != "pass")
    assert checks["inference policy"]["figures"]["p99_ms"] > 0


def test_without_json_every_check_is_a_line(tiny_bundle, capsys):
    cli.main(["doctor", "--only", "clock", "--bundle", str(tiny_bundle)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0][:4] in ("pass", "warn") and lines[-1].startswith("1 checks: 0 failed")


def test_discovery_beyond_this_machine_is_a_warning():
    for environment, verdict in (
        ({}, Verdict.WARN),
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}, Verdict.PASS),
        ({"ROS_LOCALHOST_ONLY": "1"}, Verdict.PASS),
    ):
        assert check_ros(environment)[-1].verdict is verdict


def test_a_missing_camera_fails_with_a_remedy():
    (check,) = check_camera(CameraSettings())
    assert check.verdict is Verdict.FAIL and ("USB" in check.found or "pyrealsense2" in check.found)


def frames(count, period, zeros=0, problem=""):
    depth = np.ones((240, 424), np.uint16)
    depth.flat[:zeros] = 0
    lens = CameraIntrinsics(424, 240, 211.4, 211.4, 212.6, 117.7)
    return [RawFrame(10.0 + i * period, depth, lens, 0.001, problem) for i in range(count)]


def test_a_recording_of_librealsense_is_checked_like_a_camera(tmp_path, tiny_bundle, run):
    walls = [np.full((240, 424), 1000 + n, np.uint16) for n in range(31)]
    file = write_recording(tmp_path / "walk.db3", walls, [n / 30 for n in range(31)])
    code, _, checks = run("--camera-file", file, "--bundle", tiny_bundle)
    assert code == 0 and checks["camera rate"]["figures"]["rate_hz"] == pytest.approx(30.0, rel=0.1)
    code, _, checks = run("--camera-file", tmp_path / "nowhere.bag", "--bundle", tiny_bundle)
    assert code == 1 and "expected a recording of librealsense" in checks["camera"]["found"]


@pytest.mark.parametrize(
    ("shown", "verdicts"),
    [
        (frames(31, 1 / 30), ["pass"] * 5),
        (frames(21, 1 / 20), ["pass", "pass", "pass", "warn", "pass"]),
        (frames(6, 1 / 5, zeros=70_000), ["pass", "pass", "pass", "fail", "fail"]),
        (frames(31, 1 / 30, problem="arrival times"), ["pass", "fail", "pass", "pass", "pass"]),
    ],
)
def test_frames_are_judged_by_field_of_view_rate_and_invalid_pixels(shown, verdicts):
    checks = judge_frames(shown, CameraSettings())
    assert [check.verdict.value for check in checks] == verdicts
    # 2 atan(212 / 211.4)
    assert checks[2].figures["field_deg"] == pytest.approx(90.16, abs=0.01)
