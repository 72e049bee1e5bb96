"""One simulated walk with one fault: ``wmp sim`` in its own process, judged by its figures and its bag."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

from wmp_bringup.locations import shipped_parameters
from wmp_bringup.parameters import node_parameters
from wmp_cli.command import WMP
from wmp_cli.faults.result import FaultResult
from wmp_sim.faults.schedule import KINDS, REAL_TIME_ONLY

#: Begin and duration of a fault, and duration of the walk: robot time [s]. Standing up takes 3.5 s, so the
#: robot has walked for 1 s when the fault begins.
BEGIN, DURATION, WALK = 4.5, 2.5, 4.5
#: Duration of a walk in real time [s]. On a busy machine robot time falls behind wall time, which ends it.
WALK_IN_REAL_TIME = 15.0
#: Longest wall time of a walk [s]. On a busy machine lockstep is slow, with the same result.
TIMEOUT, TIMEOUT_IN_LOCKSTEP = 240.0, 1800.0
ATTEMPTS = 3


def walk_until_fault(kind: str, bundle: Path, folder: Path) -> FaultResult:
    """Walk with the fault, again if the walk ended before it: a busy machine may do that in real time."""
    for _ in range(ATTEMPTS):
        result = walk(kind, bundle, folder)
        if result.lockstep or result.happened:
            break
    return result


def walk(kind: str, bundle: Path, folder: Path) -> FaultResult:
    """Walk once with the fault ``kind``; logs, figures and bag go to ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    stamp = time.strftime("%H%M%S")
    file, bag = folder / f"figures_{stamp}.json", folder / f"bag_{stamp}"
    lockstep = kind not in REAL_TIME_ONLY
    options = _walk_options(kind, bundle, lockstep)
    outputs = ["--record", str(bag), "--json", str(file), "--log-dir", str(folder / "log")]
    # In real time, a busy machine would trip the limits of the real robot before the fault begins.
    limits = robot_safety_limits() if lockstep else []
    timeout = TIMEOUT_IN_LOCKSTEP if lockstep else TIMEOUT
    with (folder / "wmp_sim.log").open("w", encoding="utf-8") as log:
        try:
            command = [*WMP, "sim", *options, *outputs, *limits]
            subprocess.run(command, stdout=log, stderr=log, timeout=timeout, check=False)
        except subprocess.TimeoutExpired:
            log.write(f"stopped after {timeout:g} s\n")
    figures = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return _result(kind, lockstep, options, figures, bag)


def robot_safety_limits() -> list[str]:
    """Options of ``wmp sim`` that give the simulated robot the safety limits of the real one."""
    simulated, real = (node_parameters(shipped_parameters(mode), "policy_node") for mode in ("sim", "real"))
    names = [name for name in real if name.startswith("safety.") and real[name] != simulated[name]]
    return [f"--set=policy_node/{name}={real[name]}" for name in names]


def _walk_options(kind: str, bundle: Path, lockstep: bool) -> list[str]:
    return [
        *("--bundle", str(bundle), "--lockstep" if lockstep else "--no-lockstep"),
        *("--duration", f"{WALK if lockstep else WALK_IN_REAL_TIME:g}"),
        *("--fault", f"{kind}@{BEGIN:g}:{DURATION:g}"),
    ]


def _result(kind: str, lockstep: bool, options: list[str], figures: dict[str, Any], bag: Path) -> FaultResult:
    fault = figures.get("fault") or {}
    # A full disk ends the recording early: one step must still be readable.
    steps = 1 if kind == "disk_full" else figures.get("policy_ticks", 0)
    return FaultResult(
        kind=kind,
        description=KINDS[kind],
        lockstep=lockstep,
        detected_after_ms=fault.get("detected_after_ms"),
        detection=", ".join(f"{count} {name}" for name, count in fault.get("counted", {}).items()),
        reaction=fault.get("reaction", "unknown"),
        fell=bool(figures.get("fell")),
        commands=int(figures.get("commands", 0)),
        commands_outside_envelope=int(figures.get("commands_outside_envelope", 0)),
        first_violation=figures.get("first_violation", ""),
        log_intact=_holds_steps(bag, steps),
        failure=figures.get("failure", "no figures; see wmp_sim.log"),
        command_line=f"wmp sim {' '.join(options)}",
        figures=figures,
    )


def _holds_steps(bag: Path, steps: int) -> bool:
    """Whether at least ``steps`` policy steps can be read from a bag, complete or cut off."""
    from wmp_recording.recovery import recorded_messages  # not needed for --help

    try:
        return sum(message.topic == "wmp/policy_step" for message in recorded_messages(bag)) >= steps
    except FileNotFoundError:
        return False
