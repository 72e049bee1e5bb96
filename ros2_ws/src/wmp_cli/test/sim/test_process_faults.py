"""Faults of a process, its velocity commands or its files are injected, and undone."""

import math
import os
import resource
import signal
import sys
import time
from pathlib import Path

import pytest

from wmp_bringup import processes
from wmp_bringup.graph import NodeSpec
from wmp_bringup.processes import GraphProcesses
from wmp_cli.sim.fault_outcome import FaultNotice
from wmp_cli.sim.operator import VelocityCommand
from wmp_cli.sim.process_faults import BYTES_LEFT, ProcessFaults
from wmp_sim.faults.schedule import FILES, KINDS, REAL_TIME_ONLY

NODES = ("world_model_node", "policy_node", "recorder")


@pytest.fixture
def graph(tmp_path, monkeypatch):
    """Processes with the names of nodes that sleep."""
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    monkeypatch.setattr(processes, "node_command", lambda spec, folder: sleep)
    specs = [NodeSpec("package", name, name, tmp_path / "none.yaml") for name in NODES]
    with GraphProcesses(specs, dict(os.environ), tmp_path / "log") as running:
        yield running
        running.signal("world_model_node", signal.SIGCONT)


class Disturbed:
    """Remembers what an operator is told to publish instead of its own command."""

    def __init__(self):
        self.commands = []

    def disturb(self, command):
        self.commands.append(command)


def state_of(graph, name):
    """The letter by which the kernel tells what a process does: S sleeps, T is stopped."""
    return Path(f"/proc/{graph.pid(name)}/stat").read_text().rsplit(")", 1)[1].split()[0]


def wait_for(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.01)


def begin(kind):
    return FaultNotice(kind, True, 5.0)


def end(kind):
    return FaultNotice(kind, False, 7.5)


@pytest.mark.parametrize("kind", ["world_model_killed", "policy_killed"])
def test_a_killed_node_is_killed_and_nobody_else(graph, kind, tmp_path):
    faults = ProcessFaults(graph, None, tmp_path, None)
    faults.carry_out(begin(kind))
    wait_for(graph.exits)
    (ended,) = graph.exits()
    assert (ended.name, ended.code) == (kind.replace("killed", "node"), -signal.SIGKILL)
    faults.carry_out(end(kind))


@pytest.mark.parametrize("finish", [lambda f: f.carry_out(end("world_model_hung")), lambda f: f.end()])
def test_a_hung_node_stands_still_until_the_fault_or_the_run_ends(graph, finish, tmp_path):
    faults = ProcessFaults(graph, None, tmp_path, None)
    faults.carry_out(begin("world_model_hung"))
    wait_for(lambda: state_of(graph, "world_model_node") == "T")
    finish(faults)
    wait_for(lambda: state_of(graph, "world_model_node") != "T")
    assert graph.exits() == []


def test_a_disturbed_velocity_is_withdrawn_once(graph, tmp_path):
    operator = Disturbed()
    faults = ProcessFaults(graph, operator, tmp_path, None)
    faults.carry_out(begin("cmd_vel_nan"))
    faults.carry_out(end("cmd_vel_nan"))
    faults.carry_out(begin("cmd_vel_huge"))
    faults.end()
    faults.end()
    assert all(math.isnan(value) for value in vars(operator.commands[0]).values())
    assert operator.commands[1:] == [None, VelocityCommand(1e6, 1e6, 1e6), None]


def test_a_full_disk_is_full_for_the_recorder_alone(graph, tmp_path):
    bag = tmp_path / "bag"
    bag.mkdir()
    (bag / "bag_0.mcap").write_bytes(bytes(1000))
    faults = ProcessFaults(graph, None, tmp_path, bag)

    def room(name):
        return resource.prlimit(graph.pid(name), resource.RLIMIT_FSIZE)[0]

    before = room("policy_node")
    faults.carry_out(begin("disk_full"))
    assert (room("recorder"), room("policy_node")) == (1000 + BYTES_LEFT, before)
    faults.carry_out(end("disk_full"))
    assert room("recorder") == resource.RLIM_INFINITY


def test_a_swapped_bundle_is_another_file(graph, tmp_path):
    policy = tmp_path / "policy.onnx"
    policy.write_bytes(b"abc")
    faults = ProcessFaults(graph, None, tmp_path, None)
    faults.carry_out(begin("bundle_swapped"))
    faults.carry_out(end("bundle_swapped"))
    assert policy.read_bytes() == b"cba"


def test_what_the_robot_does_to_itself_is_none_of_its_business(graph, tmp_path):
    faults = ProcessFaults(graph, None, tmp_path, None)
    for kind in set(KINDS) - set(REAL_TIME_ONLY) - set(FILES):
        faults.carry_out(begin(kind))
        faults.carry_out(end(kind))
    assert graph.exits() == []
