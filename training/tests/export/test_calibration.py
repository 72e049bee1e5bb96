import math
from dataclasses import replace

import pytest

from wmp_core.calibration import Calibration
from wmp_core.control.safety_monitor import SafetySettings
from wmp_sim.fall import FALLEN_TILT
from wmp_training.evaluation.metrics import Outcome
from wmp_training.evaluation.trial import Trial
from wmp_training.export.calibration import FEWEST, LARGEST_ATTITUDE, Measured, calibrate


def outcome(success=True, attitude=0.5, rate=4.0, surprise=2.0):
    trial, end = Trial("climb", 0.5, 1), "goal" if success else "fall"
    usual = (6.0, 10.0, 0.1, 0.05, 1.0, 2.0, (1.0, 5.0, 9.0), math.nan)
    return Outcome(trial, success, end, *usual, attitude, rate, surprise)


def test_the_largest_attitude_limit_matches_the_tilt_of_a_fall():
    latest = LARGEST_ATTITUDE + SafetySettings().attitude_margin
    assert latest - math.radians(1.0) < FALLEN_TILT <= latest


def test_limits_are_the_largest_values_of_successful_episodes_plus_a_margin():
    good = [outcome(attitude=0.5 + 0.01 * n, rate=4.0 + 0.1 * n, surprise=float(n)) for n in range(51)]
    measured = calibrate([*good, outcome(False, attitude=3.0, rate=30.0, surprise=900.0)])
    assert measured.attitude == pytest.approx(1.0 + 0.1)
    assert measured.calibration.attitude_rate == pytest.approx(9.0 * 1.1)
    # The 99 % quantile lies between the last two of the values 0..50.
    assert measured.calibration.surprise == pytest.approx(49.5)
    assert (measured.successes, measured.episodes) == (51, 52)


def test_a_walk_that_reaches_the_goal_too_fast_counts():
    hasty = replace(outcome(attitude=0.9), success=False, faults=("speed",))
    measured = calibrate([outcome()] * (FEWEST - 1) + [hasty])
    assert measured.successes == FEWEST and measured.attitude == pytest.approx(1.0)


def test_limits_have_upper_bounds():
    measured = calibrate([outcome(attitude=1.5, rate=25.0)] * FEWEST)
    assert measured.attitude == 1.2 and measured.calibration.attitude_rate == 12.0


def test_the_attitude_limit_has_a_lower_bound():
    assert calibrate([outcome(attitude=0.1)] * FEWEST).attitude == 0.5


def test_too_few_successes_give_no_limits(contract):
    measured = calibrate([outcome()] * (FEWEST - 1) + [outcome(False)] * 100)
    assert measured.attitude is None and measured.calibration == Calibration()
    assert measured.limited(contract).limits.attitude is None


def test_calibration_changes_only_the_contracts_attitude_limit(contract):
    limited = Measured(0.9, Calibration(), 30, 30).limited(contract)
    assert limited.limits.attitude == 0.9
    assert limited.limits.command_vx == contract.limits.command_vx and limited.depth == contract.depth
