"""Checkpoints: tensors in safetensors, everything else in JSON.

Nothing is unpickled, so that loading an untrusted checkpoint cannot run code. Checkpoints are
device-independent: tensors are loaded onto the CPU.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from wmp_training.checkpoint_facts import FACTS, TENSORS, CheckpointError, existing_file, load_facts
from wmp_training.device import CPU


def save_checkpoint(folder: Path, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    """Write the checkpoint ``folder`` completely or not at all.

    The new checkpoint is written beside the old one and renamed when complete. If the process is killed
    between the two renames, the old checkpoint remains with the suffix ``.old``, where readers also look.
    """
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
    """Write a checkpoint into a folder whose other files stay as they are.

    Each of its two files is replaced atomically. If the process is killed in between, the facts are missing
    instead of belonging to other tensors, and :func:`load_checkpoint` refuses the folder.
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
    try:
        save_file(plain, folder / TENSORS)
    except SafetensorError as error:  # what it makes of an OSError
        shutil.rmtree(folder, ignore_errors=True)
        free = shutil.disk_usage(folder.parent).free / 1e6
        needed = sum(value.numel() * value.element_size() for value in plain.values()) / 1e6
        raise OSError(
            f"the checkpoint cannot be written to {folder.parent} ({error}): it needs {needed:.0f} MB, "
            f"{free:.0f} MB are free. The checkpoint before it is unharmed; make room and go on with --resume"
        ) from error
    (folder / FACTS).write_text(json.dumps(facts, indent=2) + "\n")


def load_checkpoint(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Load the tensors and facts of the checkpoint ``folder``.

    Raises:
        FileNotFoundError: there is no checkpoint; the message says how to make one.
        CheckpointError: a file is damaged.
    """
    file = existing_file(folder, TENSORS)
    facts = load_facts(folder)
    try:
        tensors = load_file(file)
    except SafetensorError as error:
        raise CheckpointError(
            f"{file} is damaged ({error}), expected a file written by `wmp train`"
        ) from error
    # A running training may have saved in between: read again unless both belong together.
    return (tensors, facts) if load_facts(folder) == facts else load_checkpoint(folder)


def digest(tensors: dict[str, Tensor]) -> str:
    """SHA-256 of ``tensors`` and their names, which identifies a checkpoint."""
    found = hashlib.sha256()
    for name in sorted(tensors):
        found.update(name.encode())
        found.update(tensors[name].contiguous().numpy().tobytes())
    return found.hexdigest()


def prefixed(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The ``tensors`` with ``prefix.`` before their names."""
    return {f"{prefix}.{name}": value for name, value in tensors.items()}


def section(prefix: str, tensors: dict[str, Tensor], device: torch.device = CPU) -> dict[str, Tensor]:
    """The ``tensors`` whose names begin with ``prefix.``, without the prefix, on ``device``."""
    return {
        k.removeprefix(f"{prefix}."): v.to(device) for k, v in tensors.items() if k.startswith(f"{prefix}.")
    }


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Moments and step counts of Adam as tensors, named by the parameter's index."""
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
