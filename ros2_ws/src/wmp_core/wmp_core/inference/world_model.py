"""The two-phase world model: ``advance`` runs ahead of its tick, ``observe`` within the interval after it.

``h_n = advance(h_{n-k}, z_{n-k}, a_{n-k..n-1})`` needs no image and is computed before tick n;
``z_n ~ q(z | h_n, depth, proprioception_n)`` may take one interval, and enters ``h`` at tick n + k. ``z`` is
the mode of its distribution, so that a run can be replayed exactly.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping, Optional, Union

import numpy as np

from wmp_core.contract import Contract
from wmp_core.depth.geometry import normalise
from wmp_core.inference.session import OnnxModel


class Source(enum.IntEnum):
    """Source of ``z``; the values are those of ``Latent.msg``."""

    INITIAL = 0
    POSTERIOR = 1
    PRIOR = 2


class PhaseError(RuntimeError):
    """``advance`` and ``observe`` were not called alternately."""


@dataclass(frozen=True)
class InitialState:
    """The learned state before the first step: ``deter [D]`` float32 (h), ``stoch [S]`` int64 (z)."""

    deter: np.ndarray
    stoch: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "deter", np.asarray(self.deter, dtype=np.float32))
        object.__setattr__(self, "stoch", np.asarray(self.stoch, dtype=np.int64))

    def save(self, path: Union[str, Path]) -> None:
        np.savez(path, deter=self.deter, stoch=self.stoch)

    @classmethod
    def load(cls, path: Union[str, Path]) -> InitialState:
        with np.load(path, allow_pickle=False) as arrays:
            return cls(arrays["deter"], arrays["stoch"])


@dataclass(frozen=True)
class LatentState:
    """State of the world model.

    ``tick``: world-model tick, counted in policy steps. ``h [D]`` float32: deterministic state of that tick.
    ``z [S]`` int64: class indices of the stochastic state; after ``observe`` that of the tick, after
    ``advance`` the one that entered ``h``. ``source``, ``kl`` (nats) and ``depth_stamp`` (s) belong to ``z``;
    the latter two are NaN without an image.
    """

    tick: int
    h: np.ndarray
    z: np.ndarray
    source: Source
    kl: float = math.nan
    depth_stamp: float = math.nan


class WorldModel:
    """Holds ``h`` and ``z``: ``reset`` gives ``h_0``, then ``observe`` and ``advance`` alternate.

    Not thread-safe.

    Args:
        contract: the bundle's.
        models: the bundle's graphs ``advance``, ``observe`` and ``prior`` by name.
        initial_state: the bundle's.
    """

    def __init__(
        self, contract: Contract, models: Mapping[str, OnnxModel], initial_state: InitialState
    ) -> None:
        self._contract = contract
        self._initial = initial_state
        self._advance, self._observe, self._prior = (
            models[graph] for graph in ("advance", "observe", "prior")
        )
        for model in (self._advance, self._observe, self._prior):
            model.warm_up()
        self.reset()

    @property
    def state(self) -> LatentState:
        """The newest state."""
        return self._state

    def reset(self) -> LatentState:
        """Start an episode: ``h_0`` is one step from the learned initial state with zero actions."""
        interval, joints = self._contract.timing.world_model_interval, self._contract.num_joints
        self._state = LatentState(-interval, self._initial.deter, self._initial.stoch, Source.INITIAL)
        self._observed = True
        return self.advance(np.zeros((interval, joints), dtype=np.float32))

    def advance(self, actions: np.ndarray) -> LatentState:
        """``h`` of the next world-model tick.

        Args:
            actions: ``[k, J]`` after the contract's clip, oldest first.

        Raises:
            PhaseError: this tick has not been observed.
            ValueError: wrong shape, or values that are not finite.
        """
        self._require_observed(True, "advance")
        interval = self._contract.timing.world_model_interval
        actions = _checked(actions, (interval, self._contract.num_joints), "actions")
        state = self._state
        outputs = self._advance.run(deter=state.h[None], stoch=state.z[None], actions=actions.reshape(1, -1))
        self._state = LatentState(
            state.tick + interval,
            outputs["next_deter"][0],
            state.z,
            state.source,
            state.kl,
            state.depth_stamp,
        )
        self._observed = False
        return self._state

    def observe(
        self, proprioception: np.ndarray, depth_m: Optional[np.ndarray], depth_stamp: float = math.nan
    ) -> LatentState:
        """``z`` of the present tick: from the posterior, or from the prior if there is no image.

        Args:
            proprioception: ``[33]`` scaled, of the same tick.
            depth_m: ``[64, 64]`` planar metres clipped to the contract's range, or ``None``.
            depth_stamp: capture time of the image in s, carried through to the state.

        Raises:
            PhaseError: this tick has been observed already.
            ValueError: wrong shape, or values that are not finite.
        """
        self._require_observed(False, "observe")
        state = self._state
        if depth_m is None:
            z = self._prior.run(deter=state.h[None])["stoch"][0]
            self._state = LatentState(state.tick, state.h, z, Source.PRIOR)
        else:
            self._state = self._posterior(proprioception, depth_m, depth_stamp)
        self._observed = True
        return self._state

    def _posterior(self, proprioception: np.ndarray, depth_m: np.ndarray, depth_stamp: float) -> LatentState:
        contract, state = self._contract, self._state
        proprioception = _checked(proprioception, (contract.proprioception_size,), "proprioception")
        depth_m = _checked(depth_m, (contract.depth.height, contract.depth.width), "depth")
        depth = normalise(contract.depth, depth_m)
        outputs = self._observe.run(
            deter=state.h[None], proprioception=proprioception[None], depth=depth[None, None]
        )
        return LatentState(
            state.tick,
            state.h,
            outputs["stoch"][0],
            Source.POSTERIOR,
            float(outputs["kl"][0]),
            depth_stamp,
        )

    def _require_observed(self, observed: bool, call: str) -> None:
        if self._observed != observed:
            done, due = ("observed", "advance") if self._observed else ("advanced", "observe")
            raise PhaseError(
                f"world model: {call} called at tick {self._state.tick}, which has just been {done}; "
                f"call {due} next, or reset"
            )


def _checked(values: np.ndarray, shape: tuple, name: str) -> np.ndarray:
    """As float32; checked to be finite, as a NaN would stay in the recurrent state forever."""
    values = np.asarray(values, dtype=np.float32)
    if values.shape != shape:
        raise ValueError(f"world model: {name} has shape {values.shape}, expected {shape}")
    if not np.isfinite(values).all():
        raise ValueError(f"world model: {name} holds values that are not finite")
    return values
