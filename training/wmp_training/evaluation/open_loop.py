"""Open-loop prediction: how well a world model predicts depth without images, on its own policy's walks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from wmp_core.bundle import Bundle
from wmp_training.env.environment import Observation
from wmp_training.evaluation.bundle_candidate import BundleCandidate
from wmp_training.evaluation.episodes import Progress, run_trials
from wmp_training.evaluation.protocol import Protocol
from wmp_training.evaluation.trial import Trial
from wmp_training.sim.backend import RobotStates
from wmp_training.world_model.prediction import (
    CONTEXT,
    HORIZON,
    PredictionErrors,
    predict,
    prediction_errors,
)
from wmp_training.world_model.world_model import Sequences


class BundlePredictor:
    """The exported graphs as a :class:`wmp_training.world_model.prediction.Predictor`; z as class indices."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle

    def begin(self, batch: int) -> tuple[Tensor, Tensor]:
        initial = self.bundle.initial_state
        return torch.tensor(initial.deter).repeat(batch, 1), torch.tensor(initial.stoch).repeat(batch, 1)

    def advance(self, deter: Tensor, stoch: Tensor, actions: Tensor) -> Tensor:
        return self._run("advance", "next_deter", deter=deter, stoch=stoch, actions=actions)

    def posterior(self, deter: Tensor, proprioception: Tensor, depth: Tensor) -> Tensor:
        inputs = {"deter": deter, "proprioception": proprioception, "depth": depth.unsqueeze(1)}
        return self._run("observe", "stoch", **inputs)

    def prior(self, deter: Tensor) -> Tensor:
        return self._run("prior", "stoch", deter=deter)

    def decode(self, deter: Tensor, stoch: Tensor) -> Tensor:
        return self._run("decoder", "depth", deter=deter, stoch=stoch).squeeze(1)

    def _run(self, graph: str, output: str, **inputs: Tensor) -> Tensor:
        arrays = {name: value.numpy() for name, value in inputs.items()}
        return torch.from_numpy(self.bundle.models[graph].run(**arrays)[output])


class Recorder:
    """Records the world-model steps of all robots; pass it to ``run_trials`` as ``watch``."""

    def __init__(self, interval: int) -> None:
        self.interval = interval
        self._steps: dict[int, list[tuple[Tensor, Tensor, Tensor]]] = {}
        self._actions: list[Tensor] = []

    def __call__(self, states: RobotStates, observation: Observation, action: Tensor) -> None:
        for row, robot in enumerate(observation.due.tolist()):
            past = [taken[robot] for taken in self._actions[-self.interval :]]
            actions = torch.cat(past) if past else torch.zeros(self.interval * action.shape[1])
            step = observation.depth[row], observation.proprioception[robot], actions
            self._steps.setdefault(robot, []).append(step)
        self._actions.append(action.clone())

    def windows(self, length: int = CONTEXT + HORIZON, stride: int = HORIZON) -> Sequences | None:
        """All windows of ``length`` steps, one every ``stride`` steps; None if no episode is long enough."""
        rows = [
            steps[begin : begin + length]
            for steps in self._steps.values()
            for begin in range(0, len(steps) - length + 1, stride)
        ]
        if not rows:
            return None
        depth, proprioception, actions = (
            torch.stack([torch.stack([step[part] for step in row]) for row in rows]) for part in range(3)
        )
        is_first = torch.zeros(len(rows), length)
        is_first[:, 0] = 1.0
        return Sequences(depth, proprioception, actions, is_first)


@dataclass(frozen=True)
class OpenLoopResult:
    """Open-loop prediction on one terrain.

    Attributes:
        errors: over all sequences.
        truth: depth images [T, H, W], normalised, of the sequence whose image changes most.
        prediction: the model's images for that sequence.
    """

    errors: PredictionErrors
    truth: Tensor
    prediction: Tensor


def evaluate_open_loop(
    bundle: Bundle, trials: Sequence[Trial], protocol: Protocol, progress: Progress | None = None
) -> OpenLoopResult | None:
    """Predict along the episodes of ``bundle``'s policy; None if every episode is too short."""
    recorder = Recorder(bundle.contract.timing.world_model_interval)
    run_trials(BundleCandidate(bundle), trials, protocol, watch=recorder, progress=progress)
    sequences = recorder.windows()
    if sequences is None:
        return None
    images = predict(BundlePredictor(bundle), sequences)
    last, future = sequences.depth[:, CONTEXT - 1 : CONTEXT], sequences.depth[:, CONTEXT:]
    shown = int((future - last).square().mean(dim=(1, 2, 3)).argmax())
    errors = prediction_errors(sequences, images, bundle.contract.depth.far)
    return OpenLoopResult(errors, sequences.depth[shown], images[shown])


def open_loop_table(errors: Mapping[str, PredictionErrors | None]) -> str:
    """Errors by terrain in Markdown; a dash where no episode is long enough."""
    lines = [
        f"| terrain | model, {HORIZON} steps ahead, m | persistence, m | ratio | sequences |",
        "|---|---|---|---|---|",
    ]
    for terrain, error in errors.items():
        if error is None:
            lines.append(f"| {terrain} | - | - | - | 0 |")
            continue
        figures = (f"{error.model[-1]:.3f}", f"{error.persistence[-1]:.3f}", f"{error.ratio:.2f}")
        shown = (text if math.isfinite(float(text)) else "-" for text in figures)
        lines.append(f"| {terrain} | {' | '.join(shown)} | {error.sequences} |")
    return "\n".join(lines)
