"""``wmp train``: train a policy and its world model in simulation."""

from __future__ import annotations

import argparse
import logging
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wmp_core.output_paths import check_new_folder
from wmp_training.cli.mistakes import MISTAKES
from wmp_training.cli.output import plain_log
from wmp_training.stop import INTERRUPTED, StopRequest

if TYPE_CHECKING:
    from wmp_training.recipe import Recipe

HELP = "train a policy and its world model in simulation"
DESCRIPTION = """
Trains a world model, which predicts what the robot senses next, and a policy that walks with its latent
state, on the same simulated robots.

A run is a folder: checkpoint/ (tensors and JSON), log.jsonl (one line per iteration), TensorBoard curves and
predictions/ (pictures of what the world model predicts). Ctrl-C stops at any time: the iteration is finished,
the checkpoint written. --resume continues exactly where the run stopped, in its stage, with the recipe and
the options it began with; only settings (--set) may change.

Judge progress by `success` (share of episodes that did not end in a failure) and by the terrain levels rather
than by the reward, and the result by `wmp gate` or, after `wmp export`, by `wmp eval`: both walk without the
exploration noise of training.
"""
EXAMPLES = """examples:
  wmp train --out runs/first
      flat, rough and sloped ground with small networks on two CPU cores, 45 minutes
  wmp train --out runs/first --resume --time-limit 2h
      two more hours of the same run
  wmp train --out runs/a1 --recipe a1
      all obstacles on two CPU cores, from scratch: 300 M samples in about 12 hours
  wmp train --out runs/obstacles --preset full --recipe warm --num-envs 4096 --device cuda --threads 16 \\
      --time-limit 48h
      all obstacles at the size of the paper, on a GPU
  wmp train --out runs/blind --policy blind --task obstacles
      the baseline without a camera
  wmp train --out runs/more_gaps --recipe warm --begin-with models/checkpoints/a1_wmp_v1 \\
      --set policy.width=2 --set env.curriculum.rebalance=0 --set env.terrain_shares.gap=0.6
      from a released checkpoint, with more robots on gaps
"""


class TrainCommand:
    """Plug-in of the ``wmp`` command."""

    help = HELP
    mistakes = MISTAKES

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.description, parser.epilog = DESCRIPTION, EXAMPLES
        _add_run(parser.add_argument_group("the run"))
        _add_learning(parser.add_argument_group("what is trained"))
        _add_world(parser.add_argument_group("where it walks"))
        _add_machine(parser.add_argument_group("the machine"))

    def run(self, args: argparse.Namespace) -> int:
        first_rank = os.environ.get("RANK", "0") == "0"
        stop = StopRequest(quiet=not first_rank)
        level = logging.INFO if first_rank else logging.WARNING
        with plain_log(level), stop.on_signals(lambda: ended_at_once(args.out)):
            recipe = checked(args)
            checkpoint = _train(args, recipe, stop)
        go_on = f"continue with: wmp train --resume --out {args.out}"
        finished = checkpoint.parent == args.out and recipe.stages[-1].config.policy == "wmp"
        judge = "wmp export --out models/NAME" if finished else "wmp gate"
        sentence = f"wrote {checkpoint}; next: {judge} --run {checkpoint.parent}; {go_on}"
        if stop.requested:
            sentence = f"stopped; wrote {checkpoint}; {go_on}"
        if first_rank:
            print(sentence)
        return INTERRUPTED if stop.requested else 0


def _train(args: argparse.Namespace, recipe: Recipe, stop: StopRequest) -> Path:
    """Train with the options ``args``; returns the folder of the last checkpoint."""
    # Imported here: everything that can be refused without torch has been, and `wmp --help` stays fast.
    import torch

    from wmp_training.device import choose
    from wmp_training.distributed import Ranks
    from wmp_training.train import train

    device = choose(args.device, int(os.environ.get("LOCAL_RANK", "0")))
    logging.getLogger(__name__).info("recipe %r: compiling the worlds of its next stage", recipe.name)
    # Policy and world model learn side by side, one thread each: two threads inside one operation wait for
    # each other on a busy machine (measured: up to 30 times slower).
    torch.set_num_threads(1)
    limit = args.time_limit or (float("inf") if recipe.ends else TIME_LIMIT)
    with Ranks.joined(device) as ranks:
        return train(
            args.out,
            recipe,
            args.threads,
            args.resume,
            ranks,
            args.begin_with,
            limit,
            args.iterations,
            device,
            stop,
        )


def checked(args: argparse.Namespace) -> Recipe:
    """The recipe of the run, new or resumed, with the options given; needs no torch and creates nothing.

    Raises:
        ValueError, OSError: an option or the recipe is wrong, or does not fit the others or the files.
    """
    from wmp_training.memory import check_memory
    from wmp_training.recipe import find_recipe
    from wmp_training.run_folder import check_same_recipe, newest_checkpoint, resumed, stages_to_do

    for name, value in (("threads", args.threads), ("iterations", args.iterations)):
        if value is not None and value < 0:
            raise ValueError(f"--{name} is {value}, expected 0 or more")
    given = _given(args)
    if args.change_recipe and not (args.resume and args.recipe):
        raise ValueError("--change-recipe is for a run that goes on: give --resume and --recipe too")
    if args.resume:
        if args.begin_with:
            raise ValueError("--resume continues a run and --begin-with starts one; give only one of them")
        other = find_recipe(args.recipe, {}) if args.recipe else None
        if other is not None and not args.change_recipe:
            check_same_recipe(args.out, other)
        recipe = resumed(args.out, given, other)
    else:
        recipe = find_recipe(args.recipe or "wmp", given)
    stages = stages_to_do(args.out, recipe, args.resume, args.begin_with)
    if newest_checkpoint(args.out) is None:
        check_new_folder(args.out)
    # Last, because it loads MuJoCo.
    share = int(os.environ.get("LOCAL_WORLD_SIZE", "1")) / int(os.environ.get("WORLD_SIZE", "1"))
    for stage in stages:
        check_memory(stage.config, share, on_cpu=args.device == "cpu")
    return recipe


#: Wall time of a run whose recipe has no end [s].
TIME_LIMIT = 2700.0


def _given(args: argparse.Namespace) -> dict[str, Any]:
    """The options given on the command line, by their names in ``RunConfig``."""
    from wmp_training.ranges import load_ranges
    from wmp_training.settings import parse

    plain = ("preset", "num_envs", "seed", "task", "policy", "amp", "rendered", "mixed_precision")
    given: dict[str, Any] = {name: getattr(args, name) for name in plain if getattr(args, name) is not None}
    if args.without is not None:
        given["without"] = tuple(filter(None, args.without.split(",")))
    if args.randomisation:
        given["randomisation"] = load_ranges(args.randomisation)
    return given | {"settings": dict(parse(text) for text in args.set)}


def ended_at_once(out: Path) -> str:
    """The message when the run in ``out`` ends at once, without saving."""
    from wmp_training.run_folder import newest_checkpoint

    checkpoint = newest_checkpoint(out)
    if checkpoint is None:
        return f"stopped; nothing was saved yet in {out}"
    return f"stopped; last checkpoint: {checkpoint}; continue with: wmp train --resume --out {out}"


def _add_run(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--out", type=Path, required=True, help="new folder for the run, like runs/first")
    group.add_argument("--resume", action="store_true", help="continue the run in --out with its own options")
    group.add_argument(
        "--change-recipe",
        action="store_true",
        help="with --resume: go on by another --recipe than the run began with",
    )
    group.add_argument(
        "--begin-with",
        type=Path,
        metavar="CHECKPOINT",
        help="start from the networks and terrain levels of this checkpoint folder, in its stage",
    )
    group.add_argument(
        "--time-limit",
        type=seconds,
        metavar="TIME",
        help="stop after this wall time: 90s, 45m, 2h (default: none if the recipe ends, else 45m)",
    )
    group.add_argument(
        "--iterations", type=int, metavar="N", help="stop after N iterations (default: no limit)"
    )
    group.add_argument("--seed", type=int, help="of all random numbers, instead of the recipe's")


def _add_learning(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--recipe",
        metavar="FILE|NAME",
        help="YAML file, or one of: wmp (default): policy and world model in one stage; warm: first a "
        "privileged teacher, then its skill distilled into policy and world model, then these by reward; a1: "
        "all that an A1 needs, from scratch. Other options replace the recipe's values in all stages",
    )
    group.add_argument(
        "--preset",
        help="network sizes: small (for CPUs), full (the paper's, for GPUs), tiny (tests)",
    )
    group.add_argument("--policy", help="wmp (default), or a baseline trained by reward: blind, recurrent")
    group.add_argument(
        "--amp",
        action="store_const",
        const=True,
        help="also reward motion like that of the reference gaits (stage wmp only)",
    )
    group.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="change one setting of preset or task; may be repeated; an unknown name lists the known ones. "
        "ppo.desired_kl=0.004: smaller policy steps, for the end of a long run; "
        "world_model.updates_per_iteration=2; env.rewards.crouch=-250; env.terrain_shares.gap=0.6 with "
        "env.curriculum.rebalance=0: more robots on gaps; policy.width=2: hidden layers twice as wide, also "
        "for --begin-with",
    )


def _add_world(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--task", help="terrains: gentle (flat, rough, slope) or obstacles (all of them)")
    group.add_argument("--num-envs", type=int, metavar="N", help="simulated robots (default: the recipe's)")
    group.add_argument(
        "--rendered",
        type=float,
        metavar="SHARE",
        help="share of the robots, in (0, 1], whose depth images are rendered; those of the others are "
        "predicted (default: 1)",
    )
    group.add_argument(
        "--without",
        metavar="NAMES",
        help="what is not randomised, separated by commas: noise, pushes, latency, pitch, depth_noise, "
        "lost_images, bodies (default: everything is)",
    )
    group.add_argument(
        "--randomisation",
        type=Path,
        metavar="FILE",
        help="YAML file with ranges instead of the task's own, like the one that `wmp replay` suggests",
    )


def _add_machine(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--device",
        choices=("cpu", "cuda"),
        default="cpu",
        help="where everything but physics runs (default: cpu); a run may be resumed on the other one",
    )
    group.add_argument(
        "--threads", type=int, default=2, metavar="N", help="physics threads, 0 for all CPUs (default: 2)"
    )
    group.add_argument(
        "--mixed-precision",
        action="store_const",
        const=True,
        help="PPO's critic multiplies in bfloat16: faster on GPUs and on CPUs with AVX-512 BF16 or AMX, "
        "slower on others (measure with `wmp bench training --mixed-precision`)",
    )


def seconds(text: str) -> float:
    """``90``, ``90s``, ``45m`` or ``2h`` in s."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time; write 90s, 45m or 2h")
    return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]


command = TrainCommand()
