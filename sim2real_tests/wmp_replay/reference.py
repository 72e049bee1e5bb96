"""What a bundle does in simulation: the yardstick of every other walk.

A reference is a small file beside the bundle's own, made once from simulated walks. Where there is none, the
bundle's golden trajectory serves: a few seconds of the training simulator that every bundle carries.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from wmp_core.bundle import Bundle
from wmp_replay.bag_bundle import REFERENCE_FILE, short_hash
from wmp_replay.envelope import Envelope
from wmp_replay.errors import UnusableReferenceError
from wmp_replay.golden_walk import golden_steps
from wmp_replay.measurements import Measurements, measure
from wmp_replay.prediction import COPIED, PredictionErrors
from wmp_replay.surprise import QUANTILE

#: A reference of fewer latents than this describes no envelope.
FEWEST_LATENTS = 20


@dataclass(frozen=True)
class Reference:
    """Attributes:
    bundle: SHA-256 of the bundle it belongs to.
    source: what it was made from, for the reader.
    prediction: metric -> mean, lower, upper ``[3, K]`` of the model's errors, and :data:`COPIED`, the
        depth error of copying the last image; empty if unknown.
    surprise: nats of smoothed KL that 0.5 % of the reference exceed; NaN if unknown.
    envelope: of h; None if unknown.
    roughness: noise of the images in m; NaN if unknown.
    rmse, lag: per joint ``[J]``, rad and s; empty if unknown.
    """

    bundle: str
    source: str
    prediction: dict[str, np.ndarray]
    surprise: float
    envelope: Envelope | None
    roughness: float
    rmse: np.ndarray
    lag: np.ndarray

    @classmethod
    def of(cls, measured: Measurements, bundle: Bundle, source: str) -> Reference:
        """From a walk in simulation that ``bundle`` has walked."""
        smoothed, dynamics = measured.surprise.smoothed, measured.dynamics
        errors = measured.prediction
        return cls(
            bundle=bundle.sha256,
            source=source,
            prediction={} if errors is None else _prediction(errors),
            surprise=float(np.quantile(smoothed, QUANTILE)) if len(smoothed) else math.nan,
            envelope=Envelope.of(measured.latents) if len(measured.latents) >= FEWEST_LATENTS else None,
            roughness=measured.integrity.roughness(),
            rmse=np.zeros(0) if dynamics is None else dynamics.rmse,
            lag=np.zeros(0) if dynamics is None else dynamics.lag,
        )

    @property
    def dynamics(self) -> dict[str, np.ndarray] | None:
        """``rmse`` and ``lag`` by name; None if unknown."""
        return {"rmse": self.rmse, "lag": self.lag} if len(self.rmse) else None

    def save(self, path: Path) -> None:
        """Write an ``.npz``, whatever ``path`` ends in, that holds arrays only."""
        arrays: dict[str, Any] = {
            "bundle": np.array(self.bundle),
            "source": np.array(self.source),
            "surprise": np.array(self.surprise),
            "roughness": np.array(self.roughness),
            "rmse": self.rmse,
            "lag": self.lag,
            **{f"prediction_{name}": value for name, value in self.prediction.items()},
            **({} if self.envelope is None else self.envelope.arrays()),
        }
        # To a name that does not end in .npz numpy would add it, and the reference not be found again.
        with path.open("wb") as file:
            np.savez_compressed(file, **arrays)

    @classmethod
    def load(cls, path: Path, bundle: Bundle) -> Reference:
        """Read what :meth:`save` wrote.

        Raises:
            UnusableReferenceError: it cannot be read, or belongs to another bundle.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            reference = cls(
                str(arrays["bundle"]),
                str(arrays["source"]),
                {
                    name.removeprefix("prediction_"): value
                    for name, value in arrays.items()
                    if name.startswith("prediction_")
                },
                float(arrays["surprise"]),
                Envelope.from_arrays(arrays) if "envelope_mean" in arrays else None,
                float(arrays["roughness"]),
                arrays["rmse"],
                arrays["lag"],
            )
        except (OSError, KeyError, ValueError) as error:
            raise UnusableReferenceError(
                f"{path} is no reference ({error}); make one with 'wmp replay --calibrate'"
            ) from error
        if reference.bundle != bundle.sha256:
            raise UnusableReferenceError(
                f"{path} belongs to bundle {short_hash(reference.bundle)}, not to {bundle.name} "
                f"({short_hash(bundle.sha256)}); make a new one with 'wmp replay --calibrate'"
            )
        return reference


def _prediction(errors: PredictionErrors) -> dict[str, np.ndarray]:
    intervals = errors.intervals()
    return {**intervals["model"], COPIED: intervals["persistence"]["depth_m"]}


def find_reference(bundle: Bundle, tolerance: float) -> Reference:
    """The reference beside the bundle's files, else one from its golden trajectory.

    Raises:
        UnusableReferenceError: the file is there and does not fit.
    """
    file = bundle.path / REFERENCE_FILE
    if file.is_file():
        return Reference.load(file, bundle)
    golden = bundle.golden
    seconds = golden.steps * bundle.contract.timing.control_period
    measured = measure(golden_steps(bundle), bundle, tolerance)
    return Reference.of(measured, bundle, f"the bundle's golden trajectory, {seconds:.0f} s")
