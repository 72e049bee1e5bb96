"""``wmp train``: train a policy and its world model in simulation."""

from __future__ import annotations

import argparse
import logging
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from wmp_training.cli.mistakes import MISTAKES

if TYPE_CHECKING:
    from wmp_training.runner import RunConfig

HELP = "train a policy and its world model in simulation"
DESCRIPTION = """
Trains a world model (what does the robot see and feel next?) and a policy that walks with its latent, both
on the same simulated robots. A run is a folder: checkpoint/ (tensors and JSON), log.jsonl (one line per
iteration). Stop with Ctrl-C at any time; --resume continues exactly where the run stopped.

Watch `success` (episodes without a fall) and the terrain levels rather than the reward, and judge the
result with `wmp export`, which evaluates the deterministic policy.
"""


class TrainCommand:
    """Plug-in of the ``wmp`` command."""

    help = HELP
    mistakes = MISTAKES

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.description = DESCRIPTION
        parser.add_argument(
            "--preset", default="small", help="network sizes: small (CPU), full (paper, GPU), tiny (tests)"
        )
        parser.add_argument("--num-envs", type=int, default=1024, help="simulated robots (default 1024)")
        parser.add_argument(
            "--time-limit", type=seconds, default=2700.0, help="wall time, like 90s, 45m, 2h (default 45m)"
        )
        parser.add_argument("--iterations", type=int, help="stop after this many iterations")
        parser.add_argument("--out", type=Path, required=True, help="folder of the run, like runs/first")
        parser.add_argument(
            "--resume", action="store_true", help="continue the run in --out (its own preset and seed)"
        )
        parser.add_argument(
            "--task", default="gentle", help="terrains: gentle (flat, rough, slope) or obstacles (all)"
        )
        parser.add_argument(
            "--recipe",
            default="wmp",
            help="wmp: policy and world model in one stage; warm: privileged teacher, then its skill "
            "distilled into policy and world model, then these by reward (task obstacles)",
        )
        parser.add_argument(
            "--policy", default="wmp", help="wmp, or a baseline trained by reward: blind, recurrent"
        )
        parser.add_argument(
            "--amp", action="store_true", help="reward a walk like the motion library's (wmp stage only)"
        )
        parser.add_argument(
            "--rendered",
            type=float,
            default=1.0,
            help="share of robots whose images are rendered; those of the others are predicted (default 1)",
        )
        parser.add_argument(
            "--without",
            default="",
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
            "steps: less swinging between terrains towards the end), world_model.updates_per_iteration=2 or "
            "env.rewards.crouch=-250; a wrong name is answered with the right ones; may be repeated",
        )
        parser.add_argument(
            "--mixed-precision",
            action="store_true",
            help="let PPO's networks multiply in bfloat16: faster on GPUs and on CPUs with AVX-512 BF16 or "
            "AMX, slower on any other (`wmp bench training --mixed-precision` tells); not with a small "
            "ppo.desired_kl, which its rounding alone would use up",
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
        parser.add_argument("--seed", type=int, default=1)

    def run(self, args: argparse.Namespace) -> int:
        # Imported here so that `wmp --help` needs neither torch nor a second.
        import torch

        from wmp_training.device import choose
        from wmp_training.distributed import Ranks
        from wmp_training.recipe import train

        config = self._config(args)
        device = choose(args.device, int(os.environ.get("LOCAL_RANK", "0")))
        # Policy and world model learn side by side, one thread each: two threads inside one operation wait
        # for each other on a busy machine (measured: up to 30 times slower).
        torch.set_num_threads(1)
        with Ranks.joined(device) as ranks:
            level = logging.INFO if ranks.rank == 0 else logging.WARNING
            logging.basicConfig(level=level, format="%(message)s")
            last = train(
                args.out,
                args.recipe,
                config,
                args.threads,
                args.resume,
                ranks,
                args.begin_with,
                args.time_limit,
                args.iterations,
                device,
            )
        finished = last.parent == args.out and args.policy == "wmp"
        step = "wmp export --out models/NAME" if finished else "wmp gate"
        logging.info("checkpoint in %s; next: %s --run %s", last, step, last.parent)
        return 0

    @staticmethod
    def _config(args: argparse.Namespace) -> RunConfig:
        from wmp_training.ranges import load_ranges
        from wmp_training.recipe import RECIPES
        from wmp_training.runner import RunConfig
        from wmp_training.settings import parse

        if args.recipe not in RECIPES:
            raise ValueError(f"recipe is {args.recipe!r}, expected one of {sorted(RECIPES)}")
        return RunConfig(
            args.preset,
            args.num_envs,
            args.seed,
            task=args.task,
            policy=args.policy,
            amp=args.amp,
            rendered=args.rendered,
            mixed_precision=args.mixed_precision,
            without=tuple(filter(None, args.without.split(","))),
            randomisation=load_ranges(args.randomisation) if args.randomisation else {},
            settings=dict(parse(text) for text in args.set),
        )


def seconds(text: str) -> float:
    """``90``, ``90s``, ``45m`` or ``2h`` in s."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time; write 90s, 45m or 2h")
    return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]


command = TrainCommand()
