"""Makes a bundle's reference from walks in simulation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from wmp_core.bundle import Bundle
from wmp_replay.bag.step import WorldModelStep
from wmp_replay.bag.walk import Walk, load_bag
from wmp_replay.measurements import measure
from wmp_replay.reference import Reference, ReferenceError
from wmp_replay.simulated_walk import Course, write_walk
from wmp_replay.thresholds import Thresholds

#: Walks of a reference that is made without bags.
COURSES = (
    Course("flat", 0.0, 0.5, 10.0, 1),
    Course("rough", 0.2, 0.5, 20.0, 2),
    Course("slope", 0.2, 0.4, 10.0, 3),
)


def calibrate(
    bags: Sequence[Path], bundle: Bundle, progress: Callable[[float], None] | None = None
) -> Reference:
    """The reference of all walks together.

    Raises:
        BagError: a bag holds no walk.
        ReferenceError: the walks are not this bundle's own.
    """
    walks = [load_bag(bag) for bag in bags]
    tolerance = float(Thresholds.load().exactness["tolerance"])
    measured = measure(_steps(walks, bundle, progress), bundle, tolerance)
    if measured.exactness.first is not None:
        raise ReferenceError(
            f"these walks are not {bundle.name}'s: {measured.exactness.first}; record new ones with "
            "'wmp sim --record'"
        )
    seconds = sum(walk.duration for walk in walks)
    count = f"{len(walks)} simulated walk{'s' if len(walks) > 1 else ''}"
    return Reference.of(measured, bundle, f"{count} of this bundle, {seconds:.0f} s")


def walk_in_simulation(
    bundle: Bundle, folder: Path, progress: Callable[[float], None] | None = None
) -> list[Path]:
    """Bags of ``bundle`` on :data:`COURSES`, written below ``folder``."""
    bags = []
    for number, course in enumerate(COURSES, start=1):
        bags.append(write_walk(folder / f"walk_{number}", bundle, course))
        if progress is not None:
            progress(number / len(COURSES))
    return bags


def _steps(
    walks: Sequence[Walk], bundle: Bundle, progress: Callable[[float], None] | None
) -> Iterator[WorldModelStep]:
    episodes = 0
    for walk in walks:
        newest = 0
        for step in walk.steps(bundle.contract, progress):
            newest = step.episode
            yield replace(step, episode=episodes + newest)
        episodes += newest + 1
