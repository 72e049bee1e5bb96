import dataclasses
import math

import pytest
import torch

from wmp_core.verification import load_verified
from wmp_testing.tiny_bundle import write_tiny_bundle
from wmp_training.evaluation.bundle_candidate import BundleCandidate
from wmp_training.evaluation.disturbances import Disturbances
from wmp_training.evaluation.episodes import DelayedDepth, run_trials, steer
from wmp_training.evaluation.protocol import Protocol
from wmp_training.evaluation.tracks import Tracks
from wmp_training.evaluation.trial import CellKey, Trial, trials

SHORT = Protocol(duration=0.6)


@pytest.fixture(scope="module")
def candidate(tmp_path_factory):
    torch.set_num_threads(1)
    return BundleCandidate(load_verified(write_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny")))


class Clock:
    """In the place of tracks; every image is as deep as the number of images so far, in cm."""

    num_robots = 2

    def __init__(self):
        self.looks = 0

    def render(self, robots, pitch):
        self.looks += 1
        return torch.full((len(robots), 64, 64), 0.01 * self.looks)


def camera_of(candidate, tracks, blind, condition="nominal"):
    pair = [Trial("flat", 0.0, seed, condition) for seed in (1, 2)]
    return DelayedDepth(candidate.contract, tracks, blind, Disturbances(candidate.contract, pair))


def shown(image):
    return round(float((image[0, 0, 0] + 0.5) * 200.0))


def test_an_image_is_one_interval_old_and_the_first_one_shows_the_standing_robot(candidate):
    camera, taken = camera_of(candidate, Clock(), "no"), {}
    for tick in range(16):
        before = camera.tracks.looks
        due, image, arrived = camera.images(tick, torch.arange(2))
        if camera.tracks.looks > before:
            taken[camera.tracks.looks] = tick
        if tick % 5 == 0:
            assert due.tolist() == [0, 1] and arrived.all()
            assert taken.get(shown(image), -5) == tick - 5
        else:
            assert len(due) == 0


def test_a_blinded_robot_gets_empty_images_or_none(candidate):
    clock = Clock()
    far = camera_of(candidate, clock, "far").images(0, torch.arange(2))
    assert (far[1] == 0.5).all() and far[2].all() and clock.looks == 0
    assert not camera_of(candidate, clock, "prior").images(0, torch.arange(2))[2].any()


def test_the_command_steers_back_to_the_track(contract):
    states = Tracks(contract, [Trial("flat", 0.0, 1)], varied=False).states()
    half = 0.25
    left = dataclasses.replace(states, quat=torch.tensor([[half, 0.0, 0.0, (1 - half**2) ** 0.5]]))
    command = steer(left, Protocol(), (-1.0, 1.0))
    assert command.tolist()[0] == pytest.approx([0.6, 0.0, -1.0])
    assert steer(left, Protocol(heading_gain=0.0), (-1.0, 1.0))[0, 2] == 0.0
    slightly = dataclasses.replace(states, quat=torch.tensor([[1.0, 0.0, 0.0, 0.05]]) / (1 + 0.05**2) ** 0.5)
    assert float(steer(slightly, Protocol(), (-1.0, 1.0))[0, 2]) == pytest.approx(-0.08, rel=1e-2)


def test_every_trial_gets_one_episode_and_the_evaluation_repeats_exactly(candidate):
    cell = trials(CellKey("climb", 0.5), 3, seed=1)
    first = run_trials(candidate, cell, SHORT)
    assert [outcome.trial for outcome in first] == cell
    assert all(outcome.end == "time" and outcome.duration == pytest.approx(0.6) for outcome in first)
    assert len({outcome.progress for outcome in first}) == 3
    assert str(run_trials(candidate, cell, SHORT)) == str(first)


def test_depth_images_change_the_walk(candidate):
    cell = [Trial("crawl", 0.9, 3)]
    seeing, blind = (run_trials(candidate, cell, Protocol(duration=0.6, blind=b))[0] for b in ("no", "far"))
    assert seeing.progress != blind.progress


def test_surprise_exists_only_with_images(candidate):
    cell = [Trial("rough", 0.5, 3)]
    seeing, unseeing = (
        run_trials(candidate, cell, Protocol(duration=0.6, blind=b))[0] for b in ("no", "prior")
    )
    assert seeing.surprise > 0 and math.isnan(unseeing.surprise)
