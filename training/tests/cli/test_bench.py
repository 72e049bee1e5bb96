import json

import pytest

from wmp_training.bench import PARTS, Setting, measure
from wmp_training.cli.bench import TrainingBench


def test_every_part_of_training_is_measured_and_written_down(tmp_path, capsys):
    assert TrainingBench(robots=12, network="tiny").run(0.01, tmp_path / "rates.json") == 0
    written = json.loads((tmp_path / "rates.json").read_text())
    assert len(written["rates"]) == 7
    assert (written["robots"], written["ranks"], written["device"]) == (12, 1, "cpu")
    assert all(rate["per_second"] > 0 and 0.1 < rate["peak_memory_gb"] < 10 for rate in written["rates"])
    printed = capsys.readouterr().out
    assert all(rate["name"] in printed for rate in written["rates"])
    updates = {rate["name"] for rate in written["rates"] if rate["unit"] == "updates/s"}
    assert updates == {"world-model updates alone", "world-model updates in it"}


def test_two_ranks_are_measured_as_one_figure():
    """Both hold memory, both do half of the steps."""
    setting = Setting(robots=8, network="tiny", seconds=0.01, cores=1, levels=1)
    one, two = (measure(Setting(**{**vars(setting), "ranks": ranks}), "environment") for ranks in (1, 2))
    assert 1.5 < two.memory / one.memory < 2.5
    assert len(two.rates) == 1 and two.rates[0].per_second > 0


def test_a_gpu_that_is_not_there_is_refused_before_anything_is_measured():
    with pytest.raises(ValueError, match="device is 'abacus'"):
        TrainingBench().run(1.0, None, device="abacus")
    assert list(PARTS) == ["environment", "environment with depth", "teacher", "learning"]
