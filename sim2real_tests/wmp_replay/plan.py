"""What a ``wmp replay`` command asks for, checked before anything slow is imported or anything is created."""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wmp_core.default_bundle import resolve_bundle
from wmp_core.output_paths import check_file
from wmp_recording.storage.folder import is_bag
from wmp_replay.bag.find import find_bags
from wmp_replay.bag_bundle import NamedBundle, bundle_of
from wmp_replay.bag_names import TAKEN, bag_names
from wmp_replay.baseline import read_baseline
from wmp_replay.errors import BagError, BundleNotFoundError, EngineError, UnusableReferenceError
from wmp_replay.thresholds import Thresholds

#: File beside a bundle's own that holds its reference.
REFERENCE_FILE = "replay_reference.npz"


@dataclass(frozen=True)
class Plan:
    """What to replay.

    Attributes:
        bags: recordings, and in ``bundles`` the folder of each one's bundle.
        notes: sentences for the user about how bundles were chosen.
        is_many: a folder of bags or several paths were named: tables and folders, even for a single bag.
        refused: bags of a folder that cannot be replayed, with the reason.
        baseline: older verdicts by bag name; None: there is no baseline.
    """

    bags: list[Path]
    bundles: list[Path]
    notes: list[str]
    is_many: bool = False
    refused: Mapping[Path, str] = field(default_factory=dict)
    baseline: Mapping[str, Mapping[str, Any]] | None = None


def plan_replay(args: argparse.Namespace) -> Plan:
    """Check the arguments of a replay.

    Raises:
        ReplayError, ValueError, OSError: one of them is wrong; names it and the remedy.
    """
    if not args.bag:
        raise BagError("no bag is named; give a rosbag2 folder, or --calibrate")
    if args.jobs is not None and args.jobs < 1:
        raise ValueError(f"--jobs is {args.jobs}, expected at least 1")
    if args.engine == "ray" and importlib.util.find_spec("ray") is None:
        raise EngineError("--engine ray needs the Python package ray: pip install ray")
    bags = find_bags(args.bag)
    Thresholds.load(args.thresholds)
    if args.reference is not None and not args.reference.is_file():
        raise UnusableReferenceError(
            f"--reference {args.reference} does not exist; make one with 'wmp replay --calibrate'"
        )
    baseline = None if args.baseline is None else read_baseline(args.baseline)
    is_many = len(args.bag) > 1 or not is_bag(args.bag[0])
    outputs = list(_outputs(args, bags, is_many))
    for file in outputs:
        check_file(file, args.overwrite)
    twice = [file for file in outputs if outputs.count(file) > 1]
    if twice:
        raise ValueError(f"{twice[0]} is named as output twice; name different files")
    refused = _unknown_bundles(args.bundle, bags) if is_many else {}
    bags = [bag for bag in bags if bag not in refused]
    bundles, notes = _bundles(args.bundle, bags)
    return Plan(bags, bundles, notes, is_many, refused, baseline)


def plan_calibration(args: argparse.Namespace) -> tuple[Plan, Path]:
    """Check the arguments of a calibration; returns the reference file to write as well.

    Raises:
        ReplayError, ValueError, OSError: one of them is wrong; names it and the remedy.
    """
    outputs = ("report", "json", "junit", "randomisation", "baseline", "fit", "thresholds")
    given = [f"--{name}" for name in outputs if getattr(args, name)]
    if given:
        raise ValueError(f"--calibrate only writes a reference; it excludes {', '.join(given)}")
    bags = find_bags(args.bag)
    bundles, notes = _bundles(args.bundle, bags) if bags else ([resolve_bundle(args.bundle)], [])
    if len(set(bundles)) > 1:
        raise BagError(f"the bags name several bundles ({', '.join(map(str, set(bundles)))}); give --bundle")
    reference = args.reference or bundles[0] / REFERENCE_FILE
    check_file(reference, args.overwrite)
    return Plan(bags, bundles, notes), reference


def _bundles(given: str | None, bags: list[Path]) -> tuple[list[Path], list[str]]:
    """The bundle of each bag, and a sentence on those that name none."""
    if given is not None:
        return [resolve_bundle(given)] * len(bags), []
    found: list[tuple[Path, NamedBundle | None]] = [bundle_of(bag) for bag in bags]
    nameless = [(bag, path) for bag, (path, named) in zip(bags, found, strict=True) if named is None]
    notes = [f"{bag} names no bundle; replayed with the default, {path}" for bag, path in nameless]
    return [path for path, _ in found], notes


def _unknown_bundles(given: str | None, bags: list[Path]) -> dict[Path, str]:
    """Bags whose bundle is not on this machine, with the reason: the others are judged all the same."""
    reasons = {bag: _unknown_bundle(bag) for bag in bags} if given is None else {}
    return {bag: reason for bag, reason in reasons.items() if reason}


def _unknown_bundle(bag: Path) -> str:
    try:
        bundle_of(bag)
    except BundleNotFoundError as error:
        return str(error)
    return ""


def _outputs(args: argparse.Namespace, bags: list[Path], is_many: bool) -> Iterator[Path]:
    """Every file that the replay writes."""
    yield from filter(None, (args.json, args.junit, args.randomisation))
    if args.report is None:
        return
    if not is_many:
        yield args.report
    else:
        yield from (args.report / f"{page}.html" for page in (TAKEN, *bag_names(bags)))
