import pytest

from wmp_core.verification import load_verified
from wmp_testing.tiny_bundle import write_tiny_bundle
from wmp_training.evaluation import evaluate_gait as module
from wmp_training.evaluation.bundle_candidate import BundleCandidate
from wmp_training.evaluation.evaluate_gait import evaluate_gait
from wmp_training.evaluation.protocol import Protocol


def test_every_speed_is_walked_straight_and_summarised(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "EPISODES", 2)
    monkeypatch.setattr(module, "STANDING", 1.2)
    candidate = BundleCandidate(load_verified(write_tiny_bundle(tmp_path / "tiny")))
    (found,) = evaluate_gait(candidate, Protocol(), seed=0, speeds=(0.0,))
    assert (found.speed, found.episodes) == (0.0, 2)
    assert 0.0 < found.gait.drift < 2.0 and max(found.gait.duty) > 0.0
    seen = []
    monkeypatch.setattr(module, "run_trials", lambda _, walks, rules, *rest: seen.append(rules) or [])
    with pytest.raises(ZeroDivisionError):
        evaluate_gait(candidate, Protocol(blind="far"), seed=0, speeds=(0.5,))
    (rules,) = seen
    assert (rules.vx, rules.distance, rules.duration, rules.heading_gain) == (0.5, 10.0, 30.0, 0.0)
    assert rules.blind == "far"
