"""``wmp checkpoint``: the part of a run's checkpoint that is worth keeping, small enough for a repository."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wmp_core.output_paths import check_file
from wmp_training.cli.mistakes import MISTAKES

HELP = "strip a run's checkpoint to what another run needs to begin with"
DESCRIPTION = """
Keeps the networks and terrain levels of a checkpoint (a few MB) and leaves out robots and image memories.
`wmp train --begin-with FOLDER` starts from the result; for an exact continuation keep the whole run and use
`wmp train --resume`.

--mean-with averages actors. PPO on many terrains swings between them, and the mean of two checkpoints is
often better than either; a checkpoint that is a mean itself counts as many times as it has parts. The
checkpoints must share one world model (train with --set world_model.updates_per_iteration=0); everything but
the actor comes from --run.
"""
EXAMPLES = """examples:
  wmp checkpoint --run runs/first --out models/checkpoints/first
  wmp checkpoint --run runs/b --mean-with runs/a --out kept/mean
"""


class CheckpointCommand:
    """Plug-in of the ``wmp`` command."""

    help = HELP
    mistakes = MISTAKES

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.description, parser.epilog = DESCRIPTION, EXAMPLES
        parser.add_argument(
            "--run", type=Path, required=True, dest="folder", help="folder of the run, stage or checkpoint"
        )
        parser.add_argument(
            "--out", type=Path, required=True, help="folder to write; other files in it are left alone"
        )
        parser.add_argument(
            "--mean-with",
            type=Path,
            nargs="+",
            default=[],
            metavar="RUN",
            help="average the actor with those of these runs, stages or checkpoints",
        )
        parser.add_argument(
            "--overwrite", action="store_true", help="replace a checkpoint that --out already holds"
        )

    def run(self, args: argparse.Namespace) -> int:
        from wmp_training.checkpoint_facts import FACTS, TENSORS, CheckpointError, find_checkpoint, load_facts

        source, *others = (find_checkpoint(folder) for folder in (args.folder, *args.mean_with))
        if args.out.resolve() == source.resolve():
            raise CheckpointError(f"--out is {args.out}, the run's own checkpoint; name another folder")
        for folder in (source, *others):
            load_facts(folder)
        for name in (TENSORS, FACTS):
            check_file(args.out / name, args.overwrite)

        # Imported here: what could be refused has been, and `wmp --help` needs no torch.
        from wmp_training.checkpoint import load_checkpoint, put_checkpoint
        from wmp_training.skill import mean_actor, stripped

        tensors, facts = load_checkpoint(source)
        if others:
            tensors, facts = mean_actor([(tensors, facts), *map(load_checkpoint, others)])
        kept = stripped(tensors)
        put_checkpoint(args.out, kept, facts)
        size = sum(tensor.nbytes for tensor in kept.values()) / 1e6
        begin = f"wmp train {matching_options(facts['config'])} --begin-with {args.out} --out runs/NAME"
        print(f"wrote {args.out} ({size:.1f} MB); next: {begin}")
        return 0


def matching_options(config: Mapping[str, Any]) -> str:
    """The options of ``wmp train`` for a run that can begin with a checkpoint of ``config``."""
    known = {"recipe": "wmp" if config.get("stage", "wmp") == "wmp" else "warm", **config}
    words = [f"--{key} {known[key]}" for key in ("preset", "task", "policy", "recipe") if key in known]
    width = config.get("settings", {}).get("policy.width")
    return " ".join(words if width is None else [*words, f"--set policy.width={width}"])


command = CheckpointCommand()
