from dataclasses import replace

import pytest
import torch

from wmp_training.evaluation import gate as gate_module
from wmp_training.evaluation.gate import _environment, _success_rates, gate, table
from wmp_training.runner import RunConfig, Runner
from wmp_training.tasks import OBSTACLES, TASKS


@pytest.fixture
def brief(monkeypatch):
    """Two terrains and episodes of 1 s: enough to test the gate, too short to succeed."""
    env = replace(OBSTACLES, episode=1.0)
    few = TASKS["obstacles"].with_worlds(terrains=("climb", "gap"))
    monkeypatch.setitem(TASKS, "obstacles", replace(few, env=env))


@pytest.mark.parametrize("stage", ["teacher", "student"])
def test_an_untrained_policy_succeeds_nowhere(tmp_path, brief, stage):
    run = Runner(tmp_path, RunConfig("tiny", 4, 3, 2, "obstacles", stage), threads=1)
    run.run(time_limit=60, iterations=1, report=lambda line: None)
    assert gate(tmp_path, levels=(0, 1), robots=1) == {"climb": {0: 0.0, 1: 0.0}, "gap": {0: 0.0, 1: 0.0}}
    for levels, robots in ((0, 2), 1), ((0,), 0):
        with pytest.raises(ValueError, match="expected 0 to 1, at least 1"):
            gate(tmp_path, levels, robots)


def test_the_gate_randomises_as_the_run_did(tmp_path, brief, monkeypatch):
    config = RunConfig("tiny", 4, 3, 2, "obstacles", without=("noise",), randomisation={"payload": (0, 1)})
    Runner(tmp_path, config, threads=1).save()
    courses = []
    monkeypatch.setattr(gate_module, "_success_rates", lambda env, policy, progress: courses.append(env))
    gate(tmp_path, levels=(0,), robots=1)
    payload = courses[0].sim.worlds.parameters[:, 1]
    assert courses[0].config.noise == () and payload.min() >= 0.0 and payload.max() <= 1.0


def test_every_robot_stands_on_the_level_it_counts_for(brief):
    env = _environment(TASKS["obstacles"], 3, (0, 2), 16, seed=0, threads=1, camera=False)
    env.reset()
    assert torch.equal(env.sim.worlds.level[env.world], env.curriculum.level)
    assert sorted(env.curriculum.level.tolist()) == 32 * [0] + 32 * [2]


def test_six_metres_without_a_fall_are_a_success_and_a_later_fall_is_not(brief, monkeypatch):
    env = _environment(TASKS["obstacles"], 2, (0, 1), 1, seed=0, threads=1, camera=False)
    states, moved = env.sim.states, torch.tensor([7.0, 7.0, 3.0, 7.0])

    def carried():
        now = states()
        now.position[:, 0] += moved
        now.quat[1] = torch.tensor([0.0, 1.0, 0.0, 0.0])
        return now

    monkeypatch.setattr(env.sim, "states", carried)
    successes = _success_rates(env, lambda seen: torch.zeros(4, 12))
    assert successes == {"climb": {0: 1.0, 1: 0.0}, "gap": {0: 0.0, 1: 1.0}}


def test_the_gate_table_has_a_row_per_terrain_and_a_column_per_level():
    lines = table({"gap": {0: 1.0, 9: 0.25}, "climb": {0: 0.5, 9: 0.0}}).splitlines()
    assert lines[0] == "| terrain | level 0 | level 9 |"
    assert lines[2:] == ["| gap | 100% | 25% |", "| climb | 50% | 0% |"]
