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
Keeps the networks, averaged over the last part of the run, and the terrain levels of a checkpoint (a few MB)
and leaves out robots and image memories.
`wmp train --begin-with FOLDER` starts from the result; for an exact continuation keep the whole run and use
`wmp train --resume`.
"""
EXAMPLES = """examples:
  wmp checkpoint --run runs/first --out models/checkpoints/first
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
            "--overwrite", action="store_true", help="replace a checkpoint that --out already holds"
        )

    def run(self, args: argparse.Namespace) -> int:
        from wmp_training.checkpoint_facts import FACTS, TENSORS, CheckpointError, find_checkpoint, load_facts

        source = find_checkpoint(args.folder)
        if args.out.resolve() == source.resolve():
            raise CheckpointError(f"--out is {args.out}, the run's own checkpoint; name another folder")
        load_facts(source)
        for name in (TENSORS, FACTS):
            check_file(args.out / name, args.overwrite)

        # Imported here: what could be refused has been, and `wmp --help` needs no torch.
        from wmp_training.checkpoint import load_checkpoint, put_checkpoint
        from wmp_training.skill import stripped

        tensors, facts = load_checkpoint(source)
        kept = stripped(tensors)
        put_checkpoint(args.out, kept, facts)
        size = sum(tensor.nbytes for tensor in kept.values()) / 1e6
        begin = f"wmp train {matching_options(facts)} --begin-with {args.out} --out runs/NAME"
        print(f"wrote {args.out} ({size:.1f} MB); next: {begin}")
        return 0


def matching_options(facts: Mapping[str, Any]) -> str:
    """The options of ``wmp train`` for a run that can begin with a checkpoint of these ``facts``."""
    from wmp_training.recipe import PACKAGED

    config = facts["config"]
    unnamed = "wmp" if config.get("stage", "wmp") == "wmp" else "warm"
    name = facts.get("recipe", {}).get("name")
    known = {**config, "recipe": name if name in PACKAGED else unnamed}
    words = [f"--{key} {known[key]}" for key in ("preset", "task", "policy", "recipe") if key in known]
    width = config.get("settings", {}).get("policy.width")
    return " ".join(words if width is None else [*words, f"--set policy.width={width}"])


command = CheckpointCommand()
