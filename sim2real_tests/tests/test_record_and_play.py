"""A bag played into a live world model gives the recorded latents; what is recorded meanwhile is a bag."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from rosbags.highlevel import AnyReader

from wmp_bringup.isolation import reserve_domain
from wmp_replay import load_bag
from wmp_replay.bag.records import CameraFrame
from wmp_replay.bag.writer import write_bag

WMP = [sys.executable, "-c", "import sys; from wmp_cli.cli import main; sys.exit(main())"]
NODE = [sys.executable, "-m", "wmp_bringup.node_main"]


@pytest.fixture(scope="module")
def environment():
    """A ROS domain of this module's own."""
    reservation = reserve_domain()
    local = {
        "ROS_DOMAIN_ID": str(reservation.domain_id),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "FASTDDS_BUILTIN_TRANSPORTS": "UDPv4",
        "OMP_NUM_THREADS": "1",
    }
    yield {**os.environ, **local}
    reservation.lock.close()


def started(command, environment, ready):
    """Start a process; returns when it prints ``ready``."""
    process = subprocess.Popen(
        command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    seen = []
    for line in process.stdout:
        seen.append(line)
        if ready in line:
            return process
    raise AssertionError("".join(seen))


def ended(process, number=signal.SIGINT):
    process.send_signal(number)
    output, _ = process.communicate(timeout=30)
    return process.returncode, output


@pytest.fixture(scope="module")
def world_model(tiny_bundle, environment):
    # Some golden ticks have no image; lockstep waits for one, by default for seconds.
    parameters = ["-p", f"bundle:={tiny_bundle.path}", "-p", "lockstep:=true", "-p", "lockstep_timeout:=0.2"]
    command = [*NODE, "wmp_perception", "world_model_node", "--ros-args", *parameters]
    process = started(command, environment, "bundle")
    yield process
    process.kill()
    process.communicate()


@pytest.fixture
def recording(tiny_bundle, environment):
    """Starts ``wmp record FOLDER``; kills it at the end of the test."""
    running = []

    def start(folder, *options):
        command = [*WMP, "record", str(folder), "--bundle", str(tiny_bundle.path), *options]
        running.append(started(command, environment, "recording"))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.wait()


def play(bag, environment, *options):
    command = [*WMP, "play", str(bag), "--wait", "60", *options]  # a later --wait counts
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_a_live_world_model_answers_with_the_recorded_latents(
    world_model, recording, golden_bag, tiny_bundle, environment, tmp_path
):
    recorder = recording(tmp_path / "again", "--await", "wmp/latent", "wmp/depth")
    played = ("wmp/policy_step", "wmp/depth", "wmp/latent")
    done = play(golden_bag, environment, "--lockstep", "--listeners", "2", "--topics", *played)
    assert done.returncode == 0, done.stdout + done.stderr
    latents = tiny_bundle.golden.steps // 5 - 1
    assert f"received {latents} latents" in done.stdout
    assert float(done.stdout.split()[-1]) < 1e-5
    code, output = ended(recorder)
    assert code == 0, output
    walk = load_bag(tmp_path / "again")
    assert walk.run_info["bundle"]["sha256"] == tiny_bundle.sha256
    assert walk.topics["wmp/policy_step"].count == tiny_bundle.golden.steps
    assert walk.topics["wmp/latent"].count >= latents
    assert walk.problems == []


def test_the_rhythm_is_the_recorded_one_times_the_rate(recording, golden_bag, environment, tmp_path):
    recorder = recording(tmp_path / "paced")
    began = time.monotonic()
    done = play(golden_bag, environment, "--rate", "2", "--topics", "joint_states")
    assert done.returncode == 0, done.stdout + done.stderr
    assert time.monotonic() - began > 1.4  # 149 steps of 20 ms at double speed take 1.49 s
    assert ended(recorder)[0] == 0
    (bag,) = (tmp_path / "paced").glob("*.mcap")
    assert bag.stat().st_size > 0
    assert "played 150 messages" in done.stdout


def test_a_killed_recorder_leaves_what_it_had_written(recording, golden_bag, environment, tmp_path):
    recorder = recording(tmp_path / "killed")
    done = play(golden_bag, environment, "--rate", "50", "--topics", "wmp/policy_step", "wmp/depth")
    assert done.returncode == 0, done.stdout + done.stderr
    again = play(golden_bag, environment, "--rate", "50", "--topics", "wmp/policy_step", "wmp/depth")
    third = play(golden_bag, environment, "--rate", "50", "--topics", "wmp/policy_step", "wmp/depth")
    assert again.returncode == third.returncode == 0  # together more than a chunk
    ended(recorder, signal.SIGKILL)
    walk = load_bag(tmp_path / "killed")
    assert walk.topics["wmp/policy_step"].count > 0
    assert any("no metadata.yaml" in problem for problem in walk.problems)
    assert walk.is_partial


def test_playing_without_subscribers_is_an_error(golden_bag, tmp_path):
    reservation = reserve_domain()
    alone = {**os.environ, "ROS_DOMAIN_ID": str(reservation.domain_id)}
    done = play(golden_bag, alone, "--wait", "0.3")
    reservation.lock.close()
    assert done.returncode == 1
    assert "no subscriber appeared" in done.stdout + done.stderr


def test_a_play_in_lockstep_names_the_missing_subscribers(recording, golden_bag, environment, tmp_path):
    recorder = recording(tmp_path / "alone")
    options = ("--lockstep", "--listeners", "9", "--topics", "wmp/policy_step", "--wait", "5")
    done = play(golden_bag, environment, *options)
    assert done.returncode == 1
    assert "of 9 subscribers of /wmp/policy_step appeared within 5 s" in done.stdout + done.stderr
    assert ended(recorder)[0] == 0


def test_the_cameras_own_frames_are_recorded_on_request(recording, tiny_bundle, environment, tmp_path):
    frames = (CameraFrame(t, np.full((4, 6), 1500, np.uint16), 0.001) for t in np.arange(1, 2, 0.1))
    bag = write_bag(tmp_path / "camera", frames, {})
    recorder = recording(tmp_path / "again", "--camera")
    done = play(bag, environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ended(recorder)[0] == 0
    with AnyReader([tmp_path / "again"]) as reader:
        counts = {connection.topic: connection.msgcount for connection in reader.connections}
    assert counts["/camera/depth/image_rect_raw"] == 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rate", "0"], "--rate is 0"),
        (["--listeners", "0"], "--listeners is 0"),
        ([], "does not exist"),
    ],
)
def test_what_cannot_be_played_is_refused_in_one_line(tmp_path, arguments, message):
    done = play(tmp_path / "nothing", dict(os.environ), *arguments)
    assert done.returncode == 2
    assert message in done.stderr


def test_a_folder_that_exists_is_not_overwritten(golden_bag, tiny_bundle):
    command = [*WMP, "record", str(golden_bag), "--bundle", str(tiny_bundle.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "exists already" in done.stderr
