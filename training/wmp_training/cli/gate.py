"""``wmp gate``: a quick check of a run in training, or the bars of a release on a bundle's evaluations."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from wmp_training.checkpoint_facts import find_checkpoint, load_facts
from wmp_training.cli.episode_progress import episode_progress
from wmp_training.cli.mistakes import MISTAKES
from wmp_training.cli.options import RUN, check_at_least, check_evaluations
from wmp_training.evaluation.trial import difficulties

HELP = "quick success rates of a run in training, or the bars of a release"
DESCRIPTION = """
--run evaluates the last checkpoint of a run, of any stage, in the training simulator; the run may still be
training. The policy acts without exploration noise at a commanded 0.6 m/s, one episode per robot on new
tracks; success is 6 m without a fall. Rewards and curriculum levels can rise while this success rate does
not. For figures to publish use `wmp export` and `wmp eval`.

--release reads evaluations of one bundle, one per simulator, and prints which bars of a release hold: success
per terrain under late commands, joint damping, in independent simulators, and the gait. Exit code 1 if one
does not.
"""
EXAMPLES = """examples:
  wmp gate --run runs/first
  wmp gate --run runs/first/teacher --difficulty 0.5,1 --robots 20
  wmp gate --release eval.json pybullet.json menagerie.json
"""


class GateCommand:
    """Plug-in of the ``wmp`` command."""

    help = HELP
    mistakes = MISTAKES

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.description, parser.epilog = DESCRIPTION, EXAMPLES
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--run", type=Path, dest="folder", help=RUN)
        what.add_argument(
            "--release", type=Path, nargs="+", metavar="FILE", help="evaluations by wmp eval --json"
        )
        parser.add_argument(
            "--difficulty",
            default="0,0.33,0.67,1",
            help="comma-separated, from 0, the run's easiest curriculum level, to 1, its hardest; rounded to "
            "the nearest levels (default %(default)s)",
        )
        parser.add_argument(
            "--robots", type=int, default=10, help="per terrain and level (default %(default)s)"
        )
        parser.add_argument("--seed", type=int, default=7, help="of tracks and bodies (default %(default)s)")

    def run(self, args: argparse.Namespace) -> int:
        return self._judge_release(args.release) if args.release else self._check_run(args)

    def _judge_release(self, files: list[Path]) -> int:
        check_evaluations(files)

        # Imported here: what could be refused has been, and `wmp --help` needs no torch.
        from wmp_training.evaluation.release import verdict_table, verdicts
        from wmp_training.evaluation.report import Report

        found = verdicts([Report.load(file) for file in files])
        print(verdict_table(found))
        return 0 if all(each.holds for each in found) else 1

    def _check_run(self, args: argparse.Namespace) -> int:
        check_at_least("--robots", args.robots, 1)
        wanted = difficulties(args.difficulty, hardest=1.0)
        count = load_facts(find_checkpoint(args.folder))["config"]["levels"]
        levels = curriculum_levels(wanted, count)

        # Imported here: what could be refused has been, and `wmp --help` needs no torch.
        import torch

        from wmp_training.evaluation.gate import gate, table

        torch.set_num_threads(1)
        rates = gate(args.folder, levels, args.robots, args.seed, progress=episode_progress("gate"))
        print(table(rates))
        return 0


def curriculum_levels(difficulties: Sequence[float], count: int) -> tuple[int, ...]:
    """The levels of a curriculum of ``count`` levels that are nearest to ``difficulties`` in [0, 1]."""
    return tuple(dict.fromkeys(round(difficulty * (count - 1)) for difficulty in difficulties))


command = GateCommand()
