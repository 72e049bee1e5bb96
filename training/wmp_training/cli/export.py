"""``wmp export``: turn a training run into a bundle that robots and the simulator load."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from wmp_training.cli.mistakes import MISTAKES

HELP = "turn a training run into a bundle"
DESCRIPTION = """
Writes the ONNX graphs with their contract, records a golden trajectory, checks that ONNX Runtime repeats
torch over 200 closed-loop steps (1e-4), and lets the exported policy walk over all terrains of its task: how
far it tilts and how much the world surprises it in successful episodes becomes the contract's attitude limit
and the bundle's calibration, where the robot's watchdogs begin. Works on a run that is still training: it
reads the last checkpoint. Next: `wmp eval` measures the bundle, `wmp card` writes the result into its README.
"""


class ExportCommand:
    """Plug-in of the ``wmp`` command."""

    help = HELP
    mistakes = MISTAKES

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.description = DESCRIPTION
        parser.add_argument(
            "--run", type=Path, required=True, dest="folder", help="folder of the run, like runs/first"
        )
        parser.add_argument("--out", type=Path, required=True, help="the bundle to write, like models/first")
        parser.add_argument(
            "--episodes",
            type=int,
            default=4,
            help="walks per terrain and level from which to calibrate (default %(default)s; 0: do not)",
        )
        parser.add_argument("--threads", type=int, default=1, help="physics threads (default %(default)s)")
        parser.add_argument(
            "--note", default="", help="what a reader of the model card must know about this run"
        )

    def run(self, args: argparse.Namespace) -> int:
        # Imported here so that `wmp --help` needs neither torch nor a second.
        import torch

        from wmp_training.export.export import export

        logging.basicConfig(level=logging.INFO, format="%(message)s")
        torch.set_num_threads(1)
        export(args.folder, args.out, args.episodes, args.note, args.threads)
        logging.info("bundle in %s; next: wmp eval --bundle %s --json eval.json", args.out, args.out)
        return 0


command = ExportCommand()
