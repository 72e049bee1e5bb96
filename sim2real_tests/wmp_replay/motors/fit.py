"""Fits friction, strength and action delay of the motors in simulation.

Short windows of swinging legs start from the recorded state and replay the recorded commands (multiple
shooting); CMA-ES minimises the error of joint positions and velocities.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mujoco
import mujoco.batch
import numpy as np

from wmp_core.contract import Contract
from wmp_core.rotation import rotate
from wmp_replay.motors.legs import TRUNK, TRUNK_JOINT, joint_kinds, leg_model, trunk_acceleration
from wmp_replay.motors.trajectory import Trajectory
from wmp_replay.motors.windows import STEPS, Windows, swing_windows
from wmp_sim.a1 import JOINT_NAMES
from wmp_sim.robot import PHYSICS_DT

#: Parameters in order: strength (factor) and frictionloss [N m] of hip, thigh, calf, and action delay [s].
NAMES = (
    "strength_hip",
    "strength_thigh",
    "strength_calf",
    "friction_hip",
    "friction_thigh",
    "friction_calf",
    "delay",
)
#: Start of the search, its initial standard deviation, and its bounds, in the units of :data:`NAMES`.
INITIAL = np.array((1.0, 1.0, 1.0, 0.3, 0.3, 0.3, 0.006))
SCALE = np.array((0.15, 0.15, 0.15, 0.4, 0.4, 0.4, 0.006))
LOWER = np.array((0.3, 0.3, 0.3, 0.0, 0.0, 0.0, 0.0))
UPPER = np.array((1.8, 1.8, 1.8, 4.0, 4.0, 4.0, 0.04))
#: Candidates per generation, and largest number of generations.
POPULATION, GENERATIONS = 9, 40
#: Errors of this size weigh the same [rad, rad/s].
POSITION, VELOCITY = 0.01, 0.3
#: Share of the windows, those with the smallest errors, that counts: in some others the foot touched the
#: ground unnoticed.
KEPT_SHARE = 0.75
#: Smallest and largest number of windows, evenly spread over the walk.
MIN_WINDOWS, MAX_WINDOWS = 20, 80


class FitError(RuntimeError):
    """The motors cannot be fitted; the message says why."""


#: Largest standard error of a parameter that counts as determined.
MAX_ERROR = np.array((0.1, 0.1, 0.1, 0.3, 0.3, 0.3, 0.004))


@dataclass(frozen=True)
class MotorFit:
    """The fit, in the order of :data:`NAMES`: ``value`` and standard ``error`` (factor, N m, s).

    ``windows``: number of replayed swings of a leg. ``rmse`` of their joint positions [rad], and
    ``nominal_rmse``, that of the nominal motors.
    """

    value: np.ndarray
    error: np.ndarray
    windows: int
    rmse: float
    nominal_rmse: float

    def found(self, quantity: str) -> dict[str, tuple[float, float]]:
        """Value and standard error of every determined parameter of a ``quantity``: ``strength``,
        ``friction`` or ``delay``."""
        return {
            name: (float(value), float(error))
            for name, value, error, limit in zip(NAMES, self.value, self.error, MAX_ERROR, strict=True)
            if name.startswith(quantity) and error <= limit
        }

    def to_dict(self) -> dict[str, Any]:
        """As JSON data."""
        units = {"strength": "1", "friction": "N m", "delay": "s"}
        return {
            "parameters": {
                name: {"value": value, "standard_error": error, "unit": units[name.split("_")[0]]}
                for name, value, error in zip(NAMES, self.value.tolist(), self.error.tolist(), strict=True)
            },
            "windows": self.windows,
            "rmse_rad": self.rmse,
            "nominal_rmse_rad": self.nominal_rmse,
        }


def fit_motors(
    recorded: Trajectory,
    contract: Contract,
    progress: Callable[[float], None] | None = None,
    max_windows: int = MAX_WINDOWS,
) -> MotorFit:
    """Fit the motors to a recorded trajectory; deterministic.

    Args:
        max_windows: largest number of windows; the run time is proportional to it.
        progress: called with the share that is done, 0..1.

    Raises:
        FitError: there are too few swings, the robot is not an A1, or ``cma`` is not installed.
    """
    if contract.joints.names != JOINT_NAMES:
        raise FitError(f"only an A1 can be fitted; expected the joints {', '.join(JOINT_NAMES)}")
    try:
        import cma
    except ImportError as error:
        raise FitError("the fit needs the Python package cma: run 'make setup'") from error
    windows = swing_windows(recorded, contract, max_windows)
    if len(windows.legs) < MIN_WINDOWS:
        raise FitError(
            f"{len(windows.legs)} swings of a leg were recorded whole, expected {MIN_WINDOWS} or more"
        )
    legs = SwingingLegs(recorded, windows, contract, POPULATION)
    search = cma.CMAEvolutionStrategy(
        INITIAL / SCALE,
        1.0,
        {
            "bounds": [LOWER / SCALE, UPPER / SCALE],
            "popsize": POPULATION,
            "maxiter": GENERATIONS,
            "tolx": 1e-2,
            "seed": 1,
            "verbose": -9,
        },
    )
    while not search.stop():
        candidates = search.ask()
        losses = [trimmed(error) for error in legs.errors(np.array(candidates) * SCALE)]
        search.tell(candidates, losses)
        if progress is not None:
            progress(min(1.0, search.countiter / GENERATIONS))
    best = np.clip(search.result.xfavorite * SCALE, LOWER, UPPER)
    return _described(legs, best)


def trimmed(errors: np.ndarray) -> float:
    """Mean square of ``errors [W, E]`` over the best :data:`KEPT_SHARE` of the windows."""
    each = np.sort(np.mean(errors**2, axis=1))
    return float(np.mean(each[: max(1, round(KEPT_SHARE * len(each)))]))


def _described(legs: SwingingLegs, best: np.ndarray) -> MotorFit:
    """Standard errors from the curvature of the error at ``best`` (Gauss-Newton)."""
    nominal = np.array((1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0))
    step = 0.1 * SCALE
    # One-sided where the bound is near.
    sides = np.where(best + step <= UPPER, step, -step)
    errors = np.concatenate(
        [legs.errors(part) for part in np.array_split(np.stack([best, nominal, *(best + np.diag(sides))]), 2)]
    )
    found, as_nominal = errors[0], errors[1]
    each = np.mean(found**2, axis=1)
    kept = each <= np.quantile(each, KEPT_SHARE)
    slopes = (errors[2:, kept] - found[kept]).reshape(len(NAMES), -1).T / sides
    # Errors within a window are correlated: it counts as one observation per joint.
    observations = kept.sum() * 3
    variance = np.mean(found[kept] ** 2) * slopes.shape[0] / max(observations - len(NAMES), 1)
    covariance = variance * np.linalg.pinv(slopes.T @ slopes)
    return MotorFit(
        best,
        np.sqrt(np.diag(covariance)),
        len(each),
        _position_rmse(found[kept]),
        _position_rmse(as_nominal[kept]),
    )


def _position_rmse(errors: np.ndarray) -> float:
    half = errors.shape[1] // 2
    return float(POSITION * np.sqrt(np.mean(errors[:, :half] ** 2)))


class SwingingLegs:
    """Replays ``windows`` with several candidates, all in one batch of simulations."""

    def __init__(self, recorded: Trajectory, windows: Windows, contract: Contract, candidates: int) -> None:
        self._recorded, self._windows, self._candidates = recorded, windows, candidates
        self._substeps = round(contract.timing.control_period / PHYSICS_DT)
        self._kp, self._kd = contract.joints.array("kp"), contract.joints.array("kd")
        self._limit = contract.joints.array("torque_limit")
        self._kinds = joint_kinds()
        self._starts, self._place = np.unique(windows.start, return_inverse=True)
        self._acceleration = trunk_acceleration(recorded, contract.timing.control_period)
        self._model = leg_model()
        self._trunk = self._model.body("trunk").id
        self._batch = mujoco.batch.Batch(self._model, nsim=candidates * len(self._starts))
        for field in ("actuator_gainprm", "actuator_biasprm", "actuator_forcerange", "dof_frictionloss"):
            self._batch.expand(field)

    def errors(self, candidates: np.ndarray) -> np.ndarray:
        """Weighted errors ``[C, W, E]`` of candidates ``[C, 7]``: positions, then velocities of a window's
        leg at the end of each of its steps."""
        count = len(candidates)
        if count > self._candidates:
            raise ValueError(f"{count} candidates, expected at most {self._candidates}")
        padded = np.concatenate([candidates, np.repeat(candidates[-1:], self._candidates - count, axis=0)])
        self._set_motors(padded)
        self._set_states()
        q, dq = [], []
        qpos, qvel = self._batch.bind("qpos"), self._batch.bind("qvel")
        for step in range(STEPS):
            self._move_trunk(step)
            self._batch.rollout(
                self._substeps,
                control=self._targets(padded[:, -1], step),
                control_spec=int(mujoco.mjtState.mjSTATE_CTRL),
                record=(),
            )
            q.append(qpos[:, 7:].copy())
            dq.append(qvel[:, TRUNK_JOINT:].copy())
        return self._weighted(np.stack(q, 1), np.stack(dq, 1))[:count]

    def _set_motors(self, candidates: np.ndarray) -> None:
        each = np.repeat(candidates, len(self._starts), axis=0)
        strength, friction = each[:, self._kinds], each[:, 3 + self._kinds]
        self._batch.expand("actuator_gainprm")[:, :, 0] = strength * self._kp
        self._batch.expand("actuator_biasprm")[:, :, 1] = -strength * self._kp
        self._batch.expand("actuator_biasprm")[:, :, 2] = -strength * self._kd
        limits = (strength * self._limit)[..., None] * (-1.0, 1.0)
        self._batch.expand("actuator_forcerange")[:] = limits
        self._batch.expand("dof_frictionloss")[:, TRUNK_JOINT:] = friction

    def _set_states(self) -> None:
        recorded, starts = self._recorded, self._starts
        self._batch.reset(stage=mujoco.mjtStage.mjSTAGE_NONE)
        qpos, qvel = self._batch.bind("qpos"), self._batch.bind("qvel")
        for source, target, part in (
            (recorded.quat, qpos, slice(3, 7)),
            (recorded.q, qpos, slice(7, None)),
            (recorded.gyro, qvel, slice(3, 6)),
            (recorded.dq, qvel, slice(6, None)),
        ):
            target[:, part] = np.tile(source[starts], (self._candidates, 1))

    def _move_trunk(self, step: int) -> None:
        linear, angular = (
            0.5 * (values[self._starts + step] + values[self._starts + step + 1])
            for values in self._acceleration
        )
        turning = rotate(self._recorded.quat[self._starts + step], angular)
        force = np.concatenate([TRUNK * (linear - self._model.opt.gravity), TRUNK * turning], axis=1)
        self._batch.bind("xfrc_applied")[:, self._trunk] = np.tile(force, (self._candidates, 1))

    def _targets(self, delays: np.ndarray, step: int) -> np.ndarray:
        """Delayed targets ``[C * S, substeps, J]``; in the substep of a change their weighted mean, so that
        the error depends smoothly on the delay."""
        begin = np.arange(self._substeps) * PHYSICS_DT - delays[:, None]  # [C, substeps], from this step's
        period = self._substeps * PHYSICS_DT
        index = np.floor(begin / period + 1e-9).astype(int)
        left = (index + 1) * period - begin  # time until the next target [s]
        share = np.clip(left / PHYSICS_DT, 0.0, 1.0)[:, None, :, None]
        at = self._starts[None, :, None] + step + index[:, None, :]
        target = self._recorded.target
        mixed = share * target[at] + (1.0 - share) * target[at + 1]
        return np.ascontiguousarray(mixed.reshape(-1, self._substeps, target.shape[1]))

    def _weighted(self, q: np.ndarray, dq: np.ndarray) -> np.ndarray:
        """``[C, W, E]`` of ``[C * S, STEPS, J]``."""
        places = self._starts[:, None] + 1 + np.arange(STEPS)
        parts = []
        for simulated, known, weight in (
            (q, self._recorded.q, POSITION),
            (dq, self._recorded.dq, VELOCITY),
        ):
            error = (simulated.reshape(self._candidates, *places.shape, -1) - known[places]) / weight
            by_leg = error.reshape(*error.shape[:-1], 4, 3)
            own = by_leg[:, self._place, :, self._windows.legs]  # [W, C, STEPS, 3]
            parts.append(np.moveaxis(own, 0, 1).reshape(self._candidates, len(self._windows.legs), -1))
        return np.concatenate(parts, axis=-1)
