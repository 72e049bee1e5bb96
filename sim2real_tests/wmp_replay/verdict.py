"""From a bag and a bundle to a verdict."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wmp_core.bundle import Bundle
from wmp_replay import dynamics, latent, prediction, surprise
from wmp_replay.bag.walk import Walk, load_bag
from wmp_replay.dynamics import suggested_randomisation
from wmp_replay.measurements import Measurements, measure
from wmp_replay.reference import Reference, find_reference
from wmp_replay.section import Section, Status, worst
from wmp_replay.thresholds import Thresholds

if TYPE_CHECKING:
    from wmp_replay.motors.fit import MotorFit


@dataclass(frozen=True)
class Replay:
    """A walk with its verdict: ``sections`` in the order of the report; ``measured``, the data of charts and
    pictures; ``motor_fit``, None unless requested and possible."""

    walk: Walk
    bundle: Bundle
    reference: Reference
    sections: tuple[Section, ...]
    measured: Measurements
    motor_fit: MotorFit | None = None

    @property
    def status(self) -> Status:
        """Status of the worst section."""
        return worst(section.status for section in self.sections)

    @property
    def exit_code(self) -> int:
        """0 pass, 1 warn, 2 fail."""
        return max(0, int(self.status))

    def section(self, name: str) -> Section:
        """The section called ``name``."""
        return next(section for section in self.sections if section.name == name)

    def to_dict(self) -> dict[str, Any]:
        """The verdict as JSON data."""
        return {
            "format": 1,
            "bag": str(self.walk.path),
            "bundle": {"name": self.bundle.name, "sha256": self.bundle.sha256},
            "reference": self.reference.source,
            "terrain": self.walk.terrain,
            "partial": self.walk.is_partial,
            "verdict": str(self.status),
            "suggested_randomisation": self.randomisation(),
            "no_ranges_because": self.no_ranges_because(),
            "sections": {section.name: section.to_dict() for section in self.sections},
        }

    def randomisation(self) -> dict[str, Any]:
        """Ranges for training that contain this robot; empty if they would rest on data that nobody should
        trust, see :meth:`no_ranges_because`."""
        found = self.measured.dynamics
        if found is None or self.no_ranges_because():
            return {}
        return suggested_randomisation(found, self.reference.dynamics, self.motor_fit)

    def no_ranges_because(self) -> str:
        """Why there are no ranges for training; empty if there are.

        They come from the joints, so the joints must have been judged, and from a recording whose integrity
        and exactness did not fail. A robot that differs from simulation fails dynamics and prediction: its
        ranges are what training needs.
        """
        if self.walk.is_dry_run:
            return "a dry run: the motors did not receive the commands"
        for name in ("integrity", "exactness"):
            if self.section(name).status is Status.FAIL:
                return f"{name} failed"
        if self.measured.dynamics is None or self.section("dynamics").status is Status.SKIP:
            return "the joints were not judged"
        return ""


def replay(
    bag: str | Path | Walk,
    bundle: Bundle,
    reference: Reference | None = None,
    thresholds: Thresholds | None = None,
    progress: Callable[[float], None] | None = None,
    fit: bool = False,
) -> Replay:
    """Judge a recorded walk.

    Args:
        bag: path of a rosbag2 recording, or the result of :func:`~wmp_replay.bag.walk.load_bag`.
        bundle: the bundle that the bag was recorded with.
        reference: figures to compare with; by default :func:`~wmp_replay.reference.find_reference`.
        thresholds: by default the shipped ones.
        progress: called with the share that is done, 0..1; the fit starts again at 0.
        fit: also fit friction, strength and delay of the motors in simulation: 20 s of CPU time.

    Raises:
        BagError: the bag holds no walk.
        UnusableReferenceError: the reference belongs to another bundle.
    """
    walk = bag if isinstance(bag, Walk) else load_bag(bag)
    limits = thresholds or Thresholds.load()
    tolerance = float(limits.exactness["tolerance"])
    known = reference or find_reference(bundle, tolerance)
    measured = measure(walk.steps(bundle.contract, progress), bundle, tolerance, fit)
    if progress is not None:
        progress(1.0)
    sections = _judge(walk, bundle, known, measured, limits)
    motors = _fit(walk, bundle, measured, sections[-1], limits, progress) if fit else None
    return Replay(walk, bundle, known, sections, measured, motors)


def _fit(
    walk: Walk,
    bundle: Bundle,
    measured: Measurements,
    section: Section,
    limits: Thresholds,
    progress: Callable[[float], None] | None,
) -> MotorFit | None:
    """Fit the motors; adds the result, or the reason why there is none, to ``section``."""
    from wmp_replay.motors.fit import FitError, fit_motors  # the simulator takes a second to load

    if walk.is_dry_run or measured.trajectory is None:
        section.add(Status.SKIP, "motors not fitted: the bag holds no walk with joint_states and imu/data")
        return None
    try:
        found = fit_motors(measured.trajectory, bundle.contract, progress)
    except FitError as error:
        section.add(Status.SKIP, f"motors not fitted: {error}")
        return None
    dynamics.judge_fit(section, found, limits.dynamics)
    return found


def _judge(
    walk: Walk, bundle: Bundle, reference: Reference, measured: Measurements, limits: Thresholds
) -> tuple[Section, ...]:
    threshold, source = surprise_threshold(bundle, reference)
    return (
        measured.integrity.section(walk, bundle, reference.roughness, limits.integrity),
        measured.exactness.section(walk.kind),
        prediction.judge(measured.prediction, reference.prediction or None, limits.prediction),
        surprise.judge(measured.surprise, threshold, source, measured.start, limits.surprise),
        latent.judge(measured.latents, reference.envelope, reference.source, limits.latent),
        dynamics.judge(
            None if walk.is_dry_run else measured.dynamics,
            reference.dynamics,
            bundle.contract,
            limits.dynamics,
            "a dry run: the motors did not receive the commands" if walk.is_dry_run else "",
        ),
    )


def surprise_threshold(bundle: Bundle, reference: Reference) -> tuple[float, str]:
    """Threshold of the smoothed KL [nats] and its source: the bundle's calibration, else the reference."""
    if bundle.calibration.surprise is not None:
        return bundle.calibration.surprise, "the bundle's calibration"
    if math.isnan(reference.surprise):
        return math.nan, "unknown"
    return reference.surprise, reference.source
