"""The stereo error model against its own definition."""

import numpy as np
import pytest

from wmp_sim.depth import StereoNoise
from wmp_sim.depth.noise import edges, shadowed

FOCAL = 211.4
EXACT = StereoNoise(disparity_noise=0.0, disparity_step=0.0, edge_dropout=0.0, minimum_distance=0.0)


def wall(depth, width=200):
    return np.full((4, width), depth, np.float32)


def test_without_errors_only_the_band_unseen_by_the_right_imager_is_lost():
    # Disparity of a wall at 1 m: 211.4 * 0.05 / 1 = 10.57 pixels, so columns 0..10 have no partner.
    image = EXACT.apply(wall(1.0), FOCAL, np.random.default_rng(0))
    assert (image[:, :11] == 0).all()
    np.testing.assert_allclose(image[:, 11:], 1.0, rtol=1e-6)


def test_depth_steps_grow_with_the_square_of_distance():
    noise = StereoNoise(disparity_noise=0.0, edge_dropout=0.0)
    ramp = np.linspace(0.5, 3.0, 20000, dtype=np.float32)[None]
    disparity_levels = np.round(FOCAL * 0.05 / ramp * 32)
    found = noise.apply(np.repeat(ramp, 2, axis=0), FOCAL, np.random.default_rng(0))[0]
    seen = found > 0
    np.testing.assert_allclose(found[seen], FOCAL * 0.05 * 32 / disparity_levels[0][seen], rtol=1e-5)


def test_the_shadow_lies_left_of_a_near_object_and_is_as_wide_as_the_disparity_difference():
    # Object at 0.5 m (disparity 21.14) before a wall at 2 m (5.285): 15.9 pixels of shadow.
    depth = wall(2.0)
    depth[:, 100:140] = 0.5
    hidden = shadowed(FOCAL * 0.05 / depth)
    lost = np.flatnonzero(hidden[0])
    np.testing.assert_array_equal(lost[lost >= 10], np.arange(85, 100))
    assert not hidden[0, 100:].any()


def test_edges_are_found_on_both_sides():
    depth = wall(2.0, 20)
    depth[:, 8:12] = 1.0
    np.testing.assert_array_equal(np.flatnonzero(edges(depth, 0.05)[0]), [7, 8, 11, 12])


def test_what_is_too_near_is_invalid():
    image = StereoNoise().apply(wall(0.1, 400), FOCAL, np.random.default_rng(0))
    assert (image == 0).all()


def test_invalid_pixels_stay_invalid_and_the_seed_decides():
    depth = wall(1.5)
    depth[:, 50:60] = 0.0
    first, second, other = (StereoNoise().apply(depth, FOCAL, np.random.default_rng(s)) for s in (1, 1, 2))
    assert (first[:, 50:60] == 0).all()
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


def test_an_impossible_probability_is_refused():
    with pytest.raises(ValueError, match="edge_dropout is 1.5, expected at most 1"):
        StereoNoise(edge_dropout=1.5)
