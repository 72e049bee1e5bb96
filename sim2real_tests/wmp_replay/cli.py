"""``wmp replay``: judge a recorded walk."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

DESCRIPTION = """Replays a recorded walk through a bundle's networks and says whether the world model that was
trained in simulation predicts what the robot met."""

EPILOG = """examples:
  wmp replay bags/stairs --bundle models/a1_wmp_v0
  wmp replay bags/stairs --report report.html --json verdict.json --junit verdict.xml
  wmp replay --calibrate bags/sim1 bags/sim2 --bundle models/a1_wmp_v0
                               take the walks of a simulation as the yardstick of all others

exit code: 0 pass, 1 warnings, 2 failed or not readable"""

EXIT_FAILED = 2


class ReplayCommand:
    """Plug-in of the ``wmp`` command."""

    help = "judge a recorded walk: does the world model predict it?"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's arguments."""
        parser.description, parser.epilog = DESCRIPTION, EPILOG
        parser.add_argument("bag", type=Path, nargs="+", help="rosbag2 folder, or a .mcap or .db3 file")
        parser.add_argument(
            "--bundle",
            type=Path,
            default=os.environ.get("WMP_BUNDLE", "models/a1_wmp_v0"),
            help="the bundle that walked (default: $WMP_BUNDLE, else models/a1_wmp_v0)",
        )
        parser.add_argument("--report", type=Path, metavar="FILE", help="write an HTML page with pictures")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the verdict with all figures")
        parser.add_argument("--junit", type=Path, metavar="FILE", help="write the verdict for a CI system")
        parser.add_argument(
            "--randomisation",
            type=Path,
            metavar="FILE",
            help="write ranges for training that cover this robot",
        )
        parser.add_argument(
            "--thresholds", type=Path, metavar="FILE", help="YAML with thresholds of your own"
        )
        parser.add_argument(
            "--reference", type=Path, metavar="FILE", help="compare with this instead of the bundle's own"
        )
        parser.add_argument(
            "--calibrate",
            action="store_true",
            help="make the bundle's reference from these bags of simulation",
        )

    def run(self, arguments: argparse.Namespace) -> int:
        """Replay; the exit code is that of the epilog."""
        # Imported here so that `wmp --help` stays quick.
        from wmp_core.bundle import Bundle, BundleError
        from wmp_replay.bag.errors import BagError
        from wmp_replay.reference import ReferenceError
        from wmp_replay.thresholds import ThresholdError

        try:
            bundle = Bundle.load(arguments.bundle)
            if arguments.calibrate:
                return _calibrate(arguments, bundle)
            return _replay(arguments, bundle)
        except (BagError, BundleError, ReferenceError, ThresholdError, OSError) as error:
            print(f"wmp replay: {error}", file=sys.stderr)
            return EXIT_FAILED


def _replay(arguments: argparse.Namespace, bundle: Any) -> int:
    import yaml

    from wmp_replay.junit import write_junit
    from wmp_replay.reference import Reference
    from wmp_replay.replay import replay
    from wmp_replay.report.page import write_report
    from wmp_replay.thresholds import Thresholds

    reference = None if arguments.reference is None else Reference.load(arguments.reference, bundle)
    thresholds, done = Thresholds.load(arguments.thresholds), []
    for bag in arguments.bag:
        started = time.monotonic()
        result = replay(bag, bundle, reference, thresholds, progress_bar(sys.stderr))
        _show(result, time.monotonic() - started)
        done.append(result)
    if arguments.report is not None:
        write_report(done[0], arguments.report)
    if arguments.json is not None:
        verdicts = [result.to_dict() for result in done]
        content = verdicts[0] if len(verdicts) == 1 else {"bags": verdicts}
        arguments.json.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    if arguments.junit is not None:
        write_junit(arguments.junit, done)
    if arguments.randomisation is not None:
        text = yaml.safe_dump(done[0].randomisation(), sort_keys=False)
        arguments.randomisation.write_text(text, encoding="utf-8")
    return max(result.exit_code for result in done)


def _show(result: Any, seconds: float) -> None:
    speed = result.walk.duration / max(seconds, 1e-9)
    print(f"{result.walk.path}: {str(result.status).upper()}  ({seconds:.1f} s, {speed:.0f} x real time)")
    for section in result.sections:
        print(f"  {section.name:<11} {section.status}")
        for finding in section.findings:
            print(f"    {finding.status!s:<5} {finding.text}")


def _calibrate(arguments: argparse.Namespace, bundle: Any) -> int:
    from wmp_replay.calibration import calibrate
    from wmp_replay.reference import FILE

    reference = calibrate(arguments.bag, bundle, progress_bar(sys.stderr))
    reference.save(bundle.path / FILE)
    print(f"{bundle.path / FILE}: from {reference.source}")
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
