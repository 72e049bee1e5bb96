"""The motion library: reference gaits as data, sampled by adversarial motion priors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from wmp_training.device import CPU
from wmp_training.motions.gait import FRAME, GAITS, Gait, frames
from wmp_training.motions.playback import KD, KP, play

#: Joint positions 12, base linear velocity 3, angular velocity 3 (base frame), joint velocities 12.
STATE_SIZE = 30
#: Decimal places stored: anything below 1e-5 m or rad is noise here.
DIGITS = 5


@dataclass(frozen=True)
class Motion:
    """One period of a motion: ``states`` [T, 30] every ``frame_time`` s, and their ``provenance``."""

    name: str
    frame_time: float
    states: np.ndarray
    provenance: dict[str, Any]

    def __post_init__(self) -> None:
        if self.states.ndim != 2 or self.states.shape[1] != STATE_SIZE or len(self.states) < 2:
            raise ValueError(
                f"motion {self.name}: states are {self.states.shape}, expected [T, {STATE_SIZE}], T >= 2"
            )
        if not np.isfinite(self.states).all():
            raise ValueError(f"motion {self.name}: states hold values that are not finite")

    def save(self, folder: Path) -> None:
        """Write ``<name>.json``: text, so that changes are readable in a diff."""
        rows = [[round(float(value), DIGITS) for value in row] for row in self.states]
        lines = ",\n  ".join(json.dumps(row) for row in rows)
        head = json.dumps(
            {"name": self.name, "frame_time": self.frame_time, "provenance": self.provenance}, indent=1
        )
        (folder / f"{self.name}.json").write_text(f'{head[:-2]},\n "states": [\n  {lines}\n ]\n}}\n')

    @classmethod
    def parse(cls, text: str) -> Motion:
        """Read what :meth:`save` wrote."""
        data = json.loads(text)
        return cls(data["name"], data["frame_time"], np.array(data["states"], np.float32), data["provenance"])


class MotionLibrary:
    """Transitions of all ``motions`` on ``device``; every motion is sampled with equal probability."""

    def __init__(self, motions: Sequence[Motion], frame_time: float, device: torch.device = CPU) -> None:
        if not motions:
            raise ValueError("motion library: no motions given, expected at least one")
        wrong = [motion.name for motion in motions if abs(motion.frame_time - frame_time) > 1e-9]
        if wrong:
            raise ValueError(
                f"motions {wrong} do not have the policy's period of {frame_time} s as frame time"
            )
        self.names = tuple(motion.name for motion in motions)
        states = [torch.from_numpy(motion.states.astype(np.float32)) for motion in motions]
        self.transitions = torch.cat([torch.cat([s, s.roll(-1, 0)], -1) for s in states]).to(device)
        self._weights = torch.cat([torch.full((len(s),), 1.0 / len(s)) for s in states]).to(device)

    @classmethod
    def shipped(
        cls, frame_time: float, names: Sequence[str] | None = None, device: torch.device = CPU
    ) -> MotionLibrary:
        """The motions shipped with this package: all, or those called ``names``."""
        folder = files(__package__) / "data"
        present = sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".json"))
        missing = sorted(set(names or ()) - set(present))
        if missing:
            raise ValueError(f"motions {missing} do not exist, expected some of {present}")
        chosen = present if names is None else names
        return cls(
            [Motion.parse((folder / f"{name}.json").read_text()) for name in chosen], frame_time, device
        )

    def sample(self, count: int, generator: torch.Generator | None = None) -> Tensor:
        """Sample ``count`` transitions [count, 60]: two successive states, concatenated."""
        chosen = torch.multinomial(self._weights, count, replacement=True, generator=generator)
        return self.transitions[chosen]


def generate(gait: Gait) -> Motion:
    """The motion of ``gait``; raises ``ValueError`` if a simulated robot falls when it plays it back."""
    played = play(gait)
    if played.fell:
        raise ValueError(f"gait {gait.name}: the robot falls when it plays this back; {played}")
    provenance = {
        "source": "wmp_training.motions.gait: foot trajectories, inverse kinematics, finite differences",
        "gait": asdict(gait),
        "playback": {
            "kp": KP,
            "kd": KD,
            **{key: round(float(value), 3) for key, value in asdict(played).items() if key != "fell"},
        },
    }
    return Motion(gait.name, FRAME, frames(gait), provenance)


def write_library(folder: Path) -> None:
    """Write the motions of all gaits to ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for gait in GAITS:
        generate(gait).save(folder)
