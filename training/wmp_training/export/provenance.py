"""Provenance of a bundle: how it was trained, by which code."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import nn

from wmp_training.learner import Networks
from wmp_training.runner import stage_of
from wmp_training.tasks import task


def provenance(facts: Mapping[str, Any], networks: Networks, note: str) -> dict[str, Any]:
    """A bundle's training record, from the ``facts`` of its checkpoint; ``note`` goes into the model card."""
    config, stages = facts["config"], [*facts.get("ancestry", []), stage_of(facts)]
    terrains = task(config.get("task", "gentle")).worlds.terrains
    return {
        "git_commit": git_commit(),
        "preset": networks.preset.name,
        "task": config.get("task", "gentle"),
        "terrains": list(terrains),
        "recipe": facts["recipe"]["name"] if "recipe" in facts else _unnamed_recipe(stages),
        "recipe_file": facts.get("recipe", {}).get("text", ""),
        "stages": stages,
        "env_steps": sum(stage["env_steps"] for stage in stages),
        "wall_time_s": sum(stage["wall_time_s"] for stage in stages),
        "num_envs": config["num_envs"],
        "seed": config["seed"],
        "amp": config.get("amp", False),
        "without": list(config.get("without", ())),
        "randomisation": dict(config.get("randomisation", {})),
        "rendered": config.get("rendered", 1.0),
        "mixed_precision": config.get("mixed_precision", False),
        "settings": dict(config.get("settings", {})),
        "actor_of": list(facts.get("actor_of", ())),
        "parameters": _parameters(networks),
        "note": note,
    }


def _unnamed_recipe(stages: Sequence[Mapping[str, Any]]) -> str:
    """The recipe of a checkpoint from before recipes were files."""
    return "warm" if {"teacher", "student"} & {stage["stage"] for stage in stages} else "wmp"


def _parameters(networks: Networks) -> dict[str, int]:
    def count(module: nn.Module) -> int:
        return sum(parameter.numel() for parameter in module.parameters())

    model = networks.world_model
    sizes = {"world_model": count(model), "deployed": count(model) - count(model.decoder)}
    return sizes | {"actor": count(networks.actor)}


def git_commit() -> str:
    """Commit of this code, ``-dirty`` if the package has uncommitted changes; ``unknown`` without git."""
    package = Path(__file__).parents[1]

    def git(*arguments: str) -> str:
        run = subprocess.run(["git", *arguments], cwd=package, capture_output=True, text=True, check=False)
        return run.stdout.strip()

    commit = git("rev-parse", "--short=12", "HEAD")
    return commit + ("-dirty" if git("status", "--porcelain", "--", ".") else "") if commit else "unknown"
