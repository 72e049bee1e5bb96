"""``wmp checkpoint``: what is worth keeping of a run's checkpoint, small enough for a repository."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wmp_training.cli.mistakes import MISTAKES

HELP = "strip a run's checkpoint to what another run needs to go on"
DESCRIPTION = """
Keeps networks and terrain levels of a checkpoint, a few MB, and leaves robots and memories of images
behind. `wmp train --begin-with FOLDER` goes on from there; for an exact continuation keep the run and use
`wmp train --resume`.
"""


class CheckpointCommand:
    """Plug-in of the ``wmp`` command."""

    help = HELP
    mistakes = MISTAKES

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.description = DESCRIPTION
        parser.add_argument(
            "--run", type=Path, required=True, dest="folder", help="folder of the run or of its stage"
        )
        parser.add_argument("--out", type=Path, required=True, help="folder to write; other files in it stay")

    def run(self, args: argparse.Namespace) -> int:
        # Imported here so that `wmp --help` needs neither torch nor a second.
        from wmp_training.checkpoint import CheckpointError, load_checkpoint, put_checkpoint, skill

        source = args.folder / "checkpoint"
        if args.out.resolve() == source.resolve():
            raise CheckpointError(f"--out is {args.out}, the run's own checkpoint; name another folder")
        tensors, facts = load_checkpoint(source)
        kept = skill(tensors)
        put_checkpoint(args.out, kept, facts)
        size = sum(tensor.nbytes for tensor in kept.values()) / 1e6
        logging.basicConfig(level=logging.INFO, format="%(message)s")
        logging.info(
            "%.1f MB in %s; next: wmp train %s --begin-with %s --out runs/NAME",
            *(size, args.out, same_kind(facts["config"]), args.out),
        )
        return 0


def same_kind(config: Mapping[str, Any]) -> str:
    """Options of ``wmp train`` without which a run of other ``config`` would be refused."""
    known = {"recipe": "wmp" if config.get("stage", "wmp") == "wmp" else "warm", **config}
    return " ".join(f"--{key} {known[key]}" for key in ("preset", "task", "policy", "recipe") if key in known)


command = CheckpointCommand()
