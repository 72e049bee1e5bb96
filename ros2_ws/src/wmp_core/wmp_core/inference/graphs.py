"""Inputs and outputs that a contract requires of every graph in a bundle."""

from __future__ import annotations

from typing import Dict, NamedTuple, Tuple

import numpy as np

from wmp_core.contract import Contract
from wmp_core.inference.session import OnnxModel, TensorSpec


class GraphSpec(NamedTuple):
    """Tensors of one graph by name; the first axis is the batch."""

    inputs: Dict[str, TensorSpec]
    outputs: Dict[str, TensorSpec]


def _real(*shape: int) -> TensorSpec:
    return TensorSpec(np.dtype(np.float32), (None, *shape))


def graph_specs(contract: Contract) -> Dict[str, GraphSpec]:
    """The five graphs of a bundle: ``policy``, ``advance``, ``observe``, ``prior``, ``decoder``."""
    joints, sizes = contract.num_joints, contract.world_model
    deter = _real(sizes.deter)
    stoch = TensorSpec(np.dtype(np.int64), (None, sizes.stoch))
    proprioception = _real(contract.proprioception_size)
    depth = _real(1, contract.depth.height, contract.depth.width)
    actions = _real(contract.timing.world_model_interval * joints)
    return {
        "policy": GraphSpec(
            {"history": _real(contract.history_size), "command": _real(3), "deter": deter},
            {"action": _real(joints), "base_velocity": _real(3)},
        ),
        "advance": GraphSpec({"deter": deter, "stoch": stoch, "actions": actions}, {"next_deter": deter}),
        "observe": GraphSpec(
            {"deter": deter, "proprioception": proprioception, "depth": depth},
            {"stoch": stoch, "kl": _real()},
        ),
        "prior": GraphSpec({"deter": deter}, {"stoch": stoch}),
        "decoder": GraphSpec(
            {"deter": deter, "stoch": stoch}, {"depth": depth, "proprioception": proprioception}
        ),
    }


def signature_differences(spec: GraphSpec, model: OnnxModel) -> Tuple[str, ...]:
    """Tensors of ``model`` that differ from ``spec``, one line each with expected and found."""
    lines = []
    for kind, expected, found in (
        ("input", spec.inputs, model.inputs),
        ("output", spec.outputs, model.outputs),
    ):
        if set(expected) != set(found):
            lines.append(f"{kind}s: the contract requires {sorted(expected)}, the graph has {sorted(found)}")
            continue
        lines += [
            f"{kind} {name}: the contract requires {expected[name]}, the graph has {found[name]}"
            for name in expected
            if not _compatible(expected[name], found[name])
        ]
    return tuple(lines)


def _compatible(expected: TensorSpec, found: TensorSpec) -> bool:
    """A dynamic dimension matches any size; replaying the golden trajectory checks it."""
    if expected.dtype != found.dtype or len(expected.shape) != len(found.shape):
        return False
    return all(
        size is None or size == required for required, size in zip(expected.shape[1:], found.shape[1:])
    )
