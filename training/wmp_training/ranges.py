"""Ranges of the domain randomisation from a file, such as ``wmp replay`` suggests after a recorded walk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from wmp_training.env.config import DELAY_ALLOWED
from wmp_training.sim.config import ALLOWED, check_range

#: What a file may hold: (low, high) for each key, with the range both must lie in.
KEYS = {**ALLOWED, "action_delay": DELAY_ALLOWED}


def load_ranges(path: Path) -> dict[str, tuple[float, float]]:
    """The ranges by name that the YAML file ``path`` holds.

    Raises:
        ValueError: the file holds none, an unknown key, or a range that is empty, inverted or not allowed.
    """
    content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict) or not content:
        raise ValueError(f"{path} holds no ranges, expected lines like `strength: [0.8, 1.1]`")
    unknown = [key for key in content if key not in KEYS]
    if unknown:
        raise ValueError(f"{path}: {unknown[0]!r} is not randomised, expected some of {sorted(KEYS)}")
    return {key: check_range(key, value, KEYS[key]) for key, value in content.items()}
