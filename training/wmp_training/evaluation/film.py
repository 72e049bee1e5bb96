"""A film of one episode: the robot from the side, what it sees, and what its world model foresaw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from wmp_core.bundle import Bundle
from wmp_sim.terrain import MAX_BOXES
from wmp_sim.world import build_world
from wmp_training.env.environment import Observation
from wmp_training.evaluation.agent import BundleAgent
from wmp_training.evaluation.candidate import BundleCandidate
from wmp_training.evaluation.episodes import run_trials
from wmp_training.evaluation.foresight import BundlePredictor, Recorder
from wmp_training.evaluation.measures import Outcome
from wmp_training.evaluation.protocol import Protocol
from wmp_training.evaluation.side_view import SideView
from wmp_training.evaluation.tracks import STEP
from wmp_training.evaluation.trial import Trial
from wmp_training.sim.backend import RobotStates
from wmp_training.world_model.world_model import Sequences

#: Pixels of the view from the side, and of a depth image beside it.
WIDTH, HEIGHT, TILE = 480, 270, 135
#: Control periods per picture: 16.7 pictures a second.
PERIODS = 3
#: World-model steps that are foreseen: 1 s.
AHEAD = 10
#: Of the pictures, 0 to 100: a film is part of a web page.
QUALITY = 50


@dataclass(frozen=True)
class Footage:
    """What a film is made of.

    ``poses``: qpos at every policy tick; ``walk``: what the robot saw and did, one sequence over all
    world-model ticks; ``deter`` and ``stoch`` [T, ...] there; ``interval``: policy ticks between these.
    """

    interval: int
    poses: list[np.ndarray]
    walk: Sequences
    deter: Tensor
    stoch: Tensor


class _Filmed(BundleCandidate):
    """Keeps the agent in sight."""

    def agent(self, num_robots: int) -> BundleAgent:
        self.actor = BundleAgent(self.bundle, num_robots)
        return self.actor


def shoot(bundle: Bundle, trial: Trial, protocol: Protocol) -> tuple[Footage, Outcome]:
    """One episode of ``bundle``'s policy, and how it ended."""
    who, interval = _Filmed(bundle), bundle.contract.timing.world_model_interval
    recorder, poses = Recorder(interval), list[np.ndarray]()
    deter, stoch = list[np.ndarray](), list[np.ndarray]()

    def watch(states: RobotStates, observation: Observation, action: Tensor) -> None:
        recorder(states, observation, action)
        pose = torch.cat([states.position[0], states.quat[0], states.q[0]])
        poses.append(pose.double().numpy().copy())
        if len(observation.due):
            deter.append(who.actor.deter[0].copy())
            stoch.append(who.actor.stoch[0].copy())

    (outcome,) = run_trials(who, [trial], protocol, watch=watch)
    walk = recorder.windows(length=len(deter))
    assert walk is not None
    states_of_model = (torch.from_numpy(np.stack(states)) for states in (deter, stoch))
    return Footage(interval, poses, walk, *states_of_model), outcome


def foreseen(bundle: Bundle, footage: Footage) -> Tensor:
    """Depth [T, H, W] that the world model expected ``AHEAD`` steps before, knowing the actions but no image
    since; the first ``AHEAD`` images, which nothing foresaw, hold nothing."""
    depth, actions = footage.walk.depth[0], footage.walk.actions[0]
    model, count = BundlePredictor(bundle), max(len(depth) - AHEAD, 0)
    images = torch.full_like(depth, 0.5)
    if count:
        deter, stoch = footage.deter[:count], footage.stoch[:count]
        for step in range(1, AHEAD + 1):
            deter = model.advance(deter, stoch, actions[step : step + count])
            stoch = model.prior(deter)
        images[AHEAD:] = model.decode(deter, stoch)
    return images


def length(footage: Footage) -> int:
    """Number of pictures in the film."""
    return len(range(0, len(footage.poses), PERIODS))


def pictures(bundle: Bundle, trial: Trial, footage: Footage) -> Iterator[Image.Image]:
    """The film, picture by picture."""
    view = SideView(build_world(trial.track(), "torque", STEP, MAX_BOXES), WIDTH, HEIGHT)
    expected = foreseen(bundle, footage)
    for tick in range(0, len(footage.poses), PERIODS):
        step = tick // footage.interval
        picture = Image.new("RGB", (WIDTH + TILE, HEIGHT))
        picture.paste(Image.fromarray(view.draw(footage.poses[tick])), (0, 0))
        known = step >= AHEAD
        tiles = (footage.walk.depth[0, step], "sees"), (expected[step], "foresaw 1 s ago" if known else "")
        for row, (depth, title) in enumerate(tiles):
            picture.paste(_tile(depth, title), (WIDTH, row * TILE))
        yield picture


def save(film: Sequence[Image.Image], period: float, path: Path) -> None:
    """Write ``film`` as an animated WebP that goes round; ``period`` s between pictures."""
    path.parent.mkdir(parents=True, exist_ok=True)
    first, *others = film
    how = {"duration": round(1000 * period), "loop": 0, "quality": QUALITY, "method": 4}
    first.save(path, "WEBP", save_all=True, append_images=others, **how)


def _tile(depth: Tensor, title: str) -> Image.Image:
    grey = ((depth + 0.5).clamp(0.0, 1.0) * 255).byte().numpy()
    tile = Image.fromarray(grey).resize((TILE, TILE), Image.Resampling.NEAREST).convert("RGB")
    ImageDraw.Draw(tile).text((5, 3), title, fill=(255, 255, 255), stroke_width=2, stroke_fill=(0, 0, 0))
    return tile
