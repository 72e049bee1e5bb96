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
    """Trains one iteration and returns the run."""

    def save(**what):
        torch.manual_seed(3)
        runner = Runner(tmp_path / "run", RunConfig("tiny", 2, 3, 1, **what), threads=1)
        runner.run(time_limit=60, iterations=1, report=lambda line: None)
        return tmp_path / "run"

    return save


@pytest.mark.parametrize(
    ("what", "camera", "height_map"),
    [
        ({"policy": "blind"}, False, False),
        ({"policy": "recurrent"}, True, False),
        ({}, True, False),
        ({"task": "obstacles", "stage": "teacher"}, False, True),
    ],
)
def test_every_kind_of_run_walks_the_same_tracks_and_repeats_exactly(save, what, camera, height_map):
    candidate = RunCandidate(save(**what))
    assert (candidate.uses_camera, candidate.uses_height_map) == (camera, height_map)
    first = run_trials(candidate, TRIALS, SHORT)
    assert [outcome.trial for outcome in first] == TRIALS
    assert all(math.isnan(outcome.surprise) for outcome in first)
    assert str(run_trials(candidate, TRIALS, SHORT)) == str(first)
    assert candidate.identity()["name"] == "run" and len(candidate.identity()["sha256"]) == 64


def test_the_teachers_height_map_changes_only_at_world_model_ticks(save):
    candidate = RunCandidate(save(task="obstacles", stage="teacher"))
    seen = []
    run_trials(
        candidate, TRIALS, SHORT, watch=lambda _, observation, action: seen.append(observation.surroundings)
    )
    changed = [tick for tick in range(1, len(seen)) if not torch.equal(seen[tick], seen[tick - 1])]
    assert len(seen) == 20 and changed == [5, 10, 15]


@pytest.mark.parametrize("what", [{}, {"policy": "blind"}])
def test_a_kept_checkpoint_walks_exactly_as_its_run(save, what, tmp_path):
    run = save(**what)
    tensors, facts = load_checkpoint(run / "checkpoint")
    put_checkpoint(tmp_path / "kept", stripped(tensors), facts)
    outcomes = [str(run_trials(RunCandidate(folder), TRIALS, SHORT)) for folder in (run, tmp_path / "kept")]
    assert outcomes[0] == outcomes[1]


def test_exactly_one_of_bundle_and_run_is_expected(tmp_path):
    for bundle, run in ((None, None), (tmp_path, tmp_path)):
        with pytest.raises(ValueError, match="--bundle or --run"):
            load_candidate(bundle, run)
