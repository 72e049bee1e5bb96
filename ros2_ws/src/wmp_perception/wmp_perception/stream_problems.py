"""What is wrong with a camera stream that does arrive: rate, unit, and filters that cannot keep up."""

from __future__ import annotations

from typing import Iterator

from wmp_perception.depth_pipeline import DepthHealth

#: Medians of valid pixels that no D435i measures on the ground before a robot [m]: nearer than its stereo
#: range, further than it sees.
NEAREST, FURTHEST = 0.05, 12.0
#: Frames after which the smoothed rate is judged.
_SETTLED = 10


def stream_problems(health: DepthHealth, required_rate: float, unit: float) -> Iterator[str]:
    """Problems of a stream in real time, each with its cause.

    Args:
        required_rate: lowest rate at which every tick of the world model has an image [Hz].
        unit: metres per count that frames of a topic are taken to have.
    """
    if health.frames < _SETTLED:
        return
    if health.rate < required_rate:
        yield (
            f"{health.rate:.0f} frames per second, expected {required_rate:g} or more: "
            "ticks lack an image; check for USB 2, a long exposure, and the driver's depth profile"
        )
    # Without a queue of frames, slow filters show as a low rate: of those that are taken.
    if health.filter_ms * health.rate > 900.0:
        yield (
            f"the filters need about {round(health.filter_ms, -1):.0f} ms per frame and do not keep up: "
            "choose 424x240, or a computer that is less busy"
        )
    if health.median and not NEAREST <= health.median <= FURTHEST:
        yield (
            f"half of the pixels are {'beyond' if health.median > FURTHEST else 'nearer than'} "
            f"{health.median:.2g} m: check the unit, {unit:g} m per count (depth_unit)"
        )
