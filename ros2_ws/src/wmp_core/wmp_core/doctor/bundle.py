"""Checks of the bundle on this machine: verification, and inference times."""

from __future__ import annotations

import time
from pathlib import Path
from typing import List, Optional, Sequence, Tuple

import numpy as np

from wmp_core.bundle import Bundle
from wmp_core.doctor.check import Check, failed, graded, passed
from wmp_core.inference.session import OnnxModel
from wmp_core.manifest import GRAPHS, BundleError
from wmp_core.realtime.timing import TimingHistogram
from wmp_core.verification import load_verified, verify

# Pause between runs: back-to-back runs keep the caches warm and look faster than in the control loop.
_PAUSE_S = 0.01
_SLOW = "use a faster provider or a smaller world model, and stop other programs on this computer"


def check_bundle(
    path: Path, provider: str = "cpu", trusted_keys: Sequence[str] = ()
) -> Tuple[Check, Optional[Bundle]]:
    """Verify hashes, contract, graphs, golden trajectory, and the signature if there are trusted keys."""
    try:
        bundle = load_verified(path, provider, trusted_keys)
        report = verify(bundle)
    except BundleError as error:
        return failed("bundle", str(error), "copy or export the bundle again"), None
    largest = max(report.largest.values())
    found = f"{bundle.name} {bundle.sha256[:12]}: {report}"
    return passed("bundle", found, largest_difference=largest), bundle


def check_inference(bundle: Bundle, runs: int = 60) -> List[Check]:
    """Compare the 99th percentile of each graph's run time with its deadline.

    The policy has half of the 2 ms loop period, ``advance`` the control period before its tick, ``observe``
    and ``prior`` the rest of the world model's interval. The decoder never runs in the loop.
    """
    timing = bundle.contract.timing
    rest = timing.world_model_period - timing.control_period
    deadlines = {"policy": 1e-3, "advance": timing.control_period, "observe": rest, "prior": rest}
    checks = []
    for graph in (graph for graph in GRAPHS if graph in deadlines):
        deadline = deadlines[graph]
        summary = _time(bundle.models[graph], runs).summary()
        p99 = 1e3 * summary.p99
        found = f"p50 {1e3 * summary.p50:.2f} ms, p99 {p99:.2f} ms, deadline {1e3 * deadline:g} ms"
        figures = {"p50_ms": 1e3 * summary.p50, "p99_ms": p99, "deadline_ms": 1e3 * deadline}
        checks.append(
            graded(f"inference {graph}", p99, 500 * deadline, 1e3 * deadline, found, _SLOW, **figures)
        )
    return checks


def _time(model: OnnxModel, runs: int) -> TimingHistogram:
    inputs = {
        name: np.zeros([size or 1 for size in spec.shape], spec.dtype) for name, spec in model.inputs.items()
    }
    model.warm_up()
    histogram = TimingHistogram()
    for _ in range(runs):
        time.sleep(_PAUSE_S)
        started = time.perf_counter()
        model.run(**inputs)
        histogram.record(time.perf_counter() - started)
    return histogram
