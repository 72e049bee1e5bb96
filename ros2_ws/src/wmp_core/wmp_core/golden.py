"""The golden trajectory: a recording from the training simulator that the runtime must reproduce.

It holds a few seconds of raw sensor values and every output of the trained networks.
:mod:`wmp_core.verification` recomputes the outputs from the raw values with the runtime's own code.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Tuple, Union

import numpy as np

from wmp_core.contract import Contract
from wmp_core.robot_state import RobotState


class GoldenError(ValueError):
    """A golden trajectory whose arrays do not match each other or its contract."""


@dataclass(frozen=True)
class GoldenTrajectory:
    """``T`` policy steps of one robot from reset, closed loop, joints in contract order.

    Raw inputs: ``quat_wxyz [T, 4]``; ``gyro [T, 3]`` rad/s; ``q [T, J]`` rad; ``dq [T, J]`` rad/s;
    ``command [T, 3]`` (m/s, m/s, rad/s); per world-model tick (``N = T / k``) ``depth [N, 64, 64]``, planar m
    before any clip (0 = invalid), and ``depth_valid [N]``.

    Expected: ``proprioception [T, P]``; ``history [T, H]``; ``action [T, J]``, clipped;
    ``base_velocity [T, 3]`` m/s; per world-model tick ``deter [N, D]``, the h of its policy steps,
    ``stoch [N, S]``, its z, and ``kl [N]`` nats (NaN where ``depth_valid`` is false and z is the prior's).

    ``contract`` is the contract of the recording.
    """

    contract: Contract
    quat_wxyz: np.ndarray
    gyro: np.ndarray
    q: np.ndarray
    dq: np.ndarray
    command: np.ndarray
    depth: np.ndarray
    depth_valid: np.ndarray
    proprioception: np.ndarray
    history: np.ndarray
    action: np.ndarray
    base_velocity: np.ndarray
    deter: np.ndarray
    stoch: np.ndarray
    kl: np.ndarray

    def __post_init__(self) -> None:
        if len(self.q) == 0 or len(self.q) % self.contract.timing.world_model_interval:
            raise GoldenError(
                f"golden trajectory: {len(self.q)} policy steps, expected a multiple of the world-model "
                f"interval {self.contract.timing.world_model_interval}"
            )
        for name, shape in self._shapes().items():
            found = np.shape(getattr(self, name))
            if found != shape:
                raise GoldenError(f"golden trajectory: {name} has shape {found}, expected {shape}")

    def _shapes(self) -> Dict[str, Tuple[int, ...]]:
        contract, steps = self.contract, len(self.q)
        ticks = steps // contract.timing.world_model_interval
        joints, sizes = contract.num_joints, contract.world_model
        return {
            "quat_wxyz": (steps, 4),
            "gyro": (steps, 3),
            "q": (steps, joints),
            "dq": (steps, joints),
            "command": (steps, 3),
            "depth": (ticks, contract.depth.height, contract.depth.width),
            "depth_valid": (ticks,),
            "proprioception": (steps, contract.proprioception_size),
            "history": (steps, contract.history_size),
            "action": (steps, joints),
            "base_velocity": (steps, 3),
            "deter": (ticks, sizes.deter),
            "stoch": (ticks, sizes.stoch),
            "kl": (ticks,),
        }

    @property
    def steps(self) -> int:
        return len(self.q)

    def state(self, step: int, period: float) -> RobotState:
        """The robot's raw state at ``step``, ``period`` s per step; unrecorded quantities are zero."""
        unused = np.zeros_like(self.q[step])
        return RobotState(
            self.quat_wxyz[step],
            self.gyro[step],
            np.zeros(3),
            self.q[step],
            self.dq[step],
            unused,
            step * period,
            step,
        )

    def save(self, path: Union[str, Path]) -> None:
        arrays = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)[1:]}
        np.savez_compressed(path, contract=np.array(json.dumps(self.contract.to_dict())), **arrays)

    @classmethod
    def load(cls, path: Union[str, Path]) -> GoldenTrajectory:
        """Read an ``.npz`` without unpickling.

        Raises:
            GoldenError: an array is missing or its shape does not match its contract.
        """
        names = [field.name for field in dataclasses.fields(cls)]
        with np.load(path, allow_pickle=False) as arrays:
            missing = sorted(set(names) - set(arrays.files))
            if missing:
                raise GoldenError(f"golden trajectory: {Path(path).name} lacks {missing}")
            contract = Contract.from_dict(json.loads(str(arrays["contract"])))
            return cls(contract, **{name: arrays[name] for name in names[1:]})
