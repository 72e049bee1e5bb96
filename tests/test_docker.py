"""Checks of the images without building them: inputs exist, users and limits are as documented."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
import yaml

from wmp_bringup.options import OPTIONS
from wmp_training.cli.train import TrainCommand
from wmp_training.presets import PRESETS

ROOT = Path(__file__).resolve().parent.parent
DOCKER = ROOT / "docker"
DOCKERFILES = sorted(DOCKER.glob("*.Dockerfile"))
SCRIPTS = sorted([*DOCKER.glob("*.sh"), *(ROOT / "security").glob("*.sh")])
NODES = ("wmp_perception/depth_node", "wmp_perception/world_model_node", "wmp_controller/policy_node")

DISCOVERY = "ROS_AUTOMATIC_DISCOVERY_RANGE"

#: Packages of the ros-core images that ours may depend on (metapackage ros_core, REP 2001).
ROS_CORE = {
    "ament_index_python", "builtin_interfaces", "diagnostic_msgs", "geometry_msgs", "launch", "launch_ros",
    "nav_msgs", "rcl_interfaces", "rclpy", "ros2launch", "rosgraph_msgs", "rosidl_default_runtime",
    "sensor_msgs", "std_msgs", "std_srvs", "trajectory_msgs", "visualization_msgs",
}  # fmt: skip
#: rosdep name of a Python package -> its name on pip.
PIP_NAMES = {
    "python3-numpy": "numpy",
    "python3-opencv": "opencv-python-headless",
    "python3-yaml": "PyYAML",
    "python3-websockets": "websockets",
}

each_dockerfile = pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.stem)
each_script = pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)


def instructions(dockerfile: Path) -> list[tuple[str, str]]:
    """Instructions with their arguments, without comments and line continuations."""
    lines = [line for line in dockerfile.read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.splitlines()) if word]


def copied_from_context(dockerfile: Path) -> list[str]:
    copies = [rest.split() for word, rest in instructions(dockerfile) if word == "COPY"]
    return [source for words in copies if "--from" not in words[0] for source in words[:-1]]


def admitted(source: str, dockerignore: Path) -> bool:
    """Whether a whitelist of folders (``*``, then ``!folder``) lets a path into the build context."""
    lines = dockerignore.read_text().splitlines()
    assert "*" in lines, f"{dockerignore.name} is not a whitelist"
    return any(f"{source}/".startswith(f"{line[1:]}/") for line in lines if line.startswith("!"))


def requirements(path: Path) -> dict[str, str]:
    """Name -> version of a file of exact pins."""
    lines = (line.split("#")[0].split(";")[0].strip() for line in path.read_text().splitlines())
    return dict(line.split("==") for line in lines if line)


def composed(**variables: str) -> dict[str, Any]:
    """compose.yaml with ``variables`` in place, and the defaults of all others."""
    text = (DOCKER / "compose.yaml").read_text()
    return yaml.safe_load(
        re.sub(r"\$\{(\w+):-([^}]*)\}", lambda match: variables.get(match[1], match[2]), text)
    )


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """compose.yaml with the defaults of its variables in place."""
    return composed()


@each_dockerfile
def test_everything_copied_exists_and_is_in_the_build_context(dockerfile):
    sources = copied_from_context(dockerfile)
    assert sources
    assert [source for source in sources if not (ROOT / source).exists()] == []
    dockerignore = dockerfile.with_name(f"{dockerfile.name}.dockerignore")
    assert [source for source in sources if not admitted(source, dockerignore)] == []


@each_dockerfile
def test_images_have_tagged_bases_and_run_without_root(dockerfile):
    bases = [rest.split()[0] for word, rest in instructions(dockerfile) if word == "FROM"]
    assert all(re.fullmatch(r"[a-z]+:[\w.${}-]+", base) and "latest" not in base for base in bases)
    assert [rest for word, rest in instructions(dockerfile) if word == "USER"][-1] == "1000:1000"


@each_dockerfile
def test_no_layer_keeps_package_lists(dockerfile):
    runs = [rest for word, rest in instructions(dockerfile) if word == "RUN"]
    installs = [run for run in runs if "apt-get install" in run]
    assert installs
    for run in installs:
        assert "--no-install-recommends" in run and run.endswith("rm -rf /var/lib/apt/lists/*")


@each_dockerfile
def test_the_linter_finds_nothing(dockerfile):
    hadolint = shutil.which("hadolint", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if hadolint is None:
        pytest.skip("hadolint is not installed")
    result = subprocess.run([hadolint, dockerfile], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


@each_script
def test_scripts_are_executable_bash(script):
    assert os.access(script, os.X_OK)
    assert script.read_text().startswith("#!/usr/bin/env bash\n")
    result = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_every_dependency_of_the_packages_is_in_the_image():
    files = (DOCKER / "requirements_ros.txt", ROOT / "requirements" / "view.txt")
    installed = ROS_CORE.union(*(requirements(file) for file in files))
    for manifest in (ROOT / "ros2_ws" / "src").glob("*/package.xml"):
        root = ElementTree.parse(manifest).getroot()
        names = {item.text or "" for tag in ("depend", "exec_depend") for item in root.iter(tag)}
        needed = {PIP_NAMES.get(name, name) for name in names if not name.startswith("wmp_")}
        assert needed <= installed, f"{manifest.parent.name}: {needed - installed}"


def test_the_image_has_the_runtime_pins_except_those_that_depend_on_the_numpy_of_ros():
    runtime = requirements(ROOT / "requirements" / "runtime.txt")
    image = requirements(DOCKER / "requirements_ros.txt")
    assert set(image) == set(runtime)
    assert {name for name in image if image[name] != runtime[name]} == {"numpy", "opencv-python-headless"}
    assert image["numpy"].startswith("1.")


def test_services_build_from_existing_files_with_declared_arguments(compose):
    for service in compose["services"].values():
        dockerfile = ROOT / service["build"]["dockerfile"]
        assert dockerfile in DOCKERFILES
        declared = {rest.split("=")[0] for word, rest in instructions(dockerfile) if word == "ARG"}
        assert set(service["build"].get("args", {})) == declared


def test_no_service_is_privileged_or_restarts_a_robot(compose):
    for service in compose["services"].values():
        assert "privileged" not in service
        assert service["restart"] == "no"
        assert service["cap_drop"] == ["ALL"] and service["user"] == "1000:1000"


def test_the_robot_starts_in_dry_run_with_existing_launch_arguments(compose):
    command = compose["services"]["robot"]["command"]
    assert command[:2] == ["ros2", "launch"]
    assert (ROOT / "ros2_ws" / "src" / command[2] / "launch" / command[3]).is_file()
    assert command[4:] == ["dry_run:=true"]
    assert "dry_run" in {option.name for option in OPTIONS["real"]}


@pytest.mark.parametrize("service", ["robot", "desktop"])
def test_a_service_uses_the_bundle_of_the_image_or_the_named_one(service):
    (image,) = re.findall(r"WMP_BUNDLE=(\S+)", (DOCKER / "ros.Dockerfile").read_text())
    assert (ROOT / "models" / Path(image).name / "bundle.json").is_file()
    for variables, name in (({}, Path(image).name), ({"WMP_BUNDLE": "models/mine"}, "mine")):
        used = Path(composed(**variables)["services"][service]["environment"]["WMP_BUNDLE"])
        assert used == Path(image).with_name(name)


@pytest.mark.parametrize(("service", "name"), [("robot", "ROS_LOCALHOST_ONLY"), ("desktop", DISCOVERY)])
def test_the_range_of_discovery_can_be_set_from_outside(compose, service, name):
    assert compose["services"][service]["environment"][name] in ("1", "LOCALHOST")
    assert composed(**{name: "given"})["services"][service]["environment"][name] == "given"


@pytest.mark.parametrize("more", ["", "--resume"])
def test_the_training_service_trains_obstacles_on_the_gpu_and_saves_when_stopped(more):
    service = composed(WMP_TRAIN=more)["services"]["training"]
    name, *options = shlex.split(service["command"])
    parser = argparse.ArgumentParser()
    TrainCommand().add_arguments(parser)
    given = parser.parse_args(options)
    assert (name, given.device, given.task, given.recipe) == ("train", "cuda", "obstacles", "warm")
    assert given.preset in PRESETS and given.resume == bool(more)
    assert given.out.parent.as_posix() in [volume.split(":")[1] for volume in service["volumes"]]
    assert service["stop_signal"] == "SIGINT"  # on which wmp train saves and ends


def test_bags_of_the_flight_recorder_outlive_the_container(compose):
    robot = compose["services"]["robot"]
    kept = [volume.split(":")[1] for volume in robot["volumes"] if not volume.endswith(":ro")]
    assert Path(robot["environment"]["WMP_FLIGHTS"]).parent.as_posix() in kept


def test_the_robot_has_the_limits_of_the_jetson_page(compose):
    robot = compose["services"]["robot"]
    assert robot["ulimits"] == {"rtprio": 99, "memlock": -1}
    assert robot["network_mode"] == "host" and robot["stop_signal"] == "SIGINT"
    page = (ROOT / "docs" / "how-to" / "jetson.md").read_text()
    flags = ["--ulimit rtprio=99", "--ulimit memlock=-1", "--network host"]
    flags += [f"--cpuset-cpus {robot['cpuset']}"]
    flags += [f"--cap-add {capability}" for capability in robot["cap_add"]]
    assert [flag for flag in flags if flag not in page] == []


def test_the_executables_of_the_images_are_installed():
    setups = {path.parent.name: path.read_text() for path in (ROOT / "ros2_ws" / "src").glob("*/setup.py")}
    assert "wmp = wmp_cli.cli:main" in setups["wmp_cli"]
    for node in NODES:
        package, executable = node.split("/")
        assert f'"scripts/{executable}"' in setups[package]


def test_the_training_image_installs_every_python_package_that_wmp_needs():
    source = ROOT / "ros2_ws" / "src"
    manifest = ElementTree.parse(source / "wmp_cli" / "package.xml").getroot()
    needed = {item.text or "" for item in manifest.iter("exec_depend")} | {"wmp_cli"}
    installed = re.findall(r"--editable ros2_ws/src/(\w+)", (DOCKER / "training.Dockerfile").read_text())
    assert set(installed) == {name for name in needed if (source / name / "setup.py").is_file()}


def test_training_runs_without_ros():
    program = (
        "import sys; sys.modules.update(rclpy=None, wmp_msgs=None)\n"
        "from wmp_cli.cli import MissingPlugin, commands\n"
        "found = commands()\n"
        "sys.exit(any(isinstance(found[name], MissingPlugin) for name in ('train', 'export')))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_the_health_check_fails_when_a_node_has_ended(tmp_path):
    """With stand-in processes: the check reads only command lines."""

    def alive() -> subprocess.CompletedProcess[str]:
        return subprocess.run([DOCKER / "nodes_alive.sh"], capture_output=True, text=True, check=False)

    stand_ins = [
        subprocess.Popen([f"/opt/wmp/install/lib/{node}", "60"], executable=shutil.which("sleep"))
        for node in NODES
    ]
    try:
        deadline = time.monotonic() + 5.0
        while (health := alive()).returncode != 0 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert health.returncode == 0, health.stderr
        stand_ins[1].kill()
        stand_ins[1].wait()
        health = alive()
        assert (health.returncode, health.stderr) == (1, "world_model_node is not running\n")
    finally:
        for process in stand_ins:
            process.kill()
            process.wait()
