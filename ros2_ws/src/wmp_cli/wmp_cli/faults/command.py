"""``wmp faults``: let everything go wrong once, and see what becomes of the robot."""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wmp_bringup.locations import shipped_parameters
from wmp_bringup.parameters import node_parameters
from wmp_cli.command import WMP, UsageError
from wmp_core.bundle import Bundle
from wmp_core.default_bundle import find_bundle
from wmp_core.manifest import BundleError
from wmp_sim.faults.schedule import KINDS, REAL_TIME_ONLY

DESCRIPTION = """Walks the simulated A1 through the real graph once per kind of fault, and prints for each
when it was detected, how the controller reacted, whether the robot fell, how many commands on the wire lay
outside of the envelope (there must be none), and whether the bag of the walk can be read. In lockstep, so
that a run repeats bit for bit, and with the safety rules of a1_real.yaml; where processes or their orders are
hit, in real time, with the more patient safety rules of a1_sim.yaml, since robot and controller share this
computer."""

EXAMPLES = """examples:
  wmp faults --json faults.json            all of them
  wmp faults --only imu_nan udp_loss_30    two of them

exit code: 0 all commands inside of the envelope and all bags readable; 1 otherwise; 2 wrong arguments"""

#: Seconds of the robot's time: standing up takes 3.5, so it has walked for one when a fault begins.
BEGIN, DURATION, WALK = 4.5, 2.5, 4.5
#: In real time a busy machine lets the robot's time fall behind its own, by which a walk is ended.
WALK_IN_REAL_TIME = 15.0
#: Seconds of wall time for a walk; lockstep is slow on a busy machine, and the same.
RUN_TIMEOUT, RUN_TIMEOUT_IN_LOCKSTEP = 240.0, 1800.0
ATTEMPTS = 3
COLUMNS = ("fault", "detected after", "reaction", "fell", "outside", "log")


@dataclass(frozen=True)
class FaultResult:
    """One line of the table; ``figures`` are those of ``wmp sim`` for this run."""

    kind: str
    description: str
    lockstep: bool
    detected_after_ms: float | None
    detection: str
    reaction: str
    fell: bool
    commands: int
    commands_outside_envelope: int
    first_violation: str
    log_intact: bool
    failure: str
    command_line: str
    figures: dict[str, Any]

    @property
    def passed(self) -> bool:
        """Whether the promises that hold for every fault were kept."""
        happened = bool(self.figures.get("fault")) and self.commands > 0
        return happened and self.commands_outside_envelope == 0 and self.log_intact

    def row(self) -> tuple[str, ...]:
        """Its cells, see ``COLUMNS``."""
        after = "-" if self.detected_after_ms is None else f"{self.detected_after_ms:.0f} ms"
        return (
            self.kind,
            after if self.detected_after_ms is not None else self.detection or after,
            self.reaction,
            "fell" if self.fell else "no",
            f"{self.commands_outside_envelope} of {self.commands}",
            "intact" if self.log_intact else "DAMAGED",
        )


class FaultsCommand:
    """The subcommand ``wmp faults``."""

    help = "inject every kind of fault into a simulated walk and report what happened"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.description, parser.epilog = DESCRIPTION, EXAMPLES
        parser.add_argument("--bundle", help="folder of the bundle (default: as for wmp sim)")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to this file")
        parser.add_argument(
            "--only", nargs="+", action="extend", choices=list(KINDS), metavar="KIND", help="only these kinds"
        )
        parser.add_argument("--keep", type=Path, metavar="DIR", help="keep logs and bags below this folder")

    def run(self, arguments: argparse.Namespace) -> int:
        """Run them one after the other."""
        try:
            bundle = Path(arguments.bundle) if arguments.bundle else find_bundle()
            Bundle.load_unverified(bundle)
        except (BundleError, OSError) as error:
            raise UsageError(str(error)) from error
        with tempfile.TemporaryDirectory(prefix="wmp_faults_") as scratch:
            folder = arguments.keep or Path(scratch)
            results = []
            _print_row(COLUMNS)
            for kind in arguments.only or KINDS:
                results.append(run_until_it_happens(kind, bundle, folder / kind))
                _print_row(results[-1].row())
        if arguments.json is not None:
            arguments.json.parent.mkdir(parents=True, exist_ok=True)
            arguments.json.write_text(json.dumps(report(results), indent=2) + "\n", encoding="utf-8")
        return 0 if all(result.passed for result in results) else 1


def run_until_it_happens(kind: str, bundle: Path, folder: Path) -> FaultResult:
    """Walk until the fault has happened: in real time a busy machine may end a walk before."""
    for _ in range(ATTEMPTS):
        result = run_fault(kind, bundle, folder)
        if result.lockstep or result.figures.get("fault"):
            break
    return result


def run_fault(kind: str, bundle: Path, folder: Path) -> FaultResult:
    """Walk once with one fault; logs and bag go to ``folder``."""
    lockstep = kind not in REAL_TIME_ONLY
    timeout = RUN_TIMEOUT_IN_LOCKSTEP if lockstep else RUN_TIMEOUT
    folder.mkdir(parents=True, exist_ok=True)
    stamp = time.strftime("%H%M%S")
    figures_file, bag = folder / f"figures_{stamp}.json", folder / f"bag_{stamp}"
    options = [
        *("--bundle", str(bundle), "--lockstep" if lockstep else "--no-lockstep"),
        *("--duration", f"{WALK if lockstep else WALK_IN_REAL_TIME:g}"),
        *("--fault", f"{kind}@{BEGIN:g}:{DURATION:g}"),
        *("--record", str(bag), "--json", str(figures_file), "--log-dir", str(folder / "log")),
    ]
    if lockstep:
        # In real time a machine that is shared would stop the robot before the fault that is to be seen.
        options += robot_safety_limits()
    with (folder / "wmp_sim.log").open("w", encoding="utf-8") as log:
        try:
            command = [*WMP, "sim", *options]
            subprocess.run(command, stdout=log, stderr=log, timeout=timeout, check=False)
        except subprocess.TimeoutExpired:
            log.write(f"ended after {timeout:g} s\n")
    figures = json.loads(figures_file.read_text(encoding="utf-8")) if figures_file.exists() else {}
    fault = figures.get("fault") or {}
    counted = fault.get("counted", {})
    return FaultResult(
        kind=kind,
        description=KINDS[kind],
        lockstep=lockstep,
        detected_after_ms=fault.get("detected_after_ms"),
        detection=", ".join(f"{count} {name}" for name, count in counted.items()),
        reaction=fault.get("reaction", "unknown"),
        fell=bool(figures.get("fell")),
        commands=int(figures.get("commands", 0)),
        commands_outside_envelope=int(figures.get("commands_outside_envelope", 0)),
        first_violation=figures.get("first_violation", ""),
        log_intact=is_intact(bag, 1 if kind == "disk_full" else figures.get("policy_ticks", 0)),
        failure=figures.get("failure", "no figures; see wmp_sim.log"),
        command_line=f"wmp sim {' '.join(options[:7])}",
        figures=figures,
    )


def robot_safety_limits() -> list[str]:
    """Options of ``wmp sim`` that give the simulated robot's safety rules the limits of the real one's."""
    simulated, real = (node_parameters(shipped_parameters(mode), "policy_node") for mode in ("sim", "real"))
    names = [name for name in real if name.startswith("safety.") and real[name] != simulated[name]]
    return [f"--set=policy_node/{name}={real[name]}" for name in names]


def is_intact(bag: Path, steps: int) -> bool:
    """Whether at least so many policy steps can be read from a bag, whole or cut off."""
    from wmp_recording.recovery import recorded_messages  # not needed for --help

    try:
        return sum(message.topic == "wmp/policy_step" for message in recorded_messages(bag)) >= steps
    except FileNotFoundError:
        return False


def report(results: list[FaultResult]) -> dict[str, Any]:
    """All results as plain values."""
    rows = [{key: getattr(result, key) for key in FaultResult.__dataclass_fields__} for result in results]
    return {"passed": all(result.passed for result in results), "faults": rows}


def _print_row(cells: tuple[str, ...]) -> None:
    widths = (20, 44, 10, 6, 14, 8)
    padded = [f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)]
    print("  ".join(padded).rstrip(), flush=True)
