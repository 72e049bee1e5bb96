"""``wmp gate``: success rate of a run's deterministic policy, a quick check during training."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from wmp_training.checkpoint_facts import find_checkpoint, load_facts
from wmp_training.cli.episode_progress import episode_progress
from wmp_training.cli.mistakes import MISTAKES
from wmp_training.cli.options import RUN, check_at_least
from wmp_training.evaluation.trial import difficulties

HELP = "success rate of a run's deterministic policy, per terrain and curriculum level"
DESCRIPTION = """
Evaluates the last checkpoint of a run, of any stage, in the training simulator; the run may still be
training. The policy acts without exploration noise at a commanded 0.6 m/s, one episode per robot on new
tracks; success is 6 m without a fall. Rewards and curriculum levels can rise while this success rate does
not. For figures to publish use `wmp export` and `wmp eval`.
"""
EXAMPLES = """examples:
  wmp gate --run runs/first
  wmp gate --run runs/first/teacher --difficulty 0.5,1 --robots 20
"""


class GateCommand:
    """Plug-in of the ``wmp`` command."""

    help = HELP
    mistakes = MISTAKES

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.description, parser.epilog = DESCRIPTION, EXAMPLES
        parser.add_argument("--run", type=Path, required=True, dest="folder", help=RUN)
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
