"""A camera that delivers and does not see is found out, and one that sees is believed."""

import numpy as np
import pytest

from wmp_perception.image_watch import ImageWatch

PERIOD = 1 / 30


def verdicts(frames, walks_from=0.0):
    """Verdicts on frames at 30 Hz; policy steps come at 50 Hz from ``walks_from`` s on."""
    watch, steps = ImageWatch(), 0
    found = []
    for index, depth in enumerate(frames):
        stamp = index * PERIOD
        while walks_from + steps * 0.02 <= stamp:
            watch.on_step(walks_from + steps * 0.02, steps == 0)
            steps += 1
        found.append(watch.sees(stamp, depth))
    return found


def scene(index, valid=1.0):
    depth = np.zeros(1000, np.uint16)
    depth[: int(valid * 1000)] = 1000 + index
    return depth.reshape(20, 50)


def test_changing_images_are_seen_even_with_few_valid_pixels():
    assert all(verdicts([scene(index, valid=0.05) for index in range(60)]))


@pytest.mark.parametrize("valid", [0.0, 0.01])
def test_a_view_without_valid_pixels_counts_for_a_moment_only(valid):
    found = verdicts([*(scene(i) for i in range(10)), *(scene(i, valid) for i in range(30)), scene(9)])
    # The last telling frame is number 9; 0.3 s are nine frames.
    assert found == [True] * 19 + [False] * 21 + [True]


def test_the_same_image_again_and_again_is_no_image_for_a_robot_that_walks():
    found = verdicts([*(scene(i) for i in range(10)), *([scene(9)] * 30), scene(50)])
    assert found == [True] * 19 + [False] * 21 + [True]


def test_a_robot_that_stands_may_see_the_same_for_ever_and_then_walk():
    found = verdicts([scene(0)] * 60 + [scene(index) for index in range(1, 10)], walks_from=59 * PERIOD)
    assert all(found)
