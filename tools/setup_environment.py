"""Build .venv: ROS 2, the runtime and our packages; test and documentation tools on request.

Run by `make setup`, `make setup-test` and `make docs`. Each step stores a fingerprint of its inputs in
.venv/.steps: a second run does nothing, and a changed requirement or message repeats only its steps. Needs
only the standard library.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from system_check import missing_for_tests, missing_requirements

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
CONSTRAINTS = REQUIREMENTS / "constraints.txt"
MESSAGES = ROOT / "ros2_ws" / "src" / "wmp_msgs"
HOOK = ROOT / "tools" / "environment" / "wmp_ros_environment.py"

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
RECORDS = VENV / ".steps"
LOG = VENV / "setup.log"


class SetupError(Exception):
    """A step failed; the message names the command and the file with its output."""


@dataclass(frozen=True)
class Step:
    """A part of the environment, and the files that determine it."""

    what: str
    name: str
    inputs: list[Path]
    action: Callable[[], None]

    def run(self) -> bool:
        """Run the step unless its inputs are unchanged since its last success; returns whether it ran."""
        record = RECORDS / self.name
        current = self.fingerprint()
        if record.is_file() and record.read_text() == current:
            return False
        print(f"setup: {self.what}", flush=True)
        record.unlink(missing_ok=True)
        self.action()
        record.parent.mkdir(exist_ok=True)
        record.write_text(current)
        return True

    def fingerprint(self) -> str:
        """SHA-256 over the location of the environment and the contents of the inputs."""
        digest = hashlib.sha256(f"{VENV}\0".encode())
        for path in self.inputs:
            digest.update(f"{path}\0".encode() + path.read_bytes() + b"\0")
        return digest.hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the virtual environment .venv.")
    parser.add_argument("--test", action="store_true", help="also install training and test tools (torch)")
    parser.add_argument("--docs", action="store_true", help="also install the documentation tools")
    arguments = parser.parse_args()

    missing = missing_requirements()
    if missing:
        print("setup: missing on this machine:", *missing, sep="\n  ", file=sys.stderr)
        return 1
    if arguments.test:
        provide_test_programs()
    with Path(__file__).open(encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two setups at once would write the same files
        try:
            steps = runtime_steps()
            if arguments.test:
                steps += test_steps()
            if arguments.test or arguments.docs:  # the tests build the documentation
                steps += docs_steps()
            set_up(steps)
        except SetupError as error:
            print(f"setup: {error}", file=sys.stderr)
            return 1
    return 0


def provide_test_programs() -> None:
    """Print which optional programs of the tests are missing; install them on a CI machine."""
    if missing_for_tests() and os.environ.get("CI") and os.geteuid() == 0 and shutil.which("apt-get"):
        print("setup: installing chromium, for the tests of reports", flush=True)
        for words in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
            subprocess.run(["apt-get", "-qq", *words], stdout=subprocess.DEVNULL, check=False)
    for tool in missing_for_tests():
        print(f"setup: some tests will be skipped without {tool}", flush=True)


def set_up(steps: list[Step]) -> None:
    """Run the steps that are out of date."""
    started = time.monotonic()
    if not PYTHON.exists():
        shutil.rmtree(RECORDS, ignore_errors=True)
    done = [step.run() for step in steps]
    if any(done):
        print(f"setup: ready after {time.monotonic() - started:.0f} s", flush=True)


def runtime_steps() -> list[Step]:
    """The steps for `make sim`."""
    packages = [path.parent for path in sorted((ROOT / "ros2_ws" / "src").glob("*/setup.py"))]
    packages += [ROOT / "training", ROOT / "sim2real_tests"]
    build_files = [
        file for path in packages for file in (path / "setup.py", path / "pyproject.toml") if file.exists()
    ]
    requirements = [REQUIREMENTS / f"{group}.txt" for group in ("ros", "runtime", "sim", "bag", "view")]
    undeclared = REQUIREMENTS / "ros_build.txt"
    messages = sorted(path for path in MESSAGES.rglob("*") if path.is_file())

    def install_requirements() -> None:
        pip_install("-c", CONSTRAINTS, *options("-r", requirements))
        pip_install("--no-deps", "-r", undeclared)

    def install_packages() -> None:
        pip_install("--no-deps", "--no-build-isolation", *options("-e", packages))
        run(PYTHON, "-c", "import rclpy, wmp_msgs.msg, mujoco, onnxruntime, wmp_core, wmp_cli")

    return [
        Step("a virtual environment in .venv", "venv", [], create_environment),
        Step("start-up hook of the environment", "hook", [HOOK], install_hook),
        Step(
            "ROS 2, the runtime and the simulator from pip (about 300 MB)",
            "requirements",
            [*requirements, undeclared, CONSTRAINTS],
            install_requirements,
        ),
        Step("the messages of wmp_msgs, compiled", "messages", messages, build_messages),
        Step("the packages of this repository, editable", "packages", build_files, install_packages),
    ]


def test_steps() -> list[Step]:
    """The additional steps for `make test` and training."""
    requirements = [REQUIREMENTS / f"{group}.txt" for group in ("training", "test")]
    undeclared = REQUIREMENTS / "training_no_deps.txt"

    def install() -> None:
        pip_install("-c", CONSTRAINTS, *options("-r", requirements))
        pip_install("--no-deps", "-r", undeclared)

    inputs = [*requirements, undeclared, CONSTRAINTS]
    return [Step("torch, training and test tools from pip (minutes)", "test", inputs, install)]


def docs_steps() -> list[Step]:
    """The additional steps for `make docs`."""
    requirements = REQUIREMENTS / "docs.txt"

    def install() -> None:
        pip_install("-c", CONSTRAINTS, "-r", requirements)

    return [Step("documentation tools from pip", "docs", [requirements, CONSTRAINTS], install)]


def create_environment() -> None:
    import venv  # after the system check, which reports it if it is missing

    if VENV.exists():
        shutil.rmtree(VENV)
    venv.create(VENV, with_pip=True, symlinks=True)


def install_hook() -> None:
    shutil.copy(HOOK, site_packages())
    (site_packages() / f"{HOOK.stem}.pth").write_text(f"import {HOOK.stem}\n")


def build_messages() -> None:
    """Configure, compile and install wmp_msgs into the environment."""
    repair_exported_include_paths()
    build = VENV / "build" / "wmp_msgs"
    for stale in (site_packages() / "wmp_msgs", build):
        shutil.rmtree(stale, ignore_errors=True)
    settings = {
        "CMAKE_INSTALL_PREFIX": VENV,
        "CMAKE_PREFIX_PATH": VENV,
        "CMAKE_BUILD_TYPE": "Release",
        "Python3_EXECUTABLE": PYTHON,
        "PYTHON_INSTALL_DIR": site_packages().relative_to(VENV),
        "BUILD_TESTING": "OFF",
    }
    run("cmake", "-S", MESSAGES, "-B", build, *(f"-D{key}={value}" for key, value in settings.items()))
    run("cmake", "--build", build, "--parallel", str(os.cpu_count() or 1))
    run("cmake", "--install", build)
    shutil.rmtree(build)


def repair_exported_include_paths() -> None:
    """Point the CMake files of the wheels at this Python: they name folders of the wheels' build machine."""
    program = "import numpy, sysconfig; print(sysconfig.get_path('include')); print(numpy.get_include())"
    python_include, numpy_include = run(PYTHON, "-c", program).splitlines()
    builder = r"/opt/python/cp3\d+-cp3\d+"
    for path in (VENV / "share").rglob("*.cmake"):
        text = path.read_text(encoding="utf-8")
        fixed = re.sub(rf"{builder}/lib/python3\.\d+/site-packages/numpy/\w+/include", numpy_include, text)
        fixed = re.sub(rf"{builder}/include/python3\.\d+", python_include, fixed)
        if fixed != text:
            path.write_text(fixed, encoding="utf-8")


def pip_install(*arguments: str | Path) -> None:
    run(PYTHON, "-m", "pip", "install", "--disable-pip-version-check", *arguments)


def options(flag: str, values: list[Path]) -> list[str | Path]:
    """``flag`` before each value."""
    return [part for value in values for part in (flag, value)]


def run(*command: str | Path) -> str:
    """Run a command and return its output, which is also appended to the log.

    Raises:
        SetupError: it failed.
    """
    environment = {key: value for key, value in os.environ.items() if key != "_ROS_WHEELS_BOOTSTRAP_COMPLETE"}
    environment["AMENT_PREFIX_PATH"] = str(VENV)
    environment["PIP_USER"] = "0"  # pip refuses --user, which some set for good, in a virtual environment
    for name in ("PIP_TARGET", "PIP_PREFIX", "PYTHONHOME"):
        environment.pop(name, None)
    environment["PATH"] = f"{VENV / 'bin'}{os.pathsep}{environment['PATH']}"
    words = [str(part) for part in command]
    done = subprocess.run(
        words,
        env=environment,
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    with LOG.open("a", encoding="utf-8") as log:
        log.write(f"$ {' '.join(words)}\n{done.stdout}\n")
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-25:])
        raise SetupError(
            f"`{' '.join(words[:4])} ...` failed; the complete output is in {LOG}, its end is:\n{tail}"
        )
    return done.stdout


def site_packages() -> Path:
    return next((VENV / "lib").glob("python3.*")) / "site-packages"


if __name__ == "__main__":
    sys.exit(main())
