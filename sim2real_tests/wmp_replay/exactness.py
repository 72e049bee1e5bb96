"""Do the recorded latents and actions follow from the recorded inputs, with this bundle, on this machine?"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from wmp_core.bundle import Bundle
from wmp_core.observation import term_slices
from wmp_core.verification import Difference
from wmp_replay.recompute import Recomputed
from wmp_replay.section import Section, Status

NAME = "exactness"
QUANTITIES = ("proprioception", "action", "z", "kl", "h")


class Exactness:
    """Finds the first value that differs, and the largest differences; update it with every step in order."""

    def __init__(self, bundle: Bundle, tolerance: float) -> None:
        contract = bundle.contract
        self._terms = term_slices(contract.observation.proprioception, contract.num_joints)
        self._interval = contract.timing.world_model_interval
        self._tolerance = tolerance
        self.first: Difference | None = None
        self.first_episode = 0
        self.largest = dict.fromkeys(QUANTITIES, 0.0)
        self.compared = dict.fromkeys(QUANTITIES, 0)
        self.differing = dict.fromkeys(QUANTITIES, 0)

    def update(self, done: Recomputed) -> None:
        """Compare the next world-model step."""
        for quantity, tick, recorded, found in self._comparisons(done):
            error = np.abs(np.asarray(recorded, np.float64) - found)
            if quantity == "kl":  # KL [nats] has no upper bound: relative above 1
                error = error / np.maximum(1.0, np.abs(recorded))
            largest = float(error.max())
            if math.isnan(largest):
                error = np.nan_to_num(error, nan=np.inf)
                largest = math.inf
            self.compared[quantity] += 1
            self.largest[quantity] = max(self.largest[quantity], largest)
            if largest <= self._tolerance:
                continue
            self.differing[quantity] += 1
            if self.first is None:
                self.first_episode = done.step.episode
                self.first = self._difference(quantity, tick, recorded, found, error)

    def section(self, kind: str) -> Section:
        """The verdict; ``kind`` as in :class:`wmp_replay.bag.walk.Walk`."""
        section = Section(NAME)
        if kind == "sensors":
            section.add(
                Status.SKIP,
                "observations are rebuilt from sensor topics: there is nothing to compare them with",
            )
            return section
        section.figures = {
            "tolerance": self._tolerance,
            "compared": self.compared,
            "differing": self.differing,
            "largest_difference": self.largest,
        }
        for quantity in QUANTITIES:
            if self.compared[quantity] == 0:
                section.add(Status.SKIP, f"{quantity}: the bag holds no values to compare")
        if self.first is not None:
            section.figures["first_difference"] = {**self.first._asdict(), "episode": self.first_episode}
            counts = ", ".join(f"{n} x {quantity}" for quantity, n in self.differing.items() if n)
            section.add(Status.FAIL, f"episode {self.first_episode}: {self.first}; in total {counts}")
        elif self.compared["h"] or self.compared["action"]:
            worst = max(self.largest, key=lambda quantity: self.largest[quantity])
            section.add(
                Status.PASS,
                f"{self.compared['h']} latents and {self.compared['action']} actions reproduced, "
                f"largest difference {self.largest[worst]:.1e} in {worst}",
            )
        return section

    def _comparisons(self, done: Recomputed) -> Iterator[tuple[str, int, np.ndarray, np.ndarray]]:
        step = done.step
        for policy_step, seen in zip(step.policy, done.observations, strict=True):
            if seen is not None:
                yield "proprioception", policy_step.tick, policy_step.proprioception, seen
        if not done.is_seeded:
            return
        for policy_step, action in zip(step.policy, done.actions, strict=True):
            if action is not None:
                yield "action", policy_step.tick, policy_step.action, action
        outcome = step.outcome
        if outcome is None:
            return
        if not step.depth_lost:
            yield "z", step.tick, outcome.z, done.z
            if step.depth is not None:
                yield "kl", step.tick, np.atleast_1d(outcome.kl), np.atleast_1d(done.kl)
        if done.next_h is not None:
            yield "h", step.tick + self._interval, outcome.h, done.next_h

    def _difference(
        self, quantity: str, tick: int, recorded: np.ndarray, found: np.ndarray, error: np.ndarray
    ) -> Difference:
        element = int(np.argmax(error > self._tolerance))
        term = ""
        if quantity == "proprioception":
            term = next(name for name, part in self._terms.items() if part.start <= element < part.stop)
        return Difference(quantity, term, tick, float(recorded.flat[element]), float(found.flat[element]))
