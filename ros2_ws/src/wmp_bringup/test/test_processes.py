"""Processes of a graph are watched, stopped, and never outlive their launcher."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from wmp_bringup import processes
from wmp_bringup.graph import NodeSpec
from wmp_bringup.processes import GraphProcesses, node_command


@pytest.fixture
def script_nodes(tmp_path, monkeypatch):
    """Makes specs whose executable is Python source instead of an installed node."""
    sources = {}

    def command(spec, folder):
        return [sys.executable, "-c", sources[spec.name]]

    def make(name, source, required=True):
        sources[name] = textwrap.dedent(source)
        return NodeSpec("package", name, name, tmp_path / "none.yaml", required=required)

    monkeypatch.setattr(processes, "node_command", command)
    return make


def wait_for(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true in time"
        time.sleep(0.02)


OBEDIENT = """
    import signal, time
    # A shell that runs the tests in the background has its children ignore SIGINT.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    print("ready")
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        print("finished properly")
"""
STUBBORN = """
    import signal, time
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("ready")
    time.sleep(60)
"""


def test_stop_kills_only_nodes_that_ignore_the_gentler_signals(script_nodes, tmp_path, monkeypatch):
    monkeypatch.setattr(
        processes, "STOP_SEQUENCE", ((signal.SIGINT, 2.0), (signal.SIGTERM, 0.2), (signal.SIGKILL, 2.0))
    )
    specs = [script_nodes("obedient", OBEDIENT), script_nodes("stubborn", STUBBORN)]
    with GraphProcesses(specs, dict(os.environ), tmp_path / "log") as graph:
        logs = [tmp_path / "log" / f"{spec.name}.log" for spec in specs]
        wait_for(lambda: all(log.exists() and "ready" in log.read_text() for log in logs))
    exits = {ended.name: ended for ended in graph.exits()}
    assert exits["obedient"].code == 0
    assert exits["obedient"].tail == ("ready", "finished properly")
    assert exits["stubborn"].code == -signal.SIGKILL


def test_an_ended_node_is_reported_with_its_last_lines(script_nodes, tmp_path):
    dying = script_nodes("dying", "print('no such terrain'); raise SystemExit(3)")
    with GraphProcesses([dying], dict(os.environ), tmp_path) as graph:
        wait_for(graph.exits)
        assert graph.exits()[0].describe() == "dying ended (exit code 3); its last lines:\n  no such terrain"


IGNORES_SIGTERM = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); node_main._GRACE_S = 0.1;"


@pytest.mark.parametrize("behaviour", ["", IGNORES_SIGTERM])
def test_nodes_end_with_a_killed_launcher_even_if_they_ignore_sigterm(tmp_path, behaviour):
    launcher = tmp_path / "launcher.py"
    launcher.write_text(
        textwrap.dedent(
            f"""
            import os, sys, time
            from pathlib import Path
            from wmp_bringup import processes
            from wmp_bringup.graph import NodeSpec

            child = "import time; from wmp_bringup import node_main;" + {behaviour!r}
            child += "node_main._die_with_launcher(); print('ready', flush=True); time.sleep(60)"
            processes.node_command = lambda spec, folder: [sys.executable, "-c", child]
            specs = [NodeSpec("package", "node", "node", Path("none.yaml"))]
            log = Path({str(tmp_path)!r})
            with processes.GraphProcesses(specs, dict(os.environ), log) as graph:
                print(graph._nodes[0].process.pid, flush=True)
                time.sleep(60)
            """
        )
    )
    with subprocess.Popen([sys.executable, str(launcher)], stdout=subprocess.PIPE, text=True) as running:
        node = int(running.stdout.readline())
        wait_for(lambda: (tmp_path / "node.log").exists() and "ready" in (tmp_path / "node.log").read_text())
        running.kill()
    wait_for(lambda: not is_running(node))


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_command_line_names_the_file_first_and_the_overrides_last(tmp_path):
    spec = NodeSpec(
        "wmp_sim", "a1_sim", "a1_sim", tmp_path / "main.yaml", {"seed": 3}, remappings=(("imu/data", "imu"),)
    )
    command = node_command(spec, tmp_path)
    assert command[1:] == [
        "-m", "wmp_bringup.node_main", "wmp_sim", "a1_sim",
        "--ros-args", "--enclave", "/wmp/a1_sim", "-r", "__node:=a1_sim",
        "-r", "imu/data:=imu",
        "--params-file", str(tmp_path / "main.yaml"), "--params-file", str(tmp_path / "a1_sim.yaml"),
    ]  # fmt: skip
