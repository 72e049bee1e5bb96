import json
import math
from dataclasses import replace

import pytest

from wmp_training.evaluation.gait import Gait
from wmp_training.evaluation.gait_summary import GaitSummary
from wmp_training.evaluation.metrics import Outcome
from wmp_training.evaluation.protocol import Protocol
from wmp_training.evaluation.report import Report, ReportError
from wmp_training.evaluation.trial import CellKey, Trial
from wmp_training.world_model.prediction import PredictionErrors

GAP = CellKey("gap", 0.5)
WHO = {"kind": "bundle", "name": "tiny", "sha256": "00ff"}


def outcome(seed, success=True):
    trial, end = Trial("gap", 0.5, seed), "goal" if success else "fall"
    return Outcome(trial, success, end, 6.0, 10.0, 0.1, 0.05, math.nan, 2.0, (math.nan, 5.0, 9.0), math.nan)


@pytest.fixture
def report():
    report = Report(WHO, Protocol(), (0, 1), 2)
    report.add({0: [outcome(3), outcome(4)], 1: [outcome(5), outcome(6, success=False)]})
    gait = Gait((0.05, math.nan, 0.04, 0.06), (0.5,) * 4, 0.02, 0.01, 0.02, 0.05, 0.1)
    report.gait = [GaitSummary(0.3, 5, 1.0, 0.8, gait)]
    report.open_loop = {"gap": PredictionErrors((0.1, 0.2), (0.3, 0.4), 7), "tilt": None}
    return report


def test_a_report_is_valid_json_with_candidate_protocol_and_episodes(report, tmp_path):
    report.save(tmp_path / "new" / "out.json")
    text = (tmp_path / "new" / "out.json").read_text()
    data = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert data["candidate"] == WHO and data["protocol"]["vx"] == 0.6
    assert [(e["of_seed"], e["seed"]) for e in data["episodes"]] == [(0, 3), (0, 4), (1, 5), (1, 6)]
    assert data["episodes"][0]["cost_of_transport"] is None
    assert data["cells"][0]["success"] == 0.75 and data["cells"][0]["by_seed"] == {"0": 1.0, "1": 0.5}


def test_a_loaded_report_equals_the_saved_one(report, tmp_path):
    report.save(tmp_path / "out.json")
    found = Report.load(tmp_path / "out.json")
    found.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text() == (tmp_path / "out.json").read_text()
    assert found.open_loop == report.open_loop and str(found.gait) == str(report.gait)
    assert (found.candidate, found.protocol, found.seeds, found.episodes) == (WHO, Protocol(), (0, 1), 2)
    cell = found.cell(GAP)
    assert cell.by_seed == {0: 1.0, 1: 0.5} and math.isnan(cell.peak_torque[0])
    assert math.isnan(cell.means["cost_of_transport"]) and cell.means["collisions"] == 2.0
    assert found.cell(CellKey("gap", 0.7)) is None
    assert found.cell(CellKey("gap", 0.5, "delay_20")) is None


def test_an_evaluation_resumes_its_own_report_and_no_other(report, tmp_path):
    report.save(tmp_path / "out.json")
    fresh = Report(WHO, Protocol(), (0, 1), 2)
    resumed = fresh.resumed(tmp_path / "out.json")
    assert resumed.cell(GAP) is not None
    resumed.plan([GAP])
    assert resumed.is_complete
    resumed.plan([GAP._replace(condition="pushes")])  # the gap is evaluated: one of two cells
    assert resumed.planned == 2 and not resumed.is_complete
    for change in ({"seeds": (0,)}, {"episodes": 3}, {"candidate": {}}, {"protocol": Protocol(blind="far")}):
        with pytest.raises(ReportError, match=next(iter(change))):
            replace(fresh, **change).resumed(tmp_path / "out.json")


def test_a_report_under_other_rules_is_refused(report, tmp_path):
    report.save(tmp_path / "out.json")
    data = json.loads((tmp_path / "out.json").read_text())
    data["rules"]["fallen_tilt"] = 1.05
    (tmp_path / "out.json").write_text(json.dumps(data))
    with pytest.raises(ReportError, match=r"by other rules: fallen_tilt 1\.05, now 1\.39\d+; evaluate again"):
        Report.load(tmp_path / "out.json")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "Expecting value"),
        (b"\xff\xfe", "can't decode"),
        (b"{}", "'format' \\(int\\)"),
        (b"[]", "'format' \\(int\\)"),
        (b'{"format": 1}', "has format 1, expected 4; evaluate again"),
        (b'{"format": 4}', "'candidate' \\(dict\\)"),
    ],
)
def test_a_file_that_is_no_evaluation_is_named(tmp_path, text, message):
    (tmp_path / "out.json").write_bytes(text)
    with pytest.raises(ReportError, match=f"out.json .*{message}"):
        Report.load(tmp_path / "out.json")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("candidate", "tiny"),
        ("candidate", {"name": "tiny"}),
        ("protocol", {"vx": -1}),
        ("protocol", {"speed": 1}),
        ("seeds", 0),
        ("episodes_per_cell_and_seed", "2"),
        ("cells", [1]),
        ("cells", [{"means": {}, "peak_torque": [], "by_seed": {}}]),
        ("open_loop", []),
        ("gait", [{"gait": {"slip": 1}, "episodes": 2}]),
        ("open_loop", {"gap": 0.5}),
    ],
)
def test_a_report_with_a_value_of_a_wrong_type_is_refused(report, tmp_path, key, value):
    report.save(tmp_path / "out.json")
    data = json.loads((tmp_path / "out.json").read_text())
    (tmp_path / "out.json").write_text(json.dumps({**data, key: value}))
    with pytest.raises(ReportError, match="out.json is no evaluation: "):
        Report.load(tmp_path / "out.json")
