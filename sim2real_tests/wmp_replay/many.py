"""Judges many bags at once: in processes, or on a Ray cluster."""

from __future__ import annotations

import functools
import logging
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from wmp_core.bundle import Bundle
from wmp_core.manifest import BundleError
from wmp_core.verification import load_verified
from wmp_replay.bag.walk import load_bag
from wmp_replay.bag_names import bag_names, named
from wmp_replay.errors import BagError, EngineError, ReplayError
from wmp_replay.reference import Reference
from wmp_replay.report.page import write_report
from wmp_replay.section import Status
from wmp_replay.thresholds import Thresholds
from wmp_replay.verdict import replay

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """How every bag is judged; call it with a bag, the name of its page and the folder of its bundle.

    Attributes:
        reference: file to compare with instead of the bundle's own reference.
        thresholds: file with thresholds of the user's own.
        reports: folder for HTML pages; None: no pages.
        fit: also fit the motors.
        namespace, camera: which robot and which camera of a bag; None: the only one.
    """

    reference: Path | None = None
    thresholds: Path | None = None
    reports: Path | None = None
    fit: bool = False
    namespace: str | None = None
    camera: str | None = None

    def __call__(self, bag: Path, name: str, bundle_folder: Path) -> dict[str, Any]:
        """The verdict on one bag as JSON data; a bag that cannot be read fails with the reason."""
        try:
            bundle = _bundle(bundle_folder)
            reference = None if self.reference is None else Reference.load(self.reference, bundle)
            walk = load_bag(bag, self.namespace, self.camera)
            result = replay(walk, bundle, reference, Thresholds.load(self.thresholds), fit=self.fit)
            if self.reports is not None:
                write_report(result, self.reports / f"{name}.html")
            return result.to_dict()
        except (BagError, ReplayError, BundleError, OSError) as error:
            return unreadable(bag, str(error))
        except Exception as error:  # an unforeseen bag must not take the verdicts on all others with it
            logger.exception("replaying %s", bag)
            return unreadable(bag, f"cannot be judged: {type(error).__name__}: {error}")


def unreadable(bag: Path, reason: str) -> dict[str, Any]:
    """The verdict on a bag that cannot be judged."""
    return {"bag": str(bag), "verdict": str(Status.FAIL), "error": reason, "sections": {}}


@functools.lru_cache(maxsize=8)
def _bundle(folder: Path) -> Bundle:
    """Loaded and verified once per process."""
    return load_verified(folder)


def replay_many(
    bags: Sequence[Path],
    bundles: Sequence[Path],
    job: Job,
    engine: str = "processes",
    workers: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> list[dict[str, Any]]:
    """Verdicts in the order of ``bags``.

    Args:
        bundles: folder of each bag's bundle.
        engine: ``processes`` on this machine, or ``ray`` on the cluster that it is connected to.
        workers: number of processes; by default one per CPU.
        progress: called with the share of bags done, 0..1.

    Raises:
        EngineError: ray is not installed.
    """
    verdicts = []
    for verdict in _map(job, bags, bundles, engine, workers):
        verdicts.append(verdict)
        if progress is not None:
            progress(len(verdicts) / len(bags))
    return verdicts


def table(verdicts: Sequence[Mapping[str, Any]]) -> str:
    """A row per bag, a column per section, as text; then the reasons why bags could not be read."""
    names = next((list(verdict["sections"]) for verdict in verdicts if verdict["sections"]), [])
    rows = [["bag", "verdict", *names]]
    for bag, verdict in named(verdicts):
        sections = [verdict["sections"].get(name, {}).get("status", "-") for name in names]
        rows.append([bag, verdict["verdict"], *sections])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    errors = [f"{bag}: {verdict['error']}" for bag, verdict in named(verdicts) if "error" in verdict]
    return "\n".join(lines + errors)


def _map(
    job: Job, bags: Sequence[Path], bundles: Sequence[Path], engine: str, workers: int | None
) -> Iterator[dict[str, Any]]:
    names = bag_names(bags)
    if engine == "ray":
        yield from _map_with_ray(job, list(zip(bags, names, bundles, strict=True)))
        return
    count = min(workers or os.cpu_count() or 1, len(bags))
    # Spawned, not forked: onnxruntime's threads do not survive a fork.
    # Ctrl-C reaches every process of the terminal: the parent alone answers it.
    ignore = (signal.SIGINT, signal.SIG_IGN)
    pool = ProcessPoolExecutor(count, get_context("spawn"), initializer=signal.signal, initargs=ignore)
    try:
        yield from pool.map(job, bags, names, bundles)
    finally:
        pool.shutdown(cancel_futures=True)


def _map_with_ray(job: Job, work: Sequence[tuple[Path, str, Path]]) -> Iterator[dict[str, Any]]:
    try:
        import ray
    except ImportError as error:
        raise EngineError("--engine ray needs the Python package ray: pip install ray") from error

    def judge(bag: Path, name: str, bundle: Path) -> dict[str, Any]:
        return job(bag, name, bundle)

    ray.init(ignore_reinit_error=True)
    remote = ray.remote(judge)
    for pending in [remote.remote(*each) for each in work]:
        yield ray.get(pending)
