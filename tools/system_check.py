"""What this project needs from the operating system, one line per missing thing."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sys
import sysconfig

OLDEST, NEWEST = (3, 10), (3, 13)
OLDEST_GLIBC = (2, 28)


def missing_requirements() -> list[str]:
    """Name each missing thing with the Debian/Ubuntu package that brings it; empty if all is there."""
    return [*_platform_problems(), *_python_problems(), *_tool_problems()]


def _platform_problems() -> list[str]:
    if sys.platform != "linux" or platform.machine() != "x86_64":
        found = f"{platform.system()} {platform.machine()}"
        return [f"Linux on x86-64 (found {found}): the ROS 2 wheels exist for nothing else; use a ROS 2 installation"]
    name, version = platform.libc_ver()
    if name != "glibc" or tuple(map(int, version.split(".")[:2])) < OLDEST_GLIBC:
        return [f"glibc 2.28 or later (found {name or 'another C library'} {version}): a newer distribution"]
    return []


def _python_problems() -> list[str]:
    version = sys.version_info[:2]
    if sys.implementation.name != "cpython" or not OLDEST <= version <= NEWEST:
        found = f"{sys.implementation.name} {platform.python_version()}"
        return [f"CPython 3.10 to 3.13 (found {found}): apt install python3, or make PYTHON=/path/to/python3.12"]
    name = "python{}.{}".format(*version)
    problems = []
    if not all(importlib.util.find_spec(module) for module in ("venv", "ensurepip")):
        problems.append(f"the venv module of {name}: apt install {name}-venv")
    if not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")):
        problems.append(f"the headers of {name} (Python.h): apt install {name}-dev")
    return problems


def _tool_problems() -> list[str]:
    problems = []
    if not shutil.which(os.environ.get("CC", "cc")):
        problems.append("a C compiler (cc): apt install gcc")
    if not shutil.which(os.environ.get("CXX", "c++")):
        problems.append("a C++ compiler (c++): apt install g++")
    if not shutil.which("cmake"):
        problems.append("cmake: apt install cmake")
    if not shutil.which("make"):
        problems.append("make: apt install make")
    return problems
