"""``wmp curves``: draw how a run went."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

from wmp_core.output_paths import check_file
from wmp_training.cli.mistakes import MISTAKES
from wmp_training.log import RunLog

HELP = "draw the reward and the terrain levels of a run"
DESCRIPTION = """
Draws a run's log over environment steps as a PNG: the reward, the mean level of every terrain, and the share
of the episodes at its last level that passed, with the exploration noise of training.
"""
EXAMPLES = """examples:
  wmp curves --run runs/first --out runs/first/curves.png
  wmp curves --run runs/first --out runs/first/curves.png --overwrite
"""
#: Number of episodes whose share of successes makes one point of a curve.
EPISODES = 100


class CurvesCommand:
    """Plug-in of the ``wmp`` command."""

    help = HELP
    mistakes = MISTAKES

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.description, parser.epilog = DESCRIPTION, EXAMPLES
        parser.add_argument("--run", type=Path, required=True, dest="folder", help="folder of the run")
        parser.add_argument("--out", type=Path, required=True, help="PNG to write")
        parser.add_argument("--overwrite", action="store_true", help="replace --out if it exists")

    def run(self, args: argparse.Namespace) -> int:
        log = RunLog(args.folder)
        lines = log.lines()
        if not lines:
            name = log.file.name
            raise FileNotFoundError(f"no log in {args.folder}: expected {name}; first run `wmp train`")
        check_file(args.out, args.overwrite)
        draw(lines, args.out)
        print(f"wrote {args.out}: {len(lines)} iterations, {lines[-1]['env_steps'] / 1e6:.2f} M steps")
        return 0


def draw(log: list[dict[str, Any]], path: Path) -> None:
    """Draw the reward, and every terrain's mean level and last-level success, over environment steps."""
    # Imported here so that `wmp --help` needs no matplotlib.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    steps = [line["env_steps"] / 1e6 for line in log]
    figure = Figure(figsize=(8, 9), layout="constrained")
    FigureCanvasAgg(figure)
    reward, levels, passed = figure.subplots(3, 1, sharex=True, height_ratios=(1, 2, 2))
    reward.plot(steps, [line["reward"] for line in log])
    reward.set_ylabel("reward per second")
    for name in (key.removeprefix("level/") for key in log[-1] if key.startswith("level/")):
        levels.plot(steps, [line.get(f"level/{name}", math.nan) for line in log], label=name)
        passed.plot(*last_level(log, name), label=name)
    levels.set(ylabel="mean terrain level", ylim=(0, 9))
    levels.legend(ncols=2, fontsize="small")
    passed.set(ylabel="passed at the last level, %", xlabel="environment steps, millions", ylim=(0, 100))
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def last_level(log: list[dict[str, Any]], terrain: str) -> tuple[list[float], list[float]]:
    """Million environment steps and % of the episodes at the last level of ``terrain`` that passed.

    There is a point for every ``EPISODES`` of these episodes.
    """
    steps, shares, finished, passed = [], [], 0, 0
    for line in log:
        counts = line["levels"][terrain]
        finished, passed = finished + counts["finished"][-1], passed + counts["passed"][-1]
        if finished >= EPISODES:
            steps.append(line["env_steps"] / 1e6)
            shares.append(100.0 * passed / finished)
            finished = passed = 0
    return steps, shares


command = CurvesCommand()
