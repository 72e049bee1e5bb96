"""Open-loop prediction: a few context steps with images, then a rollout of the prior without."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from wmp_core.bundle import Bundle
from wmp_core.depth.geometry import normalise
from wmp_replay.windows import CONTEXT, HORIZONS, Windows


class Prediction(NamedTuple):
    """``depth [B, K, H, W]`` m and scaled ``proprioception [B, K, P]`` at the ``K`` steps ahead of
    :data:`~wmp_replay.windows.HORIZONS`."""

    depth: np.ndarray
    proprioception: np.ndarray


def predict(bundle: Bundle, windows: Windows, actions: np.ndarray | None = None) -> Prediction:
    """Open-loop prediction ``HORIZONS`` steps after the context, for all windows at once.

    The model starts from its learned initial state at the first context step; z is the mode of its
    distribution, as on the robot.

    Args:
        actions: ``[B, T, k * J]``, used instead of the recorded ones after the context.
    """
    return roll_out(bundle, windows, context_state(bundle, windows), actions)


def context_state(bundle: Bundle, windows: Windows) -> tuple[np.ndarray, np.ndarray]:
    """h ``[B, D]`` and z ``[B, S]`` at the last context step."""
    initial, count = bundle.initial_state, len(windows)
    h, z = initial.deter[None].repeat(count, 0), initial.stoch[None].repeat(count, 0)
    taken = np.zeros_like(windows.actions[:, 0])
    for t in range(CONTEXT):
        h = _advance(bundle, h, z, taken)
        image = normalise(bundle.contract.depth, windows.depth[:, t])
        z = bundle.models["observe"].run(
            deter=h, proprioception=windows.proprioception[:, t], depth=image[:, None]
        )["stoch"]
        taken = windows.actions[:, t]
    return h, z


def roll_out(
    bundle: Bundle,
    windows: Windows,
    state: tuple[np.ndarray, np.ndarray],
    actions: np.ndarray | None = None,
    horizons: Sequence[int] = HORIZONS,
) -> Prediction:
    """The rollout of :func:`predict` from ``state``, read at ``horizons`` steps ahead."""
    taken = windows.actions if actions is None else actions
    h, z = state
    depth, proprioception = [], []
    far = bundle.contract.depth.far
    for ahead in range(1, max(horizons) + 1):
        h = _advance(bundle, h, z, taken[:, CONTEXT + ahead - 2])
        z = bundle.models["prior"].run(deter=h)["stoch"]
        if ahead in horizons:
            outputs = bundle.models["decoder"].run(deter=h, stoch=z)
            depth.append(np.clip((outputs["depth"][:, 0] + 0.5) * far, bundle.contract.depth.near, far))
            proprioception.append(outputs["proprioception"])
    return Prediction(np.stack(depth, axis=1), np.stack(proprioception, axis=1))


def shuffled_actions(windows: Windows, joints: int) -> np.ndarray:
    """The actions with those after the context permuted in time, by one permutation for all windows.

    The baseline of a model that ignores what the robot does. ``joints``: values per policy step.
    """
    shuffled = windows.actions.copy()
    future = shuffled[:, CONTEXT - 1 :]
    single = future.reshape(len(windows), -1, joints)
    order = np.random.default_rng(0).permutation(single.shape[1])
    shuffled[:, CONTEXT - 1 :] = single[:, order].reshape(future.shape)
    return shuffled


def _advance(bundle: Bundle, h: np.ndarray, z: np.ndarray, actions: np.ndarray) -> np.ndarray:
    return bundle.models["advance"].run(deter=h, stoch=z, actions=actions)["next_deter"]
