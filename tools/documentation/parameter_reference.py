"""The parameter reference: the parameter files with their comments, one table per node."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

#: File -> heading of its column.
FILES = {"a1_real.yaml": "robot", "a1_sim.yaml": "simulation"}
ALL_NODES = "/**"


@dataclass
class _Parameter:
    """Values per file, and the comment of the first file that has one."""

    values: dict[str, str] = field(default_factory=dict)
    comment: str = ""


def parameter_reference(source: Path) -> str:
    """Markdown with a section per node; ``source`` is the folder of the ROS packages.

    Raises:
        FileNotFoundError: a parameter file is missing.
    """
    nodes: dict[str, dict[str, _Parameter]] = {}
    for name, column in FILES.items():
        for node, parameter, value, comment in _entries(_find(source, name)):
            entry = nodes.setdefault(node, {}).setdefault(parameter, _Parameter())
            entry.values[column] = value
            entry.comment = entry.comment or comment
    nodes = {node: parameters for node, parameters in nodes.items() if parameters}
    return "\n".join(
        _section(node, nodes[node]) for node in sorted(nodes, key=lambda node: node != ALL_NODES)
    )


def _find(source: Path, name: str) -> Path:
    for path in sorted(source.glob(f"*/*/config/{name}")):
        return path
    raise FileNotFoundError(f"no package below {source} has config/{name}")


def _section(node: str, parameters: dict[str, _Parameter]) -> str:
    columns = FILES.values()
    lines = [f"## {'All nodes' if node == ALL_NODES else node}", ""]
    lines += [f"| parameter | {' | '.join(columns)} | meaning |", f"|---|{'---|' * len(columns)}---|"]
    for name, parameter in parameters.items():
        values = [f"`{parameter.values[c]}`" if c in parameter.values else "-" for c in columns]
        lines.append(f"| `{name}` | {' | '.join(values)} | {parameter.comment.replace('|', '&#124;')} |")
    return "\n".join([*lines, ""])


def _entries(path: Path) -> Iterator[tuple[str, str, str, str]]:
    """Node, parameter, value and comment of every leaf, in the order of the file."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    root = yaml.compose(text)
    assert isinstance(root, yaml.MappingNode), f"{path} holds no nodes"
    for node_key, node in root.value:
        name_of_node = ALL_NODES if node_key.value == ALL_NODES else node_key.value.rpartition("/")[2]
        for _, parameters in node.value:
            for name, value, line in _leaves(parameters, ""):
                yield name_of_node, name, value, _comment(lines, line, value)


def _leaves(mapping: yaml.MappingNode, prefix: str) -> Iterator[tuple[str, str, int]]:
    for key, value in mapping.value:
        name = f"{prefix}{key.value}"
        if isinstance(value, yaml.MappingNode):
            yield from _leaves(value, f"{name}.")
        else:
            yield name, _text(value), key.start_mark.line


def _text(node: yaml.Node) -> str:
    if isinstance(node, yaml.SequenceNode):
        return f"[{', '.join(item.value for item in node.value)}]"
    return node.value or '""'


def _comment(lines: list[str], index: int, value: str) -> str:
    """The comment behind the value, continued by full-line comments at least as far to the right."""
    line = lines[index]
    # A comment starts at the first " #" after the value; values hold no such text.
    column = line.find(" #")
    if column < 0:
        return ""
    parts = [line[column + 2 :].strip()]
    for following in lines[index + 1 :]:
        stripped = following.lstrip()
        if not stripped.startswith("#") or len(following) - len(stripped) < column - 8:
            break
        if _is_disabled_parameter(stripped):
            break
        parts.append(stripped.lstrip("# "))
    return " ".join(parts)


def _is_disabled_parameter(text: str) -> bool:
    """Whether a full-line comment is an example such as ``# cpus: [5]``."""
    return ": [" in text
