"""The node graph: which nodes, from which packages, with which parameters.

The launch files and ``wmp sim`` both start the nodes that :func:`a1_graph` returns. Parameter values come
from one parameter file (``config/a1_sim.yaml``, ``config/a1_real.yaml``) and from the user's overrides, each
declared as an :class:`~wmp_bringup.options.Option` with the parameters that it sets.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from wmp_bringup.locations import shipped_parameters
from wmp_bringup.options import option
from wmp_bringup.parameters import Value, check_parameter_file, node_parameters, override_document
from wmp_core.default_bundle import resolve_bundle

MODES = ("sim", "real")

#: Topics whose publishers a recorder of a simulation awaits before it subscribes to wmp/policy_step.
SIMULATED_TOPICS = ("wmp/depth", "wmp/latent", "sim/odometry")
#: Node -> parameters that a bag stores: the terrain, and whether commands were sent to the motors.
RECORDED_PARAMETERS = {"a1_sim": ("terrain", "difficulty", "seed"), "policy_node": ("dry_run",)}


@dataclass(frozen=True)
class NodeSpec:
    """One process of the graph.

    Attributes:
        parameter_file: file with the values of every node.
        parameters: values that override the file's.
        required: whether the end of this node ends the graph.
        namespace: such as ``/a1``; empty: the root.
    """

    package: str
    executable: str
    name: str
    parameter_file: Path
    parameters: Mapping[str, Value] = field(default_factory=dict)
    remappings: tuple[tuple[str, str], ...] = ()
    arguments: tuple[str, ...] = ()
    required: bool = True
    namespace: str = ""

    @property
    def enclave(self) -> str:
        """Identity of the node for ROS security; ``security/policy.xml`` defines its permissions."""
        return f"/wmp/{self.name}"

    def effective_parameters(self) -> dict[str, Value]:
        """The node's values: the file's, replaced by the overrides."""
        return {**node_parameters(self.parameter_file, self.name), **self.parameters}


def a1_graph(
    mode: str,
    overrides: Mapping[str, Value] | None = None,
    *,
    parameter_file: Path | None = None,
    assigned: Mapping[str, Mapping[str, Value]] | None = None,
    record: Path | None = None,
    flights: Path | None = None,
    namespace: str = "",
) -> tuple[NodeSpec, ...]:
    """The nodes that drive an A1.

    Args:
        mode: ``sim`` adds the simulated robot; ``real`` expects an A1 on the network and a camera.
        overrides: option name -> value, see ``options.OPTIONS[mode]``; without ``bundle`` the default one.
        parameter_file: used instead of the mode's file under ``config/``.
        assigned: node name -> parameters that override file and options.
        record: new folder for a bag; adds the recorder.
        flights: folder for the bags of the flight recorder; adds it.
        namespace: of all nodes and topics, for several robots in one domain.

    Raises:
        ValueError: unknown mode or option, or a value that the option does not allow.
        ParameterFileError: ``parameter_file`` cannot be read, or does not fit the graph.
        FileNotFoundError: there is no such bundle.
    """
    if mode not in MODES:
        raise ValueError(f"mode is {mode!r}, expected one of {MODES}")
    chosen = dict(overrides or {})
    if "bundle" not in chosen:
        chosen["bundle"] = str(resolve_bundle())
    parameters = _parameters_by_node(mode, chosen)
    file = parameter_file or shipped_parameters(mode)
    recorders = recorder_names(record, flights)
    if mode == "sim" and recorders and "listeners" not in chosen:
        # So that the bag has the first step. A real robot must walk even if its recorder has died.
        listeners = [str(node_parameters(file, "policy_node")["policy_step_listeners"]), *recorders]
        parameters.setdefault("policy_node", {})["policy_step_listeners"] = " ".join(listeners)

    def with_assignments(spec: NodeSpec) -> NodeSpec:
        return replace(spec, parameters={**spec.parameters, **(assigned or {}).get(spec.name, {})})

    nodes = [with_assignments(spec) for spec in _walking_nodes(mode, file, parameters)]
    if parameter_file is not None:
        check_parameter_file(parameter_file, shipped_parameters(mode), [spec.name for spec in nodes])
    # Recorders come first, so that they discover the topics before the others publish.
    if record is not None:
        run_info = _run_info(mode, chosen, nodes)
        awaited = SIMULATED_TOPICS if mode == "sim" else ()
        nodes.insert(0, with_assignments(_recorder(file, record, run_info, parameters, awaited)))
    if flights is not None:
        nodes.insert(0, with_assignments(_flight_recorder(file, flights, parameters)))
    return tuple(replace(spec, namespace=checked_namespace(namespace)) for spec in nodes)


def checked_namespace(text: str) -> str:
    """``text`` as an absolute namespace, empty for the root.

    Raises:
        ValueError: ROS would refuse it.
    """
    name = text.strip("/")
    if name and not re.fullmatch(r"[A-Za-z_]\w*(/[A-Za-z_]\w*)*", name):
        raise ValueError(f"namespace is {text!r}, expected words of letters, digits and _, such as a1")
    return f"/{name}" if name else ""


def _walking_nodes(
    mode: str, file: Path, parameters: Mapping[str, Mapping[str, Value]]
) -> tuple[NodeSpec, ...]:
    """The nodes that walk, without the recorders."""

    def node(package: str, executable: str, *, required: bool = True) -> NodeSpec:
        own = {**parameters.get("*", {}), **parameters.get(executable, {})}
        return NodeSpec(package, executable, executable, file, own, required=required)

    # A walking robot must not lose its controller because a camera process died: the policy continues with
    # the prior, and its safety rules stop it. In simulation a missing node is always an error.
    simulated = mode == "sim"
    nodes = (
        node("wmp_perception", "depth_node", required=simulated),
        node("wmp_perception", "world_model_node", required=simulated),
        node("wmp_controller", "policy_node"),
    )
    return (*nodes, node("wmp_sim", "a1_sim")) if simulated else nodes


def recorder_names(record: Path | None, flights: Path | None) -> list[str]:
    """The nodes that :func:`a1_graph` adds for these folders."""
    return [
        name for name, folder in (("recorder", record), ("flight_recorder", flights)) if folder is not None
    ]


def _run_info(mode: str, overrides: Mapping[str, Value], nodes: Sequence[NodeSpec]) -> dict[str, Value]:
    """What a bag stores about its run: the overrides and the values of :data:`RECORDED_PARAMETERS`."""
    run_info: dict[str, Value] = {**overrides, "mode": mode}
    for spec in nodes:
        values = spec.effective_parameters()
        recorded = RECORDED_PARAMETERS.get(spec.name, ())
        run_info.update({key: values[key] for key in recorded if key in values})
    return run_info


def _recorder(
    file: Path,
    folder: Path,
    run_info: Mapping[str, Value],
    parameters: Mapping[str, Mapping[str, Value]],
    awaited: Sequence[str],
) -> NodeSpec:
    own = {**parameters.get("*", {}), **parameters["recorder"]}
    own.update(output=str(folder), run_info=json.dumps(dict(run_info), sort_keys=True))
    own.update(awaited=" ".join(awaited))
    return NodeSpec("wmp_recording", "recorder", "recorder", file, own, required=False)


def _flight_recorder(file: Path, folder: Path, parameters: Mapping[str, Mapping[str, Value]]) -> NodeSpec:
    own = {"bundle": parameters["flight_recorder"]["bundle"], "output": str(folder)}
    return NodeSpec("wmp_recording", "flight_recorder", "flight_recorder", file, own, required=False)


def write_overrides(spec: NodeSpec, folder: Path) -> Path:
    """Write the overrides of a node as a parameter file in ``folder``; pass it after the node's own."""
    path = folder / f"{spec.name}.yaml"
    path.write_text(override_document(spec.name, spec.parameters), encoding="utf-8")
    return path


def _parameters_by_node(mode: str, overrides: Mapping[str, Value]) -> dict[str, dict[str, Value]]:
    by_node: dict[str, dict[str, Value]] = {}
    for name, value in overrides.items():
        chosen = option(mode, name)
        for target in chosen.sets:
            node, parameter = target.split("/", 1)
            by_node.setdefault(node, {})[parameter] = chosen.check(value)
    return by_node
