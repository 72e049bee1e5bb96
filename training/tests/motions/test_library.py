import dataclasses
from collections import Counter
from importlib.resources import files

import numpy as np
import pytest
import torch

from wmp_training.motions.gait import FRAME, GAITS, frames
from wmp_training.motions.library import Motion, MotionLibrary, generate
from wmp_training.motions.playback import play

GAIT = {gait.name: gait for gait in GAITS}


def shipped(name):
    return Motion.parse((files("wmp_training.motions") / "data" / f"{name}.json").read_text())


@pytest.mark.parametrize("gait", GAITS, ids=lambda gait: gait.name)
def test_a_shipped_motion_matches_its_provenance(gait):
    motion = shipped(gait.name)
    np.testing.assert_allclose(motion.states, frames(gait), atol=1e-5)
    recorded = motion.provenance["gait"]
    assert recorded == dataclasses.asdict(gait) | {"offsets": list(gait.offsets)}
    assert motion.provenance["playback"]["tilt"] < 0.3
    assert (motion.provenance["playback"]["kp"], motion.provenance["playback"]["kd"]) == (180.0, 4.0)


def test_a_trot_can_be_walked():
    played = play(GAIT["trot"])
    assert not played.fell
    assert played.speed == pytest.approx(0.6, abs=0.1)
    assert played.speed == pytest.approx(shipped("trot").provenance["playback"]["speed"], abs=0.02)


def test_a_gait_on_which_the_robot_falls_is_refused():
    lame = dataclasses.replace(GAIT["bound"], name="lame", speed=1.2, lift=0.16, period=0.6, duty=0.3)
    with pytest.raises(ValueError, match="lame.*falls"):
        generate(lame)


def test_a_saved_motion_loads_unchanged(tmp_path):
    motion = Motion("made", FRAME, np.arange(60.0).reshape(2, 30), {"source": "a test"})
    motion.save(tmp_path)
    again = Motion.parse((tmp_path / "made.json").read_text())
    assert (again.name, again.frame_time, again.provenance) == ("made", FRAME, {"source": "a test"})
    np.testing.assert_array_equal(again.states, motion.states)


def test_transitions_are_successive_states_and_wrap_at_the_end_of_the_period():
    states = np.repeat(np.arange(3.0)[:, None], 30, 1)
    library = MotionLibrary([Motion("made", FRAME, states, {})], FRAME)
    assert library.transitions[:, ::30].tolist() == [[0, 1], [1, 2], [2, 0]]


def test_every_motion_is_sampled_equally_often_whatever_its_length():
    long, short = np.zeros((30, 30)), np.ones((5, 30))
    library = MotionLibrary([Motion("long", FRAME, long, {}), Motion("short", FRAME, short, {})], FRAME)
    drawn = Counter(library.sample(4000, torch.Generator().manual_seed(0))[:, 0].tolist())
    assert drawn[0.0] / 4000 == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("states", [np.zeros((5, 29)), np.zeros((1, 30)), np.full((5, 30), np.nan)])
def test_states_of_a_wrong_shape_or_not_finite_are_refused(states):
    with pytest.raises(ValueError, match="made"):
        Motion("made", FRAME, states, {})


def test_an_unknown_motion_and_a_wrong_period_are_refused():
    with pytest.raises(ValueError, match="moonwalk"):
        MotionLibrary.shipped(FRAME, ["moonwalk"])
    with pytest.raises(ValueError, match="trot"):
        MotionLibrary.shipped(0.01, ["trot"])
    assert set(MotionLibrary.shipped(FRAME).names) == set(GAIT)
