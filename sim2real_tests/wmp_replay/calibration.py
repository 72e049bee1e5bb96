"""Makes the reference of a bundle from walks in simulation."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from wmp_core.bundle import Bundle
from wmp_core.observation import term_slices
from wmp_replay.bag.step import WorldModelStep
from wmp_replay.bag.walk import Walk, load_bag
from wmp_replay.errors import UnusableReferenceError
from wmp_replay.measurements import measure
from wmp_replay.reference import Reference
from wmp_replay.simulated_walk import Course, write_walk
from wmp_replay.thresholds import Thresholds

logger = logging.getLogger(__name__)

#: Walks for a reference that is made without bags: ground without obstacles, for every bundle ...
OPEN_GROUND = (
    Course("flat", 0.0, 0.5, 10.0, 1),
    Course("rough", 0.2, 0.5, 20.0, 2),
    Course("slope", 0.2, 0.4, 10.0, 3),
)
#: ... and the other terrains that a bundle was trained on: difficulty, speed [m/s], time [s] (the walk stays
#: on the track), and heading gain.
OBSTACLES = {"difficulty": 0.2, "speed": 0.5, "seconds": 10.0, "heading_gain": 0.8}
#: A robot has fallen if the z component of unit gravity in base_link exceeds this (-1 is level).
LYING = -0.5


def calibrate(
    bags: Sequence[Path], bundle: Bundle, progress: Callable[[float], None] | None = None
) -> Reference:
    """The reference from all walks together.

    Args:
        progress: called with the share of one walk that is done, 0..1.

    Raises:
        BagError: a bag holds no walk.
        UnusableReferenceError: the walks were made with another bundle.
    """
    walks = [load_bag(bag) for bag in bags]
    tolerance = float(Thresholds.load().exactness["tolerance"])
    measured = measure(_steps(walks, bundle, progress), bundle, tolerance)
    if measured.exactness.first is not None:
        raise UnusableReferenceError(
            f"these walks were not made with {bundle.name}: {measured.exactness.first}; record new ones with "
            "'wmp sim --record'"
        )
    seconds = sum(walk.duration for walk in walks)
    count = f"{len(walks)} simulated walk{'s' if len(walks) > 1 else ''}"
    return Reference.of(measured, bundle, f"{count} of this bundle, {seconds:.0f} s")


def walk_in_simulation(
    bundle: Bundle, folder: Path, progress: Callable[[float], None] | None = None
) -> list[Path]:
    """Bags in ``folder`` of walks of ``bundle`` on :func:`courses`, without those that end in a fall.

    Raises:
        UnusableReferenceError: every walk ended in a fall.
    """
    bags, planned = [], courses(bundle)
    for number, course in enumerate(planned, start=1):
        bag = write_walk(folder / f"walk_{number}", bundle, course)
        if fell(load_bag(bag), bundle):
            logger.warning(
                "left out %s at difficulty %.1f: the robot fell", course.terrain, course.difficulty
            )
        else:
            bags.append(bag)
        if progress is not None:
            progress(number / len(planned))
    if not bags:
        raise UnusableReferenceError(
            f"{bundle.name} fell in all of {len(planned)} walks, expected one that walks"
        )
    return bags


def courses(bundle: Bundle) -> tuple[Course, ...]:
    """Ground without obstacles, and the other terrains that ``bundle`` was trained on."""
    known = {course.terrain for course in OPEN_GROUND}
    trained = [name for name in bundle.metadata.get("terrains", []) if name not in known]
    seeded = enumerate(trained, start=len(OPEN_GROUND) + 1)
    return OPEN_GROUND + tuple(Course(name, seed=seed, **OBSTACLES) for seed, name in seeded)


def fell(walk: Walk, bundle: Bundle) -> bool:
    """Whether the robot lies on its side or back at any world-model tick of ``walk``."""
    gravity = term_slices(bundle.contract.observation.proprioception, bundle.contract.num_joints)[
        "projected_gravity"
    ]
    return any(step.proprioception[gravity][2] > LYING for step in walk.steps(bundle.contract))


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
