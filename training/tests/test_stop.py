"""Signals stop a real training at various moments: no traceback, and never a damaged checkpoint."""

import os
import signal
import subprocess
import sys
import time

import pytest

from wmp_training.checkpoint import load_checkpoint
from wmp_training.checkpoint_facts import is_checkpoint

#: `wmp train` in its own process. It prints a line when it begins to import torch; saving a checkpoint takes
#: SAVE seconds longer.
SCRIPT = """
import argparse, os, sys, time
from wmp_training.cli.train import command


class Announce:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "torch":
            print("IMPORTING", file=sys.stderr, flush=True)


sys.meta_path.insert(0, Announce)

parser = argparse.ArgumentParser()
command.add_arguments(parser)
args = parser.parse_args(sys.argv[1:])
slow = float(os.environ.get("SAVE", "0"))
if slow:
    from wmp_training import checkpoint

    save_file = checkpoint.save_file

    def save_slowly(tensors, path):
        save_file(tensors, path)
        print("SAVING", file=sys.stderr, flush=True)
        time.sleep(slow)
        print("SAVED", file=sys.stderr, flush=True)

    checkpoint.save_file = save_slowly
sys.exit(command.run(args))
"""


class Training:
    """A tiny training process whose output is read line by line."""

    def __init__(self, out, *options, save=0.0):
        few = ("--preset", "tiny", "--num-envs", "4", "--threads", "1", "--time-limit", "5m")
        few = few if "--resume" not in options else ("--threads", "1", "--time-limit", "5m")
        self.out = out
        self.process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, "--out", str(out), *few, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "SAVE": str(save)},
        )
        self.lines = []

    def until(self, words):
        """Read up to the line that contains ``words``."""
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if words in line:
                return self
        raise AssertionError(f"no {words!r} in {self.lines}")

    def send(self, number=signal.SIGINT):
        self.process.send_signal(number)
        return self

    def end(self):
        """Exit code and everything printed; the process has a minute to end."""
        rest, _ = self.process.communicate(timeout=60)
        self.lines += rest.splitlines()
        output = "\n".join(self.lines)
        assert "Traceback" not in output and "KeyboardInterrupt" not in output
        return self.process.returncode, output


@pytest.mark.parametrize("moment", ["IMPORTING", "compiling the worlds"])
def test_a_signal_during_start_up_ends_at_once_and_creates_nothing(tmp_path, moment):
    code, output = Training(tmp_path / "run").until(moment).send().end()
    assert code == 130
    assert f"stopped; nothing was saved yet in {tmp_path / 'run'}" in output
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_in_an_iteration_saves_and_prints_where_and_how_to_continue(tmp_path, number):
    run = tmp_path / "run"
    code, output = Training(run).until("    1  ").send(number).end()
    assert code == 130
    assert f"stopped; wrote {run / 'checkpoint'}" in output
    assert f"continue with: wmp train --resume --out {run}" in output
    _, facts = load_checkpoint(run / "checkpoint")
    assert facts["iteration"] >= 1


def test_a_stopped_run_resumes_with_the_printed_command(tmp_path):
    run = tmp_path / "run"
    Training(run).until("    1  ").send().end()
    before = load_checkpoint(run / "checkpoint")[1]["iteration"]
    code, _ = Training(run, "--resume", "--iterations", "2").end()
    assert code == 0
    assert load_checkpoint(run / "checkpoint")[1]["iteration"] == before + 2


def test_a_signal_during_the_save_waits_for_it(tmp_path):
    run = tmp_path / "run"
    training = Training(run, "--iterations", "1", save=2.0).until("SAVING").send()
    code, output = training.end()
    assert code == 130 and "SAVED" in output
    assert load_checkpoint(run / "checkpoint")[1]["iteration"] == 1
    assert not run.joinpath("checkpoint.new").exists()


def test_a_second_signal_during_the_save_ends_at_once_and_leaves_the_previous_checkpoint(tmp_path):
    run = tmp_path / "run"
    Training(run, "--iterations", "1").end()
    training = Training(run, "--resume", "--iterations", "1", save=30.0).until("SAVING").send()
    training.until("a second Ctrl-C ends at once")
    time.sleep(1.2)  # later signals are a second request
    begin = time.monotonic()
    code, output = training.send().end()
    assert code == 130 and time.monotonic() - begin < 20.0
    assert "SAVED" not in output
    assert f"stopped; last checkpoint: {run / 'checkpoint'}" in output
    assert is_checkpoint(run / "checkpoint")
    assert load_checkpoint(run / "checkpoint")[1]["iteration"] == 1


def test_two_signals_of_one_ctrl_c_are_one_request(tmp_path):
    run = tmp_path / "run"
    training = Training(run, "--iterations", "1", save=2.0).until("SAVING").send().send(signal.SIGTERM)
    code, output = training.end()
    assert code == 130 and "SAVED" in output
    assert load_checkpoint(run / "checkpoint")[1]["iteration"] == 1


def test_a_piped_run_prints_a_line_for_every_iteration_and_no_nan(tmp_path):
    code, output = Training(tmp_path / "run", "--iterations", "3").end()
    assert code == 0
    assert sum("M steps" in line and "reward" in line for line in output.splitlines()) == 3
    assert "nan" not in output
    assert f"wrote {tmp_path / 'run' / 'checkpoint'}" in output
