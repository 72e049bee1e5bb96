"""``wmp sim`` refuses a mistake before it creates or starts anything."""

import argparse
import json

import pytest

from wmp_cli import cli
from wmp_cli.sim.command import SimCommand
from wmp_cli.sim.settings import settings_from, viewer_port

LOG = "log"


@pytest.fixture
def refused(tiny_bundle, tmp_path, capsys, monkeypatch):
    """Run ``wmp sim`` with options that it must refuse; returns its one line. Nothing may be created."""

    def refuse(*options):
        monkeypatch.chdir(tmp_path)
        before = sorted(tmp_path.rglob("*"))
        assert cli.main(["sim", "--bundle", str(tiny_bundle), "--log-dir", LOG, *options]) == 2
        assert sorted(tmp_path.rglob("*")) == before
        (line,) = capsys.readouterr().err.splitlines()
        return line

    return refuse


def settings(tiny_bundle, tmp_path, *options):
    parser = argparse.ArgumentParser()
    SimCommand().add_arguments(parser)
    words = ["--bundle", str(tiny_bundle), "--log-dir", str(tmp_path / LOG), *options]
    return settings_from(parser.parse_args(words))


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--vx", "5", "--vx is 5 m/s, but tiny was trained for 0 to 0.8"),
        ("--vx", "-0.1", "--vx is -0.1 m/s, but tiny was trained for 0 to 0.8"),
        ("--vy", "0.4", "--vy is 0.4 m/s, but tiny was trained for 0 to 0"),
        ("--yaw", "1.5", "--yaw is 1.5 rad/s, but tiny was trained for -1 to 1"),
        ("--vx", "nan", "--vx is nan m/s"),
        ("--domain-id", "500", "--domain-id is 500, expected 0 to 232"),
        ("--duration", "-1", "--duration is -1"),
        ("--terrain", "stairs", "terrain is 'stairs'"),
        ("--difficulty", "1.5", "difficulty of flat is 1.5"),
        ("--fault", "imu", "imu"),
    ],
)
def test_a_value_out_of_range_is_refused_with_the_range(refused, option, value, expected):
    assert expected in refused(option, value)


@pytest.mark.parametrize("option", ["--record", "--json", "--flights", "--log-dir"])
def test_a_target_that_cannot_be_made_is_refused(refused, tmp_path, option):
    (tmp_path / "file").write_text("")
    assert f"{option}: file/new cannot be created" in refused(option, "file/new")


def test_figures_of_another_run_are_kept(refused, tmp_path):
    (tmp_path / "sim.json").write_text(json.dumps({"seed": 1}))
    assert "--json: sim.json exists (11 bytes) and would be lost; --overwrite replaces it" in refused(
        "--json", "sim.json"
    )


def test_figures_are_replaced_on_request(tiny_bundle, tmp_path):
    (tmp_path / "sim.json").write_text("{}")
    asked = settings(tiny_bundle, tmp_path, "--json", str(tmp_path / "sim.json"), "--overwrite")
    assert asked.json_file == tmp_path / "sim.json"


def test_a_bag_is_never_replaced(refused, tmp_path):
    (tmp_path / "bag").mkdir()
    assert "exists already; name a new folder" in refused("--record", "bag", "--overwrite")


def test_a_terrain_that_the_policy_was_not_trained_on_is_a_warning(tiny_bundle, tmp_path):
    metadata = json.loads((tiny_bundle / "bundle.json").read_text())
    metadata["training"]["terrains"] = ["flat", "rough"]
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in tiny_bundle.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    (copy / "bundle.json").write_text(json.dumps(metadata))
    (warning,) = settings(copy, tmp_path, "--terrain", "gap").warnings
    assert warning == "tiny was not trained on gap, only on flat, rough"
    assert settings(copy, tmp_path, "--terrain", "rough").warnings == ()


def test_the_heading_is_held_unless_it_is_asked_otherwise(tiny_bundle, tmp_path):
    assert settings(tiny_bundle, tmp_path).heading_gain == 0.8
    assert settings(tiny_bundle, tmp_path, "--heading-gain", "0").heading_gain == 0.0


def test_the_cockpit_is_one_more_node_which_the_walk_does_not_need(tiny_bundle, tmp_path):
    without, run = settings(tiny_bundle, tmp_path), settings(tiny_bundle, tmp_path, "--view")
    assert "viewer" not in [spec.name for spec in without.specs]
    (viewer,) = [spec for spec in run.specs if spec.name == "viewer"]
    assert not viewer.required
    assert viewer.parameters["bundle"] == str(run.bundle_folder)
    assert viewer_port(run) == viewer.parameters["port"] > 0
    assert "drive" not in viewer.parameters  # wmp sim drives the robot itself
    assert "token" not in viewer.parameters  # parameters are in files that others can read
