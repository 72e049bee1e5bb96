import math
from dataclasses import replace

import pytest

from wmp_core.verification import load_verified
from wmp_testing.tiny_bundle import write_tiny_bundle
from wmp_training.evaluation.gait import Gait
from wmp_training.evaluation.gait_summary import GaitSummary
from wmp_training.evaluation.metrics import Outcome
from wmp_training.evaluation.protocol import Protocol
from wmp_training.evaluation.report import Report, ReportError
from wmp_training.evaluation.trial import Trial
from wmp_training.export.model_card import model_card
from wmp_training.world_model.prediction import PredictionErrors

KNOWN = {
    "preset": "tiny",
    "task": "obstacles",
    "terrains": ["flat", "stairs_up"],
    "recipe": "warm",
    "stages": [
        {"stage": "teacher", "env_steps": 25_000_000, "wall_time_s": 3600},
        {"stage": "wmp", "env_steps": 1_000_000, "wall_time_s": 600},
    ],
    "env_steps": 26_000_000,
    "wall_time_s": 4200,
    "seed": 1,
    "git_commit": "abc",
    "note": "Two stages.",
}


def outcome(terrain, end, success=None):
    trial = Trial(terrain, 0.5, 1)
    success = end == "goal" if success is None else success
    faults = ("crouched",) if end == "goal" and not success else ()
    figures = (6.0, 10.0, 0.1, 0.05, 1.0, 2.0, (1.0, 5.0, 9.0), math.nan)
    return Outcome(trial, success, end, *figures, surprise_ahead=1.0 if end == "goal" else 3.0, faults=faults)


def evaluation(bundle, blind="no", simulator="mujoco"):
    candidate = {"kind": "bundle", "name": bundle.name, "sha256": bundle.sha256}
    report = Report(candidate, Protocol(blind=blind, simulator=simulator), (0, 1), 2)
    report.add({0: [outcome("flat", "goal")] * 2, 1: [outcome("flat", "goal")] * 2})
    crouched = outcome("crawl", "goal", success=False)
    report.add({0: [outcome("crawl", "goal"), crouched], 1: [outcome("crawl", "fall")] * 2})
    return report


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    bundle = load_verified(write_tiny_bundle(tmp_path / "tiny"))
    bundle.metadata.clear()
    bundle.metadata.update(KNOWN)
    return bundle


def test_a_card_says_how_the_bundle_was_trained(bundle):
    card = model_card(bundle)
    assert "on these terrains: flat and stairs up" in card
    assert "| steps | 26.0 M (144 h of walking): teacher 25.0 M in 60 min, wmp 1.0 M in 10 min |" in card
    assert "| wall time | 70 min |" in card and "Two stages." in card
    assert "None yet: `wmp eval`" in card


def test_a_card_shows_success_blinded_success_and_open_loop_prediction(bundle):
    report = evaluation(bundle)
    report.open_loop = {"crawl": PredictionErrors((0.1, 0.2), (0.3, 0.4), 7)}
    (bundle.path / "success.png").touch()
    others = {"teacher": Report({"name": "teacher"}, Protocol(), (0,), 1)}
    card = model_card(bundle, report, replace(evaluation(bundle, "far"), episodes=3), others)
    assert "4 episodes per terrain and difficulty\n(seeds 0 and 1, pooled)" in card
    assert (
        card.count("| crawl | 25% |") == 2
        and "what vision contributes; 6 episodes per terrain and difficulty (`" in card
    )
    asked = "wmp eval --bundle models/tiny --terrain flat,crawl --difficulty 0.5 --seeds 0,1 --episodes"
    assert f"\n    {asked} 2\n" in card and f"(`{asked} 3 --blind far`)" in card
    assert "The seeds differ most on crawl 0.5: 50% and 0%." in card
    assert "| crawl | 0.200 | 0.400 | 0.50 | 7 |" in card
    assert "(success.png)" in card and "(open_loop.png)" not in card
    assert "| crawl | 25 | - |" in card


def test_corrections_stand_before_all_figures_and_survive_a_new_card(bundle):
    assert "Corrections" not in model_card(bundle)
    (bundle.path / "corrections.md").write_text("The slots are withdrawn.\n")
    assert "\n## Corrections\n\nThe slots are withdrawn.\n\n## Training\n" in model_card(bundle)


def test_known_failures_are_listed(bundle):
    card = model_card(bundle, evaluation(bundle))
    assert "- crawl 0.5: 25% success (falls 50%, crouches between the bars 25%)." in card
    assert "- flat 0.5" not in card


def test_a_card_shows_conditions_gait_and_surprise_and_lists_their_failures(bundle):
    report = evaluation(bundle)
    late = outcome("crawl", "fall")
    late = replace(late, trial=replace(late.trial, condition="delay_20"))
    report.add({0: [late] * 2, 1: [late] * 2})
    gait = Gait((0.01, 0.05, 0.05, 0.05), (0.5,) * 4, 0.0, 0.0, 0.0, 0.0, 0.0)
    report.gait = [GaitSummary(0.3, 5, 1.0, 0.5, gait)]
    card = model_card(bundle, report)
    assert "| % at 0.5 | nominal | delay_20 |" in card and "| crawl | 25 | 0 |" in card
    assert "- crawl 0.5 under `delay_20`: 0% success (falls 100%)." in card
    assert "| lowest clearance >= 40 mm |" in card
    assert "| crawl | 1.00 | 6 | 2 |" in card  # falls were more surprised
    nominal, changed = (line for line in card.splitlines() if line.startswith("    wmp eval"))
    assert nominal.endswith("--terrain flat,crawl --difficulty 0.5 --seeds 0,1 --episodes 2 --gait")
    assert changed.endswith("--terrain crawl --difficulty 0.5 --condition delay_20 --seeds 0,1 --episodes 2")


def test_a_card_shows_independent_simulators_and_lists_their_failures(bundle):
    report, other = evaluation(bundle), evaluation(bundle, simulator="pybullet")
    card = model_card(bundle, report, simulators=[other])
    assert "| % at 0.5 | tiny | tiny, pybullet |" in card
    assert "- crawl 0.5 in pybullet: 25% success" in card
    with pytest.raises(ReportError, match="expected another simulator"):
        model_card(bundle, report, simulators=[report])
    other.candidate["sha256"] = "ff" * 32
    with pytest.raises(ReportError, match="ffffff"):
        model_card(bundle, report, simulators=[other])


def test_the_evaluation_of_another_bundle_is_refused(bundle):
    report = evaluation(bundle)
    report.candidate["sha256"] = "ff" * 32
    with pytest.raises(ReportError, match="ffffff"):
        model_card(bundle, report)


def test_evaluations_of_a_wrong_kind_are_refused(bundle):
    seeing, blinded = evaluation(bundle), evaluation(bundle, "far")
    with pytest.raises(ReportError, match="evaluated without images"):
        model_card(bundle, blinded, seeing)
    with pytest.raises(ReportError, match="blinded evaluation follows"):
        model_card(bundle, seeing, seeing)
    with pytest.raises(ReportError, match="blinded evaluation follows"):
        model_card(bundle, seeing, replace(blinded, protocol=replace(blinded.protocol, varied=False)))
    with pytest.raises(ReportError, match="nothing to compare with"):
        model_card(bundle, None, blinded)
    with pytest.raises(ReportError, match="2 of 45 cells; complete it with"):
        model_card(bundle, replace(seeing, planned=45))


def test_the_card_says_what_is_random_for_varied_and_nominal_robots(bundle):
    report = evaluation(bundle)
    assert "bodies and starts are random" in model_card(bundle, report)
    card = model_card(bundle, replace(report, protocol=replace(report.protocol, varied=False)))
    assert "the nominal one, placed exactly" in card and "bodies and starts are random" not in card


def test_changes_of_the_randomisation_are_listed(bundle):
    bundle.metadata.update(without=["noise"], randomisation={"payload": [0, 1.5]}, rendered=0.25)
    card = model_card(bundle)
    assert "| not randomised | noise |" in card and "| randomised within | `payload` 0 to 1.5 |" in card
    assert "| images rendered | 25%, the others predicted |" in card


def test_compared_policies_must_not_have_the_name_of_the_bundle(bundle):
    report = evaluation(bundle)
    with pytest.raises(ReportError, match="--names"):
        model_card(bundle, report, others={bundle.name: report})


def test_a_bundle_with_little_metadata_gets_a_card(bundle):
    for key in ("task", "terrains", "recipe", "stages", "note"):
        del bundle.metadata[key]
    assert "trained to follow velocity commands." in model_card(bundle)
