"""Frames without usable depth are detected; usable frames are accepted."""

import numpy as np
import pytest

from wmp_perception.image_monitor import ImageMonitor

PERIOD = 1 / 30


def verdicts(frames, walk_start=0.0):
    """Verdicts on frames at 30 Hz; policy steps arrive at 50 Hz from ``walk_start`` s on."""
    monitor, steps = ImageMonitor(), 0
    found = []
    for index, depth in enumerate(frames):
        stamp = index * PERIOD
        while walk_start + steps * 0.02 <= stamp:
            monitor.on_step(walk_start + steps * 0.02, steps == 0)
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
def test_a_view_without_valid_pixels_is_accepted_for_0_3_s(valid):
    found = verdicts([*(scene(i) for i in range(10)), *(scene(i, valid) for i in range(30)), scene(9)])
    # Frame 9 is the last valid one; 0.3 s are nine frames.
    assert found == [True] * 19 + [False] * 21 + [True]


def test_repeated_images_are_unusable_while_the_robot_walks():
    found = verdicts([*(scene(i) for i in range(10)), *([scene(9)] * 30), scene(50)])
    assert found == [True] * 19 + [False] * 21 + [True]


def test_repeated_images_are_usable_while_the_robot_stands_and_when_it_starts_to_walk():
    found = verdicts([scene(0)] * 60 + [scene(index) for index in range(1, 10)], walk_start=59 * PERIOD)
    assert all(found)
