"""Checkpoints: tensors in safetensors, the rest in JSON.

Nothing is unpickled, so a stranger's checkpoint is only data. Tensors are read onto the CPU: a checkpoint is
of no device.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from wmp_training.device import CPU

TENSORS, FACTS = "state.safetensors", "state.json"


class CheckpointError(ValueError):
    """A checkpoint that cannot be read, or not used as asked."""


def save_checkpoint(folder: Path, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    """Write ``folder`` whole or not at all: a save that is killed leaves the previous checkpoint, if not
    there then beside it as ``.old``, where all that reads checkpoints looks too."""
    fresh, old = folder.with_suffix(".new"), folder.with_suffix(".old")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    _write(fresh, tensors, facts)
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def put_checkpoint(folder: Path, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    """Write a checkpoint among other files, which stay as they are.

    Each of its two files is replaced whole. Stopped in between, the facts are missing rather than those of
    other tensors: :func:`load_checkpoint` refuses such a folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new_", dir=folder) as scratch:
        fresh = Path(scratch)
        _write(fresh, tensors, facts)
        (folder / FACTS).unlink(missing_ok=True)
        for name in (TENSORS, FACTS):
            (fresh / name).replace(folder / name)


def _write(folder: Path, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    plain = {name: value.detach().cpu().clone().contiguous() for name, value in tensors.items()}
    save_file(plain, folder / TENSORS)
    (folder / FACTS).write_text(json.dumps(facts, indent=2) + "\n")


def load_checkpoint(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and facts.

    Raises:
        FileNotFoundError: there is none; says how to make one.
        CheckpointError: a file is damaged.
    """
    file = _existing(folder, TENSORS)
    facts = load_facts(folder)
    try:
        tensors = load_file(file)
    except SafetensorError as error:
        raise CheckpointError(f"{file} is damaged ({error}), expected what `wmp train` wrote") from error
    # A run that goes on may have saved in between: both are of one moment, or read again.
    return (tensors, facts) if load_facts(folder) == facts else load_checkpoint(folder)


def kept_or_of_run(folder: Path) -> Path:
    """The checkpoint that ``folder`` is, or the last one of the run or stage that it is."""
    inside = folder / "checkpoint"
    return folder if is_checkpoint(folder) and not is_checkpoint(inside) else inside


def load_facts(folder: Path) -> dict[str, Any]:
    """The facts alone; raises as :func:`load_checkpoint`."""
    file = _existing(folder, FACTS)
    try:
        return json.loads(file.read_text())
    except json.JSONDecodeError as error:
        raise CheckpointError(f"{file} is damaged ({error}), expected what `wmp train` wrote") from error


def skill(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """What another run needs to begin with this one's skill: networks and terrain levels.

    A few MB instead of hundreds: robots, memories of images and random numbers stay behind. So do the style
    reward's discriminator and the predictor of images, which judge and paint what the robots do now.
    """
    momentary = (
        "ppo_optimizer",
        "world_model_optimizer",
        "env.",
        "obs.",
        "filter.",
        "replay.",
        "amp.",
        "depth_predictor.",
        "rng",
        "device_rng",
        "world_model_rng",
        "memory",
        "sight",
    )
    return {k: v for k, v in tensors.items() if k == "env.level" or not k.startswith(momentary)}


def digest(tensors: dict[str, Tensor]) -> str:
    """SHA-256 of ``tensors``, names included: what identifies a checkpoint."""
    found = hashlib.sha256()
    for name in sorted(tensors):
        found.update(name.encode())
        found.update(tensors[name].contiguous().numpy().tobytes())
    return found.hexdigest()


def is_checkpoint(folder: Path) -> bool:
    """Whether there is one to load."""
    return (_standing(folder) / FACTS).is_file()


def _standing(folder: Path) -> Path:
    """Where the checkpoint ``folder`` lies: beside it, if a save was killed while it replaced the folder."""
    old = folder.with_suffix(".old")
    return old if old.is_dir() and not folder.exists() else folder


def mean_actor(
    checkpoints: Sequence[tuple[dict[str, Tensor], dict[str, Any]]],
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The first of ``checkpoints`` with the mean of all their actors, and the steps of each in its facts.

    PPO with obstacles of many kinds swings: what one checkpoint does better, another does worse. Their mean
    lies between them and is often better than each. One that is a mean itself counts as what it is a mean of.

    Raises:
        CheckpointError: their world models differ, so that h means something else to each actor, or their
            actors do in width.
    """
    (first, facts), *others = checkpoints
    for tensors, other in others:
        for name, tensor in section("world_model", first).items():
            if not torch.equal(tensor, tensors.get(f"world_model.{name}", torch.empty(0))):
                raise CheckpointError(
                    f"the world models after {facts['env_steps']} and {other['env_steps']} steps differ, "
                    "expected those of a run that leaves it as it is (world_model.updates_per_iteration=0)"
                )
    if len({tuple((k, v.shape) for k, v in section("actor", t).items()) for t, _ in checkpoints}) > 1:
        raise CheckpointError("the actors differ in width, expected those of one run (policy.width)")
    actor_of = [facts.get("actor_of", [facts["env_steps"]]) for _, facts in checkpoints]
    weights = torch.tensor([len(steps) for steps in actor_of]) / sum(map(len, actor_of))
    mean = {
        name: torch.tensordot(weights, torch.stack([tensors[name] for tensors, _ in checkpoints]), 1)
        for name in first
        if name.startswith("actor.")
    }
    return {**first, **mean}, {**facts, "actor_of": list(chain.from_iterable(actor_of))}


def widened(tensors: dict[str, Tensor], wider: dict[str, Tensor]) -> dict[str, Tensor]:
    """``tensors`` of a network for one whose hidden layers are ``wider``, which computes the same.

    Its added units see what the others of their layer see, as initialised in ``wider``, and begin with no
    say: the units that were there take nothing from them yet (Chen et al., Net2Net, 2016).

    Raises:
        CheckpointError: a layer is narrower there, or ``wider`` is another network.
    """
    if {name: t.dim() for name, t in tensors.items()} != {name: t.dim() for name, t in wider.items()}:
        raise CheckpointError("the networks have other layers, expected the same, only wider")
    found = {}
    for name, own in tensors.items():
        grown = wider[name].clone()
        if any(new < old for old, new in zip(own.shape, grown.shape, strict=True)):
            raise CheckpointError(
                f"{name} has the shape {tuple(own.shape)}, which does not fit into {tuple(grown.shape)}: "
                "expected --set policy.width as large as in that run, or larger"
            )
        kept = tuple(slice(size) for size in own.shape)
        grown[kept[0]] = 0.0
        grown[kept] = own
        found[name] = grown
    return found


def _existing(folder: Path, name: str) -> Path:
    file = _standing(folder) / name
    if not file.is_file():
        raise FileNotFoundError(f"no checkpoint in {folder}: expected {name} there; first run `wmp train`")
    return file


def prefixed(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors under ``prefix.``."""
    return {f"{prefix}.{name}": value for name, value in tensors.items()}


def section(prefix: str, tensors: dict[str, Tensor], device: torch.device = CPU) -> dict[str, Tensor]:
    """The tensors saved under ``prefix.``, without it, on ``device``."""
    return {
        k.removeprefix(f"{prefix}."): v.to(device) for k, v in tensors.items() if k.startswith(f"{prefix}.")
    }


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Adam's moments and step counts as flat tensors, by parameter number."""
    state = optimizer.state_dict()["state"]
    return {
        f"{i}.{name}": torch.as_tensor(value) for i, values in state.items() for name, value in values.items()
    }


def load_optimizer_tensors(
    optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor], learning_rate: float
) -> None:
    """Inverse of :func:`optimizer_tensors`."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = value
    groups = optimizer.state_dict()["param_groups"]
    for group in groups:
        group["lr"] = learning_rate
    optimizer.load_state_dict({"state": state, "param_groups": groups})
