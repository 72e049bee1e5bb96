"""Thresholds of the verdict, from ``thresholds.yaml`` and a user's own file over it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from wmp_replay.errors import ThresholdError

SHIPPED = Path(__file__).with_name("thresholds.yaml")


class Limit(NamedTuple):
    """A value above ``warn`` is worth a warning, one above ``fail`` fails its section."""

    warn: float
    fail: float


@dataclass(frozen=True)
class Thresholds:
    """All of them by section; meaning and units are told in ``thresholds.yaml``."""

    integrity: dict[str, Any]
    exactness: dict[str, Any]
    prediction: dict[str, Any]
    surprise: dict[str, Any]
    latent: dict[str, Any]
    dynamics: dict[str, Any]

    @classmethod
    def load(cls, path: Path | None = None) -> Thresholds:
        """The shipped ones, with those of ``path`` instead where it names any.

        Raises:
            ThresholdError: unknown section or key, or a value of another form than the shipped one.
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
