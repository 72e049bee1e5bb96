"""What a simulated walk came to: for people on the terminal, for programs as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from wmp_cli.sim.fault_outcome import FaultOutcome
from wmp_cli.sim.timing import diagnostic_value, stage_timing
from wmp_cli.sim.walk_record import WalkRecord

#: What ended a walk: its time was over, its ground was, somebody asked for it, or something went wrong.
Ending = Literal["duration", "end of the track", "request", "failure"]


@dataclass(frozen=True)
class RunIdentity:
    """What was run: enough to run it again."""

    terrain: str
    difficulty: float
    seed: int
    lockstep: bool
    pd: str
    command: Mapping[str, float]
    bundle: Mapping[str, str]


@dataclass(frozen=True)
class SimSummary:
    """Result of ``wmp sim``.

    Distances in m, along (``distance_m``) and left of (``drift_m``) the heading at the first step; speeds in
    m/s, rad/s.

    Attributes:
        ended: by what; nothing after it counts.
        failure: why the run counts as failed; empty when it does not.
        latents_late: world-model ticks at which the policy had to go on with the previous latent.
        actions_sha256: hash over all actions as float32, in order of their ticks.
        loop_rate_error: relative deviation of the control loop's rate, by its own count (0.0001 is 0.01 %).
        policy_rate_error: the same of the policy's rate, from the stamps of its steps.
        commands, commands_outside_envelope: motor commands that the simulated robot received, and those that
            no envelope should have let through, by its own judgement.
        first_violation: what the first of those was.
        fault: what came of an injected fault; None without one.
        recording_failure: how a recorder ended early or failed; empty if its bag is complete.
        timing: stage -> p50_ms, p99_ms, max_ms.
    """

    ended: Ending
    failure: str
    fell: bool
    walk_s: float
    distance_m: float
    drift_m: float
    mean_vx: float
    mean_yaw_rate: float
    policy_ticks: int
    latent_ticks: int
    latents_late: int
    latents_from_prior: int
    depth_frames: int
    actions_sha256: str
    loop_rate_error: float
    policy_rate_error: float
    wall_s: float
    commands: int
    commands_outside_envelope: int
    first_violation: str
    fault: FaultOutcome | None
    run: RunIdentity
    timing: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    recording_failure: str = ""

    def write_json(self, path: Path) -> None:
        """Save all figures; the fields of ``run`` lie beside the others, so that the file is flat."""
        content = asdict(self)
        content.update(content.pop("run"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")

    def describe(self, verbose: bool = False) -> str:
        """A few lines for the terminal; ``verbose`` adds the timing of every stage."""
        lines = [
            f"{self.policy_ticks} policy steps, {self.latent_ticks} latents ({self.latents_late} late, "
            f"{self.latents_from_prior} without an image), {self.depth_frames} depth images",
            f"{self.commands} motor commands, {self.commands_outside_envelope} outside the safety envelope",
        ]
        if verbose:
            lines += self._timing()
        if self.fault is not None:
            lines.append(f"fault {self.fault.kind}: {self.fault.reaction}")
            lines += [f"  {event}" for event in self.fault.events]
        return "\n".join(lines)

    def _timing(self) -> list[str]:
        lines = []
        if not self.run.lockstep:
            lines.append(
                f"rate error: control loop {self.loop_rate_error:+.4%}, policy {self.policy_rate_error:+.4%}"
            )
        if self.timing:
            lines.append(f"{'stage, ms':<28}{'p50':>9}{'p99':>9}{'max':>9}")
        for stage, figures in sorted(self.timing.items()):
            cells = (figures.get(key) for key in ("p50_ms", "p99_ms", "max_ms"))
            columns = "".join(f"{'-':>9}" if value is None else f"{value:9.3f}" for value in cells)
            lines.append(f"{stage:<28}{columns}")
        return lines

    def conclusion(self) -> str:
        """One sentence: how far the robot came of how far it was asked to, and whether it fell."""
        if self.failure:
            return f"FAILED: {self.failure}; {self._travelled()}"
        if self.fell:
            return f"FAILED: {self._travelled()}, and fell as it sat down"
        end = ", to the end of the track" if self.ended == "end of the track" else ""
        return f"{self._travelled()}{end}; no fall"

    def _travelled(self) -> str:
        """``walked 9.41 m of 10.0 m asked in 20.0 s, 0.03 m right of its line``."""
        command, seconds = self.run.command, self.walk_s
        if command["yaw"]:
            turned, asked = self.mean_yaw_rate * seconds, command["yaw"] * seconds
            return f"turned {turned:+.1f} rad of {asked:+.1f} rad asked in {seconds:.1f} s"
        asked = math.hypot(command["vx"], command["vy"]) * seconds
        if not asked:
            moved = math.hypot(self.distance_m, self.drift_m)
            return f"stood for {seconds:.1f} s, moved {moved:.2f} m"
        ahead = (command["vx"] * self.distance_m + command["vy"] * self.drift_m) * seconds / asked
        aside = (command["vx"] * self.drift_m - command["vy"] * self.distance_m) * seconds / asked
        side = "left" if aside > 0 else "right"
        way = f"walked {ahead:.2f} m of {asked:.1f} m asked in {seconds:.1f} s"
        return f"{way}, {abs(aside):.2f} m {side} of its line"


def summarise(
    record: WalkRecord,
    diagnostics: Mapping[str, Mapping[str, str]],
    run: RunIdentity,
    *,
    ended: Ending,
    failure: str,
    fell: bool,
    wall_s: float,
    fault: FaultOutcome | None = None,
    recording_failure: str = "",
) -> SimSummary:
    """Put the record of a walk and the nodes' last diagnostics into figures."""
    travel = record.travel()
    seconds = travel.seconds if travel else 0.0
    return SimSummary(
        ended=ended,
        failure=failure,
        fell=fell,
        walk_s=seconds,
        distance_m=travel.forward if travel else 0.0,
        drift_m=travel.left if travel else 0.0,
        mean_vx=travel.forward / seconds if travel and seconds else 0.0,
        mean_yaw_rate=travel.turned / seconds if travel and seconds else 0.0,
        policy_ticks=len(record.actions),
        latent_ticks=len(record.latents),
        latents_late=int(diagnostic_value(diagnostics, "latents_late") or 0),
        latents_from_prior=sum(not from_image for from_image in record.latents.values()),
        depth_frames=record.depth_frames,
        actions_sha256=record.actions_sha256,
        loop_rate_error=float(diagnostic_value(diagnostics, "rate_error") or 0.0),
        policy_rate_error=record.rate_error,
        wall_s=wall_s,
        commands=int(diagnostic_value(diagnostics, "commands") or 0),
        commands_outside_envelope=int(diagnostic_value(diagnostics, "commands_outside_envelope") or 0),
        first_violation=diagnostic_value(diagnostics, "first_violation") or "",
        fault=fault,
        run=run,
        timing=stage_timing(record.samples, diagnostics),
        recording_failure=recording_failure,
    )
