"""How well does open-loop prediction match the walk, compared with persistence and with simulation?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from wmp_core.bundle import Bundle
from wmp_core.observation import scale_vector, term_slices
from wmp_replay.bootstrap import interval
from wmp_replay.image_errors import edge_bands, image_errors
from wmp_replay.open_loop import Prediction, context_state, roll_out, shuffled_actions
from wmp_replay.section import Section, Status
from wmp_replay.thresholds import Limit
from wmp_replay.windows import CONTEXT, HORIZONS, LENGTH, WindowCutter, Windows, join

NAME = "prediction"
#: World-model steps between the starts of two windows, and windows per batch.
STRIDE, BATCH = 5, 16
#: Windows with the largest error that are kept as pictures, besides the first.
PICTURES = 3
GUESSES = ("model", "persistence", "shuffled")
#: Key of the depth error of persistence in a reference.
COPIED = "copied_depth_m"
IMAGE_METRICS = ("depth_m", "edge_m", "ssim")
UNITS = {
    "base_angular_velocity": "rad/s",
    "projected_gravity": "1",
    "joint_position_error": "rad",
    "joint_velocity": "rad/s",
}


class Picture(NamedTuple):
    """A window to show: ``context [H, W]`` m, the last image of the context; ``truth`` and ``predicted``
    ``[K, H, W]`` m at ``ahead [K]`` steps; ``window``, the whole window."""

    stamp: float
    error: float
    context: np.ndarray
    ahead: tuple[int, ...]
    truth: np.ndarray
    predicted: np.ndarray
    window: Windows


@dataclass(frozen=True)
class PredictionErrors:
    """Errors of every window: ``samples[guess][metric] [N, K]`` at the steps ahead of ``HORIZONS``.

    Guesses: ``model``; ``persistence``, the last context step unchanged; ``shuffled``, the model with
    permuted actions. Metrics: depth [m], depth along edges [m], SSIM, each term of proprioception in its
    unit. ``stamp [N]`` s.
    """

    samples: dict[str, dict[str, np.ndarray]]
    stamp: np.ndarray

    def intervals(self) -> dict[str, dict[str, np.ndarray]]:
        """Mean, lower and upper 95 % bound ``[3, K]`` of each; bounds are NaN if all windows overlap."""
        block = -(-LENGTH // STRIDE)  # windows that share steps
        return {
            guess: {metric: interval(values, block) for metric, values in metrics.items()}
            for guess, metrics in self.samples.items()
        }


class PredictionTest:
    """Predicts from every :data:`STRIDE`-th step; update it with every recorded step in order."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._cutter = WindowCutter(bundle.contract, STRIDE)
        self._waiting: list[Windows] = []
        self._errors: list[dict[str, dict[str, np.ndarray]]] = []
        self._stamps: list[np.ndarray] = []
        contract = bundle.contract
        terms, joints = contract.observation.proprioception, contract.num_joints
        self._scale = scale_vector(terms, joints)
        slices = term_slices(terms, joints)
        self.terms = {name: part for name, part in slices.items() if name != "command"}
        self.first: Picture | None = None
        self.worst: list[Picture] = []

    def update(self, step: Any) -> None:
        """Add the next recorded step."""
        window = self._cutter.update(step)
        if window is not None:
            self._waiting.append(window)
        if len(self._waiting) == BATCH:
            self._flush()

    def finish(self) -> PredictionErrors | None:
        """All errors; None if the walk has no :data:`LENGTH` consecutive steps."""
        if self._waiting:
            self._flush()
        if not self._errors:
            return None
        samples = {
            guess: {
                metric: np.concatenate([part[guess][metric] for part in self._errors])
                for metric in self._errors[0][guess]
            }
            for guess in GUESSES
        }
        return PredictionErrors(samples, np.concatenate(self._stamps))

    def with_every_step(self, picture: Picture) -> Picture:
        """``picture`` with every step up to the largest horizon."""
        ahead = tuple(range(1, max(HORIZONS) + 1))
        state = context_state(self._bundle, picture.window)
        predicted = roll_out(self._bundle, picture.window, state, horizons=ahead)
        return picture._replace(
            ahead=ahead, truth=picture.window.depth[0, CONTEXT:], predicted=predicted.depth[0]
        )

    def _flush(self) -> None:
        windows, self._waiting = join(self._waiting), []
        state = context_state(self._bundle, windows)
        predicted = roll_out(self._bundle, windows, state)
        shuffled = shuffled_actions(windows, self._bundle.contract.num_joints)
        guesses = {
            "model": predicted,
            "persistence": _persistence(windows),
            "shuffled": roll_out(self._bundle, windows, state, shuffled),
        }
        places = [CONTEXT + ahead - 1 for ahead in HORIZONS]
        bands = edge_bands(windows.depth[:, places].reshape(-1, *windows.depth.shape[2:]))
        errors = {guess: self._judge(windows, prediction, bands) for guess, prediction in guesses.items()}
        self._errors.append(errors)
        self._stamps.append(windows.stamp)
        self._keep_pictures(windows, predicted, errors["model"]["depth_m"])

    def _judge(self, windows: Windows, guess: Prediction, bands: np.ndarray) -> dict[str, np.ndarray]:
        places = [CONTEXT + ahead - 1 for ahead in HORIZONS]
        truth, count = windows.depth[:, places], len(windows)
        size = truth.shape[2:]
        images = image_errors(
            guess.depth.reshape(-1, *size), truth.reshape(-1, *size), self._bundle.contract.depth.far, bands
        )
        errors = dict(zip(IMAGE_METRICS, (e.reshape(count, -1) for e in images), strict=True))
        difference = np.abs(guess.proprioception - windows.proprioception[:, places]) / self._scale
        return errors | {name: difference[..., part].mean(axis=-1) for name, part in self.terms.items()}

    def _keep_pictures(self, windows: Windows, predicted: Prediction, errors: np.ndarray) -> None:
        places = [CONTEXT + ahead - 1 for ahead in HORIZONS]
        for i in range(len(windows)):
            error = float(np.nan_to_num(np.nanmean(errors[i]) if np.isfinite(errors[i]).any() else 0.0))
            picture = Picture(
                float(windows.stamp[i]),
                error,
                windows.depth[i, CONTEXT - 1],
                HORIZONS,
                windows.depth[i, places],
                predicted.depth[i],
                windows.only(i),
            )
            if self.first is None:
                self.first = picture
            self.worst = sorted([*self.worst, picture], key=lambda each: -each.error)[:PICTURES]


def _persistence(windows: Windows) -> Prediction:
    count = len(HORIZONS)
    depth = windows.depth[:, CONTEXT - 1 : CONTEXT].repeat(count, 1)
    return Prediction(depth, windows.proprioception[:, CONTEXT - 1 : CONTEXT].repeat(count, 1))


def judge(
    errors: PredictionErrors | None, reference: dict[str, np.ndarray] | None, thresholds: dict[str, Any]
) -> Section:
    """The verdict.

    Args:
        reference: metric -> mean, lower, upper bound ``[3, K]`` of the model's error in simulation.
    """
    section = Section(NAME)
    if errors is None:
        section.add(
            Status.SKIP, f"no {LENGTH} consecutive world-model steps that start with {CONTEXT} images"
        )
        return section
    horizon = int(thresholds["horizon"])
    if horizon not in HORIZONS:
        section.add(Status.FAIL, f"thresholds: prediction.horizon is {horizon}, expected one of {HORIZONS}")
        return section
    at = HORIZONS.index(horizon)
    intervals = errors.intervals()
    section.figures = {
        "horizons": HORIZONS,
        "windows": len(errors.stamp),
        "context": CONTEXT,
        "units": {"depth_m": "m", "edge_m": "m", "ssim": "1", **UNITS},
        "errors": intervals,
        "reference": reference,
    }
    _judge_depth(section, intervals, reference, at, thresholds)
    if reference is not None:
        _judge_terms(section, intervals["model"], reference, at, thresholds["proprioception_over_reference"])
    return section


def _judge_depth(
    section: Section,
    intervals: dict[str, dict[str, np.ndarray]],
    reference: dict[str, np.ndarray] | None,
    at: int,
    thresholds: dict[str, Any],
) -> None:
    ahead = HORIZONS[at]
    mine = intervals["model"]["depth_m"][:, at]
    if not np.isfinite(mine[0]):
        section.add(Status.SKIP, "no obstacle or ground in the range of the camera: depth cannot be judged")
        return
    copied = intervals["persistence"]["depth_m"][0, at]
    bounds = (
        f"{mine[1]:.3f} to {mine[2]:.3f}"
        if np.isfinite(mine[1])
        else "too few windows for a confidence interval"
    )
    text = f"depth error {ahead} steps ahead {mine[0]:.3f} m ({bounds})"
    usual = 1.0
    if reference is not None and COPIED in reference and np.isfinite(reference[COPIED][0, at]):
        usual = max(1.0, reference["depth_m"][0, at] / max(reference[COPIED][0, at], 1e-9))
    section.judge(
        mine[0] / max(copied, 1e-9) / usual,
        thresholds["over_persistence"],
        f"{text}; of persistence (the last image) {copied:.3f} m",
    )
    if reference is not None and np.isfinite(reference["depth_m"][0, at]):
        known = reference["depth_m"][0, at]
        ratio = mine[0] / max(known, 1e-9)
        section.judge(
            ratio,
            thresholds["over_reference"],
            f"depth error {ratio:.2f} times that in simulation, {known:.3f} m",
        )
    shuffled = intervals["shuffled"]["depth_m"][0, at]
    gain = 100.0 * (1.0 - mine[0] / max(shuffled, 1e-9))
    section.add(
        Status.PASS,
        f"depth error with shuffled actions {shuffled:.3f} m: the recorded actions reduce it by {gain:.0f} %",
    )


def _judge_terms(
    section: Section,
    mine: dict[str, np.ndarray],
    reference: dict[str, np.ndarray],
    at: int,
    limit: Limit,
) -> None:
    ratios = {name: mine[name][0, at] / max(reference[name][0, at], 1e-9) for name in UNITS if name in mine}
    worst = max(ratios, key=lambda name: ratios[name])
    section.judge(
        ratios[worst],
        limit,
        f"proprioception error {HORIZONS[at]} steps ahead: worst term {worst}, {mine[worst][0, at]:.3g} "
        f"{UNITS[worst]}, {ratios[worst]:.2f} times that in simulation",
    )
