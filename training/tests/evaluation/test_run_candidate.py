import math

import pytest
import torch

from wmp_training.checkpoint import load_checkpoint, put_checkpoint
from wmp_training.evaluation.episodes import run_trials
from wmp_training.evaluation.load_candidate import load_candidate
from wmp_training.evaluation.protocol import Protocol
from wmp_training.evaluation.run_candidate import RunCandidate
from wmp_training.evaluation.trial import Trial
from wmp_training.runner import RunConfig, Runner
from wmp_training.skill import stripped

TRIALS = [Trial("climb", 0.5, 1), Trial("gap", 0.5, 2)]
SHORT = Protocol(duration=0.4)


@pytest.fixture
def save(tmp_path):
    """The checkpoint of a policy that has learned next to nothing."""

    def save(**what):
        torch.manual_seed(3)
        runner = Runner(tmp_path / "run", RunConfig("tiny", 2, 3, 1, **what), threads=1)
        runner.run(time_limit=60, iterations=1, report=lambda line: None)
        return tmp_path / "run"

    return save


@pytest.mark.parametrize(
    ("what", "camera", "told"),
    [
        ({"policy": "blind"}, False, False),
        ({"policy": "recurrent"}, True, False),
        ({}, True, False),
        ({"task": "obstacles", "stage": "teacher"}, False, True),
    ],
)
def test_any_policy_of_a_run_walks_the_same_tracks_and_repeats_exactly(save, what, camera, told):
    who = RunCandidate(save(**what))
    assert (who.uses_camera, who.uses_height_map) == (camera, told)
    first = run_trials(who, TRIALS, SHORT)
    assert [outcome.trial for outcome in first] == TRIALS
    assert all(math.isnan(outcome.surprise) for outcome in first)
    assert str(run_trials(who, TRIALS, SHORT)) == str(first)
    assert who.identity()["name"] == "run" and len(who.identity()["sha256"]) == 64


def test_a_teacher_sees_the_ground_at_ticks_of_the_world_model_and_holds_it_in_between(save):
    who = RunCandidate(save(task="obstacles", stage="teacher"))
    seen = []
    run_trials(who, TRIALS, SHORT, watch=lambda _, observation, action: seen.append(observation.surroundings))
    changed = [tick for tick in range(1, len(seen)) if not torch.equal(seen[tick], seen[tick - 1])]
    assert len(seen) == 20 and changed == [5, 10, 15]


@pytest.mark.parametrize("what", [{}, {"policy": "blind"}])
def test_a_checkpoint_that_was_kept_walks_as_its_run_does(save, what, tmp_path):
    run = save(**what)
    tensors, facts = load_checkpoint(run / "checkpoint")
    put_checkpoint(tmp_path / "kept", stripped(tensors), facts)
    outcomes = [str(run_trials(RunCandidate(folder), TRIALS, SHORT)) for folder in (run, tmp_path / "kept")]
    assert outcomes[0] == outcomes[1]


def test_exactly_one_candidate_is_named(tmp_path):
    for bundle, run in ((None, None), (tmp_path, tmp_path)):
        with pytest.raises(ValueError, match="--bundle or --run"):
            load_candidate(bundle, run)
