"""Two simulated robots, each in a namespace of its own, walk side by side in one ROS domain."""

import contextlib
import time
from pathlib import Path

import pytest

from wmp_bringup.graph import a1_graph, checked_namespace
from wmp_bringup.isolation import free_udp_port, reserve_domain
from wmp_bringup.processes import GraphProcesses
from wmp_cli.sim.journals import NODES, journal_path
from wmp_cli.sim.settings import graph_environment
from wmp_core.journal import JournalReader

RELEASED = Path(__file__).parents[5] / "models" / "a1_wmp_v1"
SECONDS = 2.0


def graph(namespace, folder, vx):
    folder.mkdir()
    walk = {"operator": "script", "lockstep": True, "duration": SECONDS, "vx": vx, "terrain": "flat"}
    walk |= {"bundle": str(RELEASED), "robot_port": free_udp_port()}
    journals = {node: {"journal": str(journal_path(folder, node))} for node in NODES}
    return a1_graph("sim", walk, assigned=journals, namespace=namespace)


def entries(folder, node):
    reader = JournalReader(journal_path(folder, node))
    found = list(reader.read())
    reader.close()
    return found


def has_walked(processes):
    ended = {done.name: done.code for done in processes.exits()}
    assert set(ended.values()) <= {0}, [done.describe() for done in processes.exits()]
    return "policy_node" in ended


def test_two_robots_walk_in_one_domain_without_hearing_each_other(tmp_path):
    speeds = {"a1": 0.4, "b1": 0.7}
    specs = {name: graph(name, tmp_path / name, vx) for name, vx in speeds.items()}
    domain = reserve_domain()
    with domain.lock, contextlib.ExitStack() as stack:
        running = []
        for name in speeds:
            environment = graph_environment(domain.domain_id, tmp_path / name)
            processes = GraphProcesses(specs[name], environment, tmp_path / name)
            running.append(stack.enter_context(processes))
        deadline = time.monotonic() + 300
        while not all(has_walked(processes) for processes in running):
            assert time.monotonic() < deadline
            time.sleep(0.1)
    distances = []
    for name in speeds:
        steps, latents, poses = (
            [entry for entry in entries(tmp_path / name, node) if entry["kind"] == kind]
            for node, kind in (("policy_node", "step"), ("world_model_node", "latent"), ("a1_sim", "pose"))
        )
        # Every tick once, and a latent of its own world model for every fifth: none of the other robot's.
        assert [step["tick"] for step in steps] == list(range(len(steps)))
        assert len(steps) >= round(SECONDS / 0.02) and len(latents) == len(steps) // 5
        distances.append(poses[-1]["x"])
    slow, fast = distances
    assert 0.5 < slow < fast - 0.2


@pytest.mark.parametrize(("text", "namespace"), [("", ""), ("a1", "/a1"), ("/lab/a1/", "/lab/a1")])
def test_a_namespace_is_absolute(text, namespace):
    assert checked_namespace(text) == namespace


@pytest.mark.parametrize("text", ["1a", "a-1", "a b", "a//b"])
def test_a_namespace_that_ros_would_refuse_is_refused(text):
    with pytest.raises(ValueError, match="expected words of letters"):
        checked_namespace(text)
