import math

import pytest

from wmp_cli.cli import main
from wmp_core.verification import load_verified
from wmp_testing.tiny_bundle import write_tiny_bundle
from wmp_training.evaluation.metrics import Outcome
from wmp_training.evaluation.protocol import Protocol
from wmp_training.evaluation.report import Report
from wmp_training.evaluation.trial import Trial


@pytest.fixture
def bundle(tmp_path):
    return write_tiny_bundle(tmp_path / "tiny")


@pytest.fixture
def evaluation(bundle, tmp_path):
    """The file of an evaluation of one cell."""
    loaded = load_verified(bundle)
    report = Report({"kind": "bundle", "name": loaded.name, "sha256": loaded.sha256}, Protocol(), (0,), 1)
    trial = Trial("gap", 0.5, 1)
    figures = (6.0, 10.0, 0.1, 0.05, 1.0, 2.0, (1.0, 5.0, 9.0), math.nan)
    report.add({0: [Outcome(trial, True, "goal", *figures)]})
    report.save(tmp_path / "eval.json")
    return tmp_path / "eval.json"


def card(bundle, *arguments):
    return main(["card", "--bundle", str(bundle), *map(str, arguments)])


def test_a_card_is_not_replaced_by_one_without_its_evaluation(bundle, evaluation, capsys):
    assert card(bundle) == 0  # there is nothing to lose yet
    (bundle / "success.png").touch()
    assert card(bundle, "--evaluation", evaluation) == 0
    full = (bundle / "README.md").read_text()
    assert f"wrote {bundle / 'README.md'}" in capsys.readouterr().out
    assert card(bundle) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "README.md would lose 2 of 2 tables in 'Evaluation', success.png; give the evaluations" in line
    assert (bundle / "README.md").read_text() == full
    assert card(bundle, "--evaluation", evaluation) == 0
    assert card(bundle, "--overwrite") == 0
    assert "None yet" in (bundle / "README.md").read_text()


def test_a_section_written_by_hand_is_not_lost_silently(bundle, evaluation, capsys):
    assert card(bundle, "--evaluation", evaluation) == 0
    readme = bundle / "README.md"
    readme.write_text(readme.read_text() + "\n## Notes\n\nMine.\n")
    assert card(bundle, "--evaluation", evaluation) == 2
    assert "would lose section 'Notes'" in capsys.readouterr().err
    assert "Mine." in readme.read_text()
    assert [file.name for file in bundle.glob(".*")] == []
