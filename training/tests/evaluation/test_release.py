import math
from dataclasses import replace

import pytest

from wmp_training.evaluation.gait import Gait
from wmp_training.evaluation.gait_summary import GaitSummary
from wmp_training.evaluation.metrics import Outcome
from wmp_training.evaluation.protocol import RELEASE_SEEDS, Protocol
from wmp_training.evaluation.release import BARS, Bar, verdict_table, verdicts
from wmp_training.evaluation.report import Report, ReportError
from wmp_training.evaluation.trial import EVALUATED, CellKey, Trial

GAIT = Gait((0.05,) * 4, (0.5,) * 4, 0.0, 0.0, 0.0, 0.0, 0.0)


def outcome(key, success):
    figures = (6.0, 10.0, 0.1, 0.05, 1.0, 2.0, (1.0, 5.0, 9.0), math.nan)
    return Outcome(Trial(key.terrain, key.difficulty, 1, key.condition), success, "goal", *figures)


def report(successes, simulator="mujoco", **changes):
    """Evaluation with so many successes of 50 in every cell."""
    who = {"kind": "bundle", "name": "tiny", "sha256": "00"}
    made = Report(who, Protocol(simulator=simulator), RELEASE_SEEDS, 25)
    for key, count in successes.items():
        halves = [[outcome(key, n < count) for n in range(50)][part::2] for part in (0, 1)]
        made.add(dict(zip(RELEASE_SEEDS, halves, strict=True)))
    made.gait = [GaitSummary(0.3, 5, 1.0, 0.5, GAIT)]
    return replace(made, **changes)


def everywhere(condition, difficulty, count, **others):
    return {CellKey(name, difficulty, condition): others.get(name, count) for name in EVALUATED}


LATE = Bar("delay_20", 0.9, 0.90, except_for={"course": 0.85})


def test_a_bar_holds_if_every_terrain_reaches_it():
    enough = report(everywhere("delay_20", 0.9, 45, course=43))
    assert [each.holds for each in verdicts([enough], [LATE])] == [True, True]
    few = report(everywhere("delay_20", 0.9, 45, course=42, gap=44))
    late, _ = verdicts([few], [LATE])
    assert late.missed == ("gap 88%", "course 84%")
    assert late.bar == "delay_20 0.9: 90%, course 85%"


def test_what_is_not_evaluated_does_not_hold():
    own = report(everywhere("nominal", 0.9, 50), gait=[])
    late, gait = verdicts([own], [LATE])
    assert late.missed[:2] == ("flat not evaluated", "rough not evaluated")
    assert gait.missed == ("not evaluated (--gait)",)
    (elsewhere, _) = verdicts([own], [Bar("nominal", 0.9, 0.8, "pybullet")])
    assert elsewhere.missed == ("no evaluation in pybullet",)


def test_a_relative_bar_compares_with_the_nominal_condition():
    bar = Bar("real_stack", 0.9, below_nominal=0.05)
    cells = everywhere("nominal", 0.9, 48) | everywhere("real_stack", 0.9, 46, gap=45)
    stack, _ = verdicts([report(cells)], [bar])
    assert stack.missed == ("gap 90%",)  # 96 % nominal: 91 % is asked for
    assert stack.bar == "real_stack 0.9: at most 5 points below nominal"


def test_the_bars_of_the_gait_count():
    limping = report({}, gait=[GaitSummary(0.3, 5, 1.0, 0.5, replace(GAIT, drift=0.5))])
    (gait,) = verdicts([limping], [])
    assert gait.missed == ("drift <= 0.3 m at 0.3 m/s",)
    assert verdict_table([gait]).splitlines()[2] == "| gait on flat ground | no | drift <= 0.3 m at 0.3 m/s |"


def test_only_comparable_evaluations_with_held_out_seeds_are_judged():
    good = report({})
    for changed, message in (
        ({"seeds": (0, 1)}, "--seeds release"),
        ({"episodes": 24}, "48 episodes"),
        ({"protocol": Protocol(blind="far")}, "blind or nominal"),
        ({"protocol": Protocol(varied=False)}, "blind or nominal"),
    ):
        with pytest.raises(ReportError, match=message):
            verdicts([replace(good, **changed)])
    with pytest.raises(ReportError, match="same simulator"):
        verdicts([good, good])
    other = report({}, simulator="pybullet", candidate={**good.candidate, "sha256": "11"})
    with pytest.raises(ReportError, match="several bundles"):
        verdicts([good, other])


def test_the_bars_cover_every_simulator_and_late_commands():
    assert {bar.simulator for bar in BARS} == {"mujoco", "pybullet", "menagerie"}
    assert {"nominal", "delay_10", "delay_20", "delay_30", "damping_1", "real_stack"} == {
        b.condition for b in BARS
    }
