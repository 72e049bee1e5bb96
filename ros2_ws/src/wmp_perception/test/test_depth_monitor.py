"""A camera that streams without usable depth is detected; a working camera is not reported."""

import numpy as np
import pytest

from wmp_perception.depth_monitor import DepthMonitor

PERIOD = 1 / 30


def verdicts(frames, walks_from=0.0):
    """Verdicts on frames at 30 Hz; policy steps arrive at 50 Hz from ``walks_from`` s on."""
    monitor, steps = DepthMonitor(), 0
    found = []
    for index, depth in enumerate(frames):
        stamp = index * PERIOD
        while walks_from + steps * 0.02 <= stamp:
            monitor.on_step(walks_from + steps * 0.02, steps == 0)
            steps += 1
        found.append(monitor.is_usable(stamp, depth))
    return found


def scene(index, valid=1.0):
    depth = np.zeros(1000, np.uint16)
    depth[: int(valid * 1000)] = 1000 + index
    return depth.reshape(20, 50)


def test_changing_images_are_usable_even_with_few_valid_pixels():
    assert all(verdicts([scene(index, valid=0.05) for index in range(60)]))


@pytest.mark.parametrize("valid", [0.0, 0.01])
def test_images_without_valid_pixels_are_tolerated_for_0_3_s(valid):
    found = verdicts([*(scene(i) for i in range(10)), *(scene(i, valid) for i in range(30)), scene(9)])
    # The last valid frame is number 9; 0.3 s are nine frames.
    assert found == [True] * 19 + [False] * 21 + [True]


def test_a_repeated_image_is_unusable_while_the_robot_walks():
    found = verdicts([*(scene(i) for i in range(10)), *([scene(9)] * 30), scene(50)])
    assert found == [True] * 19 + [False] * 21 + [True]


def test_a_standing_robot_may_see_the_same_image_for_ever_and_then_walk():
    found = verdicts([scene(0)] * 60 + [scene(index) for index in range(1, 10)], walks_from=59 * PERIOD)
    assert all(found)
