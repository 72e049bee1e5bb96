"""``wmp film``: film a policy on obstacles, with its depth image and the prediction of that image."""

from __future__ import annotations

import argparse
from pathlib import Path

from wmp_core.default_bundle import resolve_bundle
from wmp_core.output_paths import check_file
from wmp_sim.terrain import HARDEST
from wmp_training.cli.episode_progress import episode_progress, shown
from wmp_training.cli.mistakes import MISTAKES
from wmp_training.cli.options import BUNDLE, add_overwrite, add_terrains
from wmp_training.evaluation.trial import Trial, terrain_names

HELP = "film a bundle's policy on obstacles, with its depth images and their prediction"
DESCRIPTION = """
Films one episode of `wmp eval` per terrain, one after the other, as an animated WebP, which every browser
plays. It shows the robot from the side; beside it the depth image that the world model receives, and the
image that it predicted 1 s before, from the actions since but without any image since.
"""
EXAMPLES = """examples:
  wmp film --out stairs.webp
  wmp film --bundle a1_wmp_v1 --terrain climb,crawl,tilt --difficulty 0.7 --seed 3 --out tour.webp
"""


class FilmCommand:
    """Plug-in of the ``wmp`` command."""

    help = HELP
    mistakes = MISTAKES

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.description, parser.epilog = DESCRIPTION, EXAMPLES
        parser.add_argument("--bundle", help=BUNDLE)
        add_terrains(parser, "stairs_up")
        parser.add_argument(
            "--difficulty",
            type=float,
            default=0.5,
            help=f"from 0, easiest, to 1, the hardest of training, up to {HARDEST:g} (default %(default)s)",
        )
        parser.add_argument("--seed", type=int, default=0, help="of tracks and bodies (default %(default)s)")
        parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="film to write (WebP)")
        add_overwrite(parser)

    def run(self, args: argparse.Namespace) -> int:
        trials = [Trial(name, args.difficulty, args.seed) for name in terrain_names(args.terrain)]
        folder = resolve_bundle(args.bundle)
        check_file(args.out, args.overwrite)

        # Imported here: what could be refused has been, and `wmp --help` needs no torch.
        import torch
        from PIL import Image

        from wmp_core.verification import load_verified
        from wmp_training.evaluation import film
        from wmp_training.evaluation.protocol import Protocol

        torch.set_num_threads(1)
        bundle, reel = load_verified(folder), list[Image.Image]()
        for trial in trials:
            progress = episode_progress(trial.terrain, 1)
            footage, outcome = film.record_footage(bundle, trial, Protocol(), progress)
            way = f"{outcome.progress:.1f} m and {outcome.duration:.1f} s"
            print(f"{trial.terrain}: {outcome.end} after {way}")
            pictures = film.pictures(bundle, trial, footage)
            reel += shown(pictures, film.picture_count(footage), f"pictures of {trial.terrain} drawn")
        film.save(reel, film.PERIODS * bundle.contract.timing.control_period, args.out)
        print(f"wrote {args.out}: {len(reel)} pictures, {args.out.stat().st_size / 1e6:.1f} MB")
        return 0


command = FilmCommand()
