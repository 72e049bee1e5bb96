"""The golden trajectory: what the training simulator saw and did, to be reproduced by the runtime.

A bundle carries a few seconds of raw sensor values with everything the trained networks made of them. The
runtime recomputes all of it from the raw values with its own code before it is allowed to start.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Dict, Iterator, List, NamedTuple, Optional, Tuple, Union

import numpy as np

from wmp_core.contract import Contract, ObservationTerm, differences
from wmp_core.depth.geometry import clip_depth
from wmp_core.inference.policy import Policy
from wmp_core.inference.world_model import WorldModel
from wmp_core.observation import Proprioception, RobotState, term_slices

if TYPE_CHECKING:
    from wmp_core.bundle import Bundle

#: Largest absolute difference between a recorded and a recomputed value.
TOLERANCE = 1e-4

#: What usually makes a term differ, for the reader of the error.
_CAUSES = {
    "base_angular_velocity": "unit, axis order or scale of the gyroscope",
    "projected_gravity": "order or direction of the quaternion",
    "command": "unit or scale of the command",
    "joint_position_error": "joint order or default pose",
    "joint_velocity": "joint order, unit or scale",
    "last_action": "action clip, scale or joint order",
}


class GoldenError(ValueError):
    """A golden trajectory whose arrays contradict each other or its contract."""


@dataclass(frozen=True)
class GoldenTrajectory:
    """``T`` policy steps of one robot from the reset on, closed loop, joints in contract order.

    Raw inputs: ``quat_wxyz [T, 4]``; ``gyro [T, 3]`` rad/s; ``q [T, J]`` rad; ``dq [T, J]`` rad/s;
    ``command [T, 3]`` (m/s, m/s, rad/s); per world-model tick (``N = T / k``) ``depth [N, 64, 64]``, planar m
    before any clip (0 = invalid), and ``depth_valid [N]``.

    Expected: ``proprioception [T, P]``; ``history [T, H]``; ``action [T, J]``, clipped;
    ``base_velocity [T, 3]`` m/s; per world-model tick ``deter [N, D]``, the ``h`` its policy steps used,
    ``stoch [N, S]``, and ``kl [N]`` nats (NaN where ``depth_valid`` is false: ``stoch`` is the prior's).

    ``contract`` is the one under which all this was recorded.
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
        """The robot's raw state at ``step``; what was not recorded is zero."""
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
        """Read an ``.npz`` without running any code from it.

        Raises:
            GoldenError: an array is missing or has a shape that its contract does not allow.
        """
        names = [field.name for field in dataclasses.fields(cls)]
        with np.load(path, allow_pickle=False) as arrays:
            missing = sorted(set(names) - set(arrays.files))
            if missing:
                raise GoldenError(f"golden trajectory: {Path(path).name} lacks {missing}")
            contract = Contract.from_dict(json.loads(str(arrays["contract"])))
            return cls(contract, **{name: arrays[name] for name in names[1:]})


class Difference(NamedTuple):
    """The first value that the runtime computes differently; ``term`` names a part of an observation."""

    quantity: str
    term: str
    step: int
    expected: float
    found: float

    def __str__(self) -> str:
        term = f" term {self.term}" if self.term else ""
        cause = f" (check {_CAUSES[self.term]})" if self.term else ""
        return (
            f"recorded {self.quantity}{term} differs at policy step {self.step}: "
            f"expected {self.expected:.6g}, found {self.found:.6g}{cause}"
        )


@dataclass(frozen=True)
class GoldenReport:
    """Verdict on a golden trajectory.

    ``contract_differences``: entries in which the contract is not the one of the recording.
    ``difference``: the first deviating value in causal order.
    ``largest``: largest deviation per quantity, up to and including that value.
    """

    provider: str
    steps: int
    contract_differences: Tuple[str, ...]
    difference: Optional[Difference]
    largest: Dict[str, float]

    @property
    def ok(self) -> bool:
        return not self.contract_differences and self.difference is None

    def __str__(self) -> str:
        if self.ok:
            worst = max(self.largest, key=lambda name: self.largest[name])
            figure = f"largest difference {self.largest[worst]:.1e}, in {worst}"
            return f"{self.steps} steps reproduced on provider {self.provider}, {figure}"
        found = [f"the contract was edited after the recording: {line}" for line in self.contract_differences]
        if self.difference:
            found.append(f"{self.difference} on provider {self.provider}")
        return "; ".join(found)


def verify(bundle: Bundle) -> GoldenReport:
    """Recompute the bundle's golden trajectory with runtime code, from its raw inputs, on its provider.

    Proprioception comes first, over the whole trajectory, as an error there spoils all that follows; then
    every step in causal order (deter, history, base velocity, action, stoch, kl), each from recomputed values
    only.
    """
    largest: Dict[str, float] = {}
    first = None
    for quantity, step, expected, found in _recompute(bundle):
        deviation = _deviation(expected, found)
        largest[quantity] = max(largest.get(quantity, 0.0), float(deviation.max()))
        if largest[quantity] > TOLERANCE:
            element = int(np.argmax(deviation > TOLERANCE))
            term = _term_at(bundle.contract, quantity, element)
            first = Difference(
                quantity, term, step, float(expected.flat[element]), float(found.flat[element])
            )
            break
    edits = tuple(differences(bundle.golden.contract, bundle.contract))
    return GoldenReport(bundle.provider, bundle.golden.steps, edits, first, largest)


_Comparison = Tuple[str, int, np.ndarray, np.ndarray]


def _recompute(bundle: Bundle) -> Iterator[_Comparison]:
    """Quantity, policy step, recorded and recomputed value, in the order in which they are to be compared."""
    golden, period = bundle.golden, bundle.contract.timing.control_period
    states = [golden.state(step, period) for step in range(golden.steps)]
    proprioception = Proprioception(bundle.contract)
    for step, state in enumerate(states):
        found = proprioception(state, golden.command[step])
        yield "proprioception", step, golden.proprioception[step], found

    policy, world_model = Policy(bundle), WorldModel(bundle)
    interval = bundle.contract.timing.world_model_interval
    latent = world_model.state
    actions: List[np.ndarray] = []
    for step, state in enumerate(states):
        tick, phase = divmod(step, interval)
        if phase == 0 and tick > 0:
            latent = world_model.advance(np.stack(actions[-interval:]))
        if phase == 0:
            yield "deter", step, golden.deter[tick], latent.h
        output = policy.step(state, golden.command[step], latent.h)
        actions.append(output.action)
        for quantity in ("history", "base_velocity", "action"):
            yield quantity, step, getattr(golden, quantity)[step], getattr(output, quantity)
        if phase == 0:
            depth = (
                clip_depth(bundle.contract.depth, golden.depth[tick]) if golden.depth_valid[tick] else None
            )
            observed = world_model.observe(output.proprioception, depth)
            yield "stoch", step, golden.stoch[tick], observed.z
            yield "kl", step, golden.kl[tick : tick + 1], np.array([observed.kl])


def _deviation(expected: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Absolute difference per element; a NaN equals a NaN and is infinitely far from a number."""
    expected, found = np.asarray(expected, dtype=np.float64), np.asarray(found, dtype=np.float64)
    deviation = np.abs(expected - found)
    deviation[np.isnan(deviation)] = np.inf
    deviation[np.isnan(expected) & np.isnan(found)] = 0.0
    return deviation


def _term_at(contract: Contract, quantity: str, element: int) -> str:
    """Name of the observation term that holds ``element`` of a vector; empty for other quantities."""
    terms: Tuple[ObservationTerm, ...] = ()
    if quantity == "proprioception":
        terms = contract.observation.proprioception
    elif quantity == "history":
        terms, element = contract.observation.history_terms, element % contract.history_step_size
    slices = term_slices(terms, contract.num_joints)
    return next((name for name, part in slices.items() if part.start <= element < part.stop), "")
