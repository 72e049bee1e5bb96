"""The table of safety rules in docs/explanation/safety.md matches the defaults of the code."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from wmp_core.contract import LimitsContract
from wmp_core.control.modes import Mode
from wmp_core.control.safety_monitor import SafetyMonitor, SafetySettings

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "explanation" / "safety.md").read_text(encoding="utf-8")
DEFAULTS = dataclasses.asdict(SafetySettings())
CONDITIONS = [name.removesuffix("_reaction") for name in DEFAULTS if name.endswith("_reaction")]


def rows() -> dict[str, tuple[str, str, str]]:
    """Condition -> limit, reaction and modes as documented."""
    section = PAGE.split("## Safety rules")[1].split("\n## ")[0]
    found = re.findall(r"^\| `(\w+)` \| ([^|]+) \| (\w+) \| ([\w, ]+) \|", section, re.M)
    return {name: tuple(cells) for name, *cells in found}


def test_every_rule_is_in_the_table_in_the_order_of_the_code():
    assert list(rows()) == CONDITIONS


@pytest.mark.parametrize("name", CONDITIONS)
def test_the_documented_reaction_and_limit_are_the_defaults(name):
    limit, reaction, _ = rows()[name]
    assert reaction == DEFAULTS[f"{name}_reaction"]
    key = "attitude_margin" if name == "attitude" else name
    assert str(DEFAULTS[key]) in re.findall(r"\d+\.\d+", limit)


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_rule_is_active_in_the_documented_modes(name):
    limits = LimitsContract((0.0, 0.8), (0.0, 0.0), (-1.0, 1.0), attitude=None)
    condition = SafetyMonitor(limits, SafetySettings()).rules[name.replace("_", " ")]
    legs = ", ".join(mode.name for mode in (Mode.STAND_UP, Mode.STAND, Mode.WALK, Mode.SIT_DOWN))
    assert rows()[name][2].replace("legs", legs) == ", ".join(mode.name for mode in condition.modes)


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("slow_speed", "walks on at {} m/s"),
        ("slow_yaw_rate", "and {} rad/s at most"),
        ("stand_after", "after at least {} s"),
        ("recovery", "go on for {} s after"),
    ],
)
def test_the_figures_of_the_reactions_are_the_defaults(key, sentence):
    assert sentence.format(DEFAULTS[key]) in " ".join(PAGE.split())
