"""``wmp export``: turn a training run into a bundle that robots and the simulator load."""

from __future__ import annotations

import argparse
from pathlib import Path

from wmp_core.manifest import MANIFEST
from wmp_core.output_paths import check_new_folder
from wmp_training.checkpoint_facts import find_checkpoint, load_facts
from wmp_training.cli.episode_progress import episode_progress
from wmp_training.cli.mistakes import MISTAKES
from wmp_training.cli.options import RUN, add_overwrite, check_at_least
from wmp_training.cli.output import plain_log

HELP = "turn a training run into a bundle"
DESCRIPTION = """
Exports the last checkpoint of a run, which may still be training: writes the ONNX graphs with their contract,
records a golden trajectory, and checks that ONNX Runtime repeats torch to 1e-4 over 200 closed-loop steps.
Then the exported policy walks on all terrains of its task. The tilt, tilt rate and surprise of successful
episodes become the contract's attitude limit and the bundle's calibration, from which the robot's safety
monitor takes its limits.

Next: `wmp eval` evaluates the bundle, `wmp card` writes the result into its README.
"""
EXAMPLES = """examples:
  wmp export --run runs/first --out models/first
  wmp export --run runs/first --out models/first --note "Trained on gaps only." --overwrite
"""


class ExportCommand:
    """Plug-in of the ``wmp`` command."""

    help = HELP
    mistakes = MISTAKES

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.description, parser.epilog = DESCRIPTION, EXAMPLES
        parser.add_argument("--run", type=Path, required=True, dest="folder", help=RUN)
        parser.add_argument(
            "--out", type=Path, required=True, metavar="FOLDER", help="bundle to write, like models/first"
        )
        parser.add_argument(
            "--episodes",
            type=int,
            default=4,
            help="episodes per terrain and difficulty to calibrate from; 0 skips it (default %(default)s)",
        )
        parser.add_argument("--threads", type=int, default=1, help="physics threads (default %(default)s)")
        parser.add_argument(
            "--note", default="", help="text for the model card: what a reader must know about this run"
        )
        add_overwrite(parser)

    def run(self, args: argparse.Namespace) -> int:
        check_at_least("--episodes", args.episodes, 0)
        check_at_least("--threads", args.threads, 1)
        load_facts(find_checkpoint(args.folder))
        check_bundle_output(args.out, args.overwrite)

        # Imported here: what could be refused has been, and `wmp --help` needs no torch.
        import torch

        from wmp_training.export.export import export

        torch.set_num_threads(1)
        with plain_log():
            export(args.folder, args.out, args.episodes, args.note, args.threads, progress=episode_progress)
        print(f"wrote {args.out}; next: wmp eval --bundle {args.out} --json eval.json")
        return 0


def check_bundle_output(folder: Path, overwrite: bool) -> None:
    """Refuse a ``folder`` that is not empty; with ``overwrite`` it may be a bundle, which is replaced.

    Raises:
        FileExistsError: the folder holds a bundle, or something else.
        OSError: see :func:`wmp_core.output_paths.check_new_folder`.
    """
    if not (folder / MANIFEST).is_file():
        check_new_folder(folder)
    elif not overwrite:
        files = ", ".join(sorted(file.name for file in folder.iterdir()))
        raise FileExistsError(
            f"{folder} is a bundle, and all of it would be lost: {files}; name another --out, or --overwrite"
        )


command = ExportCommand()
