import json
from dataclasses import replace

import pytest

from wmp_training import bench
from wmp_training.bench import PARTS, Part, Rate, Setting, combined, measure
from wmp_training.cli.bench import TrainingBench
from wmp_training.device import CPU
from wmp_training.distributed import ALONE


@pytest.fixture
def in_process(monkeypatch):
    """Measure in the test's own process, on few worlds."""

    def measured(setting, part):
        return Part(tuple(PARTS[part](replace(setting, levels=1), ALONE, CPU)), 1.5)

    monkeypatch.setattr(bench, "measure", measured)


def test_every_part_of_training_is_measured_and_written(tmp_path, capsys, in_process):
    assert TrainingBench(robots=12, network="tiny").run(0.01, tmp_path / "rates.json") == 0
    written = json.loads((tmp_path / "rates.json").read_text())
    assert len(written["rates"]) == 7
    assert (written["robots"], written["ranks"], written["device"]) == (12, 1, "cpu")
    assert all(rate["per_second"] > 0 and rate["peak_memory_gb"] == 1.5 for rate in written["rates"])
    printed = capsys.readouterr().out
    assert f"wrote {tmp_path / 'rates.json'}" in printed
    assert all(rate["name"] in printed for rate in written["rates"])
    updates = {rate["name"] for rate in written["rates"] if rate["unit"] == "updates/s"}
    assert updates == {"world-model updates alone", "world-model updates in it"}


def test_two_ranks_measure_in_their_own_processes():
    part = measure(Setting(robots=4, network="tiny", seconds=0.01, cores=1, levels=1, ranks=2), "environment")
    assert [rate.name for rate in part.rates] == ["environment"]
    assert part.rates[0].per_second > 0 and 0.2 < part.memory < 20


def test_the_memory_of_ranks_adds_up_and_their_common_rate_counts_once():
    rate = {"name": "environment", "per_second": 100.0, "unit": "steps/s"}
    found = [(1, [{**rate, "per_second": 99.0}], 0.5), (0, [rate], 0.75)]
    assert combined(found) == Part((Rate("environment", 100.0),), 1.25)


def test_a_wrong_device_is_refused_before_anything_is_measured():
    with pytest.raises(ValueError, match="device is 'abacus'"):
        TrainingBench().run(1.0, None, device="abacus")
    assert list(PARTS) == ["environment", "environment with depth", "teacher", "learning"]


def test_a_bench_without_ranks_is_refused():
    with pytest.raises(ValueError, match="--ranks is 0, expected 1 to 1024"):
        TrainingBench().run(1.0, None, ranks=0)
