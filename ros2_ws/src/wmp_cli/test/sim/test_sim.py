"""The whole graph, as a user starts it: real nodes, real DDS, the robot's own UDP protocol; in lockstep."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import rclpy
from mcap.reader import make_reader
from rcl_interfaces.srv import ListParameters
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rosbags.highlevel import AnyReader

from wmp_bringup.graph import a1_graph
from wmp_bringup.isolation import reserve_domain
from wmp_bringup.parameters import node_parameters
from wmp_cli.command import WMP
from wmp_recording.recorder import header_stamp
from wmp_testing.mcap_check import check_mcap

SECONDS = 2
#: Parameters of ROS itself, those that only the command line sets, and one that has no value to be off.
NOT_IN_FILES = {"use_sim_time", "start_type_description_service", "bundle", "journal", "realtime.cpus"}
RELEASED = Path(__file__).parents[5] / "models" / "a1_wmp_v1"
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


def command(bundle, tmp_path, *arguments):
    return [*WMP, "sim", "--bundle", str(bundle), "--log-dir", str(tmp_path / "log"), *arguments]


def run(bundle, tmp_path, *arguments):
    """Two seconds over rough ground in lockstep: the figures, and the finished process."""
    figures = tmp_path / "sim.json"
    walk = ["--lockstep", "--terrain", "rough", "--difficulty", "0.2", "--seed", "3"]
    walk += ["--duration", str(SECONDS), "--json", str(figures)]
    finished = subprocess.run(
        command(bundle, tmp_path, *walk, *arguments),
        capture_output=True,
        text=True,
        timeout=180,
        env=ENVIRONMENT,
    )
    assert figures.exists(), finished.stdout + finished.stderr
    return json.loads(figures.read_text()), finished


@pytest.fixture(scope="module")
def recorded(tiny_bundle, tmp_path_factory):
    """One run with its figures, its process and its bag."""
    folder = tmp_path_factory.mktemp("recorded")
    figures, finished = run(tiny_bundle, folder, "--record", str(folder / "bag"))
    return figures, finished, folder / "bag"


def test_every_tick_has_its_step_its_latent_in_time_and_its_image(recorded):
    figures, finished, _ = recorded
    assert finished.returncode == 0, finished.stdout
    assert (figures["ended"], figures["fell"], figures["failure"]) == ("duration", False, "")
    assert figures["policy_ticks"] == 50 * SECONDS
    assert figures["latent_ticks"] == 10 * SECONDS
    assert figures["latents_late"] == figures["latents_from_prior"] == 0
    assert figures["depth_frames"] >= 10 * SECONDS
    assert figures["walk_s"] == pytest.approx(SECONDS)


def test_every_chunk_of_the_bag_holds_a_message_and_its_index(recorded):
    figures, _, bag = recorded
    assert check_mcap(bag) > 0
    assert figures["recording_failure"] == ""


def test_figures_name_the_run_and_time_every_stage(recorded):
    figures, _, _ = recorded
    run_as_asked = {"terrain": "rough", "difficulty": 0.2, "seed": 3, "lockstep": True}
    assert {key: figures[key] for key in run_as_asked} == run_as_asked
    assert figures["bundle"]["name"] == "tiny"
    for stage in ("policy", "advance", "observe", "receive", "send"):
        assert 0 < figures["timing"][stage]["p50_ms"] <= figures["timing"][stage]["max_ms"]


def test_a_loaded_machine_gives_the_same_walk(recorded, tiny_bundle, tmp_path):
    hog = [sys.executable, "-c", "while True: pass"]
    hogs = [subprocess.Popen(hog) for _ in range(os.cpu_count() or 1)]
    try:
        figures, _ = run(tiny_bundle, tmp_path)
    finally:
        for process in hogs:
            process.kill()
            process.wait()
    for key in ("actions_sha256", "distance_m", "drift_m", "depth_frames", "latent_ticks"):
        assert figures[key] == recorded[0][key], key


def test_the_bag_holds_the_walk(recorded):
    figures, _, bag = recorded
    with AnyReader([bag]) as reader:
        said = dict.fromkeys(reader.topics, 0)
        actions = []
        for connection, _, raw in reader.messages():
            said[connection.topic] += 1
            if connection.topic == "/wmp/policy_step":
                actions.append(reader.deserialize(raw, connection.msgtype).action)
    assert said["/wmp/policy_step"] >= 50 * SECONDS
    assert said["/wmp/latent"] >= 10 * SECONDS
    assert said["/wmp/depth"] >= 10 * SECONDS
    for topic in ("/joint_states", "/imu/data", "/joint_commands", "/sim/odometry"):
        assert said[topic] >= 50 * SECONDS, topic
    recorded_actions = np.concatenate(actions[: 50 * SECONDS]).astype("<f4").tobytes()
    assert hashlib.sha256(recorded_actions).hexdigest() == figures["actions_sha256"]


def test_mcap_reads_the_bag_in_simulated_time(recorded):
    (file,) = recorded[2].glob("*.mcap")
    with file.open("rb") as stream:
        steps = [message for _, _, message in make_reader(stream).iter_messages(topics=["/wmp/policy_step"])]
    lag = [step.log_time - header_stamp(step.data) for step in steps]
    assert len(steps) >= 50 * SECONDS
    assert 0 <= min(lag) <= max(lag) <= 100_000_000


def children_of(pid):
    """Processes whose parent is ``pid``."""
    listing = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(line) for line in listing.stdout.split()]


def declared_parameters(nodes, domain):
    """Node -> names of the parameters that it declares, asked over ROS."""
    context = Context()
    rclpy.init(context=context, domain_id=domain)
    asking = rclpy.create_node("asking", context=context)
    executor = SingleThreadedExecutor(context=context)
    declared = {}
    for node in nodes:
        client = asking.create_client(ListParameters, f"{node}/list_parameters")
        assert client.wait_for_service(20.0), node
        for _ in range(4):  # an answer is lost where the node has not discovered who asks
            answer = client.call_async(ListParameters.Request())
            rclpy.spin_until_future_complete(asking, answer, executor, 5.0)
            if answer.done():
                break
        declared[node] = set(answer.result().result.names)
    asking.destroy_node()
    rclpy.shutdown(context=context)
    return declared


def wait_until_walking(process):
    for line in process.stderr:
        if line.startswith("walking"):
            return
    raise AssertionError(f"ended before it walked: {process.stdout.read()}")


def assert_gone(pids):
    deadline = time.monotonic() + 10
    left = pids
    while left and time.monotonic() < deadline:
        left = [pid for pid in left if Path(f"/proc/{pid}").exists()]
        time.sleep(0.05)
    assert not left


@pytest.fixture
def domain():
    """A ROS domain of this test's own."""
    reservation = reserve_domain()
    yield reservation.domain_id
    reservation.lock.close()


@pytest.fixture
def endless_walk(tiny_bundle, tmp_path, domain):
    """``wmp sim`` without an end, once it walks."""
    with subprocess.Popen(
        command(tiny_bundle, tmp_path, "--lockstep", "--domain-id", str(domain)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    ) as process:
        wait_until_walking(process)
        yield process
        process.kill()


def test_ctrl_c_ends_a_walk_without_an_end_properly_and_leaves_nobody_behind(endless_walk):
    nodes = children_of(endless_walk.pid)
    assert len(nodes) == 4
    endless_walk.send_signal(signal.SIGINT)
    output, _ = endless_walk.communicate(timeout=60)
    assert endless_walk.returncode == 0
    assert "no fall" in output
    assert_gone(nodes)


def test_every_parameter_of_every_node_is_explained_in_the_file(endless_walk, domain):
    specs = a1_graph("sim", {"bundle": "any"})
    declared = declared_parameters([spec.name for spec in specs], domain)
    for spec in specs:
        in_file = node_parameters(spec.parameter_file, spec.name)
        # A script drives this walk: the parameters of joysticks are declared where one does.
        expected = {name for name in in_file if not name.startswith(("joy.", "joystick."))}
        assert declared[spec.name] - NOT_IN_FILES == expected, spec.name


def test_nobody_is_left_behind_when_the_launcher_is_killed(endless_walk):
    nodes = children_of(endless_walk.pid)
    endless_walk.kill()
    endless_walk.wait()
    assert_gone(nodes)


def test_a_node_that_dies_fails_the_run_with_its_own_words(tiny_bundle, tmp_path):
    figures, finished = run(tiny_bundle, tmp_path, "--set", "a1_sim/physics_dt=0.0015")
    assert finished.returncode == 1
    assert "a1_sim ended (exit code 1)" in figures["failure"]
    assert "physics_dt is 0.0015 s" in figures["failure"]


def test_a_terrain_that_there_is_not_is_refused_before_anything_starts(tiny_bundle, tmp_path):
    asked = command(tiny_bundle, tmp_path, "--terrain", "swamp")
    finished = subprocess.run(asked, capture_output=True, text=True, env=ENVIRONMENT)
    assert finished.returncode == 2
    assert finished.stderr.startswith("wmp sim: terrain is 'swamp', expected one of ['climb',")


#: Runs ``wmp sim`` on a track that ends after half a metre.
SHORT_TRACK = """
import dataclasses, sys
from wmp_cli import cli
from wmp_cli.sim import command as sim

settings_from = sim.settings_from
sim.settings_from = lambda arguments: dataclasses.replace(settings_from(arguments), end_x=0.5)
sys.exit(cli.main())
"""


def test_a_robot_at_the_end_of_its_track_has_ended_its_walk_and_sits(tmp_path):
    figures_file = tmp_path / "sim.json"
    words = ["--bundle", str(RELEASED), "--lockstep", "--json", str(figures_file)]
    words += ["--log-dir", str(tmp_path / "log")]
    finished = subprocess.run(
        [sys.executable, "-c", SHORT_TRACK, "sim", *words],
        capture_output=True,
        text=True,
        timeout=180,
        env=ENVIRONMENT,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert finished.stdout.splitlines()[-1].endswith("to the end of the track; no fall")
    figures = json.loads(figures_file.read_text())
    assert (figures["ended"], figures["failure"], figures["fell"]) == ("end of the track", "", False)
    assert 0.4 < figures["distance_m"] < 0.6
    assert figures["policy_ticks"] == round(50 * figures["walk_s"]) < 150
    told = (tmp_path / "log" / "policy_node.log").read_text()
    assert "WALK -> SIT_DOWN" in told and "SIT_DOWN -> PASSIVE" in told
