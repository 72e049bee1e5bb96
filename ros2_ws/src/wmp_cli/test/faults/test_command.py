"""``wmp faults``: options and result of each walk, and what is refused before the first one."""

import argparse
import json

import pytest

from wmp_bringup.locations import shipped_parameters
from wmp_bringup.parameters import node_parameters
from wmp_cli import cli
from wmp_cli.faults.walk import robot_safety_limits
from wmp_cli.sim.command import SimCommand
from wmp_cli.sim.settings import settings_from


def safety_limits(parameters):
    return {name: value for name, value in parameters.items() if name.startswith("safety.")}


def test_walks_in_lockstep_use_the_safety_limits_of_the_real_robot(tiny_bundle):
    parser = argparse.ArgumentParser()
    SimCommand().add_arguments(parser)
    options = ["--bundle", str(tiny_bundle), "--lockstep", *robot_safety_limits()]
    (policy,) = (s for s in settings_from(parser.parse_args(options)).specs if s.name == "policy_node")
    simulated, real = (node_parameters(shipped_parameters(mode), "policy_node") for mode in ("sim", "real"))
    assert safety_limits(policy.effective_parameters()) == safety_limits(real) != safety_limits(simulated)


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
    # At once; and after 25 lost states, which the safety limits of a1_sim.yaml would tolerate.
    assert [result["detected_after_ms"] for result in report["faults"]] == [0.0, 50.0]
    output = capsys.readouterr()
    assert all(any(line.startswith(kind) for line in output.out.splitlines()) for kind in kinds)
    assert output.err.splitlines() == ["fault 1 of 2: imu_nan", "fault 2 of 2: udp_loss_100"]
    assert f"wrote {file}" in output.out and f"wrote {tmp_path / 'kept'}: " in output.out


@pytest.fixture
def refused(tiny_bundle, tmp_path, capsys, monkeypatch):
    """Run ``wmp faults`` with options that it must refuse before the first walk; returns its one line."""

    def refuse(*options):
        monkeypatch.setattr("wmp_cli.faults.command.walk_until_fault", None)
        monkeypatch.chdir(tmp_path)
        before = sorted(tmp_path.rglob("*"))
        assert cli.main(["faults", "--bundle", str(tiny_bundle), *options]) == 2
        assert sorted(tmp_path.rglob("*")) == before
        output = capsys.readouterr()
        assert output.out == ""
        (line,) = output.err.splitlines()
        return line

    return refuse


@pytest.mark.parametrize("option", ["--json", "--keep"])
def test_an_output_that_cannot_be_written_is_refused_before_the_first_walk(refused, tmp_path, option):
    (tmp_path / "file").write_text("")
    assert f"wmp faults: {option}: file/new cannot be created" in refused(option, "file/new")


def test_a_report_or_folder_of_another_run_is_not_overwritten(refused, tmp_path):
    (tmp_path / "faults.json").write_text("{}")
    (tmp_path / "kept").mkdir()
    assert "faults.json exists (2 bytes) and would be lost; --overwrite" in refused("--json", "faults.json")
    assert "--keep: kept exists already; name a new folder" in refused("--keep", "kept", "--overwrite")


def test_a_bundle_that_does_not_exist_is_refused_before_the_first_walk(refused):
    assert "wmp faults: no bundle '/nowhere'" in refused("--bundle", "/nowhere")
