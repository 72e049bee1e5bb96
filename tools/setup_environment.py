"""Build the virtual environment .venv: ROS 2, the runtime, our packages, and on request the test tools.

Run by `make setup` and `make setup-test`. Each step remembers a fingerprint of its inputs in
.venv/.steps, so a second run does nothing, and a changed requirement or message rebuilds what it must.
Needs only the standard library and CPython 3.10 or later.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from system_check import missing_requirements

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STEPS = VENV / ".steps"
LOG = VENV / "setup.log"
REQUIREMENTS = ROOT / "requirements"
MESSAGES = ROOT / "ros2_ws" / "src" / "wmp_msgs"
HOOK = ROOT / "tools" / "environment" / "wmp_ros_environment.py"

RUNTIME_GROUPS = ("ros", "runtime", "sim", "bag")
TEST_GROUPS = ("training", "test")


class SetupError(Exception):
    """A step failed; the message says which, and where its output is."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--test", action="store_true", help="also install training and test tools (torch)")
    with_tests = parser.parse_args().test

    missing = missing_requirements()
    if missing:
        print("setup: this machine lacks something:", *missing, sep="\n  ", file=sys.stderr)
        return 1
    with open(__file__, encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two setups at once would write the same files
        try:
            set_up(with_tests)
        except SetupError as error:
            print(f"setup: {error}", file=sys.stderr)
            return 1
    return 0


def set_up(with_tests: bool) -> None:
    """Bring .venv up to date, step by step."""
    started = time.monotonic()
    packages = package_folders()
    constraints = REQUIREMENTS / "constraints.txt"

    changed = step("a virtual environment in .venv", "venv", [], create_environment)
    runtime = [requirement_file(group) for group in RUNTIME_GROUPS]
    changed |= step(
        "ROS 2 and the runtime's packages (about 300 MB)",
        "runtime",
        [*runtime, constraints],
        lambda: pip_install(*requirement_options(runtime)),
    )
    ros_build = requirement_file("ros_build")
    changed |= step(
        "the message build tools", "ros_build", [ros_build], lambda: pip_install("--no-deps", "-r", str(ros_build))
    )
    changed |= step("where ROS 2 finds its packages", "hook", [HOOK], install_hook)
    changed |= step("the messages of wmp_msgs, compiled", "messages", files_below(MESSAGES), build_messages)
    changed |= step(
        "this project's packages, editable", "packages", [build_file(path) for path in packages],
        lambda: pip_install("--no-deps", "--no-build-isolation", *editable_options(packages)),
    )  # fmt: skip
    if with_tests:
        tests = [requirement_file(group) for group in TEST_GROUPS]
        changed |= step(
            "training and test tools (torch: a few minutes)", "test", [*tests, constraints],
            lambda: pip_install(*requirement_options(tests)),
        )  # fmt: skip
        no_deps = requirement_file("training_no_deps")
        changed |= step(
            "PPO", "training_no_deps", [no_deps], lambda: pip_install("--no-deps", "-r", str(no_deps))
        )  # fmt: skip
    if changed:
        verify()
        print(f"setup: ready after {time.monotonic() - started:.0f} s", flush=True)


def step(what: str, name: str, inputs: Iterable[Path], action: Callable[[], None]) -> bool:
    """Run `action` unless its inputs are those of its last success. Returns whether it ran."""
    record = STEPS / name
    wanted = fingerprint(inputs)
    if record.is_file() and record.read_text() == wanted:
        return False
    print(f"setup: {what}", flush=True)
    record.unlink(missing_ok=True)
    action()
    STEPS.mkdir(exist_ok=True)
    record.write_text(wanted)
    return True


def fingerprint(inputs: Iterable[Path]) -> str:
    """SHA-256 over the names and contents of files."""
    digest = hashlib.sha256()
    for path in inputs:
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


def create_environment() -> None:
    import venv

    if VENV.exists():
        shutil.rmtree(VENV)
    venv.create(VENV, with_pip=True, symlinks=True)


def install_hook() -> None:
    shutil.copy(HOOK, site_packages())
    (site_packages() / f"{HOOK.stem}.pth").write_text(f"import {HOOK.stem}\n")


def build_messages() -> None:
    """Configure, compile and install wmp_msgs into the environment."""
    repair_exported_include_paths()
    installed, build = site_packages() / "wmp_msgs", VENV / "build" / "wmp_msgs"
    for stale in (installed, build):
        shutil.rmtree(stale, ignore_errors=True)
    run(
        "cmake", "-S", MESSAGES, "-B", build, f"-DCMAKE_INSTALL_PREFIX={VENV}", f"-DCMAKE_PREFIX_PATH={VENV}",
        f"-DPython3_EXECUTABLE={PYTHON}", f"-DPYTHON_INSTALL_DIR={site_packages().relative_to(VENV)}",
        "-DCMAKE_BUILD_TYPE=Release", "-DBUILD_TESTING=OFF",
    )  # fmt: skip
    run("cmake", "--build", build, "--parallel", str(os.cpu_count() or 1))
    run("cmake", "--install", build)
    shutil.rmtree(build)


def repair_exported_include_paths() -> None:
    """Point the wheels' CMake files at this Python: they name the include folders of the wheels' builder."""
    ask = "import numpy, sysconfig; print(sysconfig.get_path('include')); print(numpy.get_include())"
    python_include, numpy_include = run(PYTHON, "-c", ask).split("\n")[:2]
    builder = r"/opt/python/cp3\d+-cp3\d+"
    import re

    for path in (VENV / "share").rglob("*.cmake"):
        text = path.read_text(encoding="utf-8")
        fixed = re.sub(rf"{builder}/lib/python3\.\d+/site-packages/numpy/\w+/include", numpy_include, text)
        fixed = re.sub(rf"{builder}/include/python3\.\d+", python_include, fixed)
        if fixed != text:
            path.write_text(fixed, encoding="utf-8")


def verify() -> None:
    """The environment can import what `make sim` needs."""
    run(PYTHON, "-c", "import rclpy, mujoco, onnxruntime, wmp_core, wmp_bringup; import wmp_msgs.msg")


def pip_install(*arguments: str) -> None:
    run(PYTHON, "-m", "pip", "install", "--disable-pip-version-check", *arguments)


def run(*command: str | Path) -> str:
    """Run a command and return its output; all of it also goes to the log."""
    environment = {key: value for key, value in os.environ.items() if key != "_ROS_WHEELS_BOOTSTRAP_COMPLETE"}
    environment["AMENT_PREFIX_PATH"] = str(VENV)
    environment["PATH"] = f"{VENV / 'bin'}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        [str(part) for part in command], env=environment, cwd=ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    with LOG.open("a", encoding="utf-8") as log:
        log.write(f"$ {' '.join(map(str, command))}\n{done.stdout}\n")
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-25:])
        raise SetupError(f"`{' '.join(map(str, command[:4]))} ...` failed (all output: {LOG}):\n{tail}")
    return done.stdout


def package_folders() -> list[Path]:
    """The Python packages of the workspace and the training package."""
    return [*sorted(path.parent for path in (ROOT / "ros2_ws" / "src").glob("*/setup.py")), ROOT / "training"]


def build_file(package: Path) -> Path:
    """The file that describes a package to pip."""
    return package / ("setup.py" if (package / "setup.py").exists() else "pyproject.toml")


def requirement_file(group: str) -> Path:
    return REQUIREMENTS / f"{group}.txt"


def requirement_options(files: Iterable[Path]) -> list[str]:
    options = ["-c", str(REQUIREMENTS / "constraints.txt")]
    for path in files:
        options += ["-r", str(path)]
    return options


def editable_options(packages: Iterable[Path]) -> list[str]:
    return [option for path in packages for option in ("-e", str(path))]


def files_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def site_packages() -> Path:
    return next((VENV / "lib").glob("python3.*")) / "site-packages"


if __name__ == "__main__":
    sys.exit(main())
