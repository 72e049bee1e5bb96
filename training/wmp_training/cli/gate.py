"""``wmp gate``: does a run's deterministic policy make it over the obstacles?"""

from __future__ import annotations

import argparse
from pathlib import Path

from wmp_training.cli.mistakes import MISTAKES

HELP = "success of a training run's deterministic policy, terrain by terrain and level by level"
DESCRIPTION = """
Judges the last checkpoint of a run, of whatever stage, in the training simulator, also while it is training:
the policy without its noise, one episode per robot at 0.6 m/s on new tracks, success is 6 m without a fall.
Rewards and curriculum levels can rise while this does not. For figures to publish use `wmp export` and
`wmp eval`.
"""


class GateCommand:
    """Plug-in of the ``wmp`` command."""

    help = HELP
    mistakes = MISTAKES

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.description = DESCRIPTION
        parser.add_argument("--run", type=Path, required=True, dest="folder", help="folder of the run")
        parser.add_argument(
            "--levels", type=levels, default="0,3,6,9", help="levels of 0..9 (default %(default)s)"
        )
        parser.add_argument("--robots", type=int, default=10, help="per terrain and level (default 10)")
        parser.add_argument("--seed", type=int, default=7, help="of tracks and bodies (default 7)")

    def run(self, args: argparse.Namespace) -> int:
        # Imported here so that `wmp --help` needs neither torch nor a second.
        import torch

        from wmp_training.evaluation.gate import gate, table

        torch.set_num_threads(1)
        print(table(gate(args.folder, args.levels, args.robots, args.seed)))
        return 0


def levels(text: str) -> tuple[int, ...]:
    """``0,3`` as numbers."""
    return tuple(int(level) for level in text.split(","))


command = GateCommand()
