"""ROS parameter files: read the values of a node, write the overrides of the command line.

A file maps node names to ``ros__parameters``; ``/**`` stands for every node, ``/**/policy_node`` for
policy_node in any namespace. Nested keys are joined with dots, as in rcl: ``script: {vx: 0.5}`` is the
parameter ``script.vx``.
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
#: Parameters that every node has from ROS itself.
_OF_ROS = ("use_sim_time", "qos_overrides.", "start_type_description_service")
#: Node -> parameters that may be absent from a file, with a value of their type: ROS has no empty list.
UNSET = {node: {"realtime.cpus": [0]} for node in ("policy_node", "world_model_node", "depth_node")}


class ParameterFileError(ValueError):
    """ROS would reject or silently ignore this parameter file."""


def load_parameters(path: Path) -> dict[str, dict[str, Value]]:
    """Name of a node without its namespace, or ``/**`` -> flat parameters of the file at ``path``.

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
            found = sorted(map(str, entry)) if isinstance(entry, dict) else repr(entry)
            raise ParameterFileError(
                f"{path}: node {node!r} has {found}, expected the single key 'ros__parameters'"
            )
        name = EVERY_NODE if node == EVERY_NODE else str(node).rpartition("/")[2]
        nodes[name] = dict(_flatten(entry["ros__parameters"] or {}))
    return nodes


def node_parameters(path: Path, node: str) -> dict[str, Value]:
    """The values that the file gives the node called ``node``: its own override those of ``/**``."""
    nodes = load_parameters(path)
    return {**nodes.get(EVERY_NODE, {}), **nodes.get(node, {})}


def check_parameter_file(path: Path, model: Path, nodes: Iterable[str]) -> None:
    """Compare a user's file with the shipped one, because ROS ignores names that it does not know.

    Args:
        path: the user's file.
        model: the shipped file of the same mode.
        nodes: that must have values of their own.

    Raises:
        ParameterFileError: the file cannot be read, lacks one of ``nodes``, or has an unknown name.
    """
    given, known = load_parameters(path), load_parameters(model)
    for node in nodes:
        if node in known and node not in given:
            near = suggestion(node, given)
            raise ParameterFileError(f"{path} lacks the values of {node}, as in {model}{near}")
    for node, parameters in given.items():
        if node == EVERY_NODE:
            continue
        if node not in known:
            raise ParameterFileError(f"{path}: there is no node {node!r}{suggestion(node, known)}")
        for name in parameters:
            names = {**known[node], **UNSET.get(node, {})}
            if name not in names and not name.startswith(_OF_ROS):
                near = suggestion(name, names) or f"; see {model}"
                raise ParameterFileError(f"{path}: {node} has no parameter {name!r}{near}")


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
    return yaml.safe_dump({f"/**/{node}": {"ros__parameters": dict(parameters)}}, sort_keys=True)


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
