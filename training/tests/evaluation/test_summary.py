import dataclasses
import math

import pytest

from wmp_training.evaluation.metrics import Outcome
from wmp_training.evaluation.success_plot import plot_success
from wmp_training.evaluation.summary import failed_rules, markdown, pool, summarise, wilson
from wmp_training.evaluation.trial import Trial


def outcome(seed, success, end="goal", terrain="gap", cost=1.0):
    trial = Trial(terrain, 0.5, seed)
    return Outcome(trial, success, end, 6.0, 10.0, 0.1, 0.05, cost, 2.0, (1.0 + seed, 5.0, 9.0), math.nan)


def test_the_interval_is_wilsons():
    # Newcombe (1998), table I: 81 of 263 gives 0.2553..0.3662 and 0 of 20 gives 0..0.1611.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)


def test_a_cell_counts_ends_and_averages_what_exists():
    outcomes = [
        outcome(0, True, cost=1.0),
        outcome(1, True, cost=2.0),
        outcome(2, False, "fall", cost=math.nan),
    ]
    cell = summarise([*outcomes, outcome(3, False, "time", cost=math.nan)])
    assert (cell.terrain, cell.difficulty, cell.episodes, cell.success) == ("gap", 0.5, 4, 0.5)
    assert cell.ends == {"goal": 0.5, "fall": 0.25, "off_track": 0.0, "time": 0.25}
    assert cell.means["cost_of_transport"] == 1.5
    assert math.isnan(cell.means["upright_height"])
    assert cell.peak_torque == (4.0, 5.0, 9.0)


def test_outcomes_of_two_terrains_are_not_summarised():
    with pytest.raises(ValueError, match="tilt"):
        summarise([outcome(0, True), outcome(1, True, terrain="tilt")])


def test_a_cell_says_which_rules_its_episodes_failed():
    fast = dataclasses.replace(outcome(0, False), faults=("speed",))
    both = dataclasses.replace(outcome(1, False), faults=("speed", "contacts"))
    cell = summarise([fast, both, outcome(2, True), outcome(3, False, "fall")])
    assert cell.faults == {"crouched": 0.0, "speed": 0.5, "contacts": 0.25}
    assert failed_rules(cell) == "speed 50%, contacts 25%"


def test_seeds_are_pooled_and_kept_apart():
    cell = pool({0: [outcome(0, True), outcome(1, False, "fall")], 5: [outcome(2, True), outcome(3, True)]})
    assert (cell.episodes, cell.success, cell.by_seed) == (4, 0.75, {0: 0.5, 5: 1.0})


def test_the_table_has_a_row_per_cell():
    lines = markdown(
        [summarise([outcome(0, True)]), summarise([outcome(0, False, "fall", "tilt")])]
    ).splitlines()
    assert len(lines) == 4 and len({line.count("|") for line in lines}) == 1
    assert lines[2].startswith("| gap | 0.50 | nominal | 100% | 21%..100% | 0% | - | 6.00 |")
    assert lines[3].startswith("| tilt | 0.50 | nominal | 0% |")


def test_a_missing_figure_is_a_dash():
    unmeasured = dataclasses.replace(outcome(0, True, cost=math.nan), peak_torque=(math.nan,) * 3)
    assert markdown([summarise([unmeasured])]).endswith("| - | 2.00 | - | -, -, - |")


def test_the_success_plot_is_a_png(tmp_path):
    cells = [summarise([outcome(0, True)]), summarise([outcome(0, False, "fall", "tilt")])]
    plot_success({"seeing": cells, "blind": cells[:1]}, tmp_path / "new" / "out.png")
    assert (tmp_path / "new" / "out.png").read_bytes()[:4] == b"\x89PNG"
