import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wmp_training.world_model.layers import Conv2dSamePad, ImgChLayerNorm, symexp, symlog


@given(st.floats(-1e3, 1e3))
def test_symexp_undoes_symlog(value):
    x = torch.tensor(value, dtype=torch.float64)
    torch.testing.assert_close(symexp(symlog(x)), x, atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize(("size", "kernel", "stride"), [(64, 4, 2), (5, 3, 2), (7, 4, 3), (6, 5, 1)])
def test_same_padding_yields_the_ceiling_of_size_over_stride(size, kernel, stride):
    found = Conv2dSamePad(1, 1, kernel, stride)(torch.zeros(1, 1, size, size))
    assert found.shape[-1] == -(-size // stride)


def test_channel_norm_normalises_each_pixel_over_its_channels():
    image = torch.tensor([[[[1.0, 5.0]], [[3.0, 5.0]]]])  # channels (1, 3) and (5, 5)
    found = ImgChLayerNorm(2, eps=0.0001)(image)
    torch.testing.assert_close(found[0, :, 0, 0], torch.tensor([-1.0, 1.0]), atol=1e-3, rtol=0)
    torch.testing.assert_close(found[0, :, 0, 1], torch.zeros(2))
