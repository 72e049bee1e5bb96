"""``wmp train``: train a policy and its world model in simulation."""

from __future__ import annotations

import argparse
import logging
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wmp_training.cli.mistakes import MISTAKES

if TYPE_CHECKING:
    from wmp_training.runner import RunConfig

HELP = "train a policy and its world model in simulation"
DESCRIPTION = """
Trains a world model (what does the robot see and feel next?) and a policy that walks with its latent, both
on the same simulated robots. A run is a folder: checkpoint/ (tensors and JSON), log.jsonl (one line per
iteration). Stop with Ctrl-C at any time; --resume continues exactly where the run stopped, with the options
it was begun with; only --set may change.

Watch `success` (episodes that did not end in a fall, stuck or beside the track) and the terrain levels rather
than the reward, and judge the result with `wmp gate` or, after `wmp export`, with `wmp eval`: they walk
without the noise that training explores with.
"""


class TrainCommand:
    """Plug-in of the ``wmp`` command."""

    help = HELP
    mistakes = MISTAKES

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.description = DESCRIPTION
        parser.add_argument(
            "--preset", help="network sizes: small (CPU, default), full (paper, GPU), tiny (tests)"
        )
        parser.add_argument("--num-envs", type=int, help="simulated robots (default 1024)")
        parser.add_argument(
            "--time-limit", type=seconds, default=2700.0, help="wall time, like 90s, 45m, 2h (default 45m)"
        )
        parser.add_argument("--iterations", type=int, help="stop after this many iterations")
        parser.add_argument("--out", type=Path, required=True, help="folder of the run, like runs/first")
        parser.add_argument(
            "--resume", action="store_true", help="continue the run in --out with its own options"
        )
        parser.add_argument("--task", help="terrains: gentle (default: flat, rough, slope) or obstacles")
        parser.add_argument(
            "--recipe",
            help="wmp (default): policy and world model in one stage; warm: privileged teacher, then its "
            "skill distilled into policy and world model, then these by reward (task obstacles)",
        )
        parser.add_argument(
            "--policy", help="wmp (default), or a baseline trained by reward: blind, recurrent"
        )
        parser.add_argument(
            "--amp",
            action="store_const",
            const=True,
            help="reward a walk like the motion library's (wmp stage only)",
        )
        parser.add_argument(
            "--rendered",
            type=float,
            help="share of robots whose images are rendered; those of the others are predicted (default 1)",
        )
        parser.add_argument(
            "--without",
            help="what is not randomised, like noise,pushes,latency,pitch,depth_noise,lost_images,bodies",
        )
        parser.add_argument(
            "--randomisation",
            type=Path,
            metavar="FILE",
            help="ranges in the place of the task's own, like the suggestion of `wmp replay` (YAML)",
        )
        parser.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="a setting in the place of the preset's or the task's, like ppo.desired_kl=0.004 (smaller "
            "steps: less swinging between terrains towards the end), world_model.updates_per_iteration=2, "
            "env.rewards.crouch=-250, env.terrain_shares.gap=0.6 (more robots on gaps) or policy.width=2 "
            "(hidden layers twice as wide, also of a skill that is taken over); a wrong name is answered "
            "with the right ones; may be repeated",
        )
        parser.add_argument(
            "--mixed-precision",
            action="store_const",
            const=True,
            help="let PPO's critic multiply in bfloat16: faster on GPUs and on CPUs with AVX-512 BF16 or "
            "AMX, slower on any other (`wmp bench training --mixed-precision` tells)",
        )
        parser.add_argument(
            "--begin-with", type=Path, help="checkpoint (folder) whose skill to begin with, in its stage"
        )
        parser.add_argument(
            "--device",
            default="cpu",
            help="where all but physics runs: cpu (default) or cuda; a run may be resumed on the other",
        )
        parser.add_argument("--threads", type=int, default=2, help="physics threads (default 2)")
        parser.add_argument("--seed", type=int, help="of everything random (default 1)")

    def run(self, args: argparse.Namespace) -> int:
        # Imported here so that `wmp --help` needs neither torch nor a second.
        import torch

        from wmp_training.device import choose
        from wmp_training.distributed import Ranks
        from wmp_training.recipe import train

        recipe, config = self._config(args)
        device = choose(args.device, int(os.environ.get("LOCAL_RANK", "0")))
        # Policy and world model learn side by side, one thread each: two threads inside one operation wait
        # for each other on a busy machine (measured: up to 30 times slower).
        torch.set_num_threads(1)
        with Ranks.joined(device) as ranks:
            level = logging.INFO if ranks.rank == 0 else logging.WARNING
            logging.basicConfig(level=level, format="%(message)s")
            last = train(
                args.out,
                recipe,
                config,
                args.threads,
                args.resume,
                ranks,
                args.begin_with,
                args.time_limit,
                args.iterations,
                device,
            )
        finished = last.parent == args.out and config.policy == "wmp"
        step = "wmp export --out models/NAME" if finished else "wmp gate"
        logging.info("checkpoint in %s; next: %s --run %s", last, step, last.parent)
        return 0

    @staticmethod
    def _config(args: argparse.Namespace) -> tuple[str, RunConfig]:
        """Recipe and configuration: defaults for what is not given, or those of the run that is resumed."""
        from wmp_training.recipe import RECIPES, resumed
        from wmp_training.runner import RunConfig

        if args.recipe not in (None, *RECIPES):
            raise ValueError(f"recipe is {args.recipe!r}, expected one of {sorted(RECIPES)}")
        given = _given(args)
        if not args.resume:
            return args.recipe or "wmp", RunConfig(**{**DEFAULTS, **given})
        if args.begin_with:
            raise ValueError("--resume goes on with a run, --begin-with begins another; expected one")
        recipe, config = resumed(args.out, given)
        if args.recipe == "wmp" != recipe:
            raise ValueError(f"{args.out} is a run of recipe {recipe!r}, not 'wmp'")
        return recipe, config


#: What a run is unless the command line says otherwise.
DEFAULTS = {"preset": "small", "num_envs": 1024, "seed": 1}


def _given(args: argparse.Namespace) -> dict[str, Any]:
    """What the command line says of the run, by the names of ``RunConfig``."""
    from wmp_training.ranges import load_ranges
    from wmp_training.settings import parse

    plain = ("preset", "num_envs", "seed", "task", "policy", "amp", "rendered", "mixed_precision")
    given = {name: getattr(args, name) for name in plain if getattr(args, name) is not None}
    if args.without is not None:
        given["without"] = tuple(filter(None, args.without.split(",")))
    if args.randomisation:
        given["randomisation"] = load_ranges(args.randomisation)
    return given | {"settings": dict(parse(text) for text in args.set)}


def seconds(text: str) -> float:
    """``90``, ``90s``, ``45m`` or ``2h`` in s."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time; write 90s, 45m or 2h")
    return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]


command = TrainCommand()
