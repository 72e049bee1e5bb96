"""Open-loop prediction: a few context steps with images, then an imagination rollout of the prior.

It shows how much of the terrain h retains without new images, which is what h is worth to the policy. The
baseline is persistence: the last image of the context, unchanged.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Protocol

import torch
from torch import Tensor

from wmp_training.world_model.rssm import RSSM
from wmp_training.world_model.world_model import Sequences, WorldModel

CONTEXT, HORIZON = 5, 10


class Predictor(Protocol):
    """A world model, one step at a time; z in the model's own form, images [B, H, W] normalised."""

    def begin(self, batch: int) -> tuple[Tensor, Tensor]:
        """h and z before the first step."""

    def advance(self, deter: Tensor, stoch: Tensor, actions: Tensor) -> Tensor:
        """The next h."""

    def posterior(self, deter: Tensor, proprioception: Tensor, depth: Tensor) -> Tensor:
        """Mode of z given h and the observation."""

    def prior(self, deter: Tensor) -> Tensor:
        """Mode of z given h alone."""

    def decode(self, deter: Tensor, stoch: Tensor) -> Tensor:
        """The image reconstructed from h and z."""


class ModelPredictor:
    """Makes a :class:`WorldModel` in training a :class:`Predictor`."""

    def __init__(self, model: WorldModel) -> None:
        self.model = model

    def begin(self, batch: int) -> tuple[Tensor, Tensor]:
        state = self.model.rssm.initial(batch)
        return state.deter, state.stoch

    def advance(self, deter: Tensor, stoch: Tensor, actions: Tensor) -> Tensor:
        return self.model.rssm.advance(deter, stoch, actions)

    def posterior(self, deter: Tensor, proprioception: Tensor, depth: Tensor) -> Tensor:
        return self.model.observe_mode(deter, proprioception, depth)

    def prior(self, deter: Tensor) -> Tensor:
        return self.model.rssm.mode(self.model.rssm.prior(deter))

    def decode(self, deter: Tensor, stoch: Tensor) -> Tensor:
        return self.model.decoder.image(RSSM.get_feat(deter, stoch)).squeeze(1)


@torch.no_grad()
def predict(model: Predictor, batch: Sequences, context: int = CONTEXT) -> Tensor:
    """Images [B, T, H, W] of the model: reconstructed in the first ``context`` steps, then predicted.

    Raises:
        ValueError: a sequence crosses a reset, which no model can predict, or is not longer than ``context``.
    """
    steps = batch.is_first.shape[1]
    if not 0 < context < steps:
        raise ValueError(f"context is {context} steps, expected 1..{steps - 1} for sequences of {steps}")
    if batch.is_first[:, 1:].any():
        raise ValueError("a sequence crosses a reset; select the others with `unbroken`")
    deter, stoch = model.begin(len(batch.is_first))
    images = []
    for t in range(steps):
        actions = batch.actions[:, t] if t else torch.zeros_like(batch.actions[:, 0])
        deter = model.advance(deter, stoch, actions)
        if t < context:
            stoch = model.posterior(deter, batch.proprioception[:, t], batch.depth[:, t])
        else:
            stoch = model.prior(deter)
        images.append(model.decode(deter, stoch))
    return torch.stack(images, dim=1)


def unbroken(batch: Sequences) -> Sequences:
    """The sequences of ``batch`` that do not cross a reset."""
    whole = ~batch.is_first[:, 1:].any(dim=1)
    tensors = {field.name: getattr(batch, field.name) for field in fields(batch)}
    return Sequences(**{name: value[whole] for name, value in tensors.items() if value is not None})


@dataclass(frozen=True)
class PredictionErrors:
    """Root mean square depth errors [m] per step ahead, of model and persistence, over ``sequences``."""

    model: tuple[float, ...]
    persistence: tuple[float, ...]
    sequences: int

    @property
    def ratio(self) -> float:
        """Error at the last step divided by that of persistence; below 1 the model is better."""
        return self.model[-1] / self.persistence[-1] if self.persistence[-1] else math.inf


def prediction_errors(
    batch: Sequences, images: Tensor, far: float, context: int = CONTEXT
) -> PredictionErrors:
    """Errors of ``images`` (from :func:`predict`); ``far`` is the far limit of the depth range [m]."""
    truth = batch.depth[:, context:]
    last = batch.depth[:, context - 1 : context].expand_as(truth)

    def rmse(guess: Tensor) -> tuple[float, ...]:
        return tuple(((guess - truth).square().mean(dim=(0, 2, 3)).sqrt() * far).tolist())

    return PredictionErrors(rmse(images[:, context:]), rmse(last), len(truth))
