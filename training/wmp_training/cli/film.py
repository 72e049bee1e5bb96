"""``wmp film``: watch a policy cross an obstacle, and what its world model makes of it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from wmp_training.cli.mistakes import MISTAKES

HELP = "film a bundle's policy on obstacles, with what it sees and what it foresaw"
DESCRIPTION = """
Films one episode of `wmp eval` per terrain, one after the other, into an animated WebP that every browser
plays: the robot from the side; beside it the depth image that the world model gets, and the one that it
expected 1 s before, knowing the actions but no image since.
"""
EXAMPLES = """examples:
  wmp film --bundle models/a1_wmp_v1 --terrains stairs_up --out stairs.webp
  wmp film --bundle models/a1_wmp_v1 --terrains climb,crawl,tilt --difficulty 0.5 --seed 3 --out tour.webp"""


class FilmCommand:
    """Plug-in of the ``wmp`` command."""

    help = HELP
    mistakes = MISTAKES

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.description, parser.epilog = DESCRIPTION, EXAMPLES
        parser.add_argument("--bundle", type=Path, required=True, help="folder of the bundle")
        parser.add_argument("--terrains", default="stairs_up", help="all, or a list (default %(default)s)")
        parser.add_argument("--difficulty", type=float, default=0.5, help="0 to 1 (default %(default)s)")
        parser.add_argument("--seed", type=int, default=0, help="of tracks and bodies (default 0)")
        parser.add_argument("--out", type=Path, required=True, help="film to write, like stairs.webp")

    def run(self, args: argparse.Namespace) -> int:
        # Imported here so that `wmp --help` needs neither torch nor a second.
        import torch

        from wmp_core.bundle import Bundle
        from wmp_training.evaluation import film
        from wmp_training.evaluation.protocol import Protocol
        from wmp_training.evaluation.trial import Trial, terrain_names

        torch.set_num_threads(1)
        bundle, reel = Bundle.load(args.bundle), []
        for terrain in terrain_names(args.terrains):
            trial = Trial(terrain, args.difficulty, args.seed)
            footage, outcome = film.record_footage(bundle, trial, Protocol())
            print(f"{terrain}: {outcome.end} after {outcome.progress:.1f} m and {outcome.duration:.1f} s")
            for number, picture in enumerate(film.pictures(bundle, trial, footage), 1):
                reel.append(picture)
                if sys.stdout.isatty():
                    print(f"\r  picture {number} of {film.picture_count(footage)}", end="", flush=True)
            print(end="\r" if sys.stdout.isatty() else "")
        film.save(reel, film.PERIODS * bundle.contract.timing.control_period, args.out)
        print(f"{args.out}: {len(reel)} pictures, {args.out.stat().st_size / 1e6:.1f} MB")
        return 0


command = FilmCommand()
