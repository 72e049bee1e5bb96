"""Figures that training measured with its own policy, from which the runtime derives safety limits."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, Dict, Mapping, Optional


@dataclass(frozen=True)
class Calibration:
    """Optional part of a bundle; ``None`` where training did not measure.

    Attributes:
        surprise: smoothed ``KL(posterior || prior)`` in nats that only a world unlike training's exceeds.
        attitude_rate: largest rate of roll and pitch together in successful episodes, rad/s.
    """

    surprise: Optional[float] = None
    attitude_rate: Optional[float] = None

    def __post_init__(self) -> None:
        for key, value in self.to_dict().items():
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not (is_number and math.isfinite(value) and value > 0):
                raise ValueError(
                    f"calibration: {key} is {value!r}, expected a positive finite number or no key"
                )

    def to_dict(self) -> Dict[str, float]:
        """The measured figures as JSON data."""
        return {key: value for key, value in dataclasses.asdict(self).items() if value is not None}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Calibration:
        """Build from JSON data.

        Raises:
            ValueError: a key is unknown, or a value is not a positive number.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        unknown = sorted(set(data) - set(known))
        if unknown:
            raise ValueError(f"calibration: keys {unknown} are unknown, expected some of {known}")
        return cls(**data)
