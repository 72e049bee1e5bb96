"""Verification of a bundle: hashes, signature, graphs, and its golden trajectory replayed by the runtime."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from wmp_core import signing
from wmp_core.bundle import Bundle
from wmp_core.contract import Contract, ObservationTerm, differences
from wmp_core.depth.geometry import clip_depth
from wmp_core.inference.session import ModelError
from wmp_core.manifest import BundleError, Manifest
from wmp_core.observation import Proprioception, term_slices

#: Largest absolute difference between a recorded and a recomputed value.
TOLERANCE = 1e-4

#: Usual cause of a difference per term, for the error message.
_CAUSES = {
    "base_angular_velocity": "unit, axis order or scale of the gyroscope",
    "projected_gravity": "order or direction of the quaternion",
    "command": "unit or scale of the command",
    "joint_position_error": "joint order or default pose",
    "joint_velocity": "joint order, unit or scale",
    "last_action": "action clip, scale or joint order",
}


class Difference(NamedTuple):
    """The first value that the runtime computes differently; ``term`` is the observation term, if any."""

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
    """Result of replaying a golden trajectory.

    ``contract_differences``: entries in which the contract differs from that of the recording.
    ``difference``: the first deviating value in causal order.
    ``largest``: largest deviation per quantity up to that value.
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


def load_verified(path: Union[str, Path], provider: str = "cpu", trusted_keys: Sequence[str] = ()) -> Bundle:
    """Load a bundle and prove that this machine computes what training did.

    Args:
        path: the folder.
        provider: ``cpu``, ``cuda``, ``tensorrt`` or ``auto``; runs every graph.
        trusted_keys: public keys in hex, see :mod:`wmp_core.signing`; if there are any, the bundle must be
            signed by one of them.

    Raises:
        BundleError: anything is missing, altered or contradictory, the bundle is not signed by a trusted key,
            or this machine lacks the provider.
    """
    manifest = Manifest.read(path)
    if trusted_keys:
        try:
            signing.require_trusted(manifest.path, trusted_keys, manifest.data)
        except signing.SignatureError as error:
            raise BundleError(str(error)) from error
    manifest.check_hashes()
    bundle = Bundle.from_manifest(manifest, provider)
    verify(bundle)
    return bundle


def verify(bundle: Bundle) -> GoldenReport:
    """Open every graph and reproduce the golden trajectory.

    Raises:
        BundleError: names the first value that differs.
    """
    for graph in bundle.models:
        bundle.models[graph]
    try:
        report = replay_golden(bundle)
    except (ModelError, ValueError) as error:
        raise BundleError(
            f"bundle {bundle.path}: the golden trajectory cannot be replayed: {error}"
        ) from error
    if not report.ok:
        raise BundleError(
            f"bundle {bundle.path}: the golden trajectory is not reproduced: {report}. The bundle is "
            f"damaged or was edited, or provider {bundle.provider!r} computes differently: restore it"
        )
    return report


def replay_golden(bundle: Bundle) -> GoldenReport:
    """Recompute the bundle's golden trajectory from its raw inputs, with the runtime's code and provider.

    Proprioception is compared first, over the whole trajectory, because an error there affects everything
    else. Then follows every step in causal order (deter, history, base velocity, action, stoch, kl), computed
    from recomputed values only.
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
    """Quantity, policy step, recorded and recomputed value, in the order of comparison."""
    golden, period = bundle.golden, bundle.contract.timing.control_period
    states = [golden.state(step, period) for step in range(golden.steps)]
    proprioception = Proprioception(bundle.contract)
    for step, state in enumerate(states):
        found = proprioception(state, golden.command[step])
        yield "proprioception", step, golden.proprioception[step], found

    policy = bundle.create_policy()
    world_model = bundle.create_world_model()
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
    """Absolute difference per element; NaN equals NaN and differs infinitely from a number."""
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
