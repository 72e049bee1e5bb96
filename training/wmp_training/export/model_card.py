"""The model card: what a bundle is, how it was made, what it can do, in figures."""

from __future__ import annotations

import os
import platform
from typing import Any

from wmp_core.golden import GoldenReport
from wmp_training.evaluation.table import MAX_DRIFT, MAX_TURN_ERROR, SUCCESS_DISTANCE, Result, markdown
from wmp_training.learner import Networks


def model_card(
    name: str, networks: Networks, training: dict[str, Any], report: GoldenReport, results: list[Result]
) -> str:
    """Markdown text; every figure comes from the arguments."""
    limits, robots = networks.contract.limits, results[0].robots if results else 0
    parity = "\n".join(f"| {key} | {value:.1e} |" for key, value in report.largest.items())
    return f"""# {name}

A policy for the Unitree A1 that walks to velocity commands on flat, rough and gently sloped ground, with a
recurrent world model that sees a 64 x 64 depth image at 10 Hz. Trained in simulation only, with the code of
this repository; it has not been on a robot.

## Training

{_training_table(networks, training)}

{training["note"]}

Terrains: flat, rough (+-1..5 cm), slope (gradient up to 0.4), by curriculum. Randomised per world: foot
friction, trunk mass and centre of mass, link masses, gains, motor strength; per episode: camera pitch, action
latency, lost images; pushes up to 0.5 m/s and sensor noise throughout.

## Evaluation

Deterministic policy from the exported ONNX graphs, {robots} robots per line with bodies and sensor noise
randomised as in training, new terrains, one episode of 20 s each. Success: no fall and
{SUCCESS_DISTANCE:.0f} m forward (or 80 % of what the command allows if that is less); at vx 0: no fall, at
most {MAX_DRIFT} m from where it stood, and the yaw rate within {MAX_TURN_ERROR:.0%} of the command. On uneven
terrain the yaw command steers along the track, which ends after 8.6 m. Errors are those of the mean over an
episode.

{markdown(results)}

## Parity

ONNX Runtime against torch, {report.steps} policy steps in closed loop, largest absolute difference:

| quantity | difference |
|---|---|
{parity}

## Limits

- Commands: vx {_range(limits.command_vx)} m/s, vy {_range(limits.command_vy)} m/s,
  yaw rate {_range(limits.command_yaw_rate)} rad/s. No backward and no sideways walking.
- No stairs, gaps, boxes, bars or slots: it was never trained on them.
- On these terrains proprioception nearly suffices: that the policy uses `h` and that `h` depends on depth is
  tested, but the image is worth little here.
- Heading is not held: with yaw rate 0 the robot drifts off course slowly.
"""


def _training_table(networks: Networks, training: dict[str, Any]) -> str:
    sizes, steps = networks.contract.world_model, training["env_steps"]
    count = sum(p.numel() for p in networks.world_model.parameters())
    deployed = count - sum(p.numel() for p in networks.world_model.decoder.parameters())
    actor = sum(p.numel() for p in networks.actor.parameters())
    parameters = f"world model {count / 1e6:.2f} M ({deployed / 1e6:.2f} M deployed)"
    walked = steps * networks.contract.timing.control_period / 3600
    data = f"{steps / 1e6:.1f} M policy steps ({walked:.0f} h of walking)"
    rows = {
        "preset": f"`{training['preset']}`: h {sizes.deter}, z {sizes.stoch} x {sizes.classes}",
        "parameters": f"{parameters}, actor {actor / 1e3:.0f} k",
        "data": f"{data} of {training['num_envs']} robots",
        "wall time": f"{training['wall_time_s'] / 60:.0f} min",
        "machine": machine(),
        "seed, commit": f"{training['seed']}, `{training['git_commit']}`",
    }
    return "\n".join(["| | |", "|---|---|", *(f"| {key} | {value} |" for key, value in rows.items())])


def _range(limits: tuple[float, ...]) -> str:
    return f"{limits[0]} to {limits[1]}"


def machine() -> str:
    """Processor of this machine, as far as the system tells."""
    return f"{os.cpu_count()}-core {platform.machine()} CPU, no GPU"
