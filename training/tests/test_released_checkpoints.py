"""Checkpoints in models/checkpoints stay usable: their names and settings are a file format."""

from pathlib import Path

import pytest
import torch

from wmp_training.checkpoint import load_checkpoint
from wmp_training.run_config import RunConfig
from wmp_training.runner import Runner
from wmp_training.settings import RETIRED

CHECKPOINTS = sorted((Path(__file__).resolve().parents[2] / "models" / "checkpoints").iterdir())
#: Options in which a run must agree with the checkpoint that it begins with.
KIND = ("preset", "task", "stage", "policy", "settings")


@pytest.mark.parametrize("folder", CHECKPOINTS, ids=lambda folder: folder.name)
def test_a_run_begins_with_a_released_checkpoint(folder, tmp_path):
    tensors, facts = load_checkpoint(folder)
    kind = {key: facts["config"][key] for key in KIND if key in facts["config"]}
    kind["settings"] = {k: v for k, v in kind.get("settings", {}).items() if k not in RETIRED}
    config = RunConfig(**kind, num_envs=4, seed=1, levels=2)
    runner = Runner(tmp_path, config, threads=1)
    runner.begin_with(folder)
    assert runner.learner.env_steps == facts["env_steps"]
    loaded, _ = runner.learner.state_dict()
    names = [name for name in tensors if name != "env.level"]
    assert names and all(torch.equal(loaded[name].cpu(), tensors[name]) for name in names)
