"""ROS parameter files: reading what a node will get, writing what the command line overrides.

A file maps node names to ``ros__parameters``; ``/**`` addresses every node. Nested keys are joined with dots,
as rcl does: ``script: {vx: 0.5}`` is the parameter ``script.vx``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

#: A parameter value as rcl's YAML parser accepts it: bool, int, float, str, or a list of one of them.
Value = Any

EVERY_NODE = "/**"
#: Parameters by node that a file need not have, with a value of their type: ROS knows no empty list.
UNSET = {node: {"realtime.cpus": [0]} for node in ("policy_node", "world_model_node", "depth_node")}


class ParameterFileError(ValueError):
    """A parameter file that ROS would refuse or silently ignore."""


def load_parameters(path: Path) -> dict[str, dict[str, Value]]:
    """Node name -> flat parameters of the file at ``path``, with ``/**`` kept as a name of its own.

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
    """What the node called ``node`` receives from the file: its own values over those of ``/**``."""
    nodes = load_parameters(path)
    return {**nodes.get(EVERY_NODE, {}), **nodes.get(node, {})}


def parse_assignments(texts: Iterable[str], path: Path) -> dict[str, dict[str, Value]]:
    """Node name -> parameters that ``NODE/PARAMETER=VALUE`` sets; the file at ``path`` must know each one.

    Those of :data:`UNSET` need not be in the file.

    Raises:
        ValueError: something else, a name that the file has no value for, or a value of another type.
    """
    assigned: dict[str, dict[str, Value]] = {}
    for text in texts:
        target, _, given = text.partition("=")
        node, _, name = target.partition("/")
        known = {**UNSET.get(node, {}), **node_parameters(path, node)}
        if name not in known:
            raise ValueError(f"{text!r}: expected NODE/PARAMETER=VALUE; {_what_is_known(node, name, path)}")
        assigned.setdefault(node, {})[name] = _value_like(known[name], given, text)
    return assigned


def _what_is_known(node: str, name: str, path: Path) -> str:
    nodes = sorted(set(load_parameters(path)) - {EVERY_NODE})
    if node not in nodes:
        return f"the nodes are {', '.join(nodes)}"
    close = difflib.get_close_matches(name, node_parameters(path, node))
    hint = f", perhaps {' or '.join(close)} is meant" if close else f"; see {path}"
    return f"{node} has no parameter {name!r}{hint}"


def _value_like(known: Value, given: str, text: str) -> Value:
    """``given`` as a value of the type of ``known``: ROS refuses an int where a float is declared."""
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
    """A parameter file for one node, to be given after the main one."""
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
