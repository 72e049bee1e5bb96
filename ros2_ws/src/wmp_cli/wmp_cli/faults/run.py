"""One walk of ``wmp sim`` with one fault."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from wmp_bringup.locations import shipped_parameters
from wmp_bringup.parameters import node_parameters
from wmp_cli.command import WMP
from wmp_cli.faults.result import FaultResult
from wmp_sim.faults.schedule import KINDS, REAL_TIME_ONLY

#: Times of the robot [s]: standing up takes 3.5, so the robot has walked for 1 when the fault begins.
BEGIN, DURATION, WALK = 4.5, 2.5, 4.5
#: Length of a walk in real time [s]. On a busy machine the robot's time falls behind this machine's, which
#: ends the walk.
WALK_IN_REAL_TIME = 15.0
#: Longest time of this machine for a walk [s]; lockstep is slow on a busy machine, with the same result.
RUN_TIMEOUT, RUN_TIMEOUT_IN_LOCKSTEP = 240.0, 1800.0
ATTEMPTS = 3
LOG = "wmp_sim.log"


def run_until_injected(kind: str, bundle: Path, folder: Path) -> FaultResult:
    """Walk until the fault has occurred, :data:`ATTEMPTS` times at most.

    In real time a busy machine may end a walk before the fault.
    """
    for attempt in range(1, ATTEMPTS + 1):
        result = run_fault(kind, bundle, folder, attempt)
        if result.lockstep or result.injected:
            break
    return result


def run_fault(kind: str, bundle: Path, folder: Path, attempt: int = 1) -> FaultResult:
    """Walk once with one fault; log, figures and bag go to ``folder``."""
    lockstep = kind not in REAL_TIME_ONLY
    folder.mkdir(parents=True, exist_ok=True)
    figures_file, bag = folder / f"figures_{attempt}.json", folder / f"bag_{attempt}"
    options = [
        *("--bundle", str(bundle), "--lockstep" if lockstep else "--no-lockstep"),
        *("--duration", f"{WALK if lockstep else WALK_IN_REAL_TIME:g}"),
        *("--fault", f"{kind}@{BEGIN:g}:{DURATION:g}"),
        *("--record", str(bag), "--json", str(figures_file), "--log-dir", str(folder / "log")),
    ]
    if lockstep:
        # In real time these limits would stop the robot before the fault on a busy machine.
        options += robot_safety_limits()
    _run_wmp_sim(options, folder / LOG, RUN_TIMEOUT_IN_LOCKSTEP if lockstep else RUN_TIMEOUT)
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
        failure=figures.get("failure", f"no figures; see {LOG}"),
        command_line=f"wmp sim {' '.join(options[:7])}",
        figures=figures,
    )


def robot_safety_limits() -> list[str]:
    """Options of ``wmp sim`` that give the simulated robot the safety limits of the real one."""
    simulated, real = (node_parameters(shipped_parameters(mode), "policy_node") for mode in ("sim", "real"))
    names = [name for name in real if name.startswith("safety.") and real[name] != simulated[name]]
    return [f"--set=policy_node/{name}={real[name]}" for name in names]


def is_intact(bag: Path, steps: int) -> bool:
    """Whether at least ``steps`` policy steps can be read from ``bag``, complete or not."""
    from wmp_recording.storage.errors import BagError  # not needed for --help
    from wmp_recording.storage.recording import open_recording

    try:
        messages = open_recording(bag).messages()
    except BagError:
        return False
    return sum(message.topic == "wmp/policy_step" for message in messages) >= steps


def _run_wmp_sim(options: list[str], log_file: Path, timeout: float) -> None:
    """Run ``wmp sim`` for ``timeout`` s at most and append its output to ``log_file``."""
    with log_file.open("a", encoding="utf-8") as log:
        try:
            subprocess.run([*WMP, "sim", *options], stdout=log, stderr=log, timeout=timeout, check=False)
        except subprocess.TimeoutExpired:
            log.write(f"stopped after {timeout:g} s\n")
