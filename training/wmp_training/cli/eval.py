"""``wmp eval``: evaluate a policy on every terrain, by the protocol that all published figures use."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wmp_core.default_bundle import resolve_bundle
from wmp_core.output_paths import check_file
from wmp_training.checkpoint_facts import find_checkpoint, load_facts
from wmp_training.cli.episode_progress import episode_progress
from wmp_training.cli.mistakes import MISTAKES
from wmp_training.cli.options import (
    BUNDLE,
    RUN,
    add_difficulties,
    add_overwrite,
    add_terrains,
    check_at_least,
    check_evaluations,
)
from wmp_training.evaluation.conditions import NOMINAL, condition_list
from wmp_training.evaluation.protocol import OWN, RELEASE_SEEDS, SIMULATORS, Protocol
from wmp_training.evaluation.simulators import check_simulator, tracks_in
from wmp_training.evaluation.trial import (
    CellKey,
    condition_names,
    difficulties,
    seeds,
    terrain_names,
)

if TYPE_CHECKING:
    from wmp_training.evaluation.candidate import Candidate
    from wmp_training.evaluation.metrics import Outcome
    from wmp_training.evaluation.report import Report
    from wmp_training.evaluation.summary import Cell

HELP = "evaluate how well a policy walks, per terrain and difficulty"
DESCRIPTION = """
Runs the exported graphs of a bundle, deterministically, on every terrain at every difficulty. An episode
reaches the goal if the robot covers 6 m of obstacles within 20 s at a commanded 0.6 m/s, ends on firm
ground, and does not fall (80 degrees of tilt, 1 s on its trunk, or a gap). It succeeds if it also follows
these rules, and the report says which ones it failed:
  speed     the mean speed is within 0.15 m/s of the command; with gaps and boxes, at most 0.4 m/s above it
            between them
  contacts  thighs and calves touch the track at most 6 times per metre
  crouched  on crawl, it walks upright (base above 0.25 m) between the bars
Obstacle positions, bodies and starts are random per episode and follow from --seeds: the same arguments give
the same file. Ctrl-C keeps the finished cells in --json; the same command with --resume continues there.

--condition changes robot, sensors or timing; --condition list explains every name. All conditions have the
same tracks.

With a bundle, it also prints how well surprise, 0.5 s ahead, tells episodes that fail from those that do not.

--run evaluates the last checkpoint of a training run, or a kept one, by the same protocol: also the
privileged teacher and policies without a world model, which have no bundle.

--open-loop FILE evaluates the world model: five steps with images, then ten steps (1 s) without, on the
policy's own walks. It prints errors beside those of persistence (the last image, unchanged) and draws a
picture.

--gait walks 10 m of flat ground at 0.3, 0.55 and 0.8 m/s without steering, and stands: foot clearance, duty
factors, roll and pitch, slip, cost of transport, and drift from the straight line, with the bars missed.

--sim walks the same tracks in an independent simulator: pybullet (pip install -r requirements/simulators.txt)
brings its own A1, menagerie takes MuJoCo Menagerie's from --a1-model and removes its joint damping. Robots
then differ by their start only.

--through-graph also runs every episode through the ROS nodes (wmp sim in lockstep, about real time), with
the nominal robot, and counts the episodes on which both evaluations agree.

--blind shows the camera an empty world, with everything beyond its range, and changes nothing else; the
difference measures what vision contributes. With --blind prior no image arrives at all.
"""
EXAMPLES = """examples:
  wmp eval --terrain flat,rough --episodes 10
  wmp eval --bundle a1_wmp_v1 --seeds 0,1 --json eval.json --plot eval.png
  wmp eval --terrain climb,gap --difficulty 0.5,0.9 --condition nominal,delay_20,real_stack
  wmp eval --bundle a1_wmp_v1 --seeds 0,1 --blind --json blinded.json
  wmp eval --bundle a1_wmp_v1 --sim pybullet --difficulty 0.5,0.9 --json pybullet.json
  wmp eval --run models/checkpoints/a1_wmp_v1_teacher --json teacher.json

Next: `wmp compare` puts evaluations side by side, `wmp card` writes them into the bundle's README.
"""
#: Exit code after Ctrl-C.
INTERRUPTED = 130


class EvalCommand:
    """Plug-in of the ``wmp`` command."""

    help = HELP
    mistakes = MISTAKES

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.description, parser.epilog = DESCRIPTION, EXAMPLES
        add = parser.add_argument
        candidate = parser.add_mutually_exclusive_group()
        candidate.add_argument("--bundle", help=BUNDLE)
        candidate.add_argument("--run", type=Path, dest="folder", help=f"{RUN}, instead of a bundle")
        add_terrains(parser, "all")
        add_difficulties(parser)
        add(
            "--condition",
            default=NOMINAL,
            help="comma-separated; all means every condition, list shows them (default %(default)s)",
        )
        add(
            "--episodes",
            type=int,
            default=50,
            help="per terrain, difficulty, condition and seed (default %(default)s)",
        )
        add(
            "--seeds",
            default="0",
            help="comma-separated, their episodes are pooled; release means the seeds held out for the "
            f"figures of a release, {' and '.join(map(str, RELEASE_SEEDS))} (default %(default)s)",
        )
        add(
            "--blind",
            nargs="?",
            const="far",
            default="no",
            choices=("far", "prior"),
            help="without images: all empty (far, the default), or none at all (prior)",
        )
        add("--nominal", action="store_true", help="identical robots that start exactly on the track")
        add(
            "--sim",
            choices=SIMULATORS,
            default=OWN,
            help="simulator to walk in; menagerie needs --a1-model (default %(default)s)",
        )
        add("--a1-model", type=Path, metavar="FILE", help="unitree_a1/a1.xml of MuJoCo Menagerie")
        add("--through-graph", action="store_true", help="also run every episode through the ROS graph")
        add("--threads", type=int, default=2, help="physics threads (default %(default)s)")
        add("--json", type=Path, metavar="FILE", help="write all figures and episodes here")
        add("--resume", action="store_true", help="continue the incomplete evaluation in --json")
        add(
            "--open-loop", type=Path, metavar="FILE", help="also evaluate the world model; draw it here (PNG)"
        )
        add("--gait", action="store_true", help="also evaluate the gait on flat ground, and standing")
        add("--plot", type=Path, metavar="FILE", help="plot success against difficulty here (PNG)")
        add_overwrite(parser)

    def run(self, args: argparse.Namespace) -> int:
        if args.condition == "list":
            print(condition_list())
            return 0
        plan = _plan(args)

        # Imported here: what could be refused has been, and `wmp --help` needs no torch.
        import torch

        from wmp_training.evaluation.load_candidate import load_candidate

        torch.set_num_threads(1)
        candidate = load_candidate(plan.bundle, args.folder)
        report = _report(args, plan, candidate)
        try:
            written = _evaluate(args, plan, candidate, report)
        except KeyboardInterrupt:
            kept = f"; --resume continues {args.json}" if args.json else "; without --json none is kept"
            done = f"{len(report.cells)} of {report.planned} cells"
            print(f"\nwmp eval: stopped after {done}{kept}", file=sys.stderr)
            return INTERRUPTED
        if args.plot:
            from wmp_training.evaluation.success_plot import plot_success

            plot_success({report.name: report.cells}, args.plot)
            written.append(args.plot)
        for file in written:
            print(f"wrote {file}")
        return 0


@dataclass(frozen=True)
class _Plan:
    """The evaluation that the arguments describe."""

    bundle: Path | None
    keys: list[CellKey]
    seeds: tuple[int, ...]
    protocol: Protocol


def _plan(args: argparse.Namespace) -> _Plan:
    """Check all arguments without torch; creates nothing.

    Raises:
        ValueError: an argument is out of range, or two exclude each other.
        OSError: bundle, run or evaluation do not exist, or an output cannot be written.
    """
    levels, conditions = difficulties(args.difficulty), condition_names(args.condition)
    keys = [
        CellKey(name, level, condition)
        for condition in conditions
        for name in terrain_names(args.terrain)
        for level in levels
    ]
    check_at_least("--episodes", args.episodes, 1)
    check_at_least("--threads", args.threads, 1)
    if args.resume and not args.json:
        raise ValueError("--resume continues the evaluation in --json; give both")
    if args.folder and (args.open_loop or args.through_graph):
        raise ValueError("--open-loop and --through-graph need a bundle; first run 'wmp export'")
    if args.through_graph and args.blind != "no":
        raise ValueError("--through-graph excludes --blind: the graph always has a camera")
    if args.through_graph and conditions != (NOMINAL,):
        raise ValueError("--through-graph excludes --condition: the graph drives the nominal robot")
    if args.sim != OWN and (args.open_loop or args.through_graph):
        raise ValueError(f"--open-loop and --through-graph exclude --sim {args.sim}")
    check_simulator(args.sim, args.a1_model, conditions)
    protocol = Protocol(blind=args.blind, simulator=args.sim, varied=not (args.nominal or args.through_graph))
    bundle = None
    if args.folder:
        load_facts(find_checkpoint(args.folder))
    else:
        bundle = resolve_bundle(args.bundle)
    if args.resume:
        check_evaluations([args.json])
    if args.json:
        remedy = "--resume continues it, --overwrite replaces it"
        check_file(args.json, args.overwrite or args.resume, remedy)
    for file in filter(None, (args.open_loop, args.plot)):
        check_file(file, args.overwrite)
    return _Plan(bundle, keys, seeds(args.seeds), protocol)


def _report(args: argparse.Namespace, plan: _Plan, candidate: Candidate) -> Report:
    """The report to fill: a new one, or the one to resume."""
    from wmp_training.evaluation.report import Report

    if not candidate.uses_camera and args.blind != "no":
        raise ValueError(f"{candidate.name} uses no camera, expected no --blind")
    report = Report(candidate.identity(), plan.protocol, plan.seeds, args.episodes)
    report = report.resumed(args.json) if args.resume else report
    report.plan(plan.keys)
    return report


def _evaluate(args: argparse.Namespace, plan: _Plan, candidate: Candidate, report: Report) -> list[Path]:
    """Fill ``report``, save it after every cell, and print its figures; returns the files written."""
    from wmp_training.evaluation.bundle_candidate import BundleCandidate
    from wmp_training.evaluation.evaluate import evaluate, evaluate_world_model
    from wmp_training.evaluation.evaluate_gait import evaluate_gait
    from wmp_training.evaluation.gait_summary import gait_table
    from wmp_training.evaluation.open_loop import open_loop_table
    from wmp_training.evaluation.open_loop_plot import plot_open_loop
    from wmp_training.evaluation.summary import markdown
    from wmp_training.evaluation.surprise import SEPARATION, separation_by_terrain, separation_table
    from wmp_training.evaluation.through_graph import run_in_graph

    def save() -> None:
        if args.json:
            report.save(args.json)

    def in_graph(outcome: Outcome) -> Outcome:
        assert plan.bundle is not None
        return run_in_graph(plan.bundle, outcome.trial, report.protocol)

    show = _cell_progress(report.planned, len(report.cells))

    def on_cell(cell: Cell) -> None:
        save()
        show(cell)

    written: list[Path] = [args.json] if args.json else []
    before = len(report.outcomes)
    rerun = in_graph if args.through_graph else None
    tracks = tracks_in(args.sim, args.a1_model)
    agreeing = evaluate(candidate, report, plan.keys, args.threads, on_cell, rerun, episode_progress, tracks)
    print(markdown(report.cells))
    if separations := separation_by_terrain(report.outcomes):
        print(f"\n{SEPARATION}\n\n{separation_table(separations)}")
    if args.through_graph:
        print(f"\nboth evaluations agree on {agreeing} of {len(report.outcomes) - before} episodes")
    if args.gait:
        report.gait = evaluate_gait(
            candidate, report.protocol, report.seeds[0], args.threads, episode_progress, tracks
        )
        print(f"\n{gait_table(report.gait)}")
        save()
    if args.open_loop and isinstance(candidate, BundleCandidate):
        results = evaluate_world_model(candidate, report, plan.keys, episode_progress)
        if results:
            plot_open_loop(results, candidate.contract.depth.far, args.open_loop)
            written.append(args.open_loop)
        print(f"\n{open_loop_table(report.open_loop)}")
        save()
    return written


def _cell_progress(total: int, done: int) -> Callable[[Cell], None]:
    """Prints one line per cell on stderr, with an estimate of the remaining time."""
    begin, before = time.monotonic(), done

    def show(cell: Cell) -> None:
        nonlocal done
        done += 1
        left = (time.monotonic() - begin) / (done - before) * (total - done)
        line = f"[{done}/{total}] {cell.key}: {cell.success:.0%} of {cell.episodes}"
        print(f"{line} succeeded, {left / 60:.0f} min left", file=sys.stderr, flush=True)

    return show


command = EvalCommand()
