"""``wmp faults``: the options of each walk, its result, and what is refused before the first walk."""

import argparse
import json

import pytest

from wmp_bringup.locations import shipped_parameters
from wmp_bringup.parameters import node_parameters
from wmp_cli import cli
from wmp_cli.faults.run import robot_safety_limits
from wmp_cli.sim.command import SimCommand
from wmp_cli.sim.settings import settings_from


def safety_limits(parameters):
    return {name: value for name, value in parameters.items() if name.startswith("safety.")}


def test_in_lockstep_the_simulated_robot_has_the_safety_limits_of_the_real_one(tiny_bundle):
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
    # At once; and after 25 lost states, which the simulation's own safety limits would tolerate.
    assert [result["detected_after_ms"] for result in report["faults"]] == [0.0, 50.0]
    printed = capsys.readouterr()
    assert [line.partition(",")[0] for line in printed.err.splitlines()] == [
        "fault 1 of 2: imu_nan",
        "fault 2 of 2: udp_loss_100",
    ]
    table = printed.out
    assert f"wrote {file}\n" in table
    assert all(any(line.startswith(kind) for line in table.splitlines()) for kind in kinds)


@pytest.fixture
def no_walk(monkeypatch):
    """Fails the test if a walk begins."""

    def walk(*arguments):
        raise AssertionError(f"walked: {arguments}")

    monkeypatch.setattr("wmp_cli.faults.command.run_until_injected", walk)


def test_outputs_that_exist_or_cannot_be_created_are_refused_before_the_first_walk(
    no_walk, tiny_bundle, tmp_path, capsys
):
    file, kept = tmp_path / "faults.json", tmp_path / "kept"
    file.write_text("{}")
    (kept / "imu_nan").mkdir(parents=True)
    (kept / "imu_nan" / "wmp_sim.log").touch()
    for options, error in (
        (["--json", str(file)], "faults.json exists (2 bytes)"),
        (["--json", str(file / "below.json"), "--overwrite"], "below.json cannot be created"),
        (["--keep", str(kept)], "imu_nan is not empty: it holds wmp_sim.log; name another --keep"),
        (["--keep", str(file), "--overwrite"], "imu_nan cannot be created"),
    ):
        assert cli.main(["faults", "--bundle", str(tiny_bundle), "--only", "imu_nan", *options]) == 2
        assert error in capsys.readouterr().err


def test_a_bundle_that_does_not_exist_is_refused_before_the_first_walk(no_walk, capsys):
    assert cli.main(["faults", "--bundle", "/nowhere"]) == 2
    assert "wmp faults: no bundle '/nowhere'" in capsys.readouterr().err
