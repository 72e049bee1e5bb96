"""What is measured during an episode, and the verdict on it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import torch
from torch import Tensor

from wmp_core.control.safety_monitor import SafetySettings
from wmp_sim.fall import FALLEN_TILT
from wmp_sim.terrain import Terrain
from wmp_sim.terrain.track import PIT_FLOOR, TRACK_HALF_WIDTH
from wmp_training.env.observations import projected_gravity
from wmp_training.evaluation import protocol as rules
from wmp_training.evaluation.finish import finish_line
from wmp_training.evaluation.trial import Trial
from wmp_training.sim.backend import RobotStates

End = Literal["goal", "fall", "off_track", "time"]
RUNNING, GOAL, FALL, OFF_TRACK, TIME = range(5)
ENDS: tuple[End, ...] = ("goal", "fall", "off_track", "time")

#: Lying on the trunk longer than this is a fall, s; so is a base this far below the edge of a pit, m.
LONGEST_TRUNK_CONTACT, PIT_DEPTH = 1.0, 0.3
#: Getting under way does not count for tracking errors, s; they are errors of a running mean of this time, s.
START_UP, MEAN_TIME = 1.0, 0.5
#: Walking upright means a base above this height, m; a bar may bend a robot this near to it, m.
UPRIGHT_HEIGHT, BAR_REACH = 0.25, 0.5
#: Quantities per metre mean nothing for a robot that has not left its place, m.
SHORTEST_WALK = 0.5
#: Time of the smoothed surprise, s: the runtime's.
SURPRISE_TIME = SafetySettings().surprise_time


@dataclass(frozen=True)
class Outcome:
    """One episode.

    ``progress`` m along the track in ``duration`` s; ``velocity_error`` m/s and ``yaw_error`` rad/s, mean
    absolute errors of a 0.5 s running mean; ``cost_of_transport`` work per weight and metre; ``collisions``
    begun contacts of thighs, calves and trunk per metre; ``peak_torque`` N m of hip, thigh and calf;
    ``upright_height`` mean base height (m) away from bars. Largest in the episode, as the runtime's watchdogs
    measure them: ``attitude`` (roll or pitch) rad, ``attitude_rate`` rad/s, ``surprise`` (smoothed KL) nats.
    NaN where a figure does not exist.
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


class Tracked(Protocol):
    """What is measured on: N robots on ``terrains``; see :class:`wmp_training.evaluation.tracks.Tracks`."""

    num_robots: int
    terrains: list[Terrain]
    weight: Tensor
    work: Tensor
    peak_torque: Tensor
    attitude_rate: Tensor

    def states(self) -> RobotStates:
        """The robots as they are now."""


class Measures:
    """Follows all robots of ``tracks``; ``running`` [N] are those whose episode goes on."""

    def __init__(
        self, tracks: Tracked, trials: Sequence[Trial], protocol: rules.Protocol, period: float
    ) -> None:
        self.tracks, self.trials, self.protocol, self.dt = tracks, trials, protocol, period
        count = tracks.num_robots
        self.start_x = tracks.states().position[:, 0].clone()
        asked = (self.start_x + protocol.distance).tolist()
        lines = [finish_line(terrain, x) for terrain, x in zip(tracks.terrains, asked, strict=True)]
        self._distance = torch.tensor(lines) - self.start_x
        self.end = torch.full((count,), RUNNING)
        self.progress, self.time = torch.zeros(count), torch.zeros(count)
        self._trunk_time = torch.zeros(count)
        self._pit = torch.tensor([terrain.floor <= PIT_FLOOR for terrain in tracks.terrains])
        self._mean, self._errors = torch.zeros(count, 2), torch.zeros(count, 2)
        self._counted = torch.zeros(count)
        self._work, self._collisions = torch.zeros(count), torch.zeros(count)
        self._touching = torch.zeros(count, 9, dtype=torch.bool)
        self._peak = torch.zeros(count, 3)
        self._bars = _bars(tracks.terrains)
        self._height, self._away = torch.zeros(count), torch.zeros(count)
        self._attitude, self._attitude_rate = torch.zeros(count), torch.zeros(count)
        self._kl, self._surprise = torch.zeros(count), torch.full((count,), torch.nan)

    @property
    def running(self) -> Tensor:
        return self.end == RUNNING

    def update(self, states: RobotStates, command: Tensor) -> None:
        """Take in the states after a control period under ``command`` [N, 3]."""
        on = self.running
        self.time += self.dt * on
        self.progress = torch.where(on, states.position[:, 0] - self.start_x, self.progress)
        self._track(states, command, on)
        self._work += self.tracks.work * on
        touching = torch.cat([states.leg_contact, states.trunk_contact[:, None]], -1)
        self._collisions += (touching & ~self._touching).sum(-1) * on
        self._touching = touching
        peak = self.tracks.peak_torque.unflatten(-1, (4, 3)).amax(1)
        self._peak = torch.where(on[:, None], torch.maximum(self._peak, peak), self._peak)
        self._tilt(states, on)
        self._stand_tall(states, on)
        self._judge(states, on)

    def be_surprised(self, kl: Tensor, elapsed: float) -> None:
        """Take in KL(posterior || prior) [N] in nats, ``elapsed`` s after the last; NaN says nothing."""
        on = self.running & ~kl.isnan()
        self._kl += ((kl - self._kl) * -math.expm1(-elapsed / SURPRISE_TIME)).where(on, 0.0)
        self._surprise = torch.fmax(self._surprise, self._kl).where(on, self._surprise)

    def give_up(self, fell: bool) -> None:
        """End what still runs: there is nothing more to see."""
        self.end = torch.where(self.running, FALL if fell else TIME, self.end)

    def outcomes(self) -> list[Outcome]:
        """The verdicts, in the order of the trials."""
        return [self._outcome(i) for i in range(len(self.trials))]

    def _track(self, states: RobotStates, command: Tensor, on: Tensor) -> None:
        error = (
            torch.stack([states.linear_velocity[:, 0], states.angular_velocity[:, 2]], -1) - command[:, ::2]
        )
        self._mean += (error - self._mean) * (self.dt / MEAN_TIME)
        counts = on & (self.time > START_UP)
        self._errors += self._mean.abs() * counts[:, None]
        self._counted += counts

    def _tilt(self, states: RobotStates, on: Tensor) -> None:
        x, y, z = projected_gravity(states.quat).unbind(-1)
        attitude = torch.maximum(torch.atan2(-y, -z).abs(), x.clamp(-1.0, 1.0).asin().abs())
        self._attitude = torch.maximum(self._attitude, attitude).where(on, self._attitude)
        rate = torch.maximum(self._attitude_rate, self.tracks.attitude_rate)
        self._attitude_rate = rate.where(on, self._attitude_rate)

    def _stand_tall(self, states: RobotStates, on: Tensor) -> None:
        """Base height of robots under way and away from bars; their ground is level."""
        x = states.position[:, 0, None]
        near = ((x > self._bars[..., 0] - BAR_REACH) & (x < self._bars[..., 1] + BAR_REACH)).any(-1)
        away = on & ~near & (self.time > START_UP)
        self._height += states.position[:, 2] * away
        self._away += away

    def _judge(self, states: RobotStates, on: Tensor) -> None:
        self._trunk_time = torch.where(states.trunk_contact, self._trunk_time + self.dt, 0.0)
        tilted = projected_gravity(states.quat)[:, 2] > -math.cos(FALLEN_TILT)
        in_pit = self._pit & (states.position[:, 2] < -PIT_DEPTH)
        verdicts = (
            (TIME, self.time >= self.protocol.duration - 0.5 * self.dt),
            (GOAL, self.progress >= self._distance),
            (OFF_TRACK, states.position[:, 1].abs() > TRACK_HALF_WIDTH),
            (FALL, tilted | in_pit | (self._trunk_time > LONGEST_TRUNK_CONTACT)),
        )
        for verdict, applies in verdicts:  # the later, the stronger
            self.end = torch.where(on & applies, verdict, self.end)

    def _outcome(self, i: int) -> Outcome:
        end, progress = ENDS[int(self.end[i]) - 1], float(self.progress[i])
        walked = progress if progress > SHORTEST_WALK else math.nan
        counted, away = float(self._counted[i]) or math.nan, float(self._away[i]) or math.nan
        barred = self.trials[i].terrain == "crawl"
        height = float(self._height[i]) / away if barred else math.nan
        hip, thigh, calf = self._peak[i].tolist()
        return Outcome(
            trial=self.trials[i],
            success=end == "goal" and (not barred or height > UPRIGHT_HEIGHT),
            end=end,
            progress=progress,
            duration=float(self.time[i]),
            velocity_error=float(self._errors[i, 0]) / counted,
            yaw_error=float(self._errors[i, 1]) / counted,
            cost_of_transport=float(self._work[i]) / (float(self.tracks.weight[i]) * walked),
            collisions=float(self._collisions[i]) / walked,
            peak_torque=(hip, thigh, calf),
            upright_height=height,
            attitude=float(self._attitude[i]),
            attitude_rate=float(self._attitude_rate[i]),
            surprise=float(self._surprise[i]),
        )


def _bars(terrains: Sequence[Terrain]) -> Tensor:
    """Where along the track the boxes of each terrain lie [N, B, 2], padded with places nobody reaches."""
    most = max(1, *(len(terrain.boxes) for terrain in terrains))
    spans = torch.full((len(terrains), most, 2), torch.inf)
    for row, terrain in zip(spans, terrains, strict=True):
        centre, half = terrain.boxes.centre[:, 0], terrain.boxes.half_size[:, 0]
        row[: len(centre)] = torch.from_numpy(np.stack([centre - half, centre + half], -1))
    return spans
