"""Reads ranges of the domain randomisation from a file, like the one that ``wmp replay`` suggests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from wmp_core.choices import suggestion
from wmp_training.env.config import DELAY_ALLOWED
from wmp_training.sim.config import ALLOWED, check_range

#: Allowed keys, each with the bounds within which its (low, high) must lie.
KEYS = {**ALLOWED, "action_delay": DELAY_ALLOWED}


def load_ranges(path: Path) -> dict[str, tuple[float, float]]:
    """Load the ranges, by name, from the YAML file ``path``.

    Raises:
        ValueError: the file holds no ranges, an unknown key, or an inverted or disallowed range.
        OSError: the file cannot be read.
    """
    content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict) or not content:
        raise ValueError(f"{path} holds no ranges, expected lines like `strength: [0.8, 1.1]`")
    unknown = [key for key in content if key not in KEYS]
    if unknown:
        near = suggestion(unknown[0], KEYS)
        raise ValueError(f"{path}: {unknown[0]!r} is not randomised, expected some of {sorted(KEYS)}{near}")
    return {key: check_range(key, value, KEYS[key]) for key, value in content.items()}
