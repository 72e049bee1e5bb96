"""Deterministic evaluation of a bundle: success, distance and tracking per terrain, level and command."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from wmp_core.bundle import Bundle
from wmp_training.env.environment import yaw
from wmp_training.evaluation.agent import BundleAgent
from wmp_training.evaluation.scenario import Cell, scenario, start

#: Forward progress in m that makes a walking episode a success.
SUCCESS_DISTANCE = 6.0
#: A robot told to stand or to turn on the spot may drift this far in 20 s, in m.
MAX_DRIFT = 0.5
#: A robot told to turn must turn, within this share of the commanded rate.
MAX_TURN_ERROR = 0.3

CELLS = (
    *(Cell("flat", 0, vx) for vx in (0.3, 0.5, 0.8)),
    *(Cell("rough", level, 0.5) for level in (0, 3, 6, 9)),
    *(Cell("slope", level, 0.5) for level in (0, 3, 6, 9)),
    Cell("flat", 0, 0.0),
    *(Cell("flat", 0, 0.0, yaw) for yaw in (0.5, -0.5)),
)


@dataclass(frozen=True)
class Result:
    """Means over the robots of a cell; ``distance`` and ``drift`` in m, errors in m/s and rad/s."""

    cell: Cell
    robots: int
    success: float
    falls: float
    distance: float
    velocity_error: float
    yaw_error: float
    drift: float


def evaluate(
    bundle: Bundle, cells: tuple[Cell, ...] = CELLS, robots: int = 20, seed: int = 7, disturbed: bool = True
) -> list[Result]:
    """One episode of 20 s for every robot. The first second (getting under way) does not count for errors."""
    env = scenario(bundle.contract, cells, robots, seed, disturbed)
    observation = start(env, cells)
    agent = BundleAgent(bundle, env.num_robots)
    command = env.commands.velocity.clone()
    begin = env.sim.states()
    origin, heading = begin.position[:, :2].clone(), yaw(begin.quat)
    alive = torch.ones(env.num_robots, dtype=torch.bool)
    fallen = torch.zeros_like(alive)
    place = origin.clone()
    sums, counts = torch.zeros(env.num_robots, 2), torch.zeros(env.num_robots)
    for tick in range(env.max_tick):
        step = env.step(agent(observation))
        observation = step.observation
        fallen |= alive & step.done & ~step.time_out
        alive &= ~step.done
        states = env.sim.states()
        place[alive] = states.position[alive, :2]
        if tick >= round(1.0 / env.dt):
            speed = torch.stack([states.linear_velocity[:, 0], states.angular_velocity[:, 2]], -1)
            sums[alive] += speed[alive]
            counts[alive] += 1
    moved = _turned(place - origin, -heading)
    mean = sums / counts.clamp(min=1)[:, None]
    walks = command[:, 0] > 0
    drift = moved.norm(dim=-1)
    # Full distance is what the command allows in 20 s; the track of uneven terrain ends earlier.
    needed = torch.minimum(torch.tensor(SUCCESS_DISTANCE), 0.8 * command[:, 0] * env.config.episode)
    turned = (mean[:, 1] - command[:, 2]).abs() <= MAX_TURN_ERROR * command[:, 2].abs().clamp(min=0.1)
    good = ~fallen & torch.where(walks, moved[:, 0] >= needed, (drift <= MAX_DRIFT) & turned)
    rows = [slice(i * robots, (i + 1) * robots) for i in range(len(cells))]
    return [
        Result(
            cell,
            robots,
            success=good[row].float().mean().item(),
            falls=fallen[row].float().mean().item(),
            distance=moved[row, 0].mean().item(),
            velocity_error=(mean[row, 0] - cell.vx).abs().mean().item(),
            yaw_error=(mean[row, 1] - cell.yaw).abs().mean().item(),
            drift=drift[row].mean().item(),
        )
        for cell, row in zip(cells, rows, strict=True)
    ]


def _turned(vectors: Tensor, angle: Tensor) -> Tensor:
    """Plane vectors [N, 2] turned by ``angle`` [N] rad."""
    sine, cosine = torch.sin(angle), torch.cos(angle)
    x, y = vectors.unbind(-1)
    return torch.stack([cosine * x - sine * y, sine * x + cosine * y], dim=-1)


def markdown(results: list[Result]) -> str:
    """The results as a table."""
    lines = [
        "| terrain | difficulty | vx m/s | yaw rad/s | success | falls | forward m | moved m "
        "| speed error m/s | yaw-rate error rad/s |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for r in results:
        c = r.cell
        lines.append(
            f"| {c.terrain} | {c.difficulty:.2f} | {c.vx} | {c.yaw} | {r.success:.0%} | {r.falls:.0%} "
            f"| {r.distance:.2f} | {r.drift:.2f} | {r.velocity_error:.3f} | {r.yaw_error:.3f} |"
        )
    return "\n".join(lines)
