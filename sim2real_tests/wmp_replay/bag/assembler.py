"""From a stream of records to world-model steps: pairs images, latents and robot states by tick and stamp.

Topics are recorded by different subscriptions, so their order in the file is not their order in time. The
output therefore lags by :data:`LAG` steps, when everything that belongs to a step has arrived. Memory is
bounded.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from typing import TypeVar

import numpy as np

from wmp_core.contract import Contract
from wmp_core.inference.world_model import Source
from wmp_core.robot_state import RobotState
from wmp_replay.bag.records import DepthRecord, ImuReading, Joints, LatentRecord, PolicyStep, Record
from wmp_replay.bag.step import WorldModelStep
from wmp_replay.errors import BagError

Reading = TypeVar("Reading", Joints, ImuReading)

#: World-model steps by which the output lags behind the input.
LAG = 5
#: Largest difference between an image's age and the contract's [s]; the nodes' default ``depth_tolerance``.
DEPTH_TOLERANCE = 0.04
#: Stamps that differ by less are equal [s]: messages carry whole nanoseconds.
SAME = 1e-6
#: Time without a policy step after which the steps held back are complete [s].
SILENCE = 1.0
#: Sensor readings and images kept: more than arrive within :data:`SILENCE`.
MEMORY = 256


class StepAssembler:
    """Records in the order of the bag in, world-model steps in the order of the walk out.

    Raises :class:`BagError` if images or actions do not have the shapes of the contract.

    Attributes:
        dropped: number of policy steps missing between recorded ones.
        duplicates: number of policy steps that repeat or go back within an episode.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._interval = contract.timing.world_model_interval
        self._image_shape = (contract.depth.height, contract.depth.width)
        self._open: deque[list[PolicyStep]] = deque()
        self._follows: deque[bool] = deque()
        self._images: deque[DepthRecord] = deque(maxlen=MEMORY)
        self._latents: dict[int, LatentRecord] = {}
        self._joints: dict[int, Joints] = {}
        self._imu: dict[int, ImuReading] = {}
        self._newest: PolicyStep | None = None
        self._episode = -1
        self.dropped = 0
        self.duplicates = 0

    def feed(self, record: Record) -> Iterator[WorldModelStep]:
        """Add the next record; yields the steps that are complete."""
        if isinstance(record, PolicyStep):
            yield from self._on_step(record)
        elif isinstance(record, LatentRecord):
            self._latents[record.tick] = record
        elif isinstance(record, DepthRecord):
            self._on_image(record)
        elif type(record) is Joints:
            _remember(self._joints, record)
        elif isinstance(record, ImuReading):
            _remember(self._imu, record)
        if self._newest is not None and record.stamp > self._newest.stamp + SILENCE:
            yield from self.finish()

    def finish(self) -> Iterator[WorldModelStep]:
        """The steps that were held back."""
        while self._open:
            yield self._pop()

    def _on_step(self, step: PolicyStep) -> Iterator[WorldModelStep]:
        if len(step.action) != self._contract.num_joints:
            raise _contract_mismatch("wmp/policy_step", len(step.action), self._contract.num_joints)
        last = self._newest
        if last is None or step.is_first or step.tick < last.tick - self._interval:
            yield from self.finish()
            self._latents = {tick: late for tick, late in self._latents.items() if late.stamp >= step.stamp}
            self._episode += 1
        elif step.tick <= last.tick:
            self.duplicates += 1
            return
        else:
            self.dropped += step.tick - last.tick - 1
        self._newest = step
        continues = bool(self._open) and self._open[-1][-1].tick + 1 == step.tick
        if step.tick % self._interval == 0:
            self._follows.append(continues and len(self._open[-1]) == self._interval)
            self._open.append([step])
        elif continues:
            self._open[-1].append(step)
        while len(self._open) > LAG:
            yield self._pop()

    def _on_image(self, image: DepthRecord) -> None:
        if image.metres.size == 0:
            return
        if image.metres.shape != self._image_shape:
            raise _contract_mismatch("wmp/depth", image.metres.shape, self._image_shape)
        self._images.append(image)

    def _pop(self) -> WorldModelStep:
        policy, follows = tuple(self._open.popleft()), self._follows.popleft()
        tick = policy[0].tick
        outcome = self._latents.get(tick + self._interval)
        image, lost = self._image(policy[0], outcome)
        step = WorldModelStep(
            episode=self._episode,
            tick=tick,
            follows=follows,
            policy=policy,
            states=tuple(self._state(each.stamp) for each in policy),
            depth=None if image is None else image.metres,
            depth_stamp=math.nan if image is None else image.stamp,
            depth_lost=lost,
            latent=self._latents.get(tick),
            outcome=outcome,
        )
        for old in [known for known in self._latents if known < tick]:
            del self._latents[old]
        return step

    def _image(self, step: PolicyStep, outcome: LatentRecord | None) -> tuple[DepthRecord | None, bool]:
        """The image behind z, found by its stamp, else by its expected age; and whether it is missing."""
        if outcome is not None and outcome.source == Source.PRIOR:
            return None, False
        if outcome is not None and not math.isnan(outcome.depth_stamp):
            same = [image for image in self._images if abs(image.stamp - outcome.depth_stamp) < SAME]
            return (same[-1], False) if same else (None, True)
        expected = step.stamp - self._contract.timing.depth_age
        near = [image for image in self._images if abs(image.stamp - expected) <= DEPTH_TOLERANCE]
        return (min(near, key=lambda image: abs(image.stamp - expected)) if near else None), False

    def _state(self, stamp: float) -> RobotState | None:
        joints, imu = self._joints.get(_key(stamp)), self._imu.get(_key(stamp))
        return None if joints is None or imu is None else robot_state(self._contract, joints, imu)


def _contract_mismatch(topic: str, found: object, expected: object) -> BagError:
    return BagError(
        f"{topic} holds {found} values, the bundle's contract expects {expected}: give the bundle "
        "that walked with --bundle"
    )


def _key(stamp: float) -> int:
    return round(stamp / SAME)


def _remember(readings: dict[int, Reading], reading: Reading) -> None:
    """Add the newest reading; drop the oldest if there are more than :data:`MEMORY`."""
    readings[_key(reading.stamp)] = reading
    if len(readings) > MEMORY:
        del readings[next(iter(readings))]


def robot_state(contract: Contract, joints: Joints, imu: ImuReading) -> RobotState | None:
    """The robot state in contract joint order; None if the message lacks a joint."""
    names = contract.joints.names
    try:
        order = [joints.names.index(name) for name in names]
        q, dq = joints.position[order], joints.velocity[order]
        tau = joints.effort[order] if len(joints.effort) else np.full(len(names), math.nan)
    except (ValueError, IndexError):
        return None
    return RobotState(imu.quat_wxyz, imu.gyro, imu.acc, q, dq, tau, joints.stamp, 0)
