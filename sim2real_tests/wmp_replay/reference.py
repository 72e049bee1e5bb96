"""The reference of a bundle: its figures in simulation, with which every other walk is compared.

A reference is a small file in the folder of the bundle, made once from simulated walks. Without it, the
golden trajectory of the bundle serves: a few seconds of the training simulator.
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

#: Smallest number of latents for an envelope.
MIN_LATENTS = 20


@dataclass(frozen=True)
class Reference:
    """Figures of a bundle in simulation.

    Attributes:
        bundle: SHA-256 of the bundle.
        source: description of the walks, for people.
        prediction: metric -> mean, lower, upper bound ``[3, K]`` of the model's errors, and under
            :data:`COPIED` the depth error of persistence; empty if unknown.
        surprise: smoothed KL that 0.5 % of the ticks exceed [nats]; NaN if unknown.
        envelope: region of h; None if unknown.
        roughness: noise of the images [m]; NaN if unknown.
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
        """From a simulated walk of ``bundle``; ``source`` describes it."""
        smoothed, dynamics = measured.surprise.smoothed, measured.dynamics
        errors = measured.prediction
        return cls(
            bundle=bundle.sha256,
            source=source,
            prediction={} if errors is None else _prediction(errors),
            surprise=float(np.quantile(smoothed, QUANTILE)) if len(smoothed) else math.nan,
            envelope=Envelope.of(measured.latents) if len(measured.latents) >= MIN_LATENTS else None,
            roughness=measured.integrity.roughness(),
            rmse=np.zeros(0) if dynamics is None else dynamics.rmse,
            lag=np.zeros(0) if dynamics is None else dynamics.lag,
        )

    @property
    def dynamics(self) -> dict[str, np.ndarray] | None:
        """``rmse`` and ``lag`` by name; None if unknown."""
        return {"rmse": self.rmse, "lag": self.lag} if len(self.rmse) else None

    def save(self, path: Path) -> None:
        """Write an ``.npz`` file of arrays only, whatever the suffix of ``path``."""
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
        # Given a path, numpy appends .npz, and the reference would not be found under its name.
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
    """The reference in the folder of the bundle, else one from the golden trajectory.

    Raises:
        UnusableReferenceError: the file exists but cannot be read or belongs to another bundle.
    """
    file = bundle.path / REFERENCE_FILE
    if file.is_file():
        return Reference.load(file, bundle)
    golden = bundle.golden
    seconds = golden.steps * bundle.contract.timing.control_period
    measured = measure(golden_steps(bundle), bundle, tolerance)
    return Reference.of(measured, bundle, f"the bundle's golden trajectory, {seconds:.0f} s")
