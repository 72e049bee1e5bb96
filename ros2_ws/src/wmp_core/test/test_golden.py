import dataclasses

import numpy as np
import pytest

from wmp_core.golden import GoldenError, GoldenTrajectory
from wmp_testing.tiny_networks import TinyNetworks


def test_a_saved_trajectory_loads_equal(tiny_bundle, tmp_path):
    golden = tiny_bundle.golden
    golden.save(tmp_path / "golden.npz")
    loaded = GoldenTrajectory.load(tmp_path / "golden.npz")
    for field in dataclasses.fields(golden):
        recorded, read = getattr(golden, field.name), getattr(loaded, field.name)
        if field.name == "contract":
            assert read == recorded
        else:
            np.testing.assert_array_equal(read, recorded)


def test_a_trajectory_without_an_array_is_refused_by_name(tiny_bundle_path, tmp_path):
    with np.load(tiny_bundle_path / "golden.npz") as arrays:
        np.savez(tmp_path / "golden.npz", **{name: arrays[name] for name in arrays.files if name != "gyro"})
    with pytest.raises(GoldenError, match="lacks.*gyro"):
        GoldenTrajectory.load(tmp_path / "golden.npz")


def test_arrays_that_contradict_each_other_are_refused_by_name(tiny_bundle):
    with pytest.raises(GoldenError, match=r"history has shape \(50, 200\), expected \(50, 210\)"):
        dataclasses.replace(tiny_bundle.golden, history=np.zeros((50, 200)))
    with pytest.raises(GoldenError, match="multiple of the world-model interval 5"):
        dataclasses.replace(tiny_bundle.golden, q=tiny_bundle.golden.q[:48])


def test_pickled_content_is_never_loaded(tmp_path, tiny_bundle_path):
    with np.load(tiny_bundle_path / "golden.npz") as arrays:
        content = {**{name: arrays[name] for name in arrays.files}, "q": np.array([{}], dtype=object)}
    np.savez(tmp_path / "golden.npz", **content)
    with pytest.raises(ValueError, match="allow_pickle"):
        GoldenTrajectory.load(tmp_path / "golden.npz")


def test_the_tiny_recording_covers_all_cases(tiny_bundle):
    """Rounding cannot flip any class of z; images, gaps, far and invalid pixels all occur."""
    golden, networks = tiny_bundle.golden, TinyNetworks(tiny_bundle.contract)
    assert 0 < np.count_nonzero(golden.depth_valid) < len(golden.depth_valid)
    assert (golden.depth == 0).any() and (golden.depth > 2).any()
    assert all(len(set(column)) > 1 for column in golden.stoch.T)
    for tick, valid in enumerate(golden.depth_valid):
        image = np.clip(np.where(golden.depth[tick] > 0, golden.depth[tick], 2.0), 0, 2) / 2 - 0.5
        deter, proprioception = golden.deter[tick], golden.proprioception[5 * tick]
        logits = (
            networks.posterior_logits(deter, proprioception, image) if valid else networks.prior_logits(deter)
        )
        best = np.sort(logits, axis=-1)
        assert (best[:, -1] - best[:, -2]).min() > 1e-4
