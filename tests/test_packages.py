"""Installed packages have the files that `ros2 run` and `ros2 launch` need."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = sorted(path.parent for path in (ROOT / "ros2_ws" / "src").glob("*/setup.py"))
EXECUTABLES = {
    "wmp_core": set(),
    "wmp_ros": set(),
    "wmp_perception": {"depth_node", "world_model_node"},
    "wmp_controller": {"policy_node", "teleop_keyboard"},
    "wmp_sim": {"a1_sim"},
    "wmp_recording": {"recorder", "flight_recorder"},
    "wmp_viewer": {"viewer"},
    "wmp_bringup": set(),
    "wmp_cli": set(),
}
ROS_PACKAGE = r"rclpy|launch|launch_ros|std_srvs|\w+_msgs|\w+_interfaces|ament_\w+|wmp_\w+"


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """All packages, installed with plain pip into their own prefix."""
    folder = tmp_path_factory.mktemp("workspace")
    built = shutil.ignore_patterns("build", "*.egg-info", "__pycache__")
    copies = [shutil.copytree(package, folder / package.name, ignore=built) for package in PACKAGES]
    flags = ["--no-index", "--no-deps", "--no-build-isolation", "--ignore-installed"]
    pip = [sys.executable, "-m", "pip", "install", *flags]
    command = [*pip, f"--prefix={folder / 'prefix'}", *map(str, copies)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "prefix"


def test_every_package_is_in_the_ament_index(installed):
    index = installed / "share" / "ament_index" / "resource_index" / "packages"
    assert {path.name for path in index.iterdir()} == set(EXECUTABLES)
    assert all((installed / "share" / name / "package.xml").is_file() for name in EXECUTABLES)


@pytest.mark.parametrize("package", EXECUTABLES)
def test_executables_are_in_the_folder_that_ros2_launch_searches(installed, package):
    folder = installed / "lib" / package
    found = {path.name for path in folder.iterdir()} if folder.exists() else set()
    assert found == EXECUTABLES[package]
    assert all(os.access(folder / name, os.X_OK) for name in found)


@pytest.mark.parametrize(
    ("package", "name"), [(p, name) for p, names in EXECUTABLES.items() for name in sorted(names)]
)
def test_each_executable_calls_main_of_its_module(package, name):
    module = ROOT / "ros2_ws" / "src" / package / package / f"{name}.py"
    functions = {
        node.name for node in ast.parse(module.read_text()).body if isinstance(node, ast.FunctionDef)
    }
    assert "main" in functions
    script = (ROOT / "ros2_ws" / "src" / package / "scripts" / name).read_text()
    assert f"from {package}.{name} import main" in script


def test_launch_files_parameters_and_data_are_installed(installed):
    python = installed / Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)
    for folder, pattern, source in [
        (installed / "share" / "wmp_bringup" / "launch", "*.launch.py", "wmp_bringup/launch"),
        (python / "wmp_bringup" / "config", "*.yaml", "wmp_bringup/wmp_bringup/config"),
        (python / "wmp_sim" / "assets", "*.json", "wmp_sim/wmp_sim/assets"),
        (python / "wmp_viewer" / "web", "*.*", "wmp_viewer/wmp_viewer/web"),
        (python / "wmp_viewer" / "web" / "vendor", "*", "wmp_viewer/wmp_viewer/web/vendor"),
    ]:
        expected = {path.name for path in (ROOT / "ros2_ws" / "src" / source).glob(pattern)}
        assert expected
        assert {path.name for path in folder.glob(pattern)} == expected


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_package_xml_and_setup_py_agree(package):
    xml = ElementTree.parse(package / "package.xml").getroot()
    setup = (package / "setup.py").read_text()
    assert xml.findtext("name") == re.search(r'^package = "(.*)"', setup, re.M)[1] == package.name
    assert xml.findtext("version") == re.search(r'version="(.*)"', setup)[1]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_every_ros_package_that_is_imported_is_declared(package):
    xml = ElementTree.parse(package / "package.xml").getroot()
    declared = {element.text for element in xml.findall("exec_depend")}
    files = [*package.glob(f"{package.name}/**/*.py"), *package.glob("launch/*.py")]
    sources = "\n".join(path.read_text(encoding="utf-8") for path in files)
    imported = set(re.findall(rf"^\s*(?:from|import) ({ROS_PACKAGE})\b", sources, re.M))
    assert imported - {package.name} <= declared
