"""A camera stream that arrives is judged by rate, filters and distances."""

from dataclasses import replace

import pytest

from wmp_perception.depth_pipeline import DepthHealth
from wmp_perception.stream_problems import stream_problems

GOOD = DepthHealth(frames=100, rate=30.0, filter_ms=3.0, median=1.2)


def found(**changes):
    return list(stream_problems(replace(GOOD, **changes), 12.5, 0.001))


def test_a_good_stream_has_no_problem():
    assert found() == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rate": 6.0}, "6 frames per second, expected 12.5 or more"),
        # 47 ms per frame make 21 frames per second of the camera's 30.
        ({"rate": 21.0, "filter_ms": 47.0}, "the filters need about 50 ms per frame"),
        ({"median": 20.0}, "half of the pixels are beyond 20 m"),
        ({"median": 0.02}, "half of the pixels are nearer than 0.02 m"),
    ],
)
def test_each_problem_names_its_cause(changes, words):
    (problem,) = found(**changes)
    assert words in problem


def test_the_first_frames_and_a_covered_lens_are_not_judged():
    assert found(frames=5, rate=6.0) == [] and found(median=0.0) == []
