"""Confidence intervals behave as statistics says."""

import numpy as np
import pytest

from wmp_replay.bootstrap import interval


def test_equal_samples_have_an_interval_without_width():
    np.testing.assert_allclose(interval(np.full((12, 2), 0.3)), np.full((3, 2), 0.3))


def test_width_is_that_of_the_normal_distribution():
    samples = np.random.default_rng(1).normal(5.0, 2.0, 400)
    mean, low, high = interval(samples)
    assert mean == pytest.approx(samples.mean())
    assert (high - low) == pytest.approx(2 * 1.96 * 2.0 / 20.0, rel=0.15)


def test_blocks_widen_the_interval_of_samples_that_repeat():
    samples = np.random.default_rng(2).normal(size=50).repeat(8)
    single, blocks = interval(samples), interval(samples, block=8)
    assert (blocks[2] - blocks[1]) > 2 * (single[2] - single[1])


def test_samples_of_less_than_two_blocks_have_a_mean_and_no_interval():
    samples = np.array([[1.0, 5.0], [2.0, np.nan], [6.0, 7.0]])
    mean, low, high = interval(samples, block=2)
    assert mean.tolist() == [3.0, 6.0]
    assert np.isnan([low, high]).all()
    assert np.isfinite(interval(np.concatenate([samples, samples[:1]]), block=2)[:, 0]).all()
    assert np.isnan(interval(np.array([1.0]))[1:]).all()


def test_missing_samples_do_not_count():
    samples = np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan]])
    mean, low, high = interval(samples)
    assert mean[0] == 2.0 and low[0] == 1.0 and high[0] == 3.0
    assert np.isnan([mean[1], low[1], high[1]]).all()
