"""Progress of a training run: one plain line per iteration, and lines during long preparations.

Lines are complete and end with a newline, so that they read the same on a terminal and in a file.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

logger = logging.getLogger(__name__)
Item = TypeVar("Item")

#: Time between two lines of a long preparation [s].
PERIOD = 5.0
#: Printed instead of a missing figure.
NONE = "-"


def reported(items: Sequence[Item], what: str, period: float = PERIOD) -> Iterator[Item]:
    """The ``items`` one by one, with a log line like "120 of 600 worlds compiled" every ``period`` s."""
    due = time.monotonic() + period
    for done, item in enumerate(items):
        if time.monotonic() >= due:
            logger.info("%d of %d %s", done, len(items), what)
            due = time.monotonic() + period
        yield item


def iteration_line(
    log: Mapping[str, float], iteration: int, env_steps: int, steps_per_second: float, time_left: float
) -> str:
    """The progress line of an iteration with its ``log``; ``time_left`` until the stage ends [s]."""
    levels = " ".join(f"{name[6:]} {value:.1f}" for name, value in log.items() if name.startswith("level/"))
    success = 1.0 - log["falls"] / log["episodes"] if log["episodes"] else math.nan
    world_model = f"world model {log['world_model']:7.1f}  " if "world_model" in log else ""
    return (
        f"{iteration:5d}  {env_steps / 1e6:6.2f} M steps  {steps_per_second / 1e3:5.1f} k/s  "
        f"reward {figure(log['reward'], '5.2f')}  success {figure(success, '4.0%')}  "
        f"levels {levels or NONE}  std {figure(log['std'], '.2f')}  {world_model}"
        f"time left {figure(max(time_left, 0.0) / 60, '4.0f')} min"
    )


def figure(value: float, form: str) -> str:
    """``value`` in the format ``form``, or a dash of the same width if it is not finite."""
    width = len(format(0.0, form))
    return format(value, form) if math.isfinite(value) else f"{NONE:>{width}}"
