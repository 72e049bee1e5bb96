"""One line that is rewritten on a terminal, and printed every 2 s where there is none."""

from __future__ import annotations

import shutil
import time
from typing import TextIO

from wmp_cli.sim.journals import WalkJournals
from wmp_cli.sim.settings import SimSettings
from wmp_cli.sim.timing import diagnostic_value

TERMINAL_PERIOD = 0.2
PLAIN_PERIOD = 2.0

#: What the controller does in each of its modes.
ACTIVITIES = {
    "": "starting",
    "PASSIVE": "lying",
    "STAND_UP": "standing up",
    "STAND": "standing",
    "WALK": "walking",
    "SIT_DOWN": "sitting down",
    "FAULT": "stopped by a fault",
}
#: Shown with --verbose: 99 % of the control loop's cycles work at most this long; cycles that came too late;
#: latents that came too late for their tick.
TIMING = (
    ("loop {:.1f} ms", "busy_p99_ms"),
    ("{:.0f} late cycles", "overruns"),
    ("{:.0f} late latents", "latents_late"),
)


class StatusLine:
    """Shows the newest state of something that runs; ``update`` may be called at any rate."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._period = TERMINAL_PERIOD if self._terminal else PLAIN_PERIOD
        self._next = 0.0

    def due(self) -> bool:
        """Whether it is time for a new line (spares the caller from composing lines nobody sees)."""
        return time.monotonic() >= self._next

    def update(self, text: str) -> None:
        """Show ``text`` in place of the last one."""
        self._next = time.monotonic() + self._period
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write(f"\r\x1b[K{text[:width]}")
        else:
            self._stream.write(f"{text}\n")
        self._stream.flush()

    def close(self) -> None:
        """Keep the last line and continue below it."""
        if self._terminal:
            self._stream.write("\n")
            self._stream.flush()


def status_text(journals: WalkJournals, settings: SimSettings) -> str:
    """What the robot does, how fast, how far: ``walking 0.48 m/s, 2.5 m, 5.2 s of 20 s``."""
    text = ACTIVITIES.get(journals.mode, journals.mode)
    travel = journals.record.travel()
    if journals.mode == "WALK" and travel is not None:
        text += f" {journals.speed:.2f} m/s"
    if travel is not None:
        of = "" if settings.duration is None else f" of {settings.duration:g} s"
        text += f", {travel.forward:.1f} m, {travel.seconds:.1f} s{of}"
    if not settings.verbose:
        return text
    parts = [text]
    if journals.latent_age is not None:
        parts.append(f"latent {journals.latent_age * 1000:.0f} ms old")
    for pattern, key in TIMING:
        if (value := diagnostic_value(journals.values, key)) is not None:
            parts.append(pattern.format(float(value)))
    return ", ".join(parts)
