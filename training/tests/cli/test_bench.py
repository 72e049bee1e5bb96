import json

from wmp_training.cli.bench import TrainingBench


def test_every_part_of_training_is_measured_and_written_down(tmp_path, capsys):
    assert TrainingBench(robots=12, network="tiny").run(0.01, tmp_path / "rates.json") == 0
    written = json.loads((tmp_path / "rates.json").read_text())
    assert len(written["rates"]) == 5 and written["robots"] == 12
    assert all(rate["per_second"] > 0 for rate in written["rates"])
    printed = capsys.readouterr().out
    assert all(rate["name"] in printed for rate in written["rates"])
