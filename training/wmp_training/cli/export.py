"""``wmp export``: turn a training run into a bundle that robots and the simulator load."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

HELP = "turn a training run into a bundle"
DESCRIPTION = """
Writes the ONNX graphs with their contract, records a golden trajectory in the training simulator, checks
that ONNX Runtime repeats torch over 200 closed-loop steps (1e-4), evaluates the deterministic policy and
writes the model card. Works on a run that is still training: it reads the last checkpoint.
"""


class ExportCommand:
    """Plug-in of the ``wmp`` command."""

    help = HELP
    description = DESCRIPTION

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--run", type=Path, required=True, dest="folder", help="folder of the run, like runs/first"
        )
        parser.add_argument("--out", type=Path, required=True, help="the bundle to write, like models/first")
        parser.add_argument(
            "--robots", type=int, default=20, help="robots per line of the evaluation, 0 for none"
        )

        parser.add_argument(
            "--note", default="", help="what a reader of the model card must know about this run"
        )

    def run(self, args: argparse.Namespace) -> int:
        # Imported here so that `wmp --help` needs neither torch nor a second.
        import torch

        from wmp_training.export.export import export

        logging.basicConfig(level=logging.INFO, format="%(message)s")
        torch.set_num_threads(1)
        export(args.folder, args.out, args.robots, args.note)
        logging.info("bundle in %s; next: wmp sim --bundle %s", args.out, args.out)
        return 0


command = ExportCommand()
