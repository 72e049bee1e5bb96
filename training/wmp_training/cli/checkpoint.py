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

--mean-with averages actors: PPO on many terrains swings between them, and the mean of two checkpoints is
often better than each; one that is a mean itself counts as what it is a mean of. Only between checkpoints of
one and the same world model (--set world_model.updates_per_iteration=0 leaves it as it is); all else is that
of --run. Next: wmp export --run OUT
"""


class CheckpointCommand:
    """Plug-in of the ``wmp`` command."""

    help = HELP
    mistakes = MISTAKES

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.description = DESCRIPTION
        parser.add_argument(
            "--run", type=Path, required=True, dest="folder", help="folder of the run, stage or checkpoint"
        )
        parser.add_argument("--out", type=Path, required=True, help="folder to write; other files in it stay")
        parser.add_argument(
            "--mean-with", type=Path, nargs="+", default=[], help="average the actor with those of these"
        )

    def run(self, args: argparse.Namespace) -> int:
        # Imported here so that `wmp --help` needs neither torch nor a second.
        from wmp_training.checkpoint import (
            CheckpointError,
            kept_or_of_run,
            load_checkpoint,
            mean_actor,
            put_checkpoint,
            skill,
        )

        source = kept_or_of_run(args.folder)
        if args.out.resolve() == source.resolve():
            raise CheckpointError(f"--out is {args.out}, the run's own checkpoint; name another folder")
        tensors, facts = load_checkpoint(source)
        if args.mean_with:
            others = [load_checkpoint(kept_or_of_run(folder)) for folder in args.mean_with]
            tensors, facts = mean_actor([(tensors, facts), *others])
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
    words = [f"--{key} {known[key]}" for key in ("preset", "task", "policy", "recipe") if key in known]
    width = config.get("settings", {}).get("policy.width")
    return " ".join(words if width is None else [*words, f"--set policy.width={width}"])


command = CheckpointCommand()
