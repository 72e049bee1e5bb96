import pytest

from wmp_cli.cli import main
from wmp_training.cli.gate import curriculum_levels
from wmp_training.evaluation.protocol import RELEASE_SEEDS, Protocol
from wmp_training.evaluation.report import Report


@pytest.mark.parametrize(
    ("difficulties", "count", "levels"),
    [((0.0, 0.33, 0.67, 1.0), 10, (0, 3, 6, 9)), ((0.0, 0.4, 0.6, 1.0), 2, (0, 1)), ((0.5,), 1, (0,))],
)
def test_difficulties_become_the_nearest_levels_of_the_curriculum(difficulties, count, levels):
    assert curriculum_levels(difficulties, count) == levels


def test_the_release_gate_prints_its_bars_and_fails_if_one_does_not_hold(tmp_path, capsys):
    empty = Report({"kind": "bundle", "name": "tiny", "sha256": "00"}, Protocol(), RELEASE_SEEDS, 25)
    empty.save(tmp_path / "eval.json")
    assert main(["gate", "--release", str(tmp_path / "eval.json")]) == 1
    printed = capsys.readouterr().out
    assert "| delay_30 0.9: 75% | no | flat not evaluated" in printed
    assert main(["gate", "--release", str(tmp_path / "missing.json")]) == 2
