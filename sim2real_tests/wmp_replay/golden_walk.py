"""The golden trajectory of a bundle as a walk: a few seconds of the training simulator."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from wmp_core.bundle import Bundle
from wmp_core.depth.geometry import clip_depth
from wmp_core.inference.world_model import Source
from wmp_replay.bag.assembler import StepAssembler
from wmp_replay.bag.records import DepthRecord, ImuReading, Joints, LatentRecord, PolicyStep, Record
from wmp_replay.bag.step import WorldModelStep

#: Time of the first step [s]: a stamp of 0 means "none".
START = 1.0


def golden_records(bundle: Bundle) -> Iterator[Record]:
    """What the graph would record, in order of time; joints in contract order, torques unknown (0)."""
    golden, timing = bundle.golden, bundle.contract.timing
    interval, names = timing.world_model_interval, bundle.contract.joints.names
    unknown = np.zeros(len(names))
    for tick in range(golden.steps):
        stamp = START + tick * timing.control_period
        step, phase = divmod(tick, interval)
        if phase == 0 and golden.depth_valid[step]:
            image = clip_depth(bundle.contract.depth, golden.depth[step])
            yield DepthRecord(stamp - timing.depth_age, image)
        yield ImuReading(stamp, golden.quat_wxyz[tick], golden.gyro[tick], np.zeros(3))
        yield Joints(stamp, names, golden.q[tick], golden.dq[tick], unknown)
        yield PolicyStep(
            stamp,
            tick,
            tick == 0,
            golden.proprioception[tick],
            golden.action[tick],
            golden.command[tick],
            step * interval,
            0.0,
        )
        if phase == interval - 1 and step + 1 < len(golden.deter):
            yield _latent(bundle, step, stamp)


def golden_steps(bundle: Bundle) -> Iterator[WorldModelStep]:
    """The golden trajectory in the form of :meth:`wmp_replay.bag.walk.Walk.steps`."""
    assembler = StepAssembler(bundle.contract)
    for record in golden_records(bundle):
        yield from assembler.feed(record)
    yield from assembler.finish()


def _latent(bundle: Bundle, step: int, stamp: float) -> LatentRecord:
    """The latent of world-model step ``step + 1``, with z of ``step``."""
    golden, timing = bundle.golden, bundle.contract.timing
    seen = bool(golden.depth_valid[step])
    captured = START + step * timing.world_model_period - timing.depth_age
    return LatentRecord(
        stamp=stamp,
        tick=(step + 1) * timing.world_model_interval,
        h=golden.deter[step + 1],
        z=golden.stoch[step],
        source=Source.POSTERIOR if seen else Source.PRIOR,
        depth_stamp=captured if seen else math.nan,
        kl=float(golden.kl[step]),
        advance_ms=0.0,
        observe_ms=0.0 if seen else math.nan,
    )
