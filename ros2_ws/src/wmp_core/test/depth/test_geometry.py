import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wmp_core.depth.geometry import CameraIntrinsics, DepthProjection, GeometryError, clip_depth, normalise
from wmp_testing.tiny_bundle import tiny_contract

DEPTH = tiny_contract().depth
#: One real D435i at 424x240.
D435I = CameraIntrinsics(424, 240, 211.4, 211.4, 212.6, 117.7)


def pixel_grid(intrinsics):
    return np.meshgrid(np.arange(intrinsics.width), np.arange(intrinsics.height))


def wall_with_slopes(tangent_x, tangent_y):
    """Planar depth of a tilted plane in front of the camera, by the tangents of a ray."""
    return 1.0 / (1.0 + 0.3 * tangent_x - 0.2 * tangent_y)


def test_equal_intrinsics_leave_the_image_unchanged():
    same = CameraIntrinsics(64, 64, DEPTH.focal_length, DEPTH.focal_length, 31.5, 31.5)
    frame = np.random.default_rng(1).uniform(0.1, 1.9, (64, 64)).astype(np.float32)
    np.testing.assert_array_equal(DepthProjection(DEPTH, same)(frame), frame)


def test_a_tilted_plane_is_seen_as_the_ideal_camera_would():
    columns, rows = pixel_grid(D435I)
    frame = wall_with_slopes((columns - D435I.cx) / D435I.fx, (rows - D435I.cy) / D435I.fy)
    seen = DepthProjection(DEPTH, D435I)(frame.astype(np.float32))
    tangent = (np.arange(64) + 0.5 - 32) / (32 / math.tan(math.radians(29)))
    ideal = wall_with_slopes(tangent[None, :], tangent[:, None])
    # Half a source pixel is a tangent of 0.0024; times a slope of at most 0.36 and a squared depth of 1.6.
    np.testing.assert_allclose(seen, ideal, atol=2.2e-3)
    assert abs(np.mean(seen - ideal)) < 1e-4


def test_columns_run_to_the_right_and_rows_run_down():
    columns, rows = pixel_grid(D435I)
    across = DepthProjection(DEPTH, D435I)((0.1 + columns * 1e-3).astype(np.float32))
    down = DepthProjection(DEPTH, D435I)((0.1 + rows * 1e-3).astype(np.float32))
    assert (np.diff(across, axis=1) > 0).all() and not np.diff(across, axis=0).any()
    assert (np.diff(down, axis=0) > 0).all() and not np.diff(down, axis=1).any()


def test_the_first_pixel_comes_from_the_hand_computed_source_pixel():
    """Tangent of pixel 0: -31.5 / 57.73; column 212.6 - 115.35 = 97.25, row 117.7 - 115.35 = 2.35."""
    frame = np.full((240, 424), 1.0, dtype=np.float32)
    frame[2, 97] = 0.5
    seen = DepthProjection(DEPTH, D435I)(frame)
    assert seen[0, 0] == 0.5
    assert np.count_nonzero(seen == 0.5) == 1


def test_rows_beyond_the_source_repeat_its_edge():
    high = CameraIntrinsics(424, 240, 211.4, 211.4, 212.6, 107.7)
    projection = DepthProjection(DEPTH, high)
    frame = np.full((240, 424), 1.0, dtype=np.float32)
    frame[0] = 0.5
    seen = projection(frame)
    # Rows at 107.7 - 211.4 * t: -7.65, -3.99, -0.33 round to a row at or above the first.
    assert (seen[:3] == 0.5).all()
    assert (seen[3:] == 1.0).all()
    assert projection.coverage == pytest.approx(62 / 64)


def test_the_whole_virtual_image_of_a_d435i_is_covered():
    assert DepthProjection(DEPTH, D435I).coverage == 1.0


@pytest.mark.parametrize("invalid", [0.0, math.nan, math.inf, -math.inf, -1.0])
def test_an_invalid_pixel_is_far_not_near(invalid):
    frame = np.full((240, 424), invalid, dtype=np.float32)
    np.testing.assert_array_equal(DepthProjection(DEPTH, D435I)(frame), 2.0)


def test_millimetres_become_metres():
    frame = np.full((240, 424), 1234, dtype=np.uint16)
    frame[:, :212] = 0
    seen = DepthProjection(DEPTH, D435I)(frame, unit=0.001)
    np.testing.assert_allclose(seen[:, 40:], 1.234, rtol=1e-6)
    np.testing.assert_array_equal(seen[:, :20], 2.0)
    assert seen.dtype == np.float32


def test_a_frame_of_another_size_is_refused_with_both_sizes():
    with pytest.raises(GeometryError, match=r"\(480, 848\).*\(240, 424\)"):
        DepthProjection(DEPTH, D435I)(np.zeros((480, 848), dtype=np.uint16))


@pytest.mark.parametrize(
    ("key", "value"),
    [("width", 0), ("fx", 0.0), ("fy", math.nan), ("cx", -1.0), ("cy", 241.0), ("cy", math.nan)],
)
def test_impossible_intrinsics_are_refused_by_name(key, value):
    values = {"width": 424, "height": 240, "fx": 211.4, "fy": 211.4, "cx": 212.6, "cy": 117.7, key: value}
    with pytest.raises(GeometryError, match=key):
        CameraIntrinsics(**values)


def test_normalised_depth_lies_about_zero():
    np.testing.assert_array_equal(normalise(DEPTH, np.array([0.0, 1.0, 2.0])), np.float32([-0.5, 0.0, 0.5]))


@settings(max_examples=50)
@given(st.lists(st.floats(width=32), min_size=1, max_size=20))
def test_the_network_never_sees_a_value_outside_its_range(metres):
    clipped = clip_depth(DEPTH, np.array(metres, dtype=np.float32))
    assert ((clipped >= 0) & (clipped <= 2)).all()
    assert np.abs(normalise(DEPTH, clipped)).max() <= 0.5
