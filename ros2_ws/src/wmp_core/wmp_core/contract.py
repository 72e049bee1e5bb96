"""The contract: everything that a runtime must know about a policy and cannot read from its weights.

Most failed deployments of learned controllers are contract errors (joint order, scale, history layout,
default pose, clip, latency, depth crop). Therefore training writes the contract into the bundle, and the
runtime takes these numbers from nowhere else.

The joint order is that of ``JointContract.names`` everywhere; units are SI, angles in rad.
"""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple, Type, TypeVar, Union

import numpy as np

#: Observation terms that the runtime can compute, with their sizes; ``joints`` means one value per joint.
TERM_SIZES: Dict[str, Union[int, str]] = {
    "base_angular_velocity": 3,
    "projected_gravity": 3,
    "command": 3,
    "joint_position_error": "joints",
    "joint_velocity": "joints",
    "last_action": "joints",
}

_HISTORY_RULE = "a term of proprioception with the same scale (the history is cut out of proprioception)"

T = TypeVar("T")


class ContractError(ValueError):
    """An invalid contract; the message names the key, the value found, and what was expected."""


def _require(condition: bool, key: str, found: Any, expected: str) -> None:
    if not condition:
        raise ContractError(f"contract: {key} is {found!r}, expected {expected}")


def _require_positive(key: str, value: float) -> None:
    _require(math.isfinite(value) and value > 0, key, value, "a positive finite number")


@dataclass(frozen=True)
class JointContract:
    """Joints in policy order, with the gains and limits of training.

    Positions in rad, velocities in rad/s, torques in N m, ``kp`` in N m/rad, ``kd`` in N m s/rad.
    """

    names: Tuple[str, ...]
    default_position: Tuple[float, ...]
    position_lower: Tuple[float, ...]
    position_upper: Tuple[float, ...]
    velocity_limit: Tuple[float, ...]
    torque_limit: Tuple[float, ...]
    kp: Tuple[float, ...]
    kd: Tuple[float, ...]

    def __post_init__(self) -> None:
        count = len(self.names)
        _require(count > 0 and len(set(self.names)) == count, "joints.names", self.names, "distinct names")
        for field in dataclasses.fields(self)[1:]:
            values = getattr(self, field.name)
            key = f"joints.{field.name}"
            _require(len(values) == count, key, values, f"{count} values, one per joint")
            _require(all(math.isfinite(v) for v in values), key, values, "finite numbers")
        for key in ("velocity_limit", "torque_limit", "kp", "kd"):
            _require(min(getattr(self, key)) > 0, f"joints.{key}", getattr(self, key), "positive numbers")
        inside = zip(self.position_lower, self.default_position, self.position_upper)
        _require(
            all(lower < default < upper for lower, default, upper in inside),
            "joints.default_position",
            self.default_position,
            f"values between {self.position_lower} and {self.position_upper}",
        )

    def array(self, key: str) -> np.ndarray:
        """Field ``key`` as float32 ``[joints]``."""
        return np.asarray(getattr(self, key), dtype=np.float32)


@dataclass(frozen=True)
class ObservationTerm:
    """One term of an observation vector: a raw quantity times ``scale`` (one value, or one per element)."""

    name: str
    scale: Tuple[float, ...]

    def __post_init__(self) -> None:
        _require(self.name in TERM_SIZES, "observation term", self.name, f"one of {sorted(TERM_SIZES)}")
        size = TERM_SIZES[self.name]
        allowed = (1,) if size == "joints" else (1, size)
        _require(len(self.scale) in allowed, f"scale of {self.name}", self.scale, f"{allowed} values")
        _require(
            all(math.isfinite(s) for s in self.scale), f"scale of {self.name}", self.scale, "finite numbers"
        )

    def size(self, joints: int) -> int:
        size = TERM_SIZES[self.name]
        return joints if isinstance(size, str) else size


@dataclass(frozen=True)
class ObservationContract:
    """Layout of proprioception and of the policy's history.

    ``proprioception`` feeds the world model; ``history`` holds the last ``history_steps`` steps of
    ``history_terms``, newest last, zeros before the first step. Values are clipped to ``+-clip`` after
    scaling. Every history term except the last action is also a term of proprioception, at the same scale.
    """

    proprioception: Tuple[ObservationTerm, ...]
    history_terms: Tuple[ObservationTerm, ...]
    history_steps: int
    clip: float

    def __post_init__(self) -> None:
        for key in ("proprioception", "history_terms"):
            names = [term.name for term in getattr(self, key)]
            _require(
                bool(names) and len(set(names)) == len(names), f"observation.{key}", names, "distinct terms"
            )
        scales = {term.name: term.scale for term in self.proprioception}
        names = list(scales)
        _require("last_action" not in names, "observation.proprioception", names, "terms without last_action")
        _require(
            "command" in names,
            "observation.proprioception",
            names,
            "terms with command (the policy reads it)",
        )
        for term in self.history_terms:
            if term.name != "last_action":
                same = scales.get(term.name) == term.scale
                _require(same, f"observation.history_terms {term.name}", term.scale, _HISTORY_RULE)
        _require(self.history_steps >= 1, "observation.history_steps", self.history_steps, "at least 1")
        _require_positive("observation.clip", self.clip)


@dataclass(frozen=True)
class ActionContract:
    """``q_target = default_position + scale * clip(action, -clip, clip)``."""

    scale: float
    clip: float

    def __post_init__(self) -> None:
        _require_positive("action.scale", self.scale)
        _require_positive("action.clip", self.clip)


@dataclass(frozen=True)
class TimingContract:
    """Control period in s, policy steps per world-model step, age of a depth image at its use in s."""

    control_period: float
    world_model_interval: int
    depth_age: float

    def __post_init__(self) -> None:
        _require_positive("timing.control_period", self.control_period)
        _require(
            self.world_model_interval >= 2, "timing.world_model_interval", self.world_model_interval, ">= 2"
        )
        _require(0 <= self.depth_age <= 1, "timing.depth_age", self.depth_age, "0..1 s")

    @property
    def world_model_period(self) -> float:
        return self.control_period * self.world_model_interval


@dataclass(frozen=True)
class DepthContract:
    """The network's virtual pinhole camera.

    Its image is planar depth in m, clipped to ``[near, far]``, then normalised to ``d / far - 0.5``.
    Pixel centres lie at +0.5. An invalid pixel counts as ``far``; as 0 it would mean contact. ``position``
    (m, in base_link) and ``pitch`` (rad, positive looks down) are the camera's mounting in training.
    """

    width: int
    height: int
    fov_deg: float
    near: float
    far: float
    position: Tuple[float, ...]
    pitch: float

    def __post_init__(self) -> None:
        _require(
            self.width > 0 and self.height > 0,
            "depth.width/height",
            (self.width, self.height),
            "positive sizes",
        )
        _require(0 < self.fov_deg < 180, "depth.fov_deg", self.fov_deg, "0..180 degrees")
        _require(0 <= self.near < self.far, "depth.near/far", (self.near, self.far), "0 <= near < far, in m")
        finite = all(math.isfinite(value) for value in self.position)
        _require(len(self.position) == 3 and finite, "depth.position", self.position, "x, y, z in m")
        _require(abs(self.pitch) < math.pi / 2, "depth.pitch", self.pitch, "less than pi/2 rad either way")

    @property
    def focal_length(self) -> float:
        """Focal length in pixels, the same for both axes; ``fov_deg`` spans the width."""
        return 0.5 * self.width / math.tan(math.radians(0.5 * self.fov_deg))


@dataclass(frozen=True)
class WorldModelContract:
    """Recurrent state: h of ``deter`` values, and z of ``stoch`` categoricals with ``classes`` classes."""

    deter: int
    stoch: int
    classes: int

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            _require(value >= 1, f"world_model.{field.name}", value, "at least 1")
        _require(
            self.classes <= 256,
            "world_model.classes",
            self.classes,
            "at most 256 (class indices travel as uint8)",
        )


@dataclass(frozen=True)
class LimitsContract:
    """Range of the velocity commands in training ``(low, high)``, and the attitude that the policy may reach.

    ``attitude`` is the largest roll or pitch in rad; ``None`` if training states none.
    """

    command_vx: Tuple[float, ...]
    command_vy: Tuple[float, ...]
    command_yaw_rate: Tuple[float, ...]
    attitude: Optional[float]

    def __post_init__(self) -> None:
        for key in ("command_vx", "command_vy", "command_yaw_rate"):
            value = getattr(self, key)
            ordered = len(value) == 2 and -math.inf < value[0] <= value[1] < math.inf
            _require(ordered, f"limits.{key}", value, "(low, high), finite")
        if self.attitude is not None:
            _require(0 < self.attitude <= math.pi, "limits.attitude", self.attitude, "0..pi rad, or null")

    def clip_command(self, command: np.ndarray) -> np.ndarray:
        """Clip a command (vx m/s, vy m/s, yaw rate rad/s) to the trained range."""
        limits = np.array((self.command_vx, self.command_vy, self.command_yaw_rate), dtype=np.float32)
        return np.clip(np.asarray(command, dtype=np.float32), limits[:, 0], limits[:, 1])


@dataclass(frozen=True)
class Contract:
    """The whole contract between training and runtime; see the module docstring."""

    robot: str
    joints: JointContract
    observation: ObservationContract
    action: ActionContract
    timing: TimingContract
    depth: DepthContract
    world_model: WorldModelContract
    limits: LimitsContract

    @property
    def num_joints(self) -> int:
        return len(self.joints.names)

    def _size(self, terms: Tuple[ObservationTerm, ...]) -> int:
        return sum(term.size(self.num_joints) for term in terms)

    @property
    def proprioception_size(self) -> int:
        return self._size(self.observation.proprioception)

    @property
    def history_step_size(self) -> int:
        return self._size(self.observation.history_terms)

    @property
    def history_size(self) -> int:
        return self.observation.history_steps * self.history_step_size

    def to_dict(self) -> Dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Contract:
        """Build from plain JSON data.

        Raises:
            ContractError: a key is missing or unknown, or a value has the wrong type, size or range.
        """
        return _build(cls, data, "contract")

    def save(self, path: Union[str, Path]) -> None:
        Path(path).write_text(json.dumps(self.to_dict(), indent=2) + "\n")

    @classmethod
    def load(cls, path: Union[str, Path]) -> Contract:
        """Read what :meth:`save` wrote.

        Raises:
            ContractError: as :meth:`from_dict`, or the file is not JSON.
        """
        try:
            data = json.loads(Path(path).read_text())
        except ValueError as error:
            raise ContractError(f"contract: {path} is not valid JSON: {error}") from error
        return cls.from_dict(data)


_NESTED: Dict[str, type] = {
    cls.__name__: cls
    for cls in (
        JointContract,
        ObservationTerm,
        ObservationContract,
        ActionContract,
        TimingContract,
        DepthContract,
        WorldModelContract,
        LimitsContract,
    )
}

_SCALARS: Dict[str, Tuple[Tuple[type, ...], str]] = {
    "int": ((int,), "an integer"),
    "float": ((int, float), "a number"),
    "str": ((str,), "a string"),
}


def _build(cls: Type[T], data: Any, key: str) -> T:
    """Construct dataclass ``cls`` from JSON data; missing and unknown keys are errors."""
    _require(isinstance(data, Mapping), key, data, "an object")
    kinds = {field.name: str(field.type) for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    unknown, missing = sorted(set(data) - set(kinds)), sorted(set(kinds) - set(data))
    _require(not unknown, f"{key} keys", unknown, f"only {sorted(kinds)}")
    _require(not missing, f"{key} keys", sorted(data), f"also {missing}")
    return cls(**{name: _convert(kind, data[name], f"{key}.{name}") for name, kind in kinds.items()})


def _convert(kind: str, value: Any, key: str) -> Any:
    """JSON data converted to the type of a field's annotation."""
    if kind in _NESTED:
        return _build(_NESTED[kind], value, key)
    if kind.startswith("Optional["):
        return None if value is None else _convert(kind[len("Optional[") : -1], value, key)
    if kind.startswith("Tuple["):
        _require(isinstance(value, (list, tuple)), key, value, "a list")
        element = kind[len("Tuple[") : -len(", ...]")]
        return tuple(_convert(element, item, f"{key}[{i}]") for i, item in enumerate(value))
    types, expected = _SCALARS[kind]
    _require(isinstance(value, types) and not isinstance(value, bool), key, value, expected)
    return float(value) if kind == "float" else value


def differences(expected: Contract, found: Contract) -> List[str]:
    """Entries in which two contracts differ, each as ``key: expected ..., found ...``."""
    return list(_differences(expected.to_dict(), found.to_dict(), ""))


def _differences(expected: Any, found: Any, key: str) -> List[str]:
    if isinstance(expected, dict) and isinstance(found, dict):
        keys = list(expected) + [k for k in found if k not in expected]
        return [
            line
            for k in keys
            for line in _differences(expected.get(k), found.get(k), f"{key}.{k}".lstrip("."))
        ]
    return [] if expected == found else [f"{key}: expected {expected!r}, found {found!r}"]
