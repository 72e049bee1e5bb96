import pytest
import torch

from wmp_training.world_model.encoder import ConvEncoder
from wmp_training.world_model.layers import ImgChLayerNorm


@pytest.mark.parametrize("restored", [False, True])
def test_images_stay_channels_last_through_all_layers(restored):
    encoder = ConvEncoder((64, 64), (2, 4, 4, 4))
    if restored:
        encoder.load_state_dict(
            {name: value.clone().contiguous() for name, value in encoder.state_dict().items()}
        )
    stored = []
    for layer in encoder.layers:
        if isinstance(layer, ImgChLayerNorm):
            layer.register_forward_pre_hook(
                lambda _, given: stored.append(given[0].is_contiguous(memory_format=torch.channels_last))
            )
    encoder(torch.rand(3, 1, 64, 64))
    assert stored == [True] * 4


def test_the_memory_format_of_the_weights_does_not_change_the_result():
    encoder = ConvEncoder((64, 64), (2, 4, 4, 4))
    image = torch.rand(3, 1, 64, 64)
    code = encoder(image)
    first = encoder.layers[0]
    first.weight.data = torch.empty(first.weight.shape).copy_(first.weight.data)
    torch.testing.assert_close(encoder(image), code, atol=1e-4, rtol=0)
    torch.testing.assert_close(
        first(image[:1])[0, 0, 0, 0], (first.weight[0, 0, 1:, 1:] * image[0, 0, :3, :3]).sum()
    )
