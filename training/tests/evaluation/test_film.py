"""A film shows the evaluated episode and the open-loop prediction of the exported graphs."""

from itertools import islice

import numpy as np
import pytest
import torch
from PIL import Image

from wmp_core.verification import load_verified
from wmp_sim.terrain import make_terrain
from wmp_sim.world import build_world
from wmp_testing.tiny_bundle import write_tiny_bundle
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
    return load_verified(write_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny"))


@pytest.fixture(scope="module")
def shot(bundle):
    torch.set_num_threads(1)
    return film.record_footage(bundle, TRIAL, PROTOCOL)


def hue(colour):
    return np.asarray(colour, float) / np.sum(colour)


def test_the_side_view_shows_the_trunk_in_the_middle_and_ground_below():
    model = build_world(make_terrain("flat", 0.0, np.random.default_rng(0)), "torque", 0.002)
    picture = SideView(model, 48, 27).draw(model.key_qpos[0])
    assert picture.shape == (27, 48, 3) and picture.dtype == np.uint8
    np.testing.assert_allclose(hue(picture[13, 24]), hue(TRUNK), atol=0.02)
    np.testing.assert_allclose(hue(picture[26, 24]), hue(GROUND), atol=0.02)


def test_the_side_view_moves_with_the_robot():
    model = build_world(make_terrain("flat", 0.0, np.random.default_rng(0)), "torque", 0.002)
    view, there = SideView(model, 48, 27), model.key_qpos[0].copy()
    here = view.draw(there)
    there[0] += 4.0  # a multiple of the spacing of the lines on the ground
    assert np.abs(view.draw(there).astype(int) - here).max() <= 1


def test_the_film_shows_the_evaluated_episode(bundle, shot):
    footage, outcome = shot
    (evaluated,) = run_trials(BundleCandidate(bundle), [TRIAL], PROTOCOL)
    assert outcome.progress == evaluated.progress and outcome.end == evaluated.end
    assert len(footage.poses) == round(outcome.duration / 0.02)
    assert len(footage.walk.depth[0]) == len(footage.h) == -(-len(footage.poses) // 5)


def test_the_filmed_prediction_is_the_open_loop_prediction(bundle, shot):
    recorder = Recorder(5)
    run_trials(BundleCandidate(bundle), [TRIAL], PROTOCOL, watch=recorder)
    walk = recorder.windows(length=15)
    expected = predict(BundlePredictor(bundle), walk)[0, -1]  # 5 steps with images, 10 without
    predicted = film.predict_open_loop(bundle, shot[0])
    torch.testing.assert_close(predicted[14], expected, atol=1e-5, rtol=0)
    assert (predicted[:10] == 0.5).all() and not torch.allclose(expected, torch.full((), 0.5))


def test_a_film_plays_in_real_time(bundle, shot, tmp_path):
    footage, _ = shot
    reel = list(islice(film.pictures(bundle, TRIAL, footage), 5))
    film.save(reel, 0.06, tmp_path / "new" / "walk.webp")
    with Image.open(tmp_path / "new" / "walk.webp") as played:
        assert played.size == (615, 270) and played.n_frames == 5
        played.seek(1)
        played.load()
        assert played.info["duration"] == 60
    assert film.picture_count(footage) == -(-len(footage.poses) // 3)
