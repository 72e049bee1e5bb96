"""Recomputes every latent and every action of a walk from its recorded inputs.

Each transition starts from the *recorded* state: the latent of tick n must follow from the recorded latent
of tick n - k, its image and its actions. If every transition agrees, so does the whole walk; the first one
that differs is at fault, and errors do not accumulate. Transitions are independent, so many are computed at
once. Without recorded latents, h continues from the previous step.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from wmp_core.bundle import Bundle
from wmp_core.depth.geometry import normalise
from wmp_core.history import History
from wmp_core.observation import Proprioception
from wmp_replay.bag.records import PolicyStep
from wmp_replay.bag.step import WorldModelStep

#: World-model steps per batch.
CHUNK = 64


@dataclass(frozen=True)
class Recomputed:
    """A world-model step with the outputs of the networks.

    ``h [D]``: deterministic state of its tick, recorded or continued. ``z [S]`` and ``kl`` [nats] (NaN
    without image): of its observation. ``next_h [D]``: h of the next tick, from the recorded z; None if
    actions are missing. ``actions``: ``[J]`` per policy step, None if it cannot be computed.
    ``observations``: per policy step proprioception ``[P]`` from the recorded raw state, None without one.
    ``is_seeded``: h is known; False if the recording starts in the middle of a walk and h had to be
    initialised there.
    """

    step: WorldModelStep
    h: np.ndarray
    z: np.ndarray
    kl: float
    next_h: np.ndarray | None
    actions: tuple[np.ndarray | None, ...]
    observations: tuple[np.ndarray | None, ...]
    is_seeded: bool


class Recomputer:
    """Runs the graphs of a bundle over the steps of one walk."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._contract = bundle.contract
        self._interval = bundle.contract.timing.world_model_interval
        self._proprioception = Proprioception(bundle.contract)
        self._command = self._proprioception.slices["command"]
        self._history = History(bundle.contract)
        self._pushes = 0
        self._previous: PolicyStep | None = None
        self._last: Recomputed | None = None
        self._known: dict[int, np.ndarray] = {}
        idle = np.zeros((1, self._interval * bundle.contract.num_joints), np.float32)
        initial = bundle.initial_state
        self._initial = self._advance(initial.deter[None], initial.stoch[None], idle)[0]

    def run(self, steps: Iterable[WorldModelStep]) -> Iterator[Recomputed]:
        """Recompute the ``steps`` of a walk, in order; memory does not grow with their number."""
        iterator = iter(steps)
        while chunk := list(islice(iterator, CHUNK)):
            for part in _runs(chunk):
                yield from self._run(part)

    def _run(self, steps: Sequence[WorldModelStep]) -> list[Recomputed]:
        """Steps with known h; that of the first one may be missing."""
        first, is_seeded = self._first_h(steps[0])
        h = np.stack([first, *(self._h(step) for step in steps[1:])])
        z, kl = self._observe(steps, h)
        recorded = [
            mine if step.outcome is None else step.outcome.z for step, mine in zip(steps, z, strict=True)
        ]
        following = self._next(steps, h, np.stack(recorded))
        actions = self._actions(steps, h)
        done = [
            Recomputed(
                step,
                h[i],
                z[i],
                float(kl[i]),
                following[i],
                actions[i],
                tuple(
                    self._observation(each, state)
                    for each, state in zip(step.policy, step.states, strict=True)
                ),
                is_seeded or i > 0,
            )
            for i, step in enumerate(steps)
        ]
        self._last = done[-1]
        return done

    def _first_h(self, step: WorldModelStep) -> tuple[np.ndarray, bool]:
        if step.latent is not None or step.tick == 0:
            return self._h(step), True
        if step.follows and self._last is not None and self._last.next_h is not None:
            return self._last.next_h, self._last.is_seeded
        return self._initial, False  # like the world model when steps are missing

    def _h(self, step: WorldModelStep) -> np.ndarray:
        return self._initial if step.latent is None else step.latent.h

    def _observe(self, steps: Sequence[WorldModelStep], h: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        z = np.empty((len(steps), self._contract.world_model.stoch), np.int64)
        kl = np.full(len(steps), math.nan)
        seen = np.array([step.depth is not None for step in steps])
        if seen.any():
            images = np.stack([step.depth for step in steps if step.depth is not None])
            images = normalise(self._contract.depth, images)
            proprioception = np.stack([step.proprioception for step in steps if step.depth is not None])
            outputs = self._bundle.models["observe"].run(
                deter=h[seen], proprioception=proprioception, depth=images[:, None]
            )
            z[seen], kl[seen] = outputs["stoch"], outputs["kl"]
        if not seen.all():
            z[~seen] = self._bundle.models["prior"].run(deter=h[~seen])["stoch"]
        return z, kl

    def _next(self, steps: Sequence[WorldModelStep], h: np.ndarray, z: np.ndarray) -> list[np.ndarray | None]:
        whole = np.array([len(step.policy) == self._interval for step in steps])
        following: list[np.ndarray | None] = [None] * len(steps)
        if whole.any():
            actions = np.stack([step.actions.ravel() for step, ok in zip(steps, whole, strict=True) if ok])
            for i, value in zip(
                np.flatnonzero(whole), self._advance(h[whole], z[whole], actions), strict=True
            ):
                following[i] = value
        return following

    def _advance(self, h: np.ndarray, z: np.ndarray, actions: np.ndarray) -> np.ndarray:
        return self._bundle.models["advance"].run(deter=h, stoch=z, actions=actions)["next_deter"]

    def _actions(self, steps: Sequence[WorldModelStep], h: np.ndarray) -> list[tuple[np.ndarray | None, ...]]:
        """Outputs of the policy for every step with known history and h, in one batch."""
        rows: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        places: list[list[int | None]] = []
        for step, own in zip(steps, h, strict=True):
            if step.tick == 0:
                self._known.clear()
            self._known[step.tick] = own
            self._known.pop(step.tick - 16 * self._interval, None)
            places.append([])
            for policy_step in step.policy:
                history = self._push(policy_step)
                used = self._known.get(policy_step.latent_tick)
                known = used is not None and history is not None
                places[-1].append(len(rows) if known else None)
                if used is not None and history is not None:
                    rows.append((history, policy_step.proprioception[self._command], used))
        if not rows:
            return [tuple(None for _ in step.policy) for step in steps]
        history, command, used = (np.stack(part) for part in zip(*rows, strict=True))
        actions = self._bundle.models["policy"].run(history=history, command=command, deter=used)["action"]
        actions = np.clip(actions, -self._contract.action.clip, self._contract.action.clip)
        return [tuple(None if row is None else actions[row] for row in row_of) for row_of in places]

    def _push(self, step: PolicyStep) -> np.ndarray | None:
        """History of observations; after missing steps None until it is complete again."""
        last, self._previous = self._previous, step
        if step.tick == 0:
            self._history.reset()
            self._pushes = self._contract.observation.history_steps
        elif last is None or step.tick != last.tick + 1:
            self._pushes = -1
            last = None
        action = np.zeros_like(step.action) if last is None or step.tick == 0 else last.action
        history = self._history.push(step.proprioception, action)
        self._pushes += 1
        return history if self._pushes >= self._contract.observation.history_steps else None

    def _observation(self, step: PolicyStep, state: object) -> np.ndarray | None:
        return None if state is None else self._proprioception(state, step.command)  # type: ignore[arg-type]


def _runs(steps: Sequence[WorldModelStep]) -> Iterator[Sequence[WorldModelStep]]:
    """Parts in which every step but the first has a recorded h."""
    begin = 0
    for i in range(1, len(steps)):
        if steps[i].latent is None and steps[i].tick != 0:
            yield steps[begin:i]
            begin = i
    yield steps[begin:]
