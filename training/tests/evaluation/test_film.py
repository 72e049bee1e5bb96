"""The film shows the episode that was judged; what it says was foreseen is what the graphs foresaw."""

from itertools import islice

import numpy as np
import pytest
import torch
from PIL import Image

from wmp_core.bundle import Bundle
from wmp_core.testing.tiny_bundle import write_tiny_bundle
from wmp_sim.terrain import make_terrain
from wmp_sim.world import build_world
from wmp_training.evaluation import film
from wmp_training.evaluation.bundle_candidate import BundleCandidate
from wmp_training.evaluation.episodes import run_trials
from wmp_training.evaluation.open_loop import BundlePredictor, Recorder
from wmp_training.evaluation.protocol import Protocol
from wmp_training.evaluation.side_view import GROUND, TRUNK, SideView
from wmp_training.evaluation.trial import Trial
from wmp_training.world_model.prediction import predict

TRIAL, PROTOCOL = Trial("stairs_up", 0.1, 3), Protocol(duration=1.7)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return Bundle.load(write_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny"))


@pytest.fixture(scope="module")
def shot(bundle):
    torch.set_num_threads(1)
    return film.record_footage(bundle, TRIAL, PROTOCOL)


def hue(colour):
    return np.asarray(colour, float) / np.sum(colour)


def test_a_bystander_sees_the_trunk_before_him_and_the_ground_around_it():
    model = build_world(make_terrain("flat", 0.0, np.random.default_rng(0)), "torque", 0.002)
    picture = SideView(model, 48, 27).draw(model.key_qpos[0])
    assert picture.shape == (27, 48, 3) and picture.dtype == np.uint8
    np.testing.assert_allclose(hue(picture[13, 24]), hue(TRUNK), atol=0.02)
    np.testing.assert_allclose(hue(picture[26, 24]), hue(GROUND), atol=0.02)


def test_the_bystander_walks_along():
    model = build_world(make_terrain("flat", 0.0, np.random.default_rng(0)), "torque", 0.002)
    view, there = SideView(model, 48, 27), model.key_qpos[0].copy()
    here = view.draw(there)
    there[0] += 4.0  # a multiple of the ground's ruling
    assert np.abs(view.draw(there).astype(int) - here).max() <= 1


def test_the_film_is_of_the_episode_that_is_judged(bundle, shot):
    footage, outcome = shot
    (judged,) = run_trials(BundleCandidate(bundle), [TRIAL], PROTOCOL)
    assert outcome.progress == judged.progress and outcome.end == judged.end
    assert len(footage.poses) == round(outcome.duration / 0.02)
    assert len(footage.walk.depth[0]) == len(footage.h) == -(-len(footage.poses) // 5)


def test_what_was_foreseen_is_what_the_world_model_predicts_without_images(bundle, shot):
    recorder = Recorder(5)
    run_trials(BundleCandidate(bundle), [TRIAL], PROTOCOL, watch=recorder)
    walk = recorder.windows(length=15)
    expected = predict(BundlePredictor(bundle), walk)[0, -1]  # 5 steps with images, 10 without
    foreseen = film.predict_open_loop(bundle, shot[0])
    torch.testing.assert_close(foreseen[14], expected, atol=1e-5, rtol=0)
    assert (foreseen[:10] == 0.5).all() and not torch.allclose(expected, torch.full((), 0.5))


def test_a_film_plays_at_the_speed_of_life(bundle, shot, tmp_path):
    footage, _ = shot
    reel = list(islice(film.pictures(bundle, TRIAL, footage), 5))
    film.save(reel, 0.06, tmp_path / "new" / "walk.webp")
    with Image.open(tmp_path / "new" / "walk.webp") as played:
        assert played.size == (615, 270) and played.n_frames == 5
        played.seek(1)
        played.load()
        assert played.info["duration"] == 60
    assert film.picture_count(footage) == -(-len(footage.poses) // 3)
