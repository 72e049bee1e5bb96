"""The packages that run on the robot's computer run on Python 3.8."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCES = Path(__file__).resolve().parent.parent / "ros2_ws" / "src"
PACKAGES = ["wmp_core", "wmp_ros", "wmp_perception", "wmp_controller"]
GENERIC_SINCE_3_9 = {"tuple", "list", "dict", "set", "frozenset", "type", "deque", "defaultdict"}


def vermin(*paths: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "vermin"
    command = [str(program), "--target=3.8-", "--no-tips", "--violations", *map(str, paths)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def evaluated_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes that Python evaluates: with the __future__ import it does not evaluate annotations."""
    yield node
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from evaluated_nodes(child)


def newer_types(source: str) -> list[str]:
    """Type expressions on which Python 3.8 fails and which vermin does not report."""
    tree = ast.parse(source)
    since_3_9 = set(GENERIC_SINCE_3_9)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "collections.abc":
            since_3_9 |= {alias.asname or alias.name for alias in node.names}
    found = []
    for node in evaluated_nodes(tree):
        generic = (
            isinstance(node, ast.Subscript)
            and isinstance(node.value, ast.Name)
            and node.value.id in since_3_9
        )
        union = isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)
        if generic or (union and isinstance(node.right, ast.Constant) and node.right.value is None):
            found.append(f"line {node.lineno}: {ast.unparse(node)}")
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_package_runs_on_python_3_8(package):
    folder = SOURCES / package
    scripts = [folder / "scripts"] if (folder / "scripts").exists() else []
    result = vermin(folder / package, *scripts, folder / "setup.py")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("package", PACKAGES)
def test_evaluated_types_exist_in_python_3_8(package):
    sources = (SOURCES / package / package).rglob("*.py")
    found = {path.name: newer_types(path.read_text(encoding="utf-8")) for path in sources}
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "newer",
    [
        "zip([1], [2], strict=True)",
        "from dataclasses import dataclass\n@dataclass(slots=True)\nclass A:\n    x: int",
        "match 1:\n    case 1:\n        pass",
        "'abc'.removeprefix('a')",
    ],
)
def test_newer_python_is_found(tmp_path, newer):
    source = tmp_path / "newer.py"
    source.write_text(f"{newer}\n")
    result = vermin(source)
    assert result.returncode == 1
    assert "Target versions not met" in result.stdout


@pytest.mark.parametrize(
    "newer",
    [
        "Vector = tuple[int, int]",
        "class Names(dict[str, int]): pass",
        "Maybe = int | None",
        "from collections.abc import Callable\nHandler = Callable[[int], None]",
    ],
)
def test_newer_types_are_found(newer):
    assert len(newer_types(newer)) == 1


def test_annotations_may_use_newer_types():
    assert newer_types("def f(x: tuple[int, int] | None) -> list[int]:\n    y: dict[str, int] = {}\n") == []
