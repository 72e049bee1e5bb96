import pytest
import torch

from wmp_training.env.config import DepthNoise
from wmp_training.env.depth_noise import with_noise


def test_errors_grow_with_the_square_of_distance():
    noise = DepthNoise(dropout=0.0)
    near, far = (with_noise(torch.full((40, 32, 32), distance), noise) for distance in (0.5, 2.0))
    assert near.std().item() == pytest.approx(0.25 * 0.005, rel=0.05)
    assert far.std().item() == pytest.approx(4.0 * 0.005, rel=0.05)


def test_pixels_without_a_measurement_are_zero_and_stay_so():
    depth = torch.full((40, 32, 32), 1.0)
    depth[:, 0] = 0.0
    seen = with_noise(depth, DepthNoise(dropout=0.1))
    assert (seen[:, 0] == 0).all()
    assert (seen[:, 1:] == 0).float().mean().item() == pytest.approx(0.1, rel=0.1)


def test_edges_drop_out_more_often():
    depth = torch.full((200, 32, 32), 1.0)
    depth[:, :, 16:] = 1.5
    lost = (with_noise(depth, DepthNoise(dropout=0.0, edge_dropout=0.3)) == 0).float().mean((0, 1))
    assert lost[16].item() == pytest.approx(0.3, rel=0.1)
    assert lost[:16].sum() + lost[17:].sum() == 0


def test_a_share_above_one_is_refused():
    with pytest.raises(ValueError, match="dropout"):
        DepthNoise(dropout=1.5)
