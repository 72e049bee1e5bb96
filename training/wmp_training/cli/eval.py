"""``wmp eval``: measure a bundle on every terrain, by the protocol that all published figures use."""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wmp_training.evaluation.summary import Cell

HELP = "measure how well a bundle walks, terrain by terrain"
DESCRIPTION = """
Runs the exported graphs of a bundle, deterministically, on every terrain at every level: an episode
succeeds if the robot makes 6 m over the obstacles within 20 s at a commanded 0.6 m/s without a fall; among
bars it must also walk upright (base above 0.25 m) where there is none. Obstacle places, bodies and starts are
random per episode and follow from --seed; the same arguments give the same file.

--foresight DIR lets the world model go on alone for ten steps (1 s) after five with images, on walks of the
policy: a table against persistence (the last image, unchanged) and a picture per terrain.

--through-graph runs every episode through the real nodes as well (wmp sim, lockstep, about real time): the
nominal robot, straight on without steering, and says in how many episodes both evaluations agree.

--blind shows the camera an empty world (everything beyond its range) and leaves all else as it is: the
difference is what vision is worth. --blind prior lets no image arrive at all.

examples:
  wmp eval --bundle models/a1_wmp_v0 --terrains flat,rough --episodes 10
  wmp eval --bundle models/a1_wmp_v1 --json eval.json --plot eval.png
  wmp eval --bundle models/a1_wmp_v1 --blind --json blind.json
"""

#: Walks per terrain and level on which the world model is judged: each gives some ten sequences.
WALKS = 2


class EvalCommand:
    """Plug-in of the ``wmp`` command."""

    help = HELP
    description = DESCRIPTION

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.description = DESCRIPTION
        parser.add_argument("--bundle", type=Path, required=True, help="folder of the bundle")
        parser.add_argument("--terrains", default="all", help="all, or a list like gap,climb (default all)")
        parser.add_argument(
            "--levels", default="0.1,0.3,0.5,0.7,0.9", help="difficulties in [0, 1] (default %(default)s)"
        )
        parser.add_argument("--episodes", type=int, default=50, help="per terrain and level (default 50)")
        parser.add_argument("--seed", type=int, default=0, help="of everything random (default 0)")
        parser.add_argument(
            "--blind",
            nargs="?",
            const="far",
            default="no",
            choices=("far", "prior"),
            help="without the image",
        )
        parser.add_argument(
            "--nominal", action="store_true", help="every robot the same, started exactly on the track"
        )
        parser.add_argument(
            "--through-graph",
            action="store_true",
            help="run the episodes through the ROS graph in lockstep, and compare",
        )
        parser.add_argument("--threads", type=int, default=2, help="physics threads (default 2)")
        parser.add_argument("--json", type=Path, help="write all figures and episodes to this file")
        parser.add_argument(
            "--foresight", type=Path, metavar="DIR", help="also judge the world model; draw predictions here"
        )
        parser.add_argument("--plot", type=Path, help="draw success against difficulty into this file")

    def run(self, args: argparse.Namespace) -> int:
        # Imported here so that `wmp --help` needs neither torch nor a second.
        import torch

        from wmp_core.bundle import Bundle, BundleError
        from wmp_training.evaluation.episodes import run_trials
        from wmp_training.evaluation.foresight import foresight_table, judge_foresight
        from wmp_training.evaluation.plot import plot_success
        from wmp_training.evaluation.protocol import Protocol
        from wmp_training.evaluation.summary import markdown, report, save_report, summarise
        from wmp_training.evaluation.through_graph import run_in_graph
        from wmp_training.evaluation.trial import difficulties, terrain_names, trials

        torch.set_num_threads(1)
        try:
            places = [
                (name, level) for name in terrain_names(args.terrains) for level in difficulties(args.levels)
            ]
            protocol = Protocol(blind=args.blind, varied=not args.nominal)
            if args.through_graph:
                protocol = dataclasses.replace(protocol, heading_gain=0.0, varied=False)
                if args.blind != "no":
                    raise ValueError("--through-graph and --blind exclude each other: the graph has eyes")
            if args.episodes < 1:
                raise ValueError(f"--episodes is {args.episodes}, expected at least 1")
            bundle = Bundle.load(args.bundle)
        except (ValueError, BundleError) as error:
            print(f"wmp eval: {error}", file=sys.stderr)
            return 2
        outcomes, cells, agreeing = [], [], 0
        progress = Progress(len(places))
        for terrain, difficulty in places:
            finished = run_trials(
                bundle, trials(terrain, difficulty, args.episodes, args.seed), protocol, args.threads
            )
            if args.through_graph:
                batched = finished
                finished = [run_in_graph(args.bundle, outcome.trial, protocol) for outcome in batched]
                agreeing += sum(a.success == b.success for a, b in zip(batched, finished, strict=True))
            outcomes += finished
            cells.append(summarise(finished))
            progress.show(cells[-1])
        print(markdown(cells))
        if args.through_graph:
            print(f"\nthe batched evaluation agrees in {agreeing} of {len(outcomes)} episodes")
        foresight = {}
        if args.foresight:
            seeing = dataclasses.replace(protocol, blind="no")
            for terrain in dict.fromkeys(terrain for terrain, _ in places):
                levels = (level for name, level in places if name == terrain)
                walks = [trial for level in levels for trial in trials(terrain, level, WALKS, args.seed)]
                picture = args.foresight / f"{terrain}.png"
                foresight[terrain] = judge_foresight(bundle, walks, seeing, picture)
            print(f"\n{foresight_table(foresight)}")
        if args.json:
            save_report(report(bundle, protocol, args.seed, cells, outcomes, foresight), args.json)
        if args.plot:
            plot_success({bundle.name if args.blind == "no" else f"{bundle.name}, blind": cells}, args.plot)
        return 0


class Progress:
    """One line per cell on stderr, with the time that the rest will take."""

    def __init__(self, total: int) -> None:
        self.total, self.done, self.begin = total, 0, time.monotonic()

    def show(self, cell: Cell) -> None:
        self.done += 1
        left = (time.monotonic() - self.begin) / self.done * (self.total - self.done)
        print(
            f"[{self.done}/{self.total}] {cell.terrain} {cell.difficulty:.2f}: "
            f"{cell.success:.0%} of {cell.episodes}, {left / 60:.0f} min left",
            file=sys.stderr,
            flush=True,
        )


command = EvalCommand()
