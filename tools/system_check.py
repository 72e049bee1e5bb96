"""Check that the operating system provides what this project needs."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import platform
import re
import shutil
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST, NEWEST = (3, 10), (3, 13)
OLDEST_GLIBC = (2, 28)
PROGRAMS = {
    "a C compiler": (os.environ.get("CC", "cc"), "gcc"),
    "a C++ compiler": (os.environ.get("CXX", "c++"), "g++"),
    "cmake": ("cmake", "cmake"),
    "make": ("make", "make"),
}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LIBRARIES = {
    "libgomp.so.1": "libgomp1",
    "libstdc++.so.6": "libstdc++6",
    "libudev.so.1": "libudev1",
    "libz.so.1": "zlib1g",
}


def missing_requirements() -> list[str]:
    """A line per missing requirement, with the Debian or Ubuntu package that provides it."""
    return [
        *_path_problems(),
        *_platform_problems(),
        *_python_problems(),
        *_program_problems(),
        *_library_problems(),
    ]


def missing_for_tests() -> list[str]:
    """A line per missing program that only some tests need; they are skipped without it."""
    if any(shutil.which(program) for program in BROWSERS):
        return []
    return ["a browser for the tests of reports (chromium): apt install chromium"]


def _path_problems() -> list[str]:
    """CMake files of ROS split paths at spaces, and write others only as the locale's encoding allows."""
    root = str(ROOT)
    odd = sorted(set(re.findall(r"[^A-Za-z0-9_./+@~=,-]", root)))
    if not odd:
        return []
    named = ", ".join(map(repr, odd))
    return [
        f"a path that CMake can handle (found {named} in {root}): move the checkout to plain ASCII letters"
    ]


def _platform_problems() -> list[str]:
    if sys.platform != "linux" or platform.machine() != "x86_64":
        found = f"{platform.system()} {platform.machine()}"
        return [
            f"Linux on x86-64 (found {found}), the only platform with ROS 2 wheels: install ROS 2 instead"
        ]
    name, version = platform.libc_ver()
    if name != "glibc" or tuple(map(int, version.split(".")[:2])) < OLDEST_GLIBC:
        return [f"glibc 2.28 or later (found {name or 'another C library'} {version}): a newer distribution"]
    return []


def _python_problems() -> list[str]:
    version = sys.version_info[:2]
    if sys.implementation.name != "cpython" or not OLDEST <= version <= NEWEST:
        found = f"{sys.implementation.name} {platform.python_version()}"
        return [
            f"CPython 3.10 to 3.13 (found {found}): apt install python3, or make PYTHON=/path/to/python3.12"
        ]
    name = "python{}.{}".format(*version)
    problems = []
    if not all(importlib.util.find_spec(module) for module in ("venv", "ensurepip")):
        problems.append(f"the venv module of {name}: apt install {name}-venv")
    if not (Path(sysconfig.get_path("include")) / "Python.h").exists():
        problems.append(f"the headers of {name} (Python.h): apt install {name}-dev")
    return problems


def _program_problems() -> list[str]:
    return [
        f"{what} ({program}): apt install {package}"
        for what, (program, package) in PROGRAMS.items()
        if not shutil.which(program)
    ]


def _library_problems() -> list[str]:
    return [f"{name}: apt install {package}" for name, package in LIBRARIES.items() if not _loads(name)]


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
