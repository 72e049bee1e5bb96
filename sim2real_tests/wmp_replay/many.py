"""Many bags at once: in processes, or on a ray cluster; and a gate against an older verdict."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from wmp_core.bundle import Bundle
from wmp_replay.bag.errors import BagError
from wmp_replay.bag.storage import METADATA, SUFFIXES
from wmp_replay.bag_names import bag_names
from wmp_replay.reference import Reference
from wmp_replay.replay import replay
from wmp_replay.report.page import write_report
from wmp_replay.section import Status
from wmp_replay.thresholds import Thresholds

ENGINES = ("processes", "ray")


class EngineError(RuntimeError):
    """The engine asked for is not installed."""


class BaselineError(ValueError):
    """A baseline that cannot be read."""


@dataclass(frozen=True)
class Job:
    """What every bag is judged with; ``reports`` is a folder for HTML pages, or None; ``fit``: fit the motors
    as well. Called with a bag and the name of its page."""

    bundle: Path
    reference: Path | None
    thresholds: Path | None
    reports: Path | None
    fit: bool = False

    def __call__(self, bag: Path, name: str) -> dict[str, Any]:
        """The verdict on one bag as JSON data; a bag that cannot be read fails with the reason."""
        bundle = Bundle.load_unverified(self.bundle)  # verified once, by the caller
        reference = None if self.reference is None else Reference.load(self.reference, bundle)
        try:
            result = replay(bag, bundle, reference, Thresholds.load(self.thresholds), fit=self.fit)
        except BagError as error:
            return {"bag": str(bag), "verdict": str(Status.FAIL), "error": str(error), "sections": {}}
        if self.reports is not None:
            write_report(result, self.reports / f"{name}.html")
        return result.to_dict()


def find_bags(paths: Iterable[Path]) -> list[Path]:
    """Each path itself if it is a recording (or nothing at all), else every recording below it."""
    return [bag for path in paths for bag in _bags_of(path)]


def replay_many(
    bags: Sequence[Path],
    job: Job,
    engine: str = "processes",
    workers: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> list[dict[str, Any]]:
    """Verdicts in the order of ``bags``.

    Args:
        engine: ``processes`` on this machine, or ``ray`` on the cluster that it is connected to.
        workers: processes; by default one per CPU.

    Raises:
        EngineError: ray is not installed.
    """
    verdicts = []
    for verdict in _map(job, bags, engine, workers):
        verdicts.append(verdict)
        if progress is not None:
            progress(len(verdicts) / len(bags))
    return verdicts


def regressions(verdicts: Sequence[Mapping[str, Any]], baseline: Path) -> list[str]:
    """Sections that are worse than in ``baseline`` (a JSON file of an earlier run), one line each; bags are
    told apart by :func:`~wmp_replay.bag_names.bag_names`.

    Raises:
        BaselineError: the file is no such JSON.
    """
    try:
        content = json.loads(baseline.read_text(encoding="utf-8"))
        known = dict(_named(content.get("bags", [content])))
        return [line for name, new in _named(verdicts) for line in _worse(name, new, known.get(name))]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BaselineError(f"{baseline} is no verdict of 'wmp replay --json': {error!r}") from error


def table(verdicts: Sequence[Mapping[str, Any]]) -> str:
    """Bags against sections as text."""
    names = next((list(verdict["sections"]) for verdict in verdicts if verdict["sections"]), [])
    rows = [["bag", "verdict", *names]]
    for bag, verdict in _named(verdicts):
        sections = [verdict["sections"].get(name, {}).get("status", "-") for name in names]
        rows.append([bag, verdict["verdict"], *sections])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    errors = [f"{bag}: {verdict['error']}" for bag, verdict in _named(verdicts) if "error" in verdict]
    return "\n".join(lines + errors)


def _named(verdicts: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from zip(bag_names([Path(verdict["bag"]) for verdict in verdicts]), verdicts, strict=True)


def _bags_of(path: Path) -> Iterator[Path]:
    if not path.is_dir() or _is_bag(path):
        yield path
        return
    found = [folder for folder in sorted(path.rglob("*")) if folder.is_dir() and _is_bag(folder)]
    yield from found or [path]


def _is_bag(folder: Path) -> bool:
    return (folder / METADATA).is_file() or any(
        file.suffix in SUFFIXES or file.stem.endswith(SUFFIXES) for file in folder.iterdir()
    )


def _map(job: Job, bags: Sequence[Path], engine: str, workers: int | None) -> Iterator[dict[str, Any]]:
    if engine == "ray":
        yield from _map_with_ray(job, bags)
        return
    count = min(workers or os.cpu_count() or 1, len(bags))
    # Spawned, not forked: onnxruntime's threads do not survive a fork.
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        yield from pool.map(job, bags, bag_names(bags))


def _map_with_ray(job: Job, bags: Sequence[Path]) -> Iterator[dict[str, Any]]:
    try:
        import ray
    except ImportError as error:
        raise EngineError("engine 'ray' needs the Python package ray: pip install ray") from error

    def judge(bag: Path, name: str) -> dict[str, Any]:
        return job(bag, name)

    ray.init(ignore_reinit_error=True)
    remote = ray.remote(judge)
    for pending in [remote.remote(*each) for each in zip(bags, bag_names(bags), strict=True)]:
        yield ray.get(pending)


def _worse(name: str, new: Mapping[str, Any], old: Mapping[str, Any] | None) -> Iterator[str]:
    if old is None:
        return
    if "error" in new and "error" not in old:
        yield f"{name}: could be read before, and now: {new['error']}"
    for section, found in new["sections"].items():
        before = old["sections"].get(section, {}).get("status")
        if before is not None and Status[found["status"].upper()] > Status[before.upper()]:
            yield f"{name}: {section} was {before} and is {found['status']}"
