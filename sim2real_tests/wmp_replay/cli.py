"""``wmp replay``: judge a recorded walk."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

DESCRIPTION = """Replays a recorded walk through a bundle's networks and says whether the world model that was
trained in simulation predicts what the robot met."""

EPILOG = """examples:
  wmp replay bags/stairs --bundle models/a1_wmp_v0
  wmp replay bags/stairs --report report.html --json verdict.json --junit verdict.xml
  wmp replay bags/stairs --fit --randomisation suggested_randomisation.yaml
                               friction, strength and delay of the motors, as ranges for wmp train
  wmp replay bags/ --baseline verdicts.json --report reports/
                               all bags below a folder; fails where one got worse
  wmp replay --calibrate --bundle models/a1_wmp_v0
                               walk in simulation, and take that as the yardstick of all other walks

exit code: 0 pass, 1 warnings, 2 failed or not readable"""

EXIT_FAILED = 2


class ReplayCommand:
    """Plug-in of the ``wmp`` command."""

    help = "judge a recorded walk: does the world model predict it?"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's arguments."""
        parser.description, parser.epilog = DESCRIPTION, EPILOG
        parser.add_argument(
            "bag", type=Path, nargs="*", help="rosbag2 folder, .mcap or .db3 file, or a folder of such"
        )
        parser.add_argument(
            "--bundle",
            type=Path,
            help="the bundle that walked (default: $WMP_BUNDLE, else models/a1_wmp_v0)",
        )
        parser.add_argument(
            "--report",
            type=Path,
            metavar="FILE",
            help="write an HTML page with pictures (many bags: a folder)",
        )
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the verdict with all figures")
        parser.add_argument("--junit", type=Path, metavar="FILE", help="write the verdict for a CI system")
        parser.add_argument(
            "--randomisation",
            type=Path,
            metavar="FILE",
            help="write ranges for training that cover this robot",
        )
        parser.add_argument(
            "--fit",
            action="store_true",
            help="look for friction, strength and delay of the motors in simulation (20 s of CPU time; some "
            "seconds of walking are enough)",
        )
        parser.add_argument(
            "--thresholds", type=Path, metavar="FILE", help="YAML with thresholds of your own"
        )
        parser.add_argument(
            "--reference", type=Path, metavar="FILE", help="compare with this instead of the bundle's own"
        )
        parser.add_argument(
            "--baseline",
            type=Path,
            metavar="FILE",
            help="fail only where a section is worse than in this --json",
        )
        parser.add_argument(
            "--engine", choices=("processes", "ray"), default="processes", help="who works on many bags"
        )
        parser.add_argument("--jobs", type=int, metavar="N", help="processes for many bags (default: CPUs)")
        parser.add_argument(
            "--calibrate",
            action="store_true",
            help="make the bundle's reference from these bags of simulation",
        )

    def run(self, arguments: argparse.Namespace) -> int:
        """Replay; the exit code is that of the epilog."""
        # Imported here so that `wmp --help` stays quick.
        from wmp_core.default_bundle import find_bundle
        from wmp_core.manifest import BundleError
        from wmp_core.verification import load_verified
        from wmp_replay.bag.errors import BagError
        from wmp_replay.many import BaselineError, EngineError
        from wmp_replay.reference import ReferenceError
        from wmp_replay.thresholds import ThresholdError

        try:
            bundle = load_verified(arguments.bundle or find_bundle())
            if arguments.calibrate:
                return _calibrate(arguments, bundle)
            if not arguments.bag:
                print("wmp replay: no bag was named", file=sys.stderr)
                return EXIT_FAILED
            return _replay(arguments, bundle)
        except (
            BagError,
            BaselineError,
            BundleError,
            EngineError,
            ReferenceError,
            ThresholdError,
            OSError,
        ) as error:
            print(f"wmp replay: {error}", file=sys.stderr)
            return EXIT_FAILED


def _replay(arguments: argparse.Namespace, bundle: Any) -> int:
    from wmp_replay.many import find_bags

    bags = find_bags(arguments.bag)
    return (
        _replay_one(arguments, bundle, bags[0]) if len(bags) == 1 else _replay_many(arguments, bundle, bags)
    )


def _replay_one(arguments: argparse.Namespace, bundle: Any, bag: Path) -> int:
    from wmp_replay.junit import write_junit
    from wmp_replay.reference import Reference
    from wmp_replay.replay import replay
    from wmp_replay.report.page import write_report
    from wmp_replay.thresholds import Thresholds

    reference = None if arguments.reference is None else Reference.load(arguments.reference, bundle)
    thresholds, started = Thresholds.load(arguments.thresholds), time.monotonic()
    result = replay(bag, bundle, reference, thresholds, progress_bar(sys.stderr), arguments.fit)
    _show(result, time.monotonic() - started)
    if arguments.report is not None:
        write_report(result, arguments.report)
    if arguments.randomisation is not None:
        _write_ranges(arguments.randomisation, [result.randomisation()], [bag])
    verdict = result.to_dict()
    _write_json(arguments.json, verdict)
    if arguments.junit is not None:
        write_junit(arguments.junit, [verdict])
    return _gate(arguments, [verdict], result.exit_code)


def _replay_many(arguments: argparse.Namespace, bundle: Any, bags: list[Path]) -> int:
    from wmp_replay.junit import write_junit
    from wmp_replay.many import Job, replay_many, table
    from wmp_replay.report.overview import write_overview
    from wmp_replay.section import Status

    if arguments.report is not None:
        arguments.report.mkdir(parents=True, exist_ok=True)
    job = Job(bundle.path, arguments.reference, arguments.thresholds, arguments.report, arguments.fit)
    bar = progress_bar(sys.stderr)
    verdicts = replay_many(bags, job, arguments.engine, arguments.jobs, bar)
    if arguments.report is not None:
        write_overview(verdicts, arguments.report)
    print(table(verdicts))
    if arguments.randomisation is not None:
        ranges = [verdict.get("suggested_randomisation", {}) for verdict in verdicts]
        _write_ranges(arguments.randomisation, ranges, bags)
    _write_json(arguments.json, {"bags": verdicts})
    if arguments.junit is not None:
        write_junit(arguments.junit, verdicts)
    worst = max(Status[verdict["verdict"].upper()] for verdict in verdicts)
    return _gate(arguments, verdicts, max(0, int(worst)))


def _gate(arguments: argparse.Namespace, verdicts: list[dict[str, Any]], code: int) -> int:
    """With a baseline only what got worse counts; the exit code is 2 if anything did."""
    from wmp_replay.many import regressions

    if arguments.baseline is None:
        return code
    worse = regressions(verdicts, arguments.baseline)
    print("\n".join(worse) if worse else f"no section is worse than in {arguments.baseline}")
    return EXIT_FAILED if worse else 0


def _write_json(path: Path | None, content: dict[str, Any]) -> None:
    if path is not None:
        path.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def _write_ranges(path: Path, suggestions: list[dict[str, list[float]]], bags: list[Path]) -> None:
    """Write ranges that cover all ``suggestions``."""
    import yaml

    merged: dict[str, list[float]] = {}
    for suggestion in suggestions:
        for key, (low, high) in suggestion.items():
            known = merged.get(key, [low, high])
            merged[key] = [min(known[0], low), max(known[1], high)]
    names = ", ".join(bag.name for bag in bags)
    head = f"# Ranges that cover the robot of: {names}. For: wmp train --randomisation {path.name}\n"
    path.write_text(head + yaml.safe_dump(merged, sort_keys=False, default_flow_style=None), encoding="utf-8")


def _show(result: Any, seconds: float) -> None:
    speed = result.walk.duration / max(seconds, 1e-9)
    print(f"{result.walk.path}: {str(result.status).upper()}  ({seconds:.1f} s, {speed:.0f} x real time)")
    for section in result.sections:
        print(f"  {section.name:<11} {section.status}")
        for finding in section.findings:
            print(f"    {finding.status!s:<5} {finding.text}")


def _calibrate(arguments: argparse.Namespace, bundle: Any) -> int:
    from wmp_replay.calibration import calibrate, walk_in_simulation
    from wmp_replay.many import find_bags
    from wmp_replay.reference import FILE

    with tempfile.TemporaryDirectory() as folder:
        bags = find_bags(arguments.bag) or walk_in_simulation(bundle, Path(folder), progress_bar(sys.stderr))
        reference = calibrate(bags, bundle)
    path = arguments.reference or bundle.path / FILE
    reference.save(path)
    print(f"{path}: from {reference.source}")
    return 0


def progress_bar(stream: Any, width: int = 30) -> Callable[[float], None] | None:
    """Shows the share that is done on a terminal; None where ``stream`` is none."""
    if not stream.isatty():
        return None

    def show(share: float) -> None:
        filled = round(width * share)
        stream.write(f"\r[{'#' * filled}{'.' * (width - filled)}] {100 * share:3.0f} %")
        stream.write("\r" + " " * (width + 8) + "\r" if share >= 1.0 else "")
        stream.flush()

    return show


command = ReplayCommand()
