"""``wmp eval``: measure a policy on every terrain, by the protocol that all published figures use."""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from wmp_training.cli.mistakes import MISTAKES
from wmp_training.evaluation.trial import DIFFICULTIES

if TYPE_CHECKING:
    from wmp_training.evaluation.candidate import Candidate
    from wmp_training.evaluation.evaluate import CellKey
    from wmp_training.evaluation.metrics import Outcome
    from wmp_training.evaluation.protocol import Protocol
    from wmp_training.evaluation.report import Report
    from wmp_training.evaluation.summary import Cell

HELP = "measure how well a policy walks, terrain by terrain"
DESCRIPTION = """
Runs the exported graphs of a bundle, deterministically, on every terrain at every level: an episode
succeeds if the robot makes 6 m over the obstacles, and has firm ground under it there, within 20 s at a
commanded 0.6 m/s without a fall (tilted beyond 80 degrees, lying on its trunk for 1 s, or in a gap); among
bars it must also walk upright (base above 0.25 m) where there is none. Obstacle places, bodies and starts
are random per episode and follow from --seeds; the same arguments give the same file. Ctrl-C keeps the
finished cells in --json, and the same command with --resume goes on.

--run judges the last checkpoint of a training run, or one that `wmp checkpoint` kept, in the same way: also
what has no bundle, the privileged teacher and policies without a world model. `wmp compare` puts evaluations
side by side.

--foresight PICTURE lets the world model go on alone for ten steps (1 s) after five with images, on walks of
the policy: a table against persistence (the last image, unchanged) and a picture.

--through-graph runs every episode through the real nodes as well (wmp sim, lockstep, about real time), with
the nominal robot, and says in how many episodes both evaluations agree.

--blind shows the camera an empty world (everything beyond its range) and leaves all else as it is: the
difference is what vision is worth. --blind prior lets no image arrive at all.

examples:
  wmp eval --bundle models/a1_wmp_v0 --terrains flat,rough --episodes 10
  wmp eval --bundle models/a1_wmp_v1 --seeds 0,1 --json eval.json --plot eval.png
  wmp eval --bundle models/a1_wmp_v1 --seeds 0,1 --blind --json blinded.json
  wmp eval --run models/checkpoints/a1_wmp_v1_teacher --json teacher.json
"""


class EvalCommand:
    """Plug-in of the ``wmp`` command."""

    help = HELP
    mistakes = MISTAKES

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.description = DESCRIPTION
        add = parser.add_argument
        who = parser.add_mutually_exclusive_group(required=True)
        who.add_argument("--bundle", type=Path, help="folder of the bundle")
        who.add_argument("--run", type=Path, dest="folder", help="or of a run, a stage or a checkpoint")
        add("--terrains", default="all", help="all, or a list like gap,climb (default all)")
        levels = ",".join(map(str, DIFFICULTIES))
        add("--levels", default=levels, help="difficulties in [0, 1] (default %(default)s)")
        add("--episodes", type=int, default=50, help="per terrain, level and seed (default 50)")
        add("--seeds", default="0", help="of everything random, like 0,1; pooled (default 0)")
        add(
            "--blind",
            nargs="?",
            const="far",
            default="no",
            choices=("far", "prior"),
            help="without the image",
        )
        add("--nominal", action="store_true", help="every robot the same, started exactly on the track")
        add(
            "--through-graph",
            action="store_true",
            help="run the episodes through the ROS graph in lockstep, and compare",
        )
        add("--threads", type=int, default=2, help="physics threads (default 2)")
        add("--json", type=Path, help="write all figures and episodes to this file")
        add("--resume", action="store_true", help="go on with an evaluation that --json holds in part")
        add(
            "--foresight",
            type=Path,
            metavar="PICTURE",
            help="also judge the world model; draw what it foresees",
        )
        add("--plot", type=Path, help="draw success against difficulty into this file")

    def run(self, args: argparse.Namespace) -> int:
        # Imported here so that `wmp --help` needs neither torch nor a second.
        import torch

        from wmp_training.evaluation.load_candidate import load_candidate

        torch.set_num_threads(1)
        who = load_candidate(args.bundle, args.folder)
        places, report = _plan(args, who)
        try:
            _judge(args, who, places, report)
        except KeyboardInterrupt:
            kept = f"; --resume goes on with {args.json}" if args.json else ", none is kept without --json"
            done = f"{len(report.cells)} of {len(places)} cells"
            print(f"\nwmp eval: stopped after {done}{kept}", file=sys.stderr)
            return 130
        if args.plot:
            from wmp_training.evaluation.success_plot import plot_success

            plot_success({report.name: report.cells}, args.plot)
        return 0


def _plan(args: argparse.Namespace, who: Candidate) -> tuple[list[CellKey], Report]:
    """What is to be evaluated, and the report it goes into; ``ValueError`` on senseless arguments."""
    from wmp_training.evaluation.report import Report
    from wmp_training.evaluation.trial import difficulties, seeds, terrain_names

    if args.episodes < 1:
        raise ValueError(f"--episodes is {args.episodes}, expected at least 1")
    if args.resume and not args.json:
        raise ValueError("--resume goes on with what --json holds, expected both")
    if args.bundle is None and (args.foresight or args.through_graph):
        raise ValueError("--foresight and --through-graph need a bundle: export the run")
    if not who.uses_camera and args.blind != "no":
        raise ValueError(f"--blind takes the image away, and {who.name} has none")
    levels = difficulties(args.levels)
    places = [(name, level) for name in terrain_names(args.terrains) for level in levels]
    report = Report(who.identity(), _protocol(args), seeds(args.seeds), args.episodes)
    report = report.resumed(args.json) if args.resume else report
    report.plan(places)
    return places, report


def _protocol(args: argparse.Namespace) -> Protocol:
    from wmp_training.evaluation.protocol import Protocol

    protocol = Protocol(blind=args.blind, varied=not args.nominal)
    if not args.through_graph:
        return protocol
    if args.blind != "no":
        raise ValueError("--through-graph and --blind exclude each other: the graph has eyes")
    return dataclasses.replace(protocol, varied=False)


def _judge(args: argparse.Namespace, who: Candidate, places: list[CellKey], report: Report) -> None:
    """Fill ``report``, keep it up to date on disk, and print what it says."""
    from wmp_training.evaluation.bundle_candidate import BundleCandidate
    from wmp_training.evaluation.evaluate import evaluate, evaluate_world_model
    from wmp_training.evaluation.open_loop import open_loop_table
    from wmp_training.evaluation.open_loop_plot import plot_open_loop
    from wmp_training.evaluation.summary import markdown
    from wmp_training.evaluation.through_graph import run_in_graph

    def save() -> None:
        if args.json:
            report.save(args.json)

    def in_graph(outcome: Outcome) -> Outcome:
        return run_in_graph(args.bundle, outcome.trial, report.protocol)

    progress = _progress(len(places), len(report.cells))

    def finished(cell: Cell) -> None:
        save()
        progress(cell)

    before = len(report.outcomes)
    agreeing = evaluate(who, report, places, args.threads, finished, in_graph if args.through_graph else None)
    print(markdown(report.cells))
    if args.through_graph:
        print(f"\nthe batched evaluation agrees in {agreeing} of {len(report.outcomes) - before} episodes")
    if args.foresight and isinstance(who, BundleCandidate):
        drawn = evaluate_world_model(who, report, places)
        if drawn:
            plot_open_loop(drawn, who.contract.depth.far, args.foresight)
        print(f"\n{open_loop_table(report.open_loop)}")
        save()


def _progress(total: int, done: int) -> Callable[[Cell], None]:
    """Says one line per cell on stderr, with the time that the rest will take."""
    begin, before = time.monotonic(), done

    def show(cell: Cell) -> None:
        nonlocal done
        done += 1
        left = (time.monotonic() - begin) / (done - before) * (total - done)
        line = f"[{done}/{total}] {cell.terrain} {cell.difficulty:.2f}: {cell.success:.0%} of {cell.episodes}"
        print(f"{line}, {left / 60:.0f} min left", file=sys.stderr, flush=True)

    return show


command = EvalCommand()
