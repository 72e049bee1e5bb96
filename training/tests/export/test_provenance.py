import json

import pytest

from wmp_training.export.export import export
from wmp_training.export.provenance import provenance
from wmp_training.runner import RunConfig, Runner


@pytest.fixture
def run(tmp_path):
    """The folder of a run of the warm recipe that is done with all stages."""
    config = {"preset": "tiny", "task": "obstacles", "num_envs": 8, "seed": 3}
    for folder, stage, steps in (("teacher", "teacher", 300), ("student", "student", 200), (".", "wmp", 100)):
        facts = {"config": config | {"stage": stage}, "env_steps": steps, "wall_time_s": steps / 10}
        (tmp_path / folder / "checkpoint").mkdir(parents=True)
        (tmp_path / folder / "checkpoint" / "state.json").write_text(json.dumps(facts))
    return tmp_path


def test_all_stages_of_a_run_count(run, networks):
    known = provenance(run, networks, "A note.")
    assert [stage["stage"] for stage in known["stages"]] == ["teacher", "student", "wmp"]
    assert (known["recipe"], known["env_steps"], known["wall_time_s"]) == ("warm", 600, 60)
    assert "climb" in known["terrains"] and known["note"] == "A note."
    assert known["parameters"]["deployed"] < known["parameters"]["world_model"]


def test_a_run_of_one_stage_is_of_the_recipe_without(run, networks):
    for stage in ("teacher", "student"):
        (run / stage / "checkpoint" / "state.json").unlink()
    known = provenance(run, networks, "")
    assert (known["recipe"], known["env_steps"]) == ("wmp", 100)


def test_settings_of_a_run_shape_what_is_exported_of_it(tmp_path):
    config = RunConfig("tiny", 2, 3, 1, settings={"world_model.deter": 24})
    Runner(tmp_path / "run", config, threads=1).save()
    bundle = export(tmp_path / "run", tmp_path / "bundle", episodes=0)
    assert bundle.contract.world_model.deter == 24
    assert bundle.metadata["settings"] == {"world_model.deter": 24}
    assert (
        "| settings of its own | `world_model.deter=24` |" in (tmp_path / "bundle" / "README.md").read_text()
    )


def test_a_policy_without_a_world_model_is_no_bundle(tmp_path):
    Runner(tmp_path / "run", RunConfig("tiny", 2, 3, 1, policy="blind"), threads=1).save()
    with pytest.raises(ValueError, match="wmp eval --run"):
        export(tmp_path / "run", tmp_path / "bundle")
