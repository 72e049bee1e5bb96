"""``wmp replay``: judge a recorded walk."""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wmp_replay.plan import Plan
    from wmp_replay.verdict import Replay

HELP = "judge a recorded walk: does the world model predict it?"
DESCRIPTION = """
Replays a recorded walk through the networks of its bundle and judges whether the world model, trained in
simulation, predicts what the robot met.

The bag names its bundle, which is found by its hash: $WMP_BUNDLE, or one under models/. A bag that names none
is replayed with the default bundle. --bundle selects another.
"""
EXAMPLES = """examples:
  wmp replay bags/stairs
  wmp replay bags/stairs --report report.html --json verdict.json --junit verdict.xml
  wmp replay bags/stairs --fit --randomisation suggested_randomisation.yaml
      friction, strength and delay of the motors, as ranges for wmp train
  wmp replay bags/ --baseline verdicts.json --report reports/
      every bag below the folder; fails only where a section got worse
  wmp replay --calibrate --bundle models/mine
      walks in simulation and makes the bundle's reference from it

exit code: 0 pass, 1 warnings, 2 failure, or a mistake in the command
"""

EXIT_FAILED = 2


class ReplayCommand:
    """Plug-in of the ``wmp`` command."""

    help = HELP

    @property
    def mistakes(self) -> tuple[type[Exception], ...]:
        """Exceptions that are shown in one line; imported only when something was raised."""
        from wmp_core.manifest import BundleError
        from wmp_replay.errors import BagError, ReplayError

        return (ReplayError, BagError, BundleError, ValueError, OSError)

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's arguments."""
        parser.description, parser.epilog = DESCRIPTION, EXAMPLES
        add = parser.add_argument
        add(
            "bag",
            type=Path,
            nargs="*",
            help="rosbag2 folder, .mcap or .db3 file, or a folder with bags: report and JSON are then those "
            "of several bags, even if it holds one",
        )
        add(
            "--bundle",
            help="folder of the bundle, or its name under models/ (default: the one that the bag names)",
        )
        add(
            "--namespace",
            metavar="NAME",
            help="namespace of the robot, where a bag holds several (/a1; / is the root)",
        )
        add(
            "--camera",
            metavar="NAME",
            help="namespace of the depth camera, where a sensors-only bag holds several (/front)",
        )
        add(
            "--report",
            type=Path,
            metavar="FILE",
            help="write an HTML page with pictures (with a folder of bags: a folder of pages)",
        )
        add("--json", type=Path, metavar="FILE", help="write the verdict with all figures")
        add("--junit", type=Path, metavar="FILE", help="write the verdict as JUnit XML, for CI systems")
        add(
            "--randomisation",
            type=Path,
            metavar="FILE",
            help="write ranges that contain this robot, for wmp train (YAML)",
        )
        add(
            "--fit",
            action="store_true",
            help="also fit friction, strength and delay of the motors in simulation: 20 s of CPU time per "
            "bag; a few seconds of walking suffice",
        )
        add("--thresholds", type=Path, metavar="FILE", help="YAML file with your own thresholds")
        add(
            "--reference",
            type=Path,
            metavar="FILE",
            help="reference to compare with instead of the bundle's own; with --calibrate: the file to write",
        )
        add(
            "--baseline",
            type=Path,
            metavar="FILE",
            help="fail only where a section is worse than in this file, written by --json",
        )
        add(
            "--engine",
            choices=("processes", "ray"),
            default="processes",
            help="what runs several bags in parallel (default %(default)s)",
        )
        add("--jobs", type=int, metavar="N", help="processes for several bags (default: one per CPU)")
        add(
            "--calibrate",
            action="store_true",
            help="make the bundle's reference, from these bags of simulated walks or from new walks",
        )
        add("--overwrite", action="store_true", help="replace output that exists")

    def run(self, arguments: argparse.Namespace) -> int:
        """Replay or calibrate; returns the exit code of the help text."""
        # Imported here, and everything slow further below: `wmp --help` and refusals stay fast.
        from wmp_replay.plan import plan_calibration, plan_replay

        if arguments.calibrate:
            plan, reference = plan_calibration(arguments)
            return _calibrate(plan, reference)
        plan = plan_replay(arguments)
        for note in plan.notes:
            print(note, file=sys.stderr)
        return _replay_many(arguments, plan) if plan.is_many else _replay_one(arguments, plan)


def _replay_one(args: argparse.Namespace, plan: Plan) -> int:
    from wmp_core.verification import load_verified
    from wmp_replay.bag.walk import load_bag
    from wmp_replay.progress import Progress
    from wmp_replay.reference import Reference
    from wmp_replay.report.page import write_report
    from wmp_replay.thresholds import Thresholds
    from wmp_replay.verdict import replay

    (bag,) = plan.bags
    bundle = load_verified(plan.bundles[0])
    reference = None if args.reference is None else Reference.load(args.reference, bundle)
    thresholds, started = Thresholds.load(args.thresholds), time.monotonic()
    walk = load_bag(bag, args.namespace, args.camera)
    result = replay(walk, bundle, reference, thresholds, Progress(f"replaying {bag}"), args.fit)
    print(_summary(result, time.monotonic() - started))
    verdict = result.to_dict()
    _write_all(args, [verdict], verdict)
    if args.report is not None:
        _write(args.report, lambda file: write_report(result, file))
    return _exit_code(args, plan, [verdict], result.exit_code)


def _replay_many(args: argparse.Namespace, plan: Plan) -> int:
    from wmp_replay.many import Job, replay_many, table, unreadable
    from wmp_replay.progress import Progress
    from wmp_replay.report.overview import write_overview
    from wmp_replay.section import Status

    if args.report is not None:
        args.report.mkdir(parents=True, exist_ok=True)
    job = Job(args.reference, args.thresholds, args.report, args.fit, args.namespace, args.camera)
    progress = Progress(f"replaying {len(plan.bags)} bags")
    verdicts = replay_many(plan.bags, plan.bundles, job, args.engine, args.jobs, progress)
    verdicts += [unreadable(bag, reason) for bag, reason in plan.refused.items()]
    print(table(verdicts))
    _write_all(args, verdicts, {"bags": verdicts})
    if args.report is not None:
        write_overview(verdicts, args.report)
        print(f"wrote {args.report}/index.html and a page per bag")
    worst = max(Status[verdict["verdict"].upper()] for verdict in verdicts)
    return _exit_code(args, plan, verdicts, max(0, int(worst)))


def _exit_code(args: argparse.Namespace, plan: Plan, verdicts: list[dict[str, Any]], code: int) -> int:
    """``code``; with a baseline 2 if a section got worse, else 0."""
    from wmp_replay.baseline import regressions

    if plan.baseline is None:
        return code
    worse = regressions(verdicts, plan.baseline)
    print("\n".join(worse) if worse else f"no section is worse than in {args.baseline}")
    return EXIT_FAILED if worse else 0


def _write_all(args: argparse.Namespace, verdicts: list[dict[str, Any]], content: Mapping[str, Any]) -> None:
    """Write what ``--json``, ``--junit`` and ``--randomisation`` ask for; ``content`` is the JSON."""
    from wmp_replay.junit import write_junit
    from wmp_replay.randomisation import write_ranges

    if args.json is not None:
        text = json.dumps(content, indent=2, allow_nan=False) + "\n"
        _write(args.json, lambda file: file.write_text(text, encoding="utf-8"))
    if args.junit is not None:
        _write(args.junit, lambda file: write_junit(file, verdicts))
    if args.randomisation is not None:
        args.randomisation.parent.mkdir(parents=True, exist_ok=True)
        if write_ranges(args.randomisation, verdicts):
            print(f"wrote {args.randomisation}")
        else:
            reasons = {verdict.get("no_ranges_because") or "it cannot be judged" for verdict in verdicts}
            print(f"{args.randomisation} is not written: no ranges ({'; '.join(sorted(reasons))})")


def _write(file: Path, write: Callable[[Path], Any]) -> None:
    """Let ``write`` write ``file``, in a new folder if need be, and say so."""
    file.parent.mkdir(parents=True, exist_ok=True)
    write(file)
    print(f"wrote {file}")


def _summary(result: Replay, seconds: float) -> str:
    """The verdict with all findings as text; ``seconds`` is the time that it took."""
    speed = result.walk.duration / max(seconds, 1e-9)
    times = f"{speed:.0f} x real time" if math.isfinite(speed) else "-"
    lines = [f"{result.walk.path}: {str(result.status).upper()}  ({seconds:.1f} s, {times})"]
    for section in result.sections:
        lines.append(f"  {section.name:<11} {section.status}")
        lines += [f"    {finding.status!s:<5} {finding.text}" for finding in section.findings]
    return "\n".join(lines)


def _calibrate(plan: Plan, file: Path) -> int:
    from wmp_core.verification import load_verified
    from wmp_replay.calibration import calibrate, walk_in_simulation
    from wmp_replay.progress import Progress

    bundle = load_verified(plan.bundles[0])
    with tempfile.TemporaryDirectory() as folder:
        bags = plan.bags or walk_in_simulation(bundle, Path(folder), Progress("walking in simulation"))
        reference = calibrate(bags, bundle, Progress("replaying the walks"))
    _write(file, reference.save)
    print(f"the reference of {bundle.name} comes from {reference.source}")
    return 0


command = ReplayCommand()
