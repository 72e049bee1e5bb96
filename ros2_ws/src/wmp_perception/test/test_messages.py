"""Depth messages are converted without loss, or refused with the reason."""

import numpy as np
import pytest
from sensor_msgs.msg import Image

from wmp_perception.messages import image_from_metres, world_model_image
from wmp_testing.tiny_bundle import tiny_contract

DEPTH = tiny_contract().depth


def test_an_image_of_the_contracts_size_survives_the_round_trip():
    metres = np.linspace(0.1, 2.0, 64 * 64, dtype=np.float32).reshape(64, 64)
    np.testing.assert_array_equal(world_model_image(image_from_metres(metres, 1.0, "camera"), DEPTH), metres)


def test_an_empty_image_means_no_image():
    assert world_model_image(image_from_metres(np.zeros((0, 0), np.float32), 1.0, "camera"), DEPTH) is None


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (
            image_from_metres(np.ones((32, 64), np.float32), 1.0, ""),
            r"\(32, 64\), the bundle expects \(64, 64\)",
        ),
        (image_from_metres(np.full((64, 64), np.nan, np.float32), 1.0, ""), "not finite"),
        (Image(height=64, width=64, encoding="16UC1"), "expected '32FC1' with 16384"),
    ],
)
def test_an_invalid_image_is_refused_with_the_reason(image, reason):
    with pytest.raises(ValueError, match=reason):
        world_model_image(image, DEPTH)
