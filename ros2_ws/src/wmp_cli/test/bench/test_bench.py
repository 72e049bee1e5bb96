"""The figures of the loop benchmark on times worked out by hand, and the command around them."""

import argparse
import contextlib
import json
import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from wmp_cli import cli
from wmp_cli.bench.graph import GraphFigures, graph_figures, measure_graph, realtime_arguments
from wmp_cli.bench.loop import LOOPS, figures, measure
from wmp_cli.bench.table import bench_loops, progress
from wmp_cli.sim.command import SimCommand
from wmp_cli.sim.settings import settings_from
from wmp_core.realtime.scheduling import RealtimeSettings

MS = 1_000_000


def children(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def command_line(pid):
    """Command line of a process; empty once it has ended."""
    with contextlib.suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""


def test_a_perfect_loop_has_no_error_no_slip_and_no_miss():
    found = figures(7 * MS + 20 * MS * np.arange(51), 0.020)
    assert (found.cycles, found.misses) == (51, 0)
    assert (found.rate_hz, found.slip_ms, found.max_ms) == pytest.approx((50.0, 0.0, 0.0), abs=1e-6)


def test_a_loop_that_is_late_by_two_milliseconds_each_time_slips_and_misses():
    # Cycles are 22 ms apart: after 100 cycles the loop is 200 ms, 10 periods, late.
    found = figures(22 * MS * np.arange(101), 0.020)
    assert found.p50_ms == pytest.approx(2.0) and found.slip_ms == pytest.approx(200.0)
    assert found.misses == 10


def test_jitter_adds_no_slip():
    starts = 20 * MS * np.arange(101)
    starts[1:100:2] += 3 * MS
    found = figures(starts, 0.020)
    assert found.p50_ms == pytest.approx(3.0) and found.max_ms == pytest.approx(3.0)
    assert found.slip_ms == pytest.approx(0.0) and found.misses == 0


def test_a_late_first_cycle_makes_no_later_cycle_miss_its_period():
    starts = 2 * MS * np.arange(101)
    starts[0] += MS // 20
    starts[1::2] += MS // 12
    assert figures(starts, 0.002).misses == 0


def test_a_long_pause_counts_as_maximum_misses_and_slip_unless_the_loop_reports_it():
    starts = 20 * MS * np.concatenate([np.arange(50), np.arange(53, 100)])
    found = figures(starts, 0.020)
    assert found.max_ms == pytest.approx(60.0) and found.misses == 3
    assert found.slip_ms == pytest.approx(60.0)
    assert figures(starts, 0.020, skipped=3).slip_ms == pytest.approx(0.0)


@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
def test_every_loop_runs_for_its_time(loop):
    found = measure(loop, 50.0, 0.3)
    assert 2 <= found.cycles <= 17


def test_the_command_writes_every_loop_at_every_rate_idle_and_loaded(
    tiny_bundle, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr("wmp_cli.bench.loop.measure", lambda loop, rate, seconds: MEASURED)
    walks = []
    monkeypatch.setattr(
        "wmp_cli.bench.graph.measure_graph", lambda seconds, arguments: walks.append(arguments) or WALKED
    )
    monkeypatch.setattr("wmp_core.realtime.scheduling.apply", walks.append)
    file = tmp_path / "loop.json"
    monkeypatch.setenv("WMP_BUNDLE", str(tiny_bundle))
    command = ["bench", "loop", "--seconds", "1", "--priority", "80", "--cpus", "0", "--json", str(file)]
    assert cli.main(command) == 0
    asked = RealtimeSettings(80, (0,), switch_interval=0.0001)
    walk = ["--bundle", str(tiny_bundle), *realtime_arguments(asked)]
    assert walks == [walk, walk, asked, asked]
    content = json.loads(file.read_text())
    assert (content["seconds"], content["priority"], content["cpus"]) == (1.0, 80, [0])
    loops = content["loops"]
    assert {(one["loop"], one["load"], one["hz"]) for one in loops} == {
        (name, load, hz) for name in LOOPS for load in ("idle", "loaded") for hz in (50.0, 500.0)
    }
    assert [(one["load"], one["ticks"], one["latents_late"]) for one in content["graph"]] == [
        ("idle", 3000, 2), ("loaded", 3000, 2)
    ]  # fmt: skip
    printed = capsys.readouterr()
    assert printed.out.count("sleep(dt - elapsed)") == 4 and printed.out.endswith(f"wrote {file}\n")
    begun = printed.err.splitlines()
    assert len(begun) == 14 and begun[0] == "measurement 1 of 14: graph, idle"
    assert begun[-1] == "measurement 14 of 14: sleep(dt - elapsed) at 500 Hz, loaded"


def test_the_processes_that_load_the_cores_have_no_priority(monkeypatch):
    seen = []

    def schedulers_of_loop_and_load(loop, rate, seconds):
        others = [os.sched_getscheduler(child.pid) for child in multiprocessing.active_children()]
        seen.append((os.sched_getscheduler(0), others))
        return MEASURED

    monkeypatch.setattr("wmp_cli.bench.loop.measure", schedulers_of_loop_and_load)
    bench_loops(1.0, RealtimeSettings(priority=10), progress(12))
    loaded = seen[len(seen) // 2 :]
    assert all(others and set(others) == {os.SCHED_OTHER} for _, others in loaded)
    if seen[0][0] != os.SCHED_FIFO:
        pytest.skip("SCHED_FIFO is not allowed here")
    assert {own for own, _ in seen} == {os.SCHED_FIFO}
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


MEASURED = figures(20 * MS * np.arange(51), 0.020)
WALKED = GraphFigures(3000, 0.4, 0.9, 1.5, 2, 7, "")


def test_the_figures_of_the_graph_are_those_of_its_policy_steps():
    compute = {"p50_ms": 0.4, "p99_ms": 0.9, "max_ms": 1.5}
    figures = {"policy_ticks": 3000, "latents_late": 2, "latents_from_prior": 7, "failure": ""}
    figures["timing"] = {"policy": compute}
    assert graph_figures(figures, "") == WALKED


@pytest.mark.parametrize(("priority", "world_model", "depth"), [(0, 0, 0), (15, 5, 1), (80, 70, 40)])
def test_the_graph_walks_with_the_priorities_of_the_loops(tiny_bundle, priority, world_model, depth):
    parser = argparse.ArgumentParser()
    SimCommand().add_arguments(parser)
    words = realtime_arguments(RealtimeSettings(priority, (0, 1)))
    run = settings_from(parser.parse_args(["--bundle", str(tiny_bundle), *words]))
    nodes = {spec.name: spec.effective_parameters() for spec in run.specs}
    assert nodes["policy_node"]["realtime.priority"] == priority
    assert nodes["policy_node"]["realtime.cpus"] == [0, 1]
    assert nodes["world_model_node"]["realtime.priority"] == world_model
    assert nodes["depth_node"]["realtime.priority"] == depth


def test_a_walk_without_figures_reports_the_failure():
    found = graph_figures({}, "no bundle")
    assert (found.ticks, found.failure) == (0, "no bundle") and np.isnan(found.compute_p99_ms)


def test_a_graph_that_cannot_start_is_reported_with_its_own_error(tmp_path):
    found = measure_graph(1.0, ["--bundle", str(tmp_path)])
    assert found.ticks == 0 and "bundle.json" in found.failure


@pytest.mark.parametrize("what", ["loop", "training"])
def test_figures_that_exist_or_cannot_be_written_are_refused_before_anything_is_measured(
    what, tmp_path, capsys
):
    file = tmp_path / "figures.json"
    file.write_text("{}")
    assert cli.main(["bench", what, "--json", str(file)]) == 2
    assert "figures.json exists (2 bytes) and would be lost; --overwrite replaces" in capsys.readouterr().err
    assert cli.main(["bench", what, "--json", str(file / "below.json"), "--overwrite"]) == 2
    assert "below.json cannot be created" in capsys.readouterr().err


def test_a_measurement_below_one_second_is_refused(capsys):
    assert cli.main(["bench", "loop", "--seconds", "0.5"]) == 2
    assert "expected at least 1" in capsys.readouterr().err


def test_the_load_ends_when_the_benchmark_is_killed():
    code = "\n".join(
        [
            "import time",
            "from wmp_cli.bench.load import load",
            "with load(1):",
            "    print('loaded', flush=True)",
            "    time.sleep(600)",
        ]
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as bench:
        assert bench.stdout.readline() == "loaded\n"
        (burner,) = (int(pid) for pid in children(bench.pid) if "spawn_main" in command_line(pid))
        bench.kill()
    deadline = time.monotonic() + 30.0
    while "spawn_main" in command_line(burner):
        assert time.monotonic() < deadline, "the process still loads a core"
        time.sleep(0.05)
