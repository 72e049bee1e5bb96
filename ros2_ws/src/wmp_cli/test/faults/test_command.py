"""``wmp faults``: what each walk is started with, and what it comes to."""

import argparse
import json

from wmp_bringup.locations import shipped_parameters
from wmp_bringup.parameters import node_parameters
from wmp_cli import cli
from wmp_cli.faults.command import watchdogs_of_the_robot
from wmp_cli.sim.command import SimCommand
from wmp_cli.sim.settings import settings_from


def watchdogs(parameters):
    return {name: value for name, value in parameters.items() if name.startswith("watchdog.")}


def test_in_lockstep_the_robot_of_wmp_sim_has_the_watchdogs_of_the_real_one(tiny_bundle):
    parser = argparse.ArgumentParser()
    SimCommand().add_arguments(parser)
    options = ["--bundle", str(tiny_bundle), "--lockstep", *watchdogs_of_the_robot()]
    (policy,) = (s for s in settings_from(parser.parse_args(options)).specs if s.name == "policy_node")
    simulated, real = (node_parameters(shipped_parameters(mode), "policy_node") for mode in ("sim", "real"))
    assert watchdogs(policy.effective_parameters()) == watchdogs(real) != watchdogs(simulated)


def test_faults_are_injected_detected_and_reported_end_to_end(tiny_bundle, tmp_path, capsys):
    file = tmp_path / "faults.json"
    kinds = ["imu_nan", "udp_loss_100"]
    arguments = ["--bundle", str(tiny_bundle), "--json", str(file), "--keep", str(tmp_path / "kept")]
    code = cli.main(["faults", *arguments, "--only", *kinds])
    report = json.loads(file.read_text())
    assert code == 0 and report["passed"], report
    assert [result["kind"] for result in report["faults"]] == kinds
    for result in report["faults"]:
        assert (result["lockstep"], result["reaction"], result["log_intact"]) == (True, "FAULT", True)
        # 3.5 s of standing up and 1 s of walking at 500 Hz.
        assert result["commands"] > 2250 and result["commands_outside_envelope"] == 0
        assert (tmp_path / "kept" / result["kind"] / "wmp_sim.log").exists()
    # At once; and after 25 states that were lost, which the simulation's own watchdogs would forgive.
    assert [result["detected_after_ms"] for result in report["faults"]] == [0.0, 50.0]
    table = capsys.readouterr().out
    assert all(any(line.startswith(kind) for line in table.splitlines()) for kind in kinds)
