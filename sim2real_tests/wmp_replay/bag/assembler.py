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
from wmp_replay.bag.left_out import LeftOut
from wmp_replay.bag.records import (
    DepthRecord,
    ImuReading,
    Joints,
    LatentRecord,
    PolicyStep,
    Record,
    UnusableMessageError,
)
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
#: Sensor readings, at up to 500 Hz, and images kept: more than arrive while a step is held back.
MEMORY, IMAGES = 2048, 256
#: Messages of another contract, with none of this one, after which the bag is refused.
PATIENCE = 10


class StepAssembler:
    """Records in the order of the bag in, world-model steps in the order of the walk out.

    A message whose sizes are not those of the contract is left out; if all messages of a topic are like that,
    the bag was recorded with another bundle: :class:`BagError`.

    Attributes:
        dropped: number of policy steps missing between recorded ones.
        duplicates: number of policy steps that repeat or go back within an episode.
    """

    def __init__(self, contract: Contract, left_out: LeftOut | None = None) -> None:
        self._contract = contract
        self._left_out = left_out if left_out is not None else LeftOut()
        self._fitting: set[str] = set()
        self._other: dict[str, tuple[int, str]] = {}
        self._interval = contract.timing.world_model_interval
        self._image_shape = (contract.depth.height, contract.depth.width)
        self._open: deque[list[PolicyStep]] = deque()
        self._follows: deque[bool] = deque()
        self._images: deque[DepthRecord] = deque(maxlen=IMAGES)
        self._latents: dict[int, LatentRecord] = {}
        self._joints: dict[int, Joints] = {}
        self._imu: dict[int, ImuReading] = {}
        self._newest: PolicyStep | None = None
        self._episode = -1
        self.dropped = 0
        self.duplicates = 0

    def feed(self, record: Record) -> Iterator[WorldModelStep]:
        """Add the next record; yields the steps that are complete."""
        if not self._fits(record):
            return
        if isinstance(record, PolicyStep):
            yield from self._on_step(record)
        elif isinstance(record, LatentRecord):
            self._latents[record.tick] = record
        elif isinstance(record, DepthRecord):
            if record.metres.size:
                self._images.append(record)
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

    def check_sizes(self, patience: int = 0) -> None:
        """Refuse a bag in which all messages of a topic, and more than ``patience``, have other sizes.

        Raises:
            BagError: names the topic and the sizes.
        """
        for topic, (count, sizes) in self._other.items():
            if topic not in self._fitting and count > patience:
                raise BagError(f"{topic} holds {sizes}: give the bundle that walked with --bundle")

    def _fits(self, record: Record) -> bool:
        """Whether the sizes of ``record`` are those of the contract; counts it otherwise."""
        topic, sizes = self._sizes(record)
        for what, found, expected in sizes:
            if found != expected:
                text = f"{found} {what}, the bundle's contract expects {expected}"
                self._left_out.add(topic, f"hold {text}")
                self._other[topic] = (self._other.get(topic, (0, ""))[0] + 1, text)
                self.check_sizes(PATIENCE)
                return False
        if sizes:
            self._fitting.add(topic)
        return True

    def _sizes(self, record: Record) -> tuple[str, list[tuple[str, object, object]]]:
        """Topic of ``record``, and name, found and expected size of each part."""
        contract = self._contract
        if isinstance(record, PolicyStep):
            return "wmp/policy_step", [
                ("values of action", len(record.action), contract.num_joints),
                ("values of proprioception", len(record.proprioception), contract.proprioception_size),
                ("values of command", len(record.command), 3),
            ]
        if isinstance(record, LatentRecord):
            return "wmp/latent", [
                ("values of h", len(record.h), contract.world_model.deter),
                ("values of z", len(record.z), contract.world_model.stoch),
            ]
        if isinstance(record, DepthRecord) and record.metres.size:
            return "wmp/depth", [("values", record.metres.shape, self._image_shape)]
        return "", []

    def _on_step(self, step: PolicyStep) -> Iterator[WorldModelStep]:
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
        if joints is None or imu is None:
            return None
        try:
            return robot_state(self._contract, joints, imu)
        except UnusableMessageError as reason:
            self._left_out.add("joint_states", str(reason))
            return None


def _key(stamp: float) -> int:
    return round(stamp / SAME)


def _remember(readings: dict[int, Reading], reading: Reading) -> None:
    """Add the newest reading; drop the oldest if there are more than :data:`MEMORY`."""
    readings[_key(reading.stamp)] = reading
    if len(readings) > MEMORY:
        del readings[next(iter(readings))]


def robot_state(contract: Contract, joints: Joints, imu: ImuReading) -> RobotState:
    """The robot state in contract joint order; torques are NaN where the message has no effort.

    Raises:
        UnusableMessageError: the message lacks a joint, or quantities of one.
    """
    names, known = contract.joints.names, joints.names
    missing = [name for name in names if name not in known]
    if missing:
        raise UnusableMessageError(f"lack {', '.join(missing)}; they have {', '.join(known) or 'no joint'}")
    for what, values in (("position", joints.position), ("velocity", joints.velocity)):
        if len(values) != len(known):
            count = f"{len(values)} values" if len(values) else "no values"
            raise UnusableMessageError(f"hold {count} of {what}, expected {len(known)}, one per name")
    order = [known.index(name) for name in names]
    q, dq = joints.position[order], joints.velocity[order]
    if not (np.isfinite(q).all() and np.isfinite(dq).all()):
        raise UnusableMessageError("hold positions or velocities that are not finite")
    tau = joints.effort[order] if len(joints.effort) == len(known) else np.full(len(names), math.nan)
    return RobotState(imu.quat_wxyz, imu.gyro, imu.acc, q, dq, tau, joints.stamp, 0)
