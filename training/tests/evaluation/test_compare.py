import math

import pytest

from wmp_training.evaluation.compare import comparison_table, condition_table, load_reports, success_table
from wmp_training.evaluation.metrics import Outcome
from wmp_training.evaluation.protocol import Protocol
from wmp_training.evaluation.report import Report, ReportError
from wmp_training.evaluation.trial import Trial


def outcome(terrain, difficulty, success, condition="nominal"):
    trial, end = Trial(terrain, difficulty, 1, condition), "goal" if success else "fall"
    return Outcome(trial, success, end, 6.0, 10.0, 0.1, 0.05, 1.0, 2.0, (1.0, 5.0, 9.0), math.nan)


def evaluation(name, cells, **rules):
    report = Report({"kind": "bundle", "name": name, "sha256": "0"}, Protocol(**rules), (0,), 2)
    for (terrain, difficulty, *condition), successes in cells.items():
        report.add({0: [outcome(terrain, difficulty, n < successes, *condition) for n in range(2)]})
    return report


SEEING = evaluation("a", {("gap", 0.5): 2, ("gap", 0.1): 2, ("tilt", 0.5): 1})
BLIND = evaluation("a", {("gap", 0.5): 0}, blind="far")


def test_the_success_table_has_a_row_per_terrain_and_a_column_per_difficulty():
    lines = success_table(SEEING).splitlines()
    assert lines[0] == "| terrain | 0.1 | 0.5 |"
    assert lines[2:] == ["| gap | 100% | 100% |", "| tilt | - | 50% |"]


def test_policies_are_side_by_side_and_missing_cells_are_dashes():
    lines = comparison_table({"seeing": SEEING, "blind": BLIND}).splitlines()
    assert lines[0] == "| % at 0.1, 0.5 | seeing | blind |"
    assert lines[2:] == [
        "| gap | 100, 100 | -, 0 |",
        "| tilt | -, 50 | -, - |",
        "| episodes per figure | 2 | 2 |",
    ]


LATE = evaluation("a", {("gap", 0.1): 2, ("gap", 0.5): 2, ("gap", 0.5, "delay_20"): 1})


def test_conditions_have_their_own_columns():
    assert success_table(LATE).splitlines()[2:] == ["| gap | 100% | 100% |"]
    assert condition_table(LATE).splitlines() == [
        "| % at 0.5 | nominal | delay_20 |",
        "|---|---|---|",
        "| gap | 100 | 50 |",
    ]
    assert condition_table(SEEING) == ""
    lines = comparison_table({"a": LATE}).splitlines()
    assert lines[0] == "| % at 0.1, 0.5 | a | a, delay_20 |" and lines[2] == "| gap | 100, 100 | -, 50 |"


def test_simulators_are_compared():
    other = evaluation("a", {("gap", 0.5): 1}, simulator="pybullet")
    lines = comparison_table({report.name: report for report in (SEEING, other)}).splitlines()
    assert lines[0] == "| % at 0.1, 0.5 | a | a, pybullet |"


def test_evaluations_of_different_protocols_are_not_compared():
    with pytest.raises(ReportError, match="0.3"):
        comparison_table({"a": SEEING, "slow": evaluation("slow", {("gap", 0.5): 1}, vx=0.3)})


def test_columns_are_named_by_the_reports_or_by_the_user(tmp_path):
    files = [tmp_path / "1.json", tmp_path / "2.json"]
    SEEING.save(files[0])
    BLIND.save(files[1])
    assert list(load_reports(files, None)) == ["a", "a, blinded"]
    assert list(load_reports(files, "x,y")) == ["x", "y"]
    for names in ("x", "x,x", "x,y,z"):
        with pytest.raises(ReportError, match="--names"):
            load_reports(files, names)
