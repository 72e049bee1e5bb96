"""ROS parameter files: read the values of a node, write the overrides of the command line.

A file maps node names to ``ros__parameters``; ``/**`` stands for every node. Nested keys are joined with
dots, as in rcl: ``script: {vx: 0.5}`` is the parameter ``script.vx``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from wmp_core.choices import suggestion

#: A parameter value as rcl's YAML parser accepts it: bool, int, float, str, or a list of one of them.
Value = Any

EVERY_NODE = "/**"
#: Node -> parameters that may be absent from a file, with a value of their type: ROS has no empty list.
UNSET = {node: {"realtime.cpus": [0]} for node in ("policy_node", "world_model_node", "depth_node")}


class ParameterFileError(ValueError):
    """ROS would reject or silently ignore this parameter file."""


def load_parameters(path: Path) -> dict[str, dict[str, Value]]:
    """Node name, or ``/**`` -> flat parameters of the file at ``path``.

    Raises:
        ParameterFileError: the file is missing, is not YAML, or has a node without ``ros__parameters``.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ParameterFileError(f"cannot read the parameter file {path}: {error}") from error
    if not isinstance(content, dict):
        raise ParameterFileError(f"{path}: expected a mapping of node names, found {type(content).__name__}")
    nodes = {}
    for node, entry in content.items():
        if not isinstance(entry, dict) or set(entry) != {"ros__parameters"}:
            raise ParameterFileError(f"{path}: node {node!r} needs exactly one key, 'ros__parameters'")
        nodes[str(node)] = dict(_flatten(entry["ros__parameters"] or {}))
    return nodes


def node_parameters(path: Path, node: str) -> dict[str, Value]:
    """The values that the file gives the node called ``node``: its own override those of ``/**``."""
    nodes = load_parameters(path)
    return {**nodes.get(EVERY_NODE, {}), **nodes.get(node, {})}


def parse_assignments(texts: Iterable[str], path: Path) -> dict[str, dict[str, Value]]:
    """Node name -> parameters that each ``NODE/PARAMETER=VALUE`` of ``texts`` sets.

    Raises:
        ValueError: a text of another form, a parameter that is neither in the file at ``path`` nor in
            :data:`UNSET`, or a value of another type.
    """
    assigned: dict[str, dict[str, Value]] = {}
    for text in texts:
        target, _, given = text.partition("=")
        node, _, name = target.partition("/")
        known = {**UNSET.get(node, {}), **node_parameters(path, node)}
        if name not in known:
            raise ValueError(f"{text!r}: expected NODE/PARAMETER=VALUE; {_unknown(node, name, path)}")
        assigned.setdefault(node, {})[name] = _value_like(known[name], given, text)
    return assigned


def _unknown(node: str, name: str, path: Path) -> str:
    """Which name is unknown, with the nearest known one."""
    nodes = sorted(set(load_parameters(path)) - {EVERY_NODE})
    if node not in nodes:
        return f"there is no node {node!r}, the nodes are {', '.join(nodes)}{suggestion(node, nodes)}"
    near = suggestion(name, node_parameters(path, node)) or f"; see {path}"
    return f"{node} has no parameter {name!r}{near}"


def _value_like(known: Value, given: str, text: str) -> Value:
    """``given`` as a value of the type of ``known``: ROS rejects an int where a float is declared."""
    if isinstance(known, str):
        return given
    try:
        value = yaml.safe_load(given)
    except yaml.YAMLError:
        value = given
    if isinstance(known, float) and type(value) is int:
        value = float(value)
    if type(value) is not type(known):
        raise ValueError(f"{text!r}: expected a value of the type of {known!r}, found {value!r}")
    return value


def override_document(node: str, parameters: Mapping[str, Value]) -> str:
    """The text of a parameter file with overrides for one node; pass it after the main file."""
    return yaml.safe_dump({node: {"ros__parameters": dict(parameters)}}, sort_keys=True)


def _flatten(tree: Mapping[str, Any], prefix: str = ""):
    for key, value in tree.items():
        if not isinstance(key, str):
            raise ParameterFileError(
                f"parameter name {prefix}{key!r} is not a string (quote it: yes, no, on and off "
                "are booleans in YAML)"
            )
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
