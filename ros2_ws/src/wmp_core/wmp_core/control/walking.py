"""The policy in WALK: its ticks among the loop's cycles, the latents it uses, the targets it holds."""

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

    ``source`` says where the ``z`` behind it came from, ``kl`` how surprising its image was (nats, NaN
    without one).
    """

    tick: int
    h: np.ndarray
    source: int = Source.POSTERIOR
    kl: float = math.nan


@dataclass(frozen=True)
class PolicyStepRecord:
    """Everything one policy tick consumed and produced.

    Attributes:
        tick: policy steps since WALK was entered, 0 first.
        state: the robot state it saw; its ``stamp`` is the time of the tick.
        command: vx m/s, vy m/s, yaw rate rad/s, as given to the policy.
        proprioception: scaled, ``[33]``.
        action: after the contract's clip, ``[joints]``.
        base_velocity: the policy's own estimate, m/s, base frame.
        targets: joint targets in rad before the envelope, contract order.
        latent_tick: the world-model tick of the ``h`` that was used.
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
        surprise_time: s over which the latents' surprise is smoothed.

    Raises:
        ValueError: the control period is no multiple of ``loop_period``, or ``initial_h`` is no ``[D]``.
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
        """Begin with tick 0 in the cycle that follows."""
        self._policy.reset()
        self.perception.reset()
        self._h, self._latent_tick = self._initial_h, 0
        self._tick = 0
        self._phase = self._decimation - 1
        self.targets = self._contract.joints.array("default_position")

    @property
    def tick(self) -> int:
        """The tick that comes next."""
        return self._tick

    @property
    def needs_latent(self) -> Optional[int]:
        """Tick of the latent that the next cycle wants and has not been given, or ``None``."""
        due = self._phase + 1 >= self._decimation and self._latent_tick < self._due_latent(self._tick)
        return self._due_latent(self._tick) if due else None

    @property
    def latent_age(self) -> float:
        """By how many s the latent in use lags the one that the last tick was due."""
        behind = self._due_latent(max(self._tick - 1, 0)) - self._latent_tick
        return max(0, behind) * self._contract.timing.control_period

    def take(self, latents: Sequence[Latent]) -> None:
        """Use the newest of ``latents`` from the next tick on, even if it comes late.

        A tick that lies ahead belongs to an earlier walk, and is dropped. One that is no ``h`` of this world
        model (size, NaN) is refused and counted; the age of the one in use then tells the safety monitor.
        """
        for latent in latents:
            if not self._latent_tick < latent.tick <= self._tick:
                continue
            if latent.h.shape != self._initial_h.shape or not np.isfinite(latent.h).all():
                self.latents_refused += 1
                continue
            self._h, self._latent_tick = latent.h, latent.tick
            self.perception.take(latent.tick, latent.source, latent.kl)

    def pass_time(self, periods: int) -> bool:
        """Let ``periods`` loop periods pass; returns whether a tick is due, for which :meth:`step` is."""
        self._phase += periods
        if self._phase < self._decimation:
            return False
        # After a long pause one tick is computed, not a burst of those that were missed.
        self.ticks_missed += self._phase // self._decimation - 1
        self._phase %= self._decimation
        return True

    def step(self, state: RobotState, command: np.ndarray) -> PolicyStepRecord:
        """Run the policy for the tick that is due, and hold its targets."""
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
