"""Errors of depth images, worked out by hand."""

import numpy as np
import pytest

from wmp_replay.image_errors import edge_band, image_errors, roughness, ssim


def test_error_counts_only_where_something_is_near():
    truth = np.full((1, 8, 8), 2.0)
    truth[0, :2] = 1.0  # 16 of 64 pixels are nearer than far
    guess = truth.copy()
    guess[0, :2] = 1.25
    guess[0, 4:] = 0.5  # far pixels do not count
    assert image_errors(guess, truth, far=2.0).masked[0] == pytest.approx(0.25)


def test_edge_band_is_two_pixels_on_each_side_of_a_step():
    depth = np.full((8, 8), 1.0)
    depth[:, 4:] = 1.5
    assert edge_band(depth).any(axis=0).tolist() == [False, False, True, True, True, True, False, False]


def test_edge_error_sees_only_the_band():
    truth = np.full((1, 8, 8), 1.0)
    truth[0, :, 4:] = 1.5
    guess = truth.copy()
    guess[0, :, 0] = 0.2  # far from the edge
    guess[0, :, 3] += 0.4  # a quarter of the band
    assert image_errors(guess, truth, far=2.0).edge[0] == pytest.approx(0.1)


def test_ssim_of_equal_images_is_one_and_of_noise_is_low():
    rng = np.random.default_rng(0)
    image = rng.uniform(0, 2, (64, 64))
    assert ssim(image, image, 2.0) == pytest.approx(1.0, abs=1e-4)
    assert ssim(image, rng.uniform(0, 2, (64, 64)), 2.0) < 0.2


def test_ssim_of_two_flat_images_is_the_luminance_term():
    c1 = (0.01 * 2.0) ** 2
    expected = (2 * 0.5 * 1.5 + c1) / (0.5**2 + 1.5**2 + c1)
    assert ssim(np.full((32, 32), 0.5), np.full((32, 32), 1.5), 2.0) == pytest.approx(expected, rel=1e-3)


def test_an_image_that_was_not_recorded_has_no_error():
    errors = image_errors(np.ones((1, 8, 8)), np.full((1, 8, 8), np.nan), far=2.0)
    assert np.isnan([errors.masked[0], errors.edge[0], errors.ssim[0]]).all()


def test_roughness_is_the_noise_and_not_the_slope_or_the_edge():
    depth = np.tile(np.linspace(0.5, 1.5, 64), (64, 1))
    depth[:, 40:] -= 0.4
    assert roughness(depth, far=2.0) == pytest.approx(0.0, abs=1e-9)
    noisy = depth + np.random.default_rng(0).normal(0, 0.005, depth.shape)
    # Second difference of white noise: sd sqrt(6) x 5 mm, median of its absolute value 0.6745 of that.
    assert roughness(noisy, far=2.0) == pytest.approx(0.6745 * np.sqrt(6) * 0.005, rel=0.1)
    assert np.isnan(roughness(np.full((64, 64), 2.0), far=2.0))
