"""The picture of the packages: arrows from the imports in the code, labels from the import contracts.

An arrow runs from a package to one that it imports. What follows from other arrows is left out, so
``wmp_cli -> wmp_bringup -> wmp_core`` stands for ``wmp_cli -> wmp_core`` too. Under each name stands what
import-linter forbids it to import.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import grimp

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MESSAGES = "wmp_msgs"
#: Forbidden module -> what the label calls it.
LABELS = {"rclpy": "ROS", "torch": "torch", "mujoco": "MuJoCo"}

BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y, MARGIN = 168, 52, 24, 56, 24

ARROW_HEAD = (
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
    'orient="auto"><path d="M0 0.5 L7.5 4 L0 7.5 z"/></marker></defs>'
)

Edges = dict[str, set[str]]


@dataclass(frozen=True)
class Box:
    """A package's place in the picture; ``x`` and ``y`` of its upper left corner."""

    x: float
    y: float

    @property
    def centre(self) -> float:
        return self.x + BOX_WIDTH / 2


def python_packages(root: Path) -> list[str]:
    """Names of the Python packages of the repository."""
    folders = [*(root / "ros2_ws" / "src").glob("wmp_*/wmp_*"), *root.glob("training/wmp_*")]
    folders += root.glob("sim2real_tests/wmp_*")
    return sorted(folder.name for folder in folders if (folder / "__init__.py").is_file())


def package_imports(packages: list[str]) -> Edges:
    """For each of ``packages`` and ``wmp_msgs``, which of the others its modules import."""
    graph = grimp.build_graph(*packages, include_external_packages=True, cache_dir=None)
    imports: Edges = {name: set() for name in (*packages, MESSAGES)}
    for module in graph.modules:
        importer = module.split(".")[0]
        if importer in packages:
            targets = {target.split(".")[0] for target in graph.find_modules_directly_imported_by(module)}
            imports[importer] |= (targets & set(imports)) - {importer}
    return imports


def contracts(root: Path) -> list[dict[str, Any]]:
    """The import rules: contracts of import-linter."""
    with (root / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)["tool"]["importlinter"]["contracts"]


def layers(rules: list[dict[str, Any]]) -> Edges:
    """For each package of a layer, the packages of the next lower one."""
    below: Edges = {}
    for contract in rules:
        rows = [row.replace("|", " ").split() for row in contract.get("layers", [])]
        for upper, lower in itertools.pairwise(rows):
            below |= {name: set(lower) for name in upper}
    return below


def forbidden(rules: list[dict[str, Any]]) -> dict[str, set[str]]:
    """Package -> modules that a contract forbids it."""
    found: dict[str, set[str]] = {}
    for contract in rules:
        for source in contract.get("source_modules", []):
            found.setdefault(source, set()).update(contract.get("forbidden_modules", []))
    return found


def reduced(imports: Edges) -> Edges:
    """Without the arrows that follow from others."""
    reachable = _reachable(imports)
    return {
        name: {target for target in targets if not any(target in reachable[other] for other in targets)}
        for name, targets in imports.items()
    }


def _reachable(imports: Edges) -> Edges:
    """What each package imports directly or through others.

    Raises:
        ValueError: packages import each other in a circle.
    """
    found: Edges = {}

    def visit(name: str, path: tuple[str, ...]) -> set[str]:
        if name in path:
            raise ValueError(f"packages import each other: {' -> '.join((*path, name))}")
        if name not in found:
            below = [visit(target, (*path, name)) for target in sorted(imports[name])]
            found[name] = imports[name].union(*below)
        return found[name]

    for name in imports:
        visit(name, ())
    return found


def _rows(edges: Edges, layers: Edges) -> list[list[str]]:
    """Packages by row, the lowest first: above what they import, and above the layers below theirs.

    Within a row each stands near what it imports.
    """
    rank: dict[str, int] = {}

    def rank_of(name: str) -> int:
        if name not in rank:
            below = edges[name] | layers.get(name, set())
            rank[name] = 1 + max((rank_of(target) for target in below), default=-1)
        return rank[name]

    rows: list[list[str]] = [[] for _ in range(1 + max(rank_of(name) for name in edges))]
    for name in sorted(edges):
        rows[rank[name]].append(name)
    place: dict[str, float] = {}
    for row in rows:
        row.sort(key=lambda name: _mean([place[target] for target in edges[name]]))
        place |= {name: index - (len(row) - 1) / 2 for index, name in enumerate(row)}
    return rows


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def package_diagram(root: Path) -> str:
    """The picture as SVG that takes its colours from the page."""
    edges = reduced(package_imports(python_packages(root)))
    rules = contracts(root)
    rows = _rows(edges, layers(rules))
    width = max(len(row) for row in rows) * (BOX_WIDTH + GAP_X) - GAP_X + 2 * MARGIN
    height = len(rows) * (BOX_HEIGHT + GAP_Y) - GAP_Y + 2 * MARGIN
    boxes: dict[str, Box] = {}
    for index, row in enumerate(rows):
        left = (width - len(row) * (BOX_WIDTH + GAP_X) + GAP_X) / 2
        y = height - MARGIN - BOX_HEIGHT - index * (BOX_HEIGHT + GAP_Y)
        boxes |= {name: Box(left + column * (BOX_WIDTH + GAP_X), y) for column, name in enumerate(row)}

    without = forbidden(rules)
    arrows = [_arrow(boxes, name, target) for name, targets in edges.items() for target in sorted(targets)]
    shapes = [_box(boxes[name], name, without.get(name, set())) for name in boxes]
    size = f'viewBox="0 0 {width:g} {height:g}"'
    head = f'<svg class="packages" {size} role="img" xmlns="http://www.w3.org/2000/svg">'
    return "\n".join(
        [head, "<title>Packages and their imports</title>", ARROW_HEAD, *arrows, *shapes, "</svg>"]
    )


def _arrow(boxes: dict[str, Box], name: str, target: str) -> str:
    x, y = boxes[name].centre, boxes[name].y + BOX_HEIGHT
    end_x, end_y = boxes[target].centre, boxes[target].y - 2
    bend = (end_y - y) / 2
    curve = f"M{x:g} {y:g} C{x:g} {y + bend:g} {end_x:g} {end_y - bend:g} {end_x:g} {end_y:g}"
    attributes = f'class="arrow" data-from="{name}" data-to="{target}" marker-end="url(#head)"'
    return f'<path {attributes} d="{curve}"/>'


def _box(box: Box, name: str, rules: set[str]) -> str:
    without = [label for module, label in LABELS.items() if module in rules]
    label = f"no {', no '.join(without)}" if without else ""
    middle = box.y + BOX_HEIGHT / 2
    text = (
        f'<text class="name" x="{box.centre:g}" y="{middle - (4 if label else -5):g}">{escape(name)}</text>'
    )
    if label:
        text += f'<text class="rule" x="{box.centre:g}" y="{middle + 15:g}">{escape(label)}</text>'
    rectangle = f'<rect x="{box.x:g}" y="{box.y:g}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="8"/>'
    return f'<g class="package" data-package="{name}">{rectangle}{text}</g>'


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the picture of the packages to the terminal.")
    parser.parse_args()
    print(package_diagram(Path(__file__).resolve().parents[2]))


if __name__ == "__main__":
    main()
