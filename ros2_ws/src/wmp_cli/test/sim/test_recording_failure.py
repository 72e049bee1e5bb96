"""A recorder that ends before the walk, or fails as it completes its bag, is reported and fails the run."""

import json
from types import SimpleNamespace

import pytest

from wmp_bringup.processes import NodeExit
from wmp_cli.sim import run
from wmp_cli.sim.summary import RunIdentity, summarise
from wmp_cli.sim.walk_record import WalkRecord

RUN = RunIdentity(
    "flat", 0.0, 1, True, "motor", {"vx": 0.5, "vy": 0.0, "yaw": 0.0}, {"name": "a", "sha256": "0"}
)
FULL = NodeExit("recorder", 1, ("[Errno 28] No space left on device",), required=False)


class Graph:
    """A graph of which these nodes have ended."""

    def __init__(self, *ended):
        self.ended = ended

    def exits(self):
        return list(self.ended)


def walk(graph, steps=0):
    status = SimpleNamespace(due=lambda: False, close=lambda: None)
    journals = SimpleNamespace(
        read=lambda: None, faults=[], fallen=False, mode="WALK", record=SimpleNamespace(newest_tick=steps - 1)
    )
    found = run._Walk(
        SimpleNamespace(bundle_folder=None, bag=None),
        journals,
        graph,
        operator=None,
        executor=SimpleNamespace(spin_once=lambda timeout_sec: None),
        stop=None,
    )
    found._status = status
    return found


def test_a_recorder_that_ends_during_a_walk_is_reported_once_and_the_walk_goes_on(capsys):
    running = walk(Graph(FULL), steps=10)
    for _ in range(3):
        running._update()
    assert running._failure() == ""
    said = capsys.readouterr().err
    assert said.count("the recording ends here: recorder ended (exit code 1)") == 1
    assert "No space left on device" in said


def test_a_recorder_that_ends_before_the_first_step_ends_the_run():
    """The controller waits for it: without this the run would end as stuck, much later."""
    waiting = walk(Graph(FULL))
    waiting._update()
    assert "recorder ended (exit code 1)" in waiting._failure()


def test_a_recorder_that_cannot_complete_its_bag_is_found_after_the_walk():
    assert "recorder ended" in run._failed_recorder(Graph(FULL))
    assert run._failed_recorder(Graph(NodeExit("recorder", 0, (), required=False))) == ""


@pytest.mark.parametrize(("fault", "code"), [((), 1), (("disk_full",), 0)])
def test_an_incomplete_recording_is_in_summary_json_and_exit_code(tmp_path, capsys, fault, code):
    summary = summarise(
        WalkRecord(50, 0.02, 9.0),
        {},
        RUN,
        ended="duration",
        failure="",
        fell=False,
        wall_s=1.0,
        recording_failure=FULL.describe(),
    )
    settings = SimpleNamespace(
        verbose=False,
        log_folder=tmp_path,
        bag=tmp_path / "bag",
        json_file=tmp_path / "sim.json",
        duration=1.0,
        faults=[SimpleNamespace(kind=kind) for kind in fault],
    )
    assert run._report(summary, settings) == code
    assert "RECORDING INCOMPLETE: recorder ended (exit code 1)" in capsys.readouterr().out
    assert "No space left" in json.loads((tmp_path / "sim.json").read_text())["recording_failure"]
