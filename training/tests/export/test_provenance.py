import pytest

from wmp_training.export.export import export
from wmp_training.export.provenance import provenance
from wmp_training.runner import RunConfig, Runner

TEACHER, STUDENT = (
    {"stage": stage, "env_steps": steps, "wall_time_s": steps // 10}
    for stage, steps in (("teacher", 300), ("student", 200))
)


def facts(**other):
    """Facts of the last checkpoint of a run."""
    config = {"preset": "tiny", "task": "obstacles", "num_envs": 8, "seed": 3, "stage": "wmp", **other}
    return {"config": config, "env_steps": 100, "wall_time_s": 10.2}


def test_all_stages_of_a_run_count(networks):
    known = provenance(facts() | {"ancestry": [TEACHER, STUDENT]}, networks, "A note.")
    assert [stage["stage"] for stage in known["stages"]] == ["teacher", "student", "wmp"]
    assert (known["recipe"], known["env_steps"], known["wall_time_s"]) == ("warm", 600, 60)
    assert "climb" in known["terrains"] and known["note"] == "A note."
    assert known["parameters"]["deployed"] < known["parameters"]["world_model"]


def test_provenance_records_the_randomisation(networks):
    known = provenance(facts(randomisation={"payload": [0, 1]}, without=["noise"]), networks, "")
    assert (known["randomisation"], known["without"]) == ({"payload": [0, 1]}, ["noise"])


def test_a_run_of_one_stage_has_the_recipe_wmp(networks):
    known = provenance(facts(), networks, "")
    assert (known["recipe"], known["env_steps"]) == ("wmp", 100)


def test_settings_of_a_run_apply_to_its_export(tmp_path):
    config = RunConfig("tiny", 2, 3, 1, settings={"world_model.deter": 24})
    Runner(tmp_path / "run", config, threads=1).save()
    bundle = export(tmp_path / "run", tmp_path / "bundle", episodes=0)
    assert bundle.contract.world_model.deter == 24
    assert bundle.metadata["settings"] == {"world_model.deter": 24}
    assert "| changed settings | `world_model.deter=24` |" in (tmp_path / "bundle" / "README.md").read_text()


def test_a_policy_without_a_world_model_is_not_exported(tmp_path):
    Runner(tmp_path / "run", RunConfig("tiny", 2, 3, 1, policy="blind"), threads=1).save()
    with pytest.raises(ValueError, match="wmp eval --run"):
        export(tmp_path / "run", tmp_path / "bundle")
