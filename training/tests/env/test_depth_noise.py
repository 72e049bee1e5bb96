import pytest
import torch

from wmp_training.env.config import DepthNoise
from wmp_training.env.depth_noise import errors, fattened, shadowed, with_noise

#: Focal length of the policy's camera [pixels]: 64 pixels over 58 degrees.
FOCAL = 57.73


def test_errors_grow_with_the_square_of_distance():
    noise = DepthNoise(dropout=0.0)
    near, far = (with_noise(torch.full((40, 32, 32), distance), noise, FOCAL) for distance in (0.5, 2.0))
    assert near.std().item() == pytest.approx(0.25 * 0.005, rel=0.05)
    assert far.std().item() == pytest.approx(4.0 * 0.005, rel=0.05)


def test_pixels_without_a_measurement_are_zero_and_stay_so():
    depth = torch.full((40, 32, 32), 1.0)
    depth[:, 0] = 0.0
    seen = with_noise(depth, DepthNoise(dropout=0.1), FOCAL)
    assert (seen[:, 0] == 0).all()
    assert (seen[:, 1:] == 0).float().mean().item() == pytest.approx(0.1, rel=0.1)


def test_edges_drop_out_more_often():
    depth = torch.full((200, 32, 32), 1.0)
    depth[:, :, 16:] = 1.5
    lost = (with_noise(depth, DepthNoise(dropout=0.0, edge_dropout=0.3), FOCAL) == 0).float().mean((0, 1))
    assert lost[16].item() == pytest.approx(0.3, rel=0.1)
    assert lost[:16].sum() + lost[17:].sum() == 0


def test_a_share_above_one_is_refused():
    with pytest.raises(ValueError, match="dropout"):
        DepthNoise(dropout=1.5)


def test_a_correlation_of_many_pixels_is_refused():
    with pytest.raises(ValueError, match=r"correlation is 9.0, expected a number in \[0, 8\]"):
        DepthNoise(correlation=9.0)


def test_smooth_errors_have_the_residual_and_the_correlation_of_a_real_d435i():
    """Measured on a D435i: 0.0086 1/m; 0.66 at 8 of its pixels and 0.25 at 16, here 2.19 and 4.38."""
    noise = DepthNoise(disparity=0.0086, correlation=1.8, dropout=0.0)
    error = 1.0 / with_noise(torch.full((2000, 64, 64), 1.0), noise, FOCAL) - 1.0
    assert error.std().item() == pytest.approx(0.0086, rel=0.02)
    assert error[:, 0].std().item() == pytest.approx(0.0086, rel=0.05), "also at the border"
    assert error[:, :, 63].std().item() == pytest.approx(0.0086, rel=0.05)
    for across in (error[:, 16:48, 16:48], error[:, 16:48, 16:48].transpose(1, 2)):
        near, far = (correlation_at(across, distance) for distance in (2.19, 4.38))
        assert near == pytest.approx(0.66, abs=0.05) and far == pytest.approx(0.25, abs=0.05)


def correlation_at(error, distance):
    """Autocorrelation along the last axis, interpolated between whole pixels."""
    whole = int(distance)
    at = [(error[:, :, k:] * error[:, :, : error.shape[2] - k]).mean().item() for k in (whole, whole + 1)]
    return (at[0] + (at[1] - at[0]) * (distance - whole)) / error.square().mean().item()


def test_errors_without_correlation_are_independent():
    error = errors(torch.zeros(500, 32, 32), 0.0)
    assert abs(correlation_at(error, 1.0)) < 0.01


def test_near_objects_grow_by_a_pixel_on_both_sides():
    depth = torch.tensor([[[2.0, 2.0, 1.0, 1.0, 2.0, 0.0, 0.0, 1.0]]])
    edge = edges(depth)
    # Where nothing is measured, nothing grows.
    assert fattened(depth, edge).tolist() == [[[2.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0]]]
    assert torch.equal(fattened(depth, ~edge & False), depth)


def test_the_given_share_of_edges_grows():
    depth = torch.full((400, 32, 32), 2.0)
    depth[:, :, 16:] = 1.0
    noise = DepthNoise(disparity=0.0, dropout=0.0, edge_dropout=0.3, edge_fattening=0.4)
    seen = with_noise(depth, noise, FOCAL)
    assert (seen[:, :, 15] == 1.0).float().mean().item() == pytest.approx(0.4, rel=0.1)
    assert (seen[:, :, 16] == 0.0).float().mean().item() == pytest.approx(0.3, rel=0.1)
    assert (seen[:, :, :15] == 2.0).all() and (seen[:, :, 17:] == 1.0).all()


def test_the_shadow_lies_left_of_near_objects_and_is_as_wide_as_the_difference_of_disparities():
    depth = torch.full((1, 1, 64), 2.0)
    depth[:, :, 30:40] = 0.5
    # 57.73 x 0.05 x (1 / 0.5 - 1 / 2) = 4.3 pixels.
    hidden = torch.nonzero(shadowed(depth, edges(depth), FOCAL * 0.05)[0, 0]).squeeze(-1).tolist()
    assert hidden == [26, 27, 28, 29]
    seen = with_noise(depth, DepthNoise(disparity=0.0, dropout=0.0, edge_dropout=0.0, shadow=0.05), FOCAL)
    assert torch.nonzero(seen[0, 0] == 0).squeeze(-1).tolist() == hidden


def test_shadows_end_at_the_border_and_fall_onto_what_is_out_of_reach():
    depth = torch.zeros(1, 1, 64)
    depth[:, :, 2:6] = 0.5
    # 57.73 x 0.05 / 0.5 = 5.8 pixels, of which 2 are in the image.
    assert torch.nonzero(shadowed(depth, edges(depth), FOCAL * 0.05)[0, 0]).squeeze(-1).tolist() == [0, 1]
    assert not shadowed(depth, edges(depth) & False, FOCAL * 0.05).any()


def edges(depth):
    return torch.diff(depth).abs() > 0.1
