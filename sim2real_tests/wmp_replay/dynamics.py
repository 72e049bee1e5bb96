"""Do the motors do what they are told as they do in simulation: tracking, lag and strength per joint."""

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
#: Policy steps that are used at most: minutes of walking say as much as hours.
MOST = 20_000
#: Steps needed to say anything.
FEWEST = 50
#: Lags (s) that are tried, and the least share of the torque's variance that the command must explain.
LAGS = np.arange(0.0, 0.1201, 0.002)
EXPLAINED = 0.5
#: Torques nearer to a limit than this share of it may have been cut off.
SATURATION = 0.95


class Sample(NamedTuple):
    """A policy step with the state that follows it, joints ``[J]``: target and position rad, velocity rad/s,
    torque N m, all but the target one step after the command."""

    stamp: float
    target: np.ndarray
    q: np.ndarray
    dq: np.ndarray
    tau: np.ndarray


@dataclass(frozen=True)
class JointDynamics:
    """Per joint ``[J]``: ``rmse`` rad of position against target one step later; ``lag`` s of the position
    behind the target; ``strength`` measured over commanded torque (NaN if unknown); ``explained`` share of
    the torque's variance; and the samples for plots, ``[N, J]``."""

    rmse: np.ndarray
    lag: np.ndarray
    strength: np.ndarray
    explained: np.ndarray
    stamp: np.ndarray
    target: np.ndarray
    q: np.ndarray


class DynamicsTest:
    """Takes recorded steps in order."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._samples: list[Sample] = []
        self._last: tuple[int, int, np.ndarray] | None = None

    def take(self, step: WorldModelStep) -> None:
        """The next recorded step."""
        if len(self._samples) >= MOST:
            return
        for policy_step, state in zip(step.policy, step.states, strict=True):
            if self._last is not None and state is not None:
                episode, tick, target = self._last
                if (episode, tick + 1) == (step.episode, policy_step.tick):
                    self._samples.append(Sample(state.stamp, target, state.q, state.dq, state.tau_est))
            self._last = (step.episode, policy_step.tick, joint_targets(self._contract, policy_step.action))

    def finish(self) -> JointDynamics | None:
        """The estimate; None with too few steps whose robot state was recorded."""
        if len(self._samples) < FEWEST:
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

    The target was in force during the whole period before the state, so delays below it do not bias this.
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
    known = (measured > 1e-6) & (usable.sum(axis=0) >= FEWEST) & (explained > EXPLAINED)
    return np.where(known, slope, np.nan), np.where(measured > 1e-6, explained, np.nan)


def _lags(target: np.ndarray, q: np.ndarray, period: float) -> np.ndarray:
    """Shift in s that correlates position with target best, ``[J]``, to a fraction of :data:`LAGS`' step.

    ``q`` is sampled one period after ``target``; both are taken as lines between samples.
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
    """Lag of the largest score, refined by the parabola through it and its neighbours."""
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
    """The verdict; ``reference`` holds ``rmse`` and ``lag`` ``[J]`` of the simulation, ``unknown`` says why
    there is nothing to judge."""
    section = Section(NAME)
    if found is None:
        section.add(
            Status.SKIP, unknown or f"fewer than {FEWEST} policy steps with joint_states and imu/data"
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
        f"positions are off their targets by {np.sqrt(np.mean(found.rmse**2)):.3f} rad (RMS), "
        f"{overall:.2f} times the simulation's; most in {names[j]}, {ratio[j]:.2f} times",
    )
    extra = found.lag - reference["lag"]
    section.figures["extra_lag_s"] = dict(zip(names, extra, strict=True))
    typical = float(np.median(extra))
    section.judge(
        abs(typical),
        thresholds["lag_error"],
        f"joints lag {1e3 * np.median(found.lag):.0f} ms behind their targets (median), "
        f"{1e3 * typical:+.1f} ms against simulation",
    )
    return section


def _judge_strength(
    section: Section, found: JointDynamics, contract: Contract, thresholds: dict[str, Any]
) -> None:
    if np.isnan(found.strength).all():
        section.add(Status.SKIP, "the bag holds no torques that follow the commands: strength is unknown")
        return
    j = int(np.nanargmax(np.abs(found.strength - 1.0)))
    typical = float(np.nanmedian(found.strength))
    section.figures["median_strength"] = typical
    section.judge(
        abs(typical - 1.0),
        thresholds["strength_error"],
        f"measured torque is {typical:.2f} of the commanded (median of joints); farthest from 1: "
        f"{contract.joints.names[j]}, {found.strength[j]:.2f}",
    )


def judge_fit(section: Section, fit: MotorFit, thresholds: dict[str, Any]) -> None:
    """Add what the simulated motors are like that move as the recorded ones."""
    section.figures["fit"] = fit.to_dict()
    how = f"{fit.windows} swings replayed in simulation, off by {1e3 * fit.rmse:.1f} mrad"
    for quantity, key, unit, scale, nominal in (
        ("strength", "fitted_strength_error", "", 1.0, 1.0),
        ("friction", "fitted_friction", " N m", 1.0, 0.0),
        ("delay", "fitted_delay", " ms", 1e3, 0.0),
    ):
        values = fit.found(quantity)
        if not values:
            section.add(Status.SKIP, f"the recorded movements do not determine the joints' {quantity}")
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
    """Ranges that contain what was found, with the quantity's own spread as a margin, for training.

    The keys are those of training's randomisation: ``strength``, a factor; ``action_delay`` in s; and with
    ``fit``, which then also decides the delay, ``joint_friction`` in N m.
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
