"""A checkpoint's folder and its facts (JSON): the part that needs no torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TENSORS, FACTS = "state.safetensors", "state.json"
#: What every checkpoint of a run tells, and what may be in it.
RUN_FACTS: dict[str, type | tuple[type, ...]] = {
    "iteration": int,
    "env_steps": int,
    "wall_time_s": (int, float),
    "learning_rate": (int, float),
    "config": dict,
}
CONFIG_FACTS = ("preset", "num_envs", "seed", "task", "stage")


class CheckpointError(ValueError):
    """A checkpoint that cannot be read, or not be used as requested."""


def find_checkpoint(folder: Path) -> Path:
    """``folder`` itself if it is a checkpoint, else the checkpoint of the run or stage ``folder``."""
    inside = folder / "checkpoint"
    return folder if is_checkpoint(folder) and not is_checkpoint(inside) else inside


def load_facts(folder: Path) -> dict[str, Any]:
    """The facts of the checkpoint ``folder``.

    Raises:
        FileNotFoundError: there is no checkpoint.
        CheckpointError: the file is damaged.
    """
    file = existing_file(folder, FACTS)
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:  # no JSON, or no text
        raise CheckpointError(
            f"{file} is damaged ({error}), expected a file written by `wmp train`"
        ) from error
    if not isinstance(facts, dict):
        raise CheckpointError(
            f"{file} is damaged: it holds a {type(facts).__name__}, expected facts by name, as `wmp train` "
            "writes them"
        )
    return facts


def load_run_facts(folder: Path) -> dict[str, Any]:
    """The facts of a checkpoint from which a run goes on or that is judged: :data:`RUN_FACTS` are in it.

    Raises:
        FileNotFoundError: there is no checkpoint.
        CheckpointError: the file is damaged, or of a version with other facts.
    """
    facts = load_facts(folder)
    check_run_facts(folder, facts)
    return facts


def check_run_facts(folder: Path, facts: dict[str, Any]) -> None:
    """Refuse ``facts`` that lack one of :data:`RUN_FACTS`; raises ``CheckpointError``, which names them."""
    missing = [name for name in RUN_FACTS if name not in facts]
    config = facts.get("config")
    if isinstance(config, dict):
        missing += [f"config.{name}" for name in CONFIG_FACTS if name not in config]
    wrong = [name for name, kind in RUN_FACTS.items() if name in facts and not isinstance(facts[name], kind)]
    if missing or wrong:
        what = f"lacks {', '.join(missing)}" if missing else f"holds an unusable {', '.join(wrong)}"
        raise CheckpointError(
            f"{folder} was written by another version of `wmp train`, or is damaged: {FACTS} {what}; start a "
            "new run, or use the version that wrote it"
        )


def is_checkpoint(folder: Path) -> bool:
    """Whether ``folder`` holds a checkpoint."""
    return (_standing(folder) / FACTS).is_file()


def _standing(folder: Path) -> Path:
    """``folder``, or the previous checkpoint beside it if a save was killed between its two renames."""
    old = folder.with_suffix(".old")
    return old if old.is_dir() and not folder.exists() else folder


def existing_file(folder: Path, name: str) -> Path:
    file = _standing(folder) / name
    if not file.is_file():
        raise FileNotFoundError(f"no checkpoint in {folder}: expected {name} there; first run `wmp train`")
    return file
