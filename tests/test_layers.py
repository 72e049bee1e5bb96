"""Imports follow the layers of docs/explanation/architecture.md; the contracts are in pyproject.toml."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import grimp

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent

BROKEN_CONTRACT = """
[importlinter]
root_package = wmp_perception
include_external_packages = True

[importlinter:contract:1]
name = perception does not import ROS
type = forbidden
source_modules = wmp_perception
forbidden_modules = rclpy
"""


def lint_imports(*options: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--no-logo", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_imports_follow_the_layers():
    result = lint_imports()
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_contract_that_the_tree_breaks_is_reported(tmp_path):
    config = tmp_path / "importlinter.ini"
    config.write_text(BROKEN_CONTRACT)
    result = lint_imports(f"--config={config}")
    assert result.returncode == 1, result.stdout + result.stderr
    assert "wmp_perception is not allowed to import rclpy" in result.stdout


def import_circles(imports: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """The strongly connected components with more than one module (Tarjan), each sorted."""
    index: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    circles = []

    def visit(module: str) -> None:
        index[module] = lowest[module] = len(index)
        stack.append(module)
        for imported in imports[module]:
            if imported not in index:
                visit(imported)
                lowest[module] = min(lowest[module], lowest[imported])
            elif imported in stack:
                lowest[module] = min(lowest[module], index[imported])
        if lowest[module] == index[module]:
            start = stack.index(module)
            component = stack[start:]
            del stack[start:]
            if len(component) > 1:
                circles.append(sorted(component))

    for module in imports:
        if module not in index:
            visit(module)
    return circles


def test_no_import_circle():
    """Imports under TYPE_CHECKING and inside functions count too."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    graph = grimp.build_graph(*settings["root_packages"], cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert import_circles(imports) == []


def test_an_import_circle_is_reported():
    imports = {"a": ["b"], "b": ["c", "d"], "c": ["a"], "d": ["b", "e"], "e": []}
    assert import_circles(imports) == [["a", "b", "c", "d"]]
    assert import_circles({"a": ["b"], "b": ["c"], "c": []}) == []
