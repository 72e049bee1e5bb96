"""Surprise over time, and the envelope of latents."""

import numpy as np
import pytest

from wmp_replay.envelope import Envelope
from wmp_replay.latent import LatentTest
from wmp_replay.latent import judge as judge_latents
from wmp_replay.section import Status
from wmp_replay.surprise import Timeline, segments
from wmp_replay.surprise import judge as judge_surprise
from wmp_replay.thresholds import Thresholds

LIMITS = Thresholds.load()


def test_segments_are_first_and_last_tick_above():
    stamp = np.arange(8) * 0.1
    above = np.array([0, 1, 1, 0, 0, 1, 0, 1], bool)
    found = segments(stamp, above)
    assert found == pytest.approx(np.array([(0.1, 0.2), (0.5, 0.5), (0.7, 0.7)]))


def test_a_walk_above_the_threshold_for_a_fifth_of_the_time_fails_and_says_when():
    stamp = 5.0 + np.arange(100) * 0.1
    smoothed = np.where((stamp >= 7.0) & (stamp < 9.0), 4.0, 1.0)
    section = judge_surprise(Timeline(stamp, smoothed, smoothed), 2.0, "training", 5.0, LIMITS.surprise)
    assert section.status is Status.FAIL
    assert section.figures["share_above"] == pytest.approx(0.2)
    assert "2.0 s to 3.9 s" in section.findings[0].text
    assert (
        judge_surprise(Timeline(stamp, smoothed, smoothed), 5.0, "", 5.0, LIMITS.surprise).status
        is Status.PASS
    )


def cloud(count, seed=0, scale=1.0, shift=0.0):
    """Latents in four of 64 dimensions."""
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(np.random.default_rng(9).normal(size=(64, 4)))[0].T
    return (rng.normal(size=(count, 4)) * scale + shift) @ basis


def test_distance_in_the_pca_space_is_that_of_the_standardised_gaussian():
    """The mean of four squared standard normal values has mean 1."""
    envelope = Envelope.of(cloud(2000))
    assert len(envelope.components) == 4
    assert np.mean(envelope.distance(cloud(2000, seed=1)) ** 2) == pytest.approx(1.0, rel=0.1)


def test_latents_of_the_same_kind_are_inside_and_shifted_ones_are_not():
    envelope = Envelope.of(cloud(400))
    same, shifted = (judge_latents(cloud(400, 1, shift=s), envelope, "", LIMITS.latent) for s in (0.0, 3.0))
    assert same.status is Status.PASS
    assert shifted.status is Status.FAIL
    assert shifted.figures["share_outside"] > 0.9


def test_an_envelope_survives_being_stored(tmp_path):
    envelope = Envelope.of(cloud(100))
    np.savez(tmp_path / "e.npz", **envelope.arrays())
    with np.load(tmp_path / "e.npz") as arrays:
        back = Envelope.from_arrays(arrays)
    np.testing.assert_array_equal(back.distance(cloud(5)), envelope.distance(cloud(5)))
    assert (back.bound, back.count) == (envelope.bound, 100)


def test_a_long_walk_keeps_an_even_selection_of_latents(monkeypatch):
    class Done:
        is_seeded = True

        def __init__(self, n):
            self.h = np.array([float(n)])

    monkeypatch.setattr("wmp_replay.latent.MAX_LATENTS", 8)
    test = LatentTest()
    for n in range(100):
        test.update(Done(n))
    steps = np.diff(test.latents()[:, 0])
    assert len(test.latents()) <= 9
    assert np.all(steps == steps[0])
