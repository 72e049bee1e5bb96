import numpy as np
import pytest
import torch

from wmp_core.depth.geometry import clip_depth, normalise
from wmp_training.export.golden import LOST_IMAGES, record_golden
from wmp_training.sim import camera


@pytest.fixture
def golden(networks):
    return record_golden(networks, steps=5 * (max(LOST_IMAGES) + 1))


def test_depth_is_recorded_raw_beyond_the_networks_range(golden, contract):
    far = contract.depth.far
    assert (golden.depth == 0).any()  # nothing in range
    assert (golden.depth > far).any() and ((golden.depth > 0) & (golden.depth < far)).any()


def test_runtime_and_training_normalise_raw_and_clipped_depth_alike(golden, contract):
    clipped = clip_depth(contract.depth, golden.depth)
    seen = normalise(contract.depth, clipped)
    assert seen.max() == 0.5
    np.testing.assert_array_equal(seen, normalise(contract.depth, clip_depth(contract.depth, clipped)))
    for metres in (golden.depth, clipped):
        trained = camera.normalise(contract.depth, torch.from_numpy(metres))
        np.testing.assert_allclose(trained.numpy(), seen, atol=1e-7)


def test_lost_images_are_part_of_the_recording(golden):
    assert np.flatnonzero(~golden.depth_valid).tolist() == list(LOST_IMAGES)
    assert np.isnan(golden.kl[list(LOST_IMAGES)]).all() and np.isfinite(golden.kl[golden.depth_valid]).all()
