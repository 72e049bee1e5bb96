"""Metrics of an episode, and how it ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import torch
from torch import Tensor

from wmp_sim.fall import FALLEN_TILT
from wmp_sim.terrain import Terrain
from wmp_sim.terrain.track import PIT_FLOOR, TRACK_HALF_WIDTH
from wmp_training.env.observations import projected_gravity
from wmp_training.evaluation import protocol as rules
from wmp_training.evaluation.finish import finish_line
from wmp_training.evaluation.obedience import CONTACT_BUDGET, leap_zones, obeys_speed
from wmp_training.evaluation.surprise import SurpriseHistory
from wmp_training.evaluation.trial import Trial
from wmp_training.sim.backend import RobotStates

End = Literal["goal", "fall", "off_track", "time"]
RUNNING, GOAL, FALL, OFF_TRACK, TIME = range(5)
ENDS: tuple[End, ...] = ("goal", "fall", "off_track", "time")

#: Trunk contact longer than this [s], or a base this far below the edge of a pit [m], is a fall.
LONGEST_TRUNK_CONTACT, PIT_DEPTH = 1.0, 0.3
#: Tracking errors leave out the first second of an episode; they are errors of a running mean over 0.5 s.
START_UP, MEAN_TIME = 1.0, 0.5
#: A base above this height [m] walks upright; closer than this to a bar [m], it may crouch.
UPRIGHT_HEIGHT, BAR_REACH = 0.25, 0.5
#: Shortest distance for which quantities per metre are defined, m.
SHORTEST_WALK = 0.5
#: Why an episode that reaches the goal does not succeed.
Fault = Literal["crouched", "speed", "contacts"]
FAULTS: tuple[Fault, ...] = ("crouched", "speed", "contacts")


@dataclass(frozen=True)
class Outcome:
    """One episode; a figure that does not exist is NaN.

    Attributes:
        progress: distance along the track, m.
        duration: time until the end, s.
        velocity_error: mean absolute error of the forward velocity, a 0.5 s running mean, m/s.
        yaw_error: the same for the yaw rate, rad/s.
        cost_of_transport: mechanical work per weight and distance.
        collisions: new contacts of thighs, calves and trunk per metre.
        peak_torque: largest torque of any hip, thigh and calf joint, N m.
        upright_height: mean base height away from bars, m.
        attitude: largest roll or pitch, rad, measured as the runtime's safety rules do.
        attitude_rate: largest smoothed rate of roll and pitch, rad/s, likewise.
        surprise: largest smoothed KL(posterior || prior), nats, likewise.
        surprise_ahead: the same until 0.5 s before the end.
        mean_speed: mean forward velocity after the first second, between gaps and boxes where there are any,
            m/s; see :mod:`wmp_training.evaluation.obedience`.
        leg_contacts: new contacts of thighs and calves per metre.
        faults: why the episode does not succeed although it reached the goal.
    """

    trial: Trial
    success: bool
    end: End
    progress: float
    duration: float
    velocity_error: float
    yaw_error: float
    cost_of_transport: float
    collisions: float
    peak_torque: tuple[float, float, float]
    upright_height: float
    attitude: float = math.nan
    attitude_rate: float = math.nan
    surprise: float = math.nan
    surprise_ahead: float = math.nan
    mean_speed: float = math.nan
    leg_contacts: float = math.nan
    faults: tuple[Fault, ...] = ()


class Loads(Protocol):
    """Loads in the last control period; see :class:`wmp_training.evaluation.pd_loop.PdLoop`."""

    work: Tensor
    peak_torque: Tensor
    attitude_rate: Tensor


class Tracked(Protocol):
    """What :class:`Metrics` reads of N robots; see :class:`wmp_training.evaluation.tracks.Tracks`."""

    num_robots: int
    terrains: list[Terrain]
    weight: Tensor

    @property
    def loop(self) -> Loads:
        """Loads in the last control period."""

    def states(self) -> RobotStates:
        """Current states of the robots."""


class Metrics:
    """Collects the metrics of all robots of ``tracks``, one episode each."""

    def __init__(
        self, tracks: Tracked, trials: Sequence[Trial], protocol: rules.Protocol, period: float
    ) -> None:
        self.tracks, self.trials, self.protocol, self.dt = tracks, trials, protocol, period
        count = tracks.num_robots
        self.start_x = tracks.states().position[:, 0].clone()
        requested = (self.start_x + protocol.distance).tolist()
        lines = [finish_line(terrain, x) for terrain, x in zip(tracks.terrains, requested, strict=True)]
        self._distance = torch.tensor(lines) - self.start_x
        self.end = torch.full((count,), RUNNING)
        self.progress, self.time = torch.zeros(count), torch.zeros(count)
        self._trunk_time = torch.zeros(count)
        self._has_pit = torch.tensor([terrain.floor <= PIT_FLOOR for terrain in tracks.terrains])
        self._mean, self._error_sum = torch.zeros(count, 2), torch.zeros(count, 2)
        self._error_ticks = torch.zeros(count)
        self._zones = leap_zones(tracks.terrains)
        self._speed_sum, self._speed_ticks = torch.zeros(count), torch.zeros(count)
        self._work, self._collisions = torch.zeros(count), torch.zeros(count)
        self._leg_contacts = torch.zeros(count)
        self._touching = torch.zeros(count, 9, dtype=torch.bool)
        self._peak = torch.zeros(count, 3)
        self._bars = _bars(tracks.terrains)
        self._height_sum, self._height_ticks = torch.zeros(count), torch.zeros(count)
        self._attitude, self._attitude_rate = torch.zeros(count), torch.zeros(count)
        self._surprise = SurpriseHistory(count)

    @property
    def running(self) -> Tensor:
        """Robots whose episode has not ended [N], bool."""
        return self.end == RUNNING

    def update(self, states: RobotStates, command: Tensor) -> None:
        """Add the states after one control period under ``command`` [N, 3] (m/s, m/s, rad/s)."""
        on = self.running
        self.time += self.dt * on
        self.progress = torch.where(on, states.position[:, 0] - self.start_x, self.progress)
        self._update_tracking_errors(states, command, on)
        self._update_speed(states, on)
        self._work += self.tracks.loop.work * on
        touching = torch.cat([states.leg_contact, states.trunk_contact[:, None]], -1)
        began = touching & ~self._touching
        self._collisions += began.sum(-1) * on
        self._leg_contacts += began[:, :8].sum(-1) * on
        self._touching = touching
        peak = self.tracks.loop.peak_torque.unflatten(-1, (4, 3)).amax(1)
        self._peak = torch.where(on[:, None], torch.maximum(self._peak, peak), self._peak)
        self._update_attitude(states, on)
        self._update_upright_height(states, on)
        self._update_ends(states, on)

    def update_surprise(self, kl: Tensor, elapsed: float) -> None:
        """Add KL(posterior || prior) [N] in nats, ``elapsed`` s after the last one; NaN is skipped."""
        self._surprise.update(kl, elapsed, self.time, self.running)

    def stop(self, fell: bool) -> None:
        """End all running episodes: as a fall, or as out of time."""
        self.end = torch.where(self.running, FALL if fell else TIME, self.end)

    def outcomes(self) -> list[Outcome]:
        """The outcomes, in the order of the trials."""
        return [self._outcome(i) for i in range(len(self.trials))]

    def _update_tracking_errors(self, states: RobotStates, command: Tensor, on: Tensor) -> None:
        error = (
            torch.stack([states.linear_velocity[:, 0], states.angular_velocity[:, 2]], -1) - command[:, ::2]
        )
        self._mean += (error - self._mean) * (self.dt / MEAN_TIME)
        counts = on & (self.time > START_UP)
        self._error_sum += self._mean.abs() * counts[:, None]
        self._error_ticks += counts

    def _update_speed(self, states: RobotStates, on: Tensor) -> None:
        """Add the forward velocity of robots that are not leaping."""
        x = states.position[:, 0, None]
        leaping = ((x > self._zones[..., 0]) & (x < self._zones[..., 1])).any(-1)
        counts = on & ~leaping & (self.time > START_UP)
        self._speed_sum += states.linear_velocity[:, 0] * counts
        self._speed_ticks += counts

    def _update_attitude(self, states: RobotStates, on: Tensor) -> None:
        x, y, z = projected_gravity(states.quat).unbind(-1)
        attitude = torch.maximum(torch.atan2(-y, -z).abs(), x.clamp(-1.0, 1.0).asin().abs())
        self._attitude = torch.maximum(self._attitude, attitude).where(on, self._attitude)
        rate = torch.maximum(self._attitude_rate, self.tracks.loop.attitude_rate)
        self._attitude_rate = rate.where(on, self._attitude_rate)

    def _update_upright_height(self, states: RobotStates, on: Tensor) -> None:
        """Add the base height of walking robots away from bars, where the ground is level."""
        x = states.position[:, 0, None]
        near = ((x > self._bars[..., 0] - BAR_REACH) & (x < self._bars[..., 1] + BAR_REACH)).any(-1)
        away = on & ~near & (self.time > START_UP)
        self._height_sum += states.position[:, 2] * away
        self._height_ticks += away

    def _update_ends(self, states: RobotStates, on: Tensor) -> None:
        self._trunk_time = torch.where(states.trunk_contact, self._trunk_time + self.dt, 0.0)
        tilted = projected_gravity(states.quat)[:, 2] > -math.cos(FALLEN_TILT)
        in_pit = self._has_pit & (states.position[:, 2] < -PIT_DEPTH)
        ends = (
            (TIME, self.time >= self.protocol.duration - 0.5 * self.dt),
            (GOAL, self.progress >= self._distance),
            (OFF_TRACK, states.position[:, 1].abs() > TRACK_HALF_WIDTH),
            (FALL, tilted | in_pit | (self._trunk_time > LONGEST_TRUNK_CONTACT)),
        )
        for end, applies in ends:  # a later one overrides an earlier one
            self.end = torch.where(on & applies, end, self.end)

    def _outcome(self, i: int) -> Outcome:
        end, progress = ENDS[int(self.end[i]) - 1], float(self.progress[i])
        walked = progress if progress > SHORTEST_WALK else math.nan
        counted, away = float(self._error_ticks[i]) or math.nan, float(self._height_ticks[i]) or math.nan
        has_bars = self.trials[i].terrain == "crawl"
        height = float(self._height_sum[i]) / away if has_bars else math.nan
        hip, thigh, calf = self._peak[i].tolist()
        contacts = float(self._leg_contacts[i]) / walked
        speed = float(self._speed_sum[i]) / (float(self._speed_ticks[i]) or math.nan)
        faults = {
            "crouched": has_bars and not height > UPRIGHT_HEIGHT,
            "speed": not obeys_speed(speed, self.protocol.vx, bool(self._zones[i].isfinite().any())),
            "contacts": contacts > CONTACT_BUDGET,
        }
        found = tuple(fault for fault in FAULTS if faults[fault] and end == "goal")
        return Outcome(
            trial=self.trials[i],
            success=end == "goal" and not found,
            end=end,
            progress=progress,
            duration=float(self.time[i]),
            velocity_error=float(self._error_sum[i, 0]) / counted,
            yaw_error=float(self._error_sum[i, 1]) / counted,
            cost_of_transport=float(self._work[i]) / (float(self.tracks.weight[i]) * walked),
            collisions=float(self._collisions[i]) / walked,
            peak_torque=(hip, thigh, calf),
            upright_height=height,
            attitude=float(self._attitude[i]),
            attitude_rate=float(self._attitude_rate[i]),
            surprise=self._surprise.largest(i),
            surprise_ahead=self._surprise.ahead(i, float(self.time[i])),
            mean_speed=speed,
            leg_contacts=contacts,
            faults=found,
        )


def _bars(terrains: Sequence[Terrain]) -> Tensor:
    """Begin and end of every terrain's boxes along the track [N, B, 2], m, padded with infinity."""
    most = max(1, *(len(terrain.boxes) for terrain in terrains))
    spans = torch.full((len(terrains), most, 2), torch.inf)
    for row, terrain in zip(spans, terrains, strict=True):
        centre, half = terrain.boxes.centre[:, 0], terrain.boxes.half_size[:, 0]
        row[: len(centre)] = torch.from_numpy(np.stack([centre - half, centre + half], -1))
    return spans
