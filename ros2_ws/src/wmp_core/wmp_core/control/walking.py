"""The policy in WALK: when it runs, which latent it uses, and the targets that hold between its ticks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, Optional, Sequence

import numpy as np

from wmp_core.contract import Contract
from wmp_core.control.pd import joint_targets
from wmp_core.control.perception_health import PerceptionHealth
from wmp_core.inference.policy import Policy
from wmp_core.inference.world_model import Source
from wmp_core.robot_state import RobotState


class Latent(NamedTuple):
    """``h`` of a world-model tick: ``tick`` counts policy steps since arming, ``h [D]`` is float32.

    ``source`` is the source of the ``z`` in it, ``kl`` the surprise of its image in nats (NaN without one).
    """

    tick: int
    h: np.ndarray
    source: int = Source.POSTERIOR
    kl: float = math.nan


@dataclass(frozen=True)
class PolicyStepRecord:
    """Inputs and outputs of one policy tick.

    Attributes:
        tick: policy steps since WALK was entered, from 0.
        state: the robot state; its ``stamp`` is the time of the tick.
        command: vx m/s, vy m/s, yaw rate rad/s, as the policy received it.
        proprioception: scaled, ``[33]``.
        action: after the contract's clip, ``[joints]``.
        base_velocity: the policy's own estimate, m/s, base_link.
        targets: joint targets in rad before the envelope, contract order.
        latent_tick: world-model tick of the ``h`` in use.
        latent_late: a newer ``h`` was due and had not arrived.
    """

    tick: int
    state: RobotState
    command: np.ndarray
    proprioception: np.ndarray
    action: np.ndarray
    base_velocity: np.ndarray
    targets: np.ndarray
    latent_tick: int
    latent_late: bool

    @property
    def is_first(self) -> bool:
        return self.tick == 0


class Walking:
    """Runs the policy every ``decimation`` loop periods and holds its targets in between.

    Args:
        contract: the bundle's.
        policy: ready to run.
        initial_h: ``h_0 [D]``, as the world model's ``reset`` gives it.
        loop_period: s; the control period is a whole multiple of it.
        surprise_time: time constant of the smoothed surprise, s.

    Raises:
        ValueError: the control period is not a multiple of ``loop_period``, or ``initial_h`` is not ``[D]``.
    """

    def __init__(
        self,
        contract: Contract,
        policy: Policy,
        initial_h: np.ndarray,
        loop_period: float,
        surprise_time: float = 0.5,
    ) -> None:
        period = contract.timing.control_period
        self._decimation = round(period / loop_period)
        if self._decimation < 1 or abs(self._decimation * loop_period - period) > 1e-6:
            raise ValueError(
                f"loop_period is {loop_period} s, expected a whole fraction of the control period {period} s"
            )
        if np.shape(initial_h) != (contract.world_model.deter,):
            raise ValueError(
                f"initial_h has shape {np.shape(initial_h)}, "
                f"the contract's world model has ({contract.world_model.deter},)"
            )
        self._contract = contract
        self._policy = policy
        self._initial_h = np.asarray(initial_h, dtype=np.float32)
        self.perception = PerceptionHealth(period, surprise_time)
        self.latents_late = 0
        self.latents_refused = 0
        self.ticks_missed = 0
        self.arm()

    def arm(self) -> None:
        """Start with tick 0 in the next cycle."""
        self._policy.reset()
        self.perception.reset()
        self._h, self._latent_tick = self._initial_h, 0
        self._tick = 0
        self._phase = self._decimation - 1
        self.targets = self._contract.joints.array("default_position")

    @property
    def tick(self) -> int:
        """The next tick."""
        return self._tick

    @property
    def needs_latent(self) -> Optional[int]:
        """Tick of the latent that the next cycle needs and that has not arrived, or ``None``."""
        due = self._phase + 1 >= self._decimation and self._latent_tick < self._due_latent(self._tick)
        return self._due_latent(self._tick) if due else None

    @property
    def latent_age(self) -> float:
        """s by which the latent in use is older than the one due at the last tick."""
        behind = self._due_latent(max(self._tick - 1, 0)) - self._latent_tick
        return max(0, behind) * self._contract.timing.control_period

    def add_latents(self, latents: Sequence[Latent]) -> None:
        """Use the newest of ``latents`` from the next tick on, even if it is late.

        A latent from a future tick belongs to an earlier walk and is dropped. One of another size or with
        values that are not finite is refused and counted; the safety monitor then sees the age of the one in
        use.
        """
        for latent in latents:
            if not self._latent_tick < latent.tick <= self._tick:
                continue
            if latent.h.shape != self._initial_h.shape or not np.isfinite(latent.h).all():
                self.latents_refused += 1
                continue
            self._h, self._latent_tick = latent.h, latent.tick
            self.perception.update(latent.tick, latent.source, latent.kl)

    def advance(self, periods: int) -> bool:
        """Advance by ``periods`` loop periods; returns whether a tick is due, which :meth:`step` runs."""
        self._phase += periods
        if self._phase < self._decimation:
            return False
        # After a long pause one tick is computed, not a burst of the missed ones.
        self.ticks_missed += self._phase // self._decimation - 1
        self._phase %= self._decimation
        return True

    def step(self, state: RobotState, command: np.ndarray) -> PolicyStepRecord:
        """Run the policy for the due tick and hold its targets."""
        tick, late = self._tick, self._latent_tick < self._due_latent(self._tick)
        if tick % self._contract.timing.world_model_interval == 0:
            self.latents_late += late
        output = self._policy.step(state, command, self._h)
        self.targets = joint_targets(self._contract, output.action)
        self._tick += 1
        return PolicyStepRecord(
            tick=tick,
            state=state,
            command=command,
            proprioception=output.proprioception,
            action=output.action,
            base_velocity=output.base_velocity,
            targets=self.targets,
            latent_tick=self._latent_tick,
            latent_late=late,
        )

    def _due_latent(self, tick: int) -> int:
        return tick - tick % self._contract.timing.world_model_interval
