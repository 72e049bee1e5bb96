"""Thresholds of the verdict: ``thresholds.yaml``, overridden by a file of the user."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from wmp_replay.errors import ThresholdError

SHIPPED = Path(__file__).with_name("thresholds.yaml")


class Limit(NamedTuple):
    """A value above ``warn`` is a warning; one above ``fail`` fails its section."""

    warn: float
    fail: float


@dataclass(frozen=True)
class Thresholds:
    """All thresholds by section; ``thresholds.yaml`` documents meaning and units."""

    integrity: dict[str, Any]
    exactness: dict[str, Any]
    prediction: dict[str, Any]
    surprise: dict[str, Any]
    latent: dict[str, Any]
    dynamics: dict[str, Any]

    @classmethod
    def load(cls, path: Path | None = None) -> Thresholds:
        """The shipped thresholds, overridden by those in ``path``.

        Raises:
            ThresholdError: a section or key is unknown, or a value has the wrong form.
        """
        sections = _read(SHIPPED)
        for section, values in (_read(path) if path is not None else {}).items():
            if section not in sections or not isinstance(values, dict):
                raise ThresholdError(f"{path}: {section!r} is no section; there are {sorted(sections)}")
            for key, value in values.items():
                if key not in sections[section]:
                    known = sorted(sections[section])
                    raise ThresholdError(f"{path}: {section}.{key} is unknown; there are {known}")
                sections[section][key] = _checked(f"{path}: {section}.{key}", value, sections[section][key])
        limits = {
            section: {key: Limit(*value) if isinstance(value, list) else value for key, value in keys.items()}
            for section, keys in sections.items()
        }
        return cls(**{field.name: limits[field.name] for field in fields(cls)})


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ThresholdError(f"{path}: cannot be read as YAML: {error}") from error
    if not isinstance(content, dict):
        raise ThresholdError(f"{path}: expected sections with keys, found {type(content).__name__}")
    return content


def _checked(name: str, value: Any, shipped: Any) -> Any:
    number = (int, float)
    if isinstance(shipped, list):
        good = isinstance(value, list) and len(value) == 2 and all(isinstance(v, number) for v in value)
        if not good or not 0 <= value[0] <= value[1]:
            raise ThresholdError(f"{name} is {value!r}, expected [warn, fail] with 0 <= warn <= fail")
    elif not isinstance(value, number) or isinstance(value, bool) or value <= 0:
        raise ThresholdError(f"{name} is {value!r}, expected a positive number")
    return value
