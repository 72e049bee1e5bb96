"""Film one episode: the robot from the side, its depth image, and the open-loop prediction of that image."""

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
from wmp_training.evaluation.bundle_candidate import BundleAgent, BundleCandidate
from wmp_training.evaluation.episodes import Progress, run_trials
from wmp_training.evaluation.files import written_whole
from wmp_training.evaluation.metrics import Outcome
from wmp_training.evaluation.open_loop import BundlePredictor, Recorder
from wmp_training.evaluation.pd_loop import STEP
from wmp_training.evaluation.protocol import Protocol
from wmp_training.evaluation.side_view import SideView
from wmp_training.evaluation.trial import Trial
from wmp_training.sim.backend import RobotStates
from wmp_training.world_model.world_model import Sequences

#: Size of the side view and of a depth image beside it, pixels.
WIDTH, HEIGHT, TILE = 480, 270, 135
#: Control periods per picture; 3 periods of 20 ms give 16.7 pictures per second.
PERIODS = 3
#: World-model steps of open-loop prediction; 10 steps of 0.1 s are 1 s.
AHEAD = 10
#: WebP quality, 0 to 100; a web page shows the film, so the file stays small.
QUALITY = 50


@dataclass(frozen=True)
class Footage:
    """A recorded episode.

    Attributes:
        interval: policy ticks per world-model step.
        poses: MuJoCo qpos at every policy tick.
        walk: observations and actions, one sequence over all world-model steps.
        h, z: world-model state at every world-model step [T, ...].
    """

    interval: int
    poses: list[np.ndarray]
    walk: Sequences
    h: Tensor
    z: Tensor


class _FilmedCandidate(BundleCandidate):
    """Keeps its agent, so that the film can read the world-model state."""

    def agent(self, num_robots: int) -> BundleAgent:
        self.filmed = BundleAgent(self.bundle, num_robots)
        return self.filmed


def record_footage(
    bundle: Bundle, trial: Trial, protocol: Protocol, progress: Progress | None = None
) -> tuple[Footage, Outcome]:
    """Run and record one episode of ``bundle``'s policy."""
    candidate, interval = _FilmedCandidate(bundle), bundle.contract.timing.world_model_interval
    recorder, poses = Recorder(interval), list[np.ndarray]()
    h, z = list[np.ndarray](), list[np.ndarray]()

    def watch(states: RobotStates, observation: Observation, action: Tensor) -> None:
        recorder(states, observation, action)
        pose = torch.cat([states.position[0], states.quat[0], states.q[0]])
        poses.append(pose.double().numpy().copy())
        if len(observation.due):
            h.append(candidate.filmed.h[0].copy())
            z.append(candidate.filmed.z[0].copy())

    (outcome,) = run_trials(candidate, [trial], protocol, watch=watch, progress=progress)
    walk = recorder.windows(length=len(h))
    assert walk is not None
    model_states = (torch.from_numpy(np.stack(states)) for states in (h, z))
    return Footage(interval, poses, walk, *model_states), outcome


def predict_open_loop(bundle: Bundle, footage: Footage) -> Tensor:
    """Normalised depth [T, H, W] predicted ``AHEAD`` steps before, from the actions since but no image since.

    The first ``AHEAD`` images have no prediction and are empty.
    """
    depth, actions = footage.walk.depth[0], footage.walk.actions[0]
    model, count = BundlePredictor(bundle), max(len(depth) - AHEAD, 0)
    images = torch.full_like(depth, 0.5)
    if count:
        h, z = footage.h[:count], footage.z[:count]
        for step in range(1, AHEAD + 1):
            h = model.advance(h, z, actions[step : step + count])
            z = model.prior(h)
        images[AHEAD:] = model.decode(h, z)
    return images


def picture_count(footage: Footage) -> int:
    """Number of pictures in the film."""
    return len(range(0, len(footage.poses), PERIODS))


def pictures(bundle: Bundle, trial: Trial, footage: Footage) -> Iterator[Image.Image]:
    """Draw the film, picture by picture."""
    view = SideView(build_world(trial.track(), "torque", STEP, MAX_BOXES), WIDTH, HEIGHT)
    predicted = predict_open_loop(bundle, footage)
    for tick in range(0, len(footage.poses), PERIODS):
        step = tick // footage.interval
        picture = Image.new("RGB", (WIDTH + TILE, HEIGHT))
        picture.paste(Image.fromarray(view.draw(footage.poses[tick])), (0, 0))
        caption = "foresaw 1 s ago" if step >= AHEAD else ""
        tiles = (footage.walk.depth[0, step], "sees"), (predicted[step], caption)
        for row, (depth, title) in enumerate(tiles):
            picture.paste(_tile(depth, title), (WIDTH, row * TILE))
        yield picture


def save(film: Sequence[Image.Image], period: float, path: Path) -> None:
    """Write ``film`` as a looping animated WebP with ``period`` s between pictures."""
    first, *others = film
    options = {"duration": round(1000 * period), "loop": 0, "quality": QUALITY, "method": 4}
    with written_whole(path) as fresh:
        first.save(fresh, "WEBP", save_all=True, append_images=others, **options)


def _tile(depth: Tensor, title: str) -> Image.Image:
    grey = ((depth + 0.5).clamp(0.0, 1.0) * 255).byte().numpy()
    tile = Image.fromarray(grey).resize((TILE, TILE), Image.Resampling.NEAREST).convert("RGB")
    ImageDraw.Draw(tile).text((5, 3), title, fill=(255, 255, 255), stroke_width=2, stroke_fill=(0, 0, 0))
    return tile
