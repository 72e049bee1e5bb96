"""The report of an evaluation: a JSON file with all that is needed to show, compare, repeat and resume it."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wmp_training.evaluation.files import written_whole
from wmp_training.evaluation.gait_summary import GaitSummary, parse_gait
from wmp_training.evaluation.metrics import Outcome
from wmp_training.evaluation.protocol import OWN, Protocol
from wmp_training.evaluation.rules import RULES
from wmp_training.evaluation.summary import MEANS, Cell, pool
from wmp_training.evaluation.trial import CellKey
from wmp_training.world_model.prediction import PredictionErrors

FORMAT = 4


class ReportError(ValueError):
    """A file is no evaluation, or another one than expected."""


@dataclass
class Report:
    """An evaluation, complete or in progress.

    It holds nothing of machine or time: the same candidate and arguments give the same report.

    Attributes:
        candidate: identity of the policy, JSON data.
        episodes: per cell and seed.
        cells: evaluated so far.
        outcomes: of all episodes so far, JSON data.
        open_loop: open-loop prediction errors by terrain; None where every episode is too short.
        gait: on flat ground, one summary per commanded speed; empty if not evaluated.
        planned: number of cells of the complete evaluation.
    """

    candidate: dict[str, Any]
    protocol: Protocol
    seeds: tuple[int, ...]
    episodes: int
    cells: list[Cell] = field(default_factory=list)
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    open_loop: dict[str, PredictionErrors | None] = field(default_factory=dict)
    planned: int = 0
    gait: list[GaitSummary] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether all planned cells are evaluated."""
        return len(self.cells) >= self.planned

    @property
    def name(self) -> str:
        """The candidate's name, marked if it is blinded or walks in another simulator."""
        blinded = "" if self.protocol.blind == "no" else ", blinded"
        simulator = "" if self.protocol.simulator == OWN else f", {self.protocol.simulator}"
        return self.candidate["name"] + blinded + simulator

    def add(self, outcomes: Mapping[int, Sequence[Outcome]]) -> Cell:
        """Add the episodes of one cell, by seed, and return the cell."""
        cell = pool(outcomes)
        self.cells.append(cell)
        for seed, of_seed in outcomes.items():
            self.outcomes += [{"of_seed": seed, **_episode(outcome)} for outcome in of_seed]
        return cell

    def plan(self, keys: Sequence[CellKey]) -> None:
        """Plan the cells ``keys`` in addition to those already evaluated."""
        self.planned = len({*keys, *(cell.key for cell in self.cells)})

    def cell(self, key: CellKey) -> Cell | None:
        """The cell, or None if it is not evaluated."""
        return next((cell for cell in self.cells if cell.key == key), None)

    @property
    def conditions(self) -> list[str]:
        """The conditions of all cells, in the order of their evaluation."""
        return list(dict.fromkeys(cell.condition for cell in self.cells))

    def save(self, path: Path) -> None:
        """Write the report to ``path`` (JSON), whole or not at all."""
        with written_whole(path) as fresh:
            fresh.write_text(json.dumps(_plain(self._data()), indent=1, allow_nan=False) + "\n")

    def _data(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "candidate": self.candidate,
            "protocol": dataclasses.asdict(self.protocol),
            "rules": RULES,
            "planned_cells": self.planned,
            "seeds": self.seeds,
            "episodes_per_cell_and_seed": self.episodes,
            "cells": [dataclasses.asdict(cell) for cell in self.cells],
            "episodes": self.outcomes,
            "open_loop": {
                name: error and dataclasses.asdict(error) for name, error in self.open_loop.items()
            },
            "gait": [dataclasses.asdict(each) for each in self.gait],
        }

    @classmethod
    def load(cls, path: Path) -> Report:
        """Read a report that :meth:`save` wrote.

        Raises:
            ReportError: the file is missing, is no report, or was made under other rules.
        """
        try:
            data = json.loads(path.read_text())
            _check(data, format=int)
            if data["format"] == FORMAT:
                found = cls._parsed(data)
                if data["rules"] == RULES:
                    return found
        except (OSError, LookupError, TypeError, ValueError) as error:
            raise ReportError(f"{path} is no evaluation: {error}; make one with 'wmp eval --json'") from error
        if data["format"] != FORMAT:
            raise ReportError(f"{path} has format {data['format']}, expected {FORMAT}; evaluate again")
        raise ReportError(
            f"{path} was evaluated by other rules: {_differences(data['rules'])}; evaluate again"
        )

    @classmethod
    def _parsed(cls, data: dict[str, Any]) -> Report:
        _check(data, candidate=dict, protocol=dict, seeds=list, cells=list, episodes=list, open_loop=dict)
        _check(data, episodes_per_cell_and_seed=int, rules=dict, planned_cells=int, gait=list)
        _check(data["candidate"], name=str, sha256=str)
        return cls(
            data["candidate"],
            Protocol(**data["protocol"]),
            tuple(data["seeds"]),
            data["episodes_per_cell_and_seed"],
            [_cell(cell) for cell in data["cells"]],
            data["episodes"],
            {name: error and _errors(error) for name, error in data["open_loop"].items()},
            data["planned_cells"],
            [parse_gait(each) for each in data["gait"]],
        )

    def resumed(self, path: Path) -> Report:
        """The report in ``path``, to be continued; raises :class:`ReportError` if its settings differ."""
        found = Report.load(path)
        for key in ("candidate", "protocol", "seeds", "episodes"):
            expected, recorded = getattr(self, key), getattr(found, key)
            if expected != recorded:
                raise ReportError(
                    f"{path} has {key} {recorded}, expected {expected}; give the arguments it was begun "
                    "with, or leave out --resume"
                )
        return found


def _differences(rules: Mapping[str, Any]) -> str:
    """Where ``rules`` differ from the current ones."""
    pairs = ((name, rules.get(name), RULES.get(name)) for name in sorted({*rules, *RULES}))
    return ", ".join(f"{name} {theirs}, now {ours}" for name, theirs, ours in pairs if theirs != ours)


def _check(data: Any, **types: type) -> None:
    """Raise ``ValueError`` unless ``data`` is an object with these keys and types of values."""
    for key, expected in types.items():
        if not isinstance(data, dict) or not isinstance(data.get(key), expected):
            raise ValueError(f"expected an object with {key!r} ({expected.__name__})")


def _cell(data: dict[str, Any]) -> Cell:
    _check(data, means=dict, peak_torque=list, by_seed=dict)
    unknown = {name: math.nan for name in MEANS if data["means"][name] is None}
    low, mid, high = (math.nan if peak is None else peak for peak in data["peak_torque"])
    by_seed = {int(seed): share for seed, share in data["by_seed"].items()}
    means = {**data["means"], **unknown}
    return Cell(**{**data, "means": means, "peak_torque": (low, mid, high), "by_seed": by_seed})


def _errors(data: dict[str, Any]) -> PredictionErrors:
    _check(data, model=list, persistence=list, sequences=int)
    return PredictionErrors(tuple(data["model"]), tuple(data["persistence"]), data["sequences"])


def _episode(outcome: Outcome) -> dict[str, Any]:
    values = dataclasses.asdict(outcome)
    return _plain({**values.pop("trial"), **values})


def _plain(value: Any) -> Any:
    """JSON data: NaN becomes null, numbers keep six significant digits."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return None if math.isnan(value) else float(f"{value:.6g}")
    return value
