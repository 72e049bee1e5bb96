"""Checkpoints of another version are refused by what they lack, before anything of them is loaded."""

import json

import pytest
import torch

from wmp_training.checkpoint import load_checkpoint, put_checkpoint, save_checkpoint
from wmp_training.checkpoint_facts import FACTS, CheckpointError, check_run_facts, load_facts
from wmp_training.resume import check_tensors

KNOWN = {
    "iteration": 1,
    "env_steps": 2,
    "wall_time_s": 3.0,
    "learning_rate": 1e-3,
    "config": {"preset": "tiny", "num_envs": 1, "seed": 0, "task": "gentle", "stage": "wmp"},
}


@pytest.mark.parametrize("name", [*KNOWN, "config.seed"])
def test_a_fact_that_is_missing_is_named(tmp_path, name):
    facts = json.loads(json.dumps(KNOWN))
    outer, _, inner = name.partition(".")
    del (facts[outer] if inner else facts)[inner or outer]
    with pytest.raises(CheckpointError, match=f"another version .*lacks {name}"):
        check_run_facts(tmp_path, facts)


def test_a_fact_of_another_kind_is_named(tmp_path):
    with pytest.raises(CheckpointError, match="holds an unusable iteration"):
        check_run_facts(tmp_path, {**KNOWN, "iteration": "many"})


@pytest.mark.parametrize("text", ["[]", "3", "{", "\xff"])
def test_facts_that_are_none_are_damaged(tmp_path, text):
    put_checkpoint(tmp_path, {"a": torch.zeros(1)}, KNOWN)
    (tmp_path / FACTS).write_bytes(text.encode("latin-1"))
    with pytest.raises(CheckpointError, match="is damaged"):
        load_facts(tmp_path)


def test_tensors_are_compared_by_name_and_shape(tmp_path):
    own = {"actor.weight": torch.zeros(3, 4), "env.level": torch.zeros(16)}
    check_tensors(tmp_path, {**own, "ppo_optimizer.0.step": torch.zeros(1)}, own)
    check_tensors(tmp_path, {**own, "env.level": torch.zeros(8)}, own)  # robots are compared by themselves
    for stored, reason in (
        ({"actor.weight": own["actor.weight"]}, "holds no env.level"),
        ({**own, "actor.bias": torch.zeros(3)}, "an unknown actor.bias"),
        ({**own, "actor.weight": torch.zeros(3, 5)}, r"shape \[3, 5\] instead of \[3, 4\]"),
    ):
        with pytest.raises(CheckpointError, match=f"another version.*{reason}.*--begin-with"):
            check_tensors(tmp_path, stored, own)


def test_a_full_disk_leaves_the_checkpoint_before_it(tmp_path, monkeypatch):
    from safetensors import SafetensorError

    folder = tmp_path / "checkpoint"
    save_checkpoint(folder, {"a": torch.zeros(2)}, KNOWN)

    def full(*_):
        raise SafetensorError("No space left on device (os error 28)")

    monkeypatch.setattr("wmp_training.checkpoint.save_file", full)
    with pytest.raises(OSError, match="No space left on device.*go on with --resume"):
        save_checkpoint(folder, {"a": torch.ones(2)}, KNOWN)
    tensors, _ = load_checkpoint(folder)
    assert tensors["a"].tolist() == [0.0, 0.0]
