import argparse

import pytest
import yaml

from wmp_cli.cli import main
from wmp_core.verification import load_verified
from wmp_replay.bag.writer import write_bag
from wmp_replay.golden_walk import golden_records
from wmp_testing.tiny_bundle import write_tiny_bundle
from wmp_training.checkpoint_facts import load_facts
from wmp_training.cli import train
from wmp_training.ranges import KEYS, load_ranges
from wmp_training.sim.config import RandomisationConfig
from wmp_training.tasks import task


def call(*arguments):
    parser = argparse.ArgumentParser()
    train.command.add_arguments(parser)
    return train.command.run(parser.parse_args([str(a) for a in arguments]))


def test_ranges_suggested_by_a_replay_are_used_recorded_and_kept_on_resume(tmp_path):
    bundle = load_verified(write_tiny_bundle(tmp_path / "bundle", steps=150))
    bag = write_bag(tmp_path / "bag", golden_records(bundle))
    file, run = tmp_path / "suggested_randomisation.yaml", tmp_path / "run"
    main(["replay", str(bag), "--bundle", str(bundle.path), "--randomisation", str(file)])
    suggested = yaml.safe_load(file.read_text())
    assert "action_delay" in suggested

    few = ("--out", run, "--num-envs", 4, "--iterations", 1, "--threads", 1)
    call("--preset", "tiny", "--randomisation", file, *few)
    call("--resume", *few)
    facts = load_facts(run / "checkpoint")
    assert facts["iteration"] == 2
    assert facts["config"]["randomisation"] == suggested
    assert facts["task"]["env"]["action_delay"] == suggested["action_delay"]


def test_ranges_replace_those_of_the_task_and_leave_the_others(tmp_path):
    file = tmp_path / "ranges.yaml"
    file.write_text("strength: [0.7, 1]\njoint_friction: [0, 0.4]\naction_delay: [0.0, 0.012]\n")
    before, after = task("obstacles"), task("obstacles").randomised(load_ranges(file))
    assert after.worlds.randomisation == RandomisationConfig(strength=(0.7, 1.0), joint_friction=(0.0, 0.4))
    assert after.env.action_delay == (0.0, 0.012)
    assert after.env.noise == before.env.noise
    assert after.without(["latency"]).env.action_delay is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no ranges"),
        ("- 1", "holds no ranges"),
        ("gravity: [9, 10]", "'gravity' is not randomised, expected some of .*'strength'"),
        ("strength: []", r"strength is \[\], expected \[low, high\].* in \[0.05, 3\]"),
        ("strength: 0.8", r"strength is 0.8, expected"),
        ("strength: [a, b]", r"strength is \['a', 'b'\], expected"),
        ("strength: [1.1, 0.9]", r"strength is \[1.1, 0.9\], expected .*low <= high in \[0.05, 3\]"),
        ("action_delay: [-0.01, 0.01]", r"action_delay is \[-0.01, 0.01\], expected .* in \[0, 0.25\]"),
        ("joint_friction: [0, .nan]", r"joint_friction is \[0, nan\], expected"),
    ],
)
def test_a_wrong_file_is_refused_with_key_value_and_allowed_range(tmp_path, text, message):
    (tmp_path / "ranges.yaml").write_text(text)
    with pytest.raises(ValueError, match=message):
        load_ranges(tmp_path / "ranges.yaml")


@pytest.mark.parametrize("key", sorted(KEYS))
def test_every_key_reaches_the_task(key):
    low = KEYS[key][0]
    what = task("obstacles").randomised({key: (low, low)})
    owner = what.env if key == "action_delay" else what.worlds.randomisation
    assert getattr(owner, key) == (low, low)
