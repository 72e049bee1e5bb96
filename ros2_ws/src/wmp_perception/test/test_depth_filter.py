"""The real librealsense filters, without a camera."""

import numpy as np
import pytest

from wmp_core.depth.geometry import CameraIntrinsics
from wmp_perception.depth_filter import DepthFilter, DepthFilterSettings
from wmp_perception.depth_pipeline import DepthPipeline
from wmp_perception.realsense import CameraSettings, RawFrame, RealSenseCamera, RealSenseError
from wmp_testing.tiny_bundle import tiny_contract

D435I = CameraIntrinsics(424, 240, 211.4, 211.4, 212.6, 117.7)

#: Columns of the network's crop: 2 fx tan(29 deg) about cx.
CROP = slice(95, 330)


def box_in_front_of_wall(shift: int, rng: np.random.Generator) -> np.ndarray:
    """A box at 0.9 m before a wall at 1.6 m, with noise, dropouts, stereo shadow and invalid left band."""
    depth = np.full((240, 424), 1600.0)
    left = 150 + shift
    depth[60:200, left : left + 120] = 900.0
    depth += rng.normal(0.0, 2e-6, depth.shape) * depth**2
    depth[rng.random(depth.shape) < 0.03] = 0
    depth[60:200, left - 12 : left] = 0
    depth[:, :25] = 0
    return depth.astype(np.uint16)


def filtered(settings: DepthFilterSettings, frames):
    chain = DepthFilter(settings, D435I, 0.001)
    return [chain.process(frame) for frame in frames]


def scene(count: int):
    rng = np.random.default_rng(7)
    return [box_in_front_of_wall(n, rng) for n in range(count)]


def test_the_same_frames_give_the_same_output():
    first, second = (filtered(DepthFilterSettings(), scene(6)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_an_output_does_not_change_when_the_next_frame_is_processed():
    chain = DepthFilter(DepthFilterSettings(), D435I, 0.001)
    frames = scene(2)
    out = chain.process(frames[0])
    before = out.copy()
    chain.process(frames[1])
    np.testing.assert_array_equal(out, before)


def test_a_flat_wall_keeps_its_distance():
    out = filtered(DepthFilterSettings(), [np.full((240, 424), 1500, np.uint16)] * 3)[-1]
    assert np.abs(out.astype(int) - 1500).max() <= 2


def test_the_default_chain_leaves_no_hole_in_the_networks_crop():
    frames = scene(10)
    assert (frames[-1][:, CROP] == 0).mean() > 0.03
    assert (filtered(DepthFilterSettings(), frames)[-1][:, CROP] == 0).sum() == 0


def test_the_shadow_of_a_box_is_filled_with_the_wall_behind_it():
    out = filtered(DepthFilterSettings(), scene(1))[0]
    shadow = out[80:180, 140:148].astype(float)
    assert abs(np.median(shadow) - 1600) < 20


def outage(gap):
    """Whether a hole of the frame after ``gap`` s is filled with what was there before."""
    pipeline = DepthPipeline(tiny_contract(), DepthFilterSettings(hole_filling="off"), 0.04)
    wall, hole = np.full((240, 424), 1500, np.uint16), np.full((240, 424), 1500, np.uint16)
    hole[100:140, 200:240] = 0
    filtered = []
    process = DepthFilter.process

    def spy(chain, depth):
        filtered.append(process(chain, depth))
        return filtered[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DepthFilter, "process", spy)
        for i in range(5):
            pipeline.on_frame(RawFrame(10.0 + i / 30, wall, D435I, 0.001))
        pipeline.on_frame(RawFrame(10.0 + 4 / 30 + gap, hole, D435I, 0.001))
    return bool(filtered[-1][120, 220])


@pytest.mark.parametrize(
    ("gap", "bridged"), [(1 / 30, True), (0.2, True), (0.3, False), (60.0, False), (-5.0, False)]
)
def test_after_an_outage_or_a_clock_jump_old_pixels_are_forgotten(gap, bridged):
    assert outage(gap) is bridged


def test_without_hole_filling_holes_remain():
    out = filtered(DepthFilterSettings(hole_filling="off", temporal_persistence=0), scene(1))[0]
    assert (out[80:180, 140:148] == 0).mean() > 0.5


def test_noise_shrinks_and_the_edge_stays_sharp():
    raw, out = scene(5)[-1], filtered(DepthFilterSettings(), scene(5))[-1]
    box = (slice(80, 180), slice(180, 240))
    measured = raw[box][raw[box] > 0]
    assert out[box].std() < 0.6 * measured.std()
    assert abs(np.median(out[80:180, 158]) - 900) < 20  # 4 px inside the box's left edge at 154


def test_the_temporal_filter_bridges_one_dropped_frame():
    wall = np.full((240, 424), 1500, np.uint16)
    settings = DepthFilterSettings(hole_filling="off")
    out = filtered(settings, [wall, wall, wall, np.zeros_like(wall)])[-1]
    assert np.median(out) == pytest.approx(1500, abs=2)


@pytest.mark.parametrize(
    "bad",
    [
        {"spatial_magnitude": 6},
        {"temporal_alpha": 1.5},
        {"hole_filling": "right"},
        {"temporal_persistence": -1},
    ],
)
def test_a_bad_setting_is_refused_by_name(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        DepthFilterSettings(**bad)


def test_a_frame_of_another_size_is_refused():
    chain = DepthFilter(DepthFilterSettings(), D435I, 0.001)
    with pytest.raises(ValueError, match=r"\(240, 424\)"):
        chain.process(np.zeros((480, 848), np.uint16))


def test_opening_a_missing_camera_fails_at_once():
    camera = RealSenseCamera(CameraSettings(serial="000000000000"))
    with pytest.raises(RealSenseError, match="no RealSense camera"):
        camera.open()
