"""Do the motors follow their targets as in simulation? Tracking, lag and strength per joint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from wmp_core.contract import Contract
from wmp_core.control.pd import joint_targets
from wmp_replay.bag.step import WorldModelStep
from wmp_replay.section import Section, Status

if TYPE_CHECKING:
    from wmp_replay.motors.fit import MotorFit

NAME = "dynamics"
#: Largest number of policy steps used: more than these 400 s add nothing.
MAX_STEPS = 20_000
#: Smallest number of steps for an estimate.
MIN_STEPS = 50
#: Lags tried [s], and the smallest share of the torque variance that the command must explain.
LAGS = np.arange(0.0, 0.1201, 0.002)
EXPLAINED = 0.5
#: Commanded torques above this share of the effort limit may have been clipped.
SATURATION = 0.95


class Sample(NamedTuple):
    """A target [rad], and position [rad], velocity [rad/s] and torque [N m] one policy step later, ``[J]``
    each; ``stamp`` [s] is that of the state."""

    stamp: float
    target: np.ndarray
    q: np.ndarray
    dq: np.ndarray
    tau: np.ndarray


@dataclass(frozen=True)
class JointDynamics:
    """Dynamics of each joint.

    ``[J]`` each: ``rmse`` of the position one step after its target [rad]; ``lag`` of the position behind the
    target [s]; ``strength``, measured over commanded torque (NaN if unknown); ``explained``, share of the
    torque variance. Samples for plots: ``stamp [N]`` s; ``target`` and ``q`` ``[N, J]`` rad."""

    rmse: np.ndarray
    lag: np.ndarray
    strength: np.ndarray
    explained: np.ndarray
    stamp: np.ndarray
    target: np.ndarray
    q: np.ndarray


class DynamicsTest:
    """Collects samples; update it with every recorded step in order."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._samples: list[Sample] = []
        self._last: tuple[int, int, np.ndarray] | None = None

    def update(self, step: WorldModelStep) -> None:
        """Add the next recorded step."""
        if len(self._samples) >= MAX_STEPS:
            return
        for policy_step, state in zip(step.policy, step.states, strict=True):
            if self._last is not None and state is not None:
                episode, tick, target = self._last
                if (episode, tick + 1) == (step.episode, policy_step.tick):
                    self._samples.append(Sample(state.stamp, target, state.q, state.dq, state.tau_est))
            self._last = (step.episode, policy_step.tick, joint_targets(self._contract, policy_step.action))

    def finish(self) -> JointDynamics | None:
        """The estimate; None with fewer than :data:`MIN_STEPS` recorded robot states."""
        if len(self._samples) < MIN_STEPS:
            return None
        stamp, target, q, dq, tau = (np.array(part) for part in zip(*self._samples, strict=True))
        strength, explained = _strength(self._contract, target, q, dq, tau)
        return JointDynamics(
            np.sqrt(np.mean((target - q) ** 2, axis=0)),
            _lags(target, q, self._contract.timing.control_period),
            strength,
            explained,
            stamp,
            target,
            q,
        )


def _strength(
    contract: Contract, target: np.ndarray, q: np.ndarray, dq: np.ndarray, tau: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Least squares through the origin of measured on commanded torque, and the variance explained, ``[J]``.

    The target is constant during the whole period before the state, so a shorter delay causes no bias.
    """
    joints = contract.joints
    limit = joints.array("torque_limit")
    commanded = joints.array("kp") * (target - q) - joints.array("kd") * dq
    usable = (np.abs(commanded) < SATURATION * limit) & np.isfinite(tau)
    x, y = np.where(usable, commanded, 0.0), np.where(usable, tau, 0.0)
    power = np.sum(x * x, axis=0)
    slope = np.sum(x * y, axis=0) / np.maximum(power, 1e-9)
    measured = np.sum(y * y, axis=0)
    explained = 1.0 - np.sum((y - slope * x) ** 2, axis=0) / np.maximum(measured, 1e-9)
    known = (measured > 1e-6) & (usable.sum(axis=0) >= MIN_STEPS) & (explained > EXPLAINED)
    return np.where(known, slope, np.nan), np.where(measured > 1e-6, explained, np.nan)


def _lags(target: np.ndarray, q: np.ndarray, period: float) -> np.ndarray:
    """Shift [s] with the highest correlation of position and target, ``[J]``; interpolates :data:`LAGS`.

    ``q`` is sampled one period after ``target``; both are interpolated linearly.
    """
    times = np.arange(len(q)) * period
    inner = times[times > LAGS[-1]]
    scores = np.empty((len(LAGS), q.shape[1]))
    for j in range(q.shape[1]):
        position = np.interp(inner, times + period, q[:, j])
        for i, lag in enumerate(LAGS):
            shifted = np.interp(inner - lag, times, target[:, j])
            scores[i, j] = _correlation(position, shifted)
    return np.array([_peak(scores[:, j]) for j in range(q.shape[1])])


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a - a.mean(), b - b.mean()
    return float(a @ b / max(np.sqrt((a @ a) * (b @ b)), 1e-12))


def _peak(scores: np.ndarray) -> float:
    """Lag of the largest score [s], refined by a parabola through it and its neighbours."""
    best = int(np.argmax(scores))
    if best in (0, len(scores) - 1):
        return float(LAGS[best])
    left, centre, right = scores[best - 1 : best + 2]
    bend = left - 2 * centre + right
    offset = 0.5 * (left - right) / bend if bend < 0 else 0.0
    return float(LAGS[best] + offset * (LAGS[1] - LAGS[0]))


def judge(
    found: JointDynamics | None,
    reference: dict[str, np.ndarray] | None,
    contract: Contract,
    thresholds: dict[str, Any],
    unknown: str = "",
) -> Section:
    """The verdict.

    Args:
        found: None: nothing to judge, for the reason ``unknown``.
        reference: ``rmse`` and ``lag`` ``[J]`` in simulation; None if unknown.
    """
    section = Section(NAME)
    if found is None:
        section.add(
            Status.SKIP, unknown or f"fewer than {MIN_STEPS} policy steps with joint_states and imu/data"
        )
        return section
    names = contract.joints.names
    section.figures = {
        "joints": {
            name: {
                "rmse_rad": found.rmse[j],
                "lag_s": found.lag[j],
                "strength": found.strength[j],
                "torque_variance_explained": found.explained[j],
            }
            for j, name in enumerate(names)
        }
    }
    _judge_strength(section, found, contract, thresholds)
    if reference is None:
        section.add(Status.SKIP, "no reference for tracking and lag")
        return section
    ratio = found.rmse / np.maximum(reference["rmse"], 1e-6)
    j = int(np.argmax(ratio))
    section.figures["rmse_over_reference"] = dict(zip(names, ratio, strict=True))
    overall = float(np.sqrt(np.mean(found.rmse**2) / max(np.mean(reference["rmse"] ** 2), 1e-12)))
    section.judge(
        overall,
        thresholds["tracking_over_reference"],
        f"RMS tracking error {np.sqrt(np.mean(found.rmse**2)):.3f} rad, {overall:.2f} times that in "
        f"simulation; largest ratio at {names[j]}, {ratio[j]:.2f}",
    )
    extra = found.lag - reference["lag"]
    section.figures["extra_lag_s"] = dict(zip(names, extra, strict=True))
    typical = float(np.median(extra))
    section.judge(
        abs(typical),
        thresholds["lag_error"],
        f"joints lag {1e3 * np.median(found.lag):.0f} ms behind their targets (median), "
        f"{1e3 * typical:+.1f} ms compared with simulation",
    )
    return section


def _judge_strength(
    section: Section, found: JointDynamics, contract: Contract, thresholds: dict[str, Any]
) -> None:
    if np.isnan(found.strength).all():
        section.add(Status.SKIP, "the recorded torques do not follow the commands: strength is unknown")
        return
    j = int(np.nanargmax(np.abs(found.strength - 1.0)))
    typical = float(np.nanmedian(found.strength))
    section.figures["median_strength"] = typical
    section.judge(
        abs(typical - 1.0),
        thresholds["strength_error"],
        f"measured over commanded torque is {typical:.2f} (median of joints); farthest from 1: "
        f"{contract.joints.names[j]}, {found.strength[j]:.2f}",
    )


def judge_fit(section: Section, fit: MotorFit, thresholds: dict[str, Any]) -> None:
    """Add the findings on the fitted motors."""
    section.figures["fit"] = fit.to_dict()
    how = f"{fit.windows} swings replayed in simulation, RMS error {1e3 * fit.rmse:.1f} mrad"
    for quantity, key, unit, scale, nominal in (
        ("strength", "fitted_strength_error", "", 1.0, 1.0),
        ("friction", "fitted_friction", " N m", 1.0, 0.0),
        ("delay", "fitted_delay", " ms", 1e3, 0.0),
    ):
        values = fit.found(quantity)
        if not values:
            section.add(Status.SKIP, f"the recorded motion does not determine {quantity}")
            continue
        text = ", ".join(
            f"{name.partition('_')[2] or 'all joints'} {scale * value:.2f} +- {scale * error:.2f}{unit}"
            for name, (value, error) in values.items()
        )
        farthest = max(abs(value - nominal) for value, _ in values.values())
        section.judge(farthest, thresholds[key], f"fitted {quantity}: {text} ({how})")


def suggested_randomisation(
    found: JointDynamics, reference: dict[str, np.ndarray] | None, fit: MotorFit | None = None
) -> dict[str, Any]:
    """Ranges for training that contain what was found, with its spread as a margin.

    Keys are those of training's randomisation: ``strength`` (factor), ``action_delay`` [s] and, with ``fit``,
    ``joint_friction`` [N m]. With ``fit`` the action delay is the fitted one.
    """
    suggestion: dict[str, Any] = {}
    fitted = [] if fit is None else [value for value, _ in fit.found("strength").values()]
    strength = np.append(found.strength[np.isfinite(found.strength)], fitted)
    if len(strength):
        margin = max(0.05, float(strength.std()))
        low, high = float(strength.min()), float(strength.max())
        suggestion["strength"] = [round(min(low - margin, 1.0), 3), round(max(high + margin, 1.0), 3)]
    late = {} if fit is None else fit.found("delay")
    if late:
        delay, error = late["delay"]
        suggestion["action_delay"] = [0.0, round(delay + max(2 * error, 0.002), 4)]
    elif reference is not None:
        delay = max(0.0, float(np.median(found.lag - reference["lag"])))
        suggestion["action_delay"] = [0.0, round(2 * delay, 4)]
    friction = {} if fit is None else fit.found("friction")
    if friction:
        highest = max(value + 2 * error for value, error in friction.values())
        suggestion["joint_friction"] = [0.0, round(highest, 3)]
    return suggestion
