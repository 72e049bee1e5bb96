"""One walk, collected by tick and stamp, never by the wall clock.

The figures do not depend on when an entry is read: in lockstep a run gives the same record on a loaded
machine as on an idle one.
"""

from __future__ import annotations

import bisect
import hashlib
import math
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Pose:
    """Ground truth at ``stamp`` (s): position in m and heading in rad in the world frame."""

    stamp: float
    x: float
    y: float
    yaw: float


@dataclass(frozen=True)
class Travel:
    """Motion between two poses, seen from the first: forward and left in m, turned in rad, in ``seconds``."""

    forward: float
    left: float
    turned: float
    seconds: float


class WalkRecord:
    """Everything that is known of one walk.

    Args:
        ticks: length of the walk in policy ticks; None: until it is stopped, or to the end of its track.
        control_period: seconds per policy tick.
        end_x: x in m at which the track ends; nothing after the first pose there counts.
    """

    def __init__(self, ticks: int | None, control_period: float, end_x: float = math.inf) -> None:
        self.ticks = ticks
        self.control_period = control_period
        self.end_x = end_x
        self.actions: dict[int, bytes] = {}
        self.step_stamps: dict[int, float] = {}
        self.latents: dict[int, bool] = {}
        self.samples: dict[str, list[float]] = {}
        self.poses: list[Pose] = []
        self.newest_tick = -1  # highest tick seen; -1 before the first
        self._depth_stamps: set[float] = set()
        #: Stamp [s] of the first pose at the end of the track; infinite before.
        self.end_of_track = math.inf
        self._is_cut = False  # a step beyond it is known, so none before it can follow

    def add_step(self, tick: int, stamp: float, action: np.ndarray) -> None:
        """Policy step ``tick`` with its action ``[joints]``."""
        if self._is_beyond_track(stamp):
            self._cut(tick)
        if self.ticks is None or tick < self.ticks:
            self.actions[tick] = np.asarray(action, dtype=np.float32).tobytes()
            self.step_stamps[tick] = stamp
            self.newest_tick = max(self.newest_tick, tick)

    def add_latent(self, tick: int, from_image: bool) -> None:
        """Latent for policy tick ``tick``, with a z from a depth image or, without one, from the prior."""
        if self.ticks is None or 0 < tick <= self.ticks:
            self.latents[tick] = from_image

    def add_duration(self, stage: str, milliseconds: float) -> None:
        """How long ``stage`` took once; NaN (it did not run) is left out."""
        if not math.isnan(milliseconds):
            self.samples.setdefault(stage, []).append(milliseconds)

    def add_depth(self, stamp: float) -> None:
        """A depth image captured at ``stamp``."""
        self._depth_stamps.add(stamp)

    def add_pose(self, pose: Pose) -> None:
        """Ground truth, in order of time. The heading is unwrapped, so that turns add up."""
        if self.poses:
            before = self.poses[-1].yaw
            pose = replace(pose, yaw=before + math.remainder(pose.yaw - before, math.tau))
        self.poses.append(pose)
        if pose.x >= self.end_x and not (self.reached_end_of_track or self.complete):
            self.end_of_track = pose.stamp
            beyond = [tick for tick, stamp in self.step_stamps.items() if self._is_beyond_track(stamp)]
            if beyond:
                self._cut(min(beyond))

    @property
    def reached_end_of_track(self) -> bool:
        """Whether the robot has come to the end of its track; nothing after that counts."""
        return self.end_of_track < math.inf

    def _is_beyond_track(self, stamp: float) -> bool:
        return stamp >= self.end_of_track - 1e-6

    def _cut(self, ticks: int) -> None:
        """End the walk after its first ``ticks`` steps."""
        self._is_cut = True
        self.ticks = ticks if self.ticks is None else min(ticks, self.ticks)
        self.actions = {tick: action for tick, action in self.actions.items() if tick < self.ticks}
        self.step_stamps = {tick: stamp for tick, stamp in self.step_stamps.items() if tick < self.ticks}
        self.latents = {tick: image for tick, image in self.latents.items() if tick <= self.ticks}
        self.newest_tick = max(self.step_stamps, default=-1)

    @property
    def complete(self) -> bool:
        """Whether the walk is over, and every tick of it and the ground truth up to its end are here.

        At the end of its track a robot has to be stopped, whether or not a step is missing.
        """
        return (
            self.ticks is not None
            and (len(self.actions) == self.ticks or self._is_cut)
            and bool(self.poses)
            and self.poses[-1].stamp >= self.end - 1e-6
        )

    @property
    def missing_ticks(self) -> int:
        """Steps that were made and are not here."""
        return self.newest_tick + 1 - len(self.actions)

    @property
    def time(self) -> float:
        """Stamp of the newest ground truth in s; 0 before there is any."""
        return self.poses[-1].stamp if self.poses else 0.0

    @property
    def start(self) -> float:
        """Stamp of the first step in s."""
        return next(iter(self.step_stamps.values()))

    @property
    def end(self) -> float:
        """Stamp one period after the last step in s."""
        return self.step_stamps[self.newest_tick] + self.control_period

    @property
    def actions_sha256(self) -> str:
        """Hash over the actions in order of their ticks, float32 little-endian."""
        return hashlib.sha256(b"".join(self.actions[tick] for tick in sorted(self.actions))).hexdigest()

    @property
    def depth_frames(self) -> int:
        """Images that a world-model step of this walk could have consumed: captured before its end."""
        return sum(stamp < self.end for stamp in self._depth_stamps) if self.step_stamps else 0

    @property
    def rate_error(self) -> float:
        """Relative deviation of the policy's rate from the contract's.

        From a line fitted through the stamps of all steps: the jitter of single stamps, up to one cycle of
        the control loop, would hide an error of 0.01 % in their difference over 20 s.
        """
        if len(self.step_stamps) < 2:
            return 0.0
        ticks = np.fromiter(self.step_stamps, dtype=float)
        stamps = np.fromiter(self.step_stamps.values(), dtype=float)
        period = np.polyfit(ticks - ticks[0], stamps - stamps[0], 1)[0]
        return float(self.control_period / period - 1.0)

    def travel(self) -> Travel | None:
        """Motion from the first step to the end of the last; None before there is any."""
        if not self.step_stamps or not self.poses:
            return None
        first, last = self._pose_at(self.start), self._pose_at(self.end)
        dx, dy = last.x - first.x, last.y - first.y
        cosine, sine = math.cos(first.yaw), math.sin(first.yaw)
        return Travel(
            forward=cosine * dx + sine * dy,
            left=-sine * dx + cosine * dy,
            turned=last.yaw - first.yaw,
            seconds=last.stamp - first.stamp,
        )

    def _pose_at(self, stamp: float) -> Pose:
        """The first pose not older than ``stamp``, or the newest."""
        index = bisect.bisect_left(self.poses, stamp - 1e-6, key=lambda pose: pose.stamp)
        return self.poses[min(index, len(self.poses) - 1)]
