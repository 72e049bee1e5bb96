"""The fit recovers known changes of simulated motors from swinging legs."""

from pathlib import Path

import numpy as np
import pytest

from wmp_cli.cli import main
from wmp_core.bundle import Bundle
from wmp_replay import Status, load_bag, replay
from wmp_replay.dynamics import JointDynamics, suggested_randomisation
from wmp_replay.motors.fit import FitError, MotorFit, fit_motors, trimmed
from wmp_replay.motors.trajectory import TrajectoryRecord
from wmp_replay.simulated_walk import Course, Shift, write_walk

RELEASED = Path(__file__).resolve().parents[3] / "models" / "a1_wmp_v1"


def trajectory_of(bag, bundle):
    record = TrajectoryRecord(bundle.contract)
    for step in load_bag(bag).steps(bundle.contract):
        record.update(step)
    return record.finish()


def test_changed_motors_are_found(tmp_path):
    if not (RELEASED / "bundle.json").is_file():
        pytest.skip("no released bundle: an untrained one does not walk")
    bundle = Bundle.load_unverified(RELEASED)
    changed = Shift(strength=0.85, delay=0.008, joint_friction=0.5)
    bag = write_walk(tmp_path / "bag", bundle, Course("slope", 0.5, 0.6, 8.0, 2), changed)
    fit = fit_motors(trajectory_of(bag, bundle), bundle.contract, max_windows=30)
    strength, friction = fit.found("strength"), fit.found("friction")
    assert len(strength) >= 2 and len(friction) >= 2
    assert [value for value, _ in strength.values()] == pytest.approx([0.85] * len(strength), abs=0.08)
    assert [value for value, _ in friction.values()] == pytest.approx([0.5] * len(friction), abs=0.25)
    assert fit.found("delay")["delay"][0] == pytest.approx(0.008, abs=0.0015)
    assert fit.rmse < 0.2 * fit.nominal_rmse


def test_a_robot_that_does_not_swing_its_legs_cannot_be_fitted(tiny_bundle, tmp_path):
    bag = write_walk(tmp_path / "bag", tiny_bundle, Course("flat", 0.0, 0.3, 2.0))
    with pytest.raises(FitError, match="swings of a leg were recorded whole, expected 20"):
        fit_motors(trajectory_of(bag, tiny_bundle), tiny_bundle.contract)
    verdict = replay(bag, tiny_bundle, fit=True)
    findings = {finding.text: finding.status for finding in verdict.section("dynamics").findings}
    (status,) = [status for text, status in findings.items() if text.startswith("motors not fitted")]
    assert status is Status.SKIP
    assert verdict.motor_fit is None
    assert main(["replay", str(bag), "--bundle", str(tiny_bundle.path), "--fit"]) in (0, 1, 2)


def test_windows_with_the_largest_errors_do_not_count():
    """Mean squares 1, 4, 9 and 10000: the best three quarters have the mean 14 / 3."""
    errors = np.array([[1.0, 1.0], [2.0, 2.0], [3.0, -3.0], [100.0, 100.0]])
    assert trimmed(errors) == pytest.approx(14 / 3)


def test_ranges_for_training_hold_what_was_fitted_and_leave_out_what_is_uncertain():
    found = JointDynamics(*(np.full(12, value) for value in (0.05, 0.03, 1.0, 1.0)), *[np.zeros(0)] * 3)
    fit = MotorFit(
        np.array((0.8, 0.9, 1.4, 0.5, 0.6, 3.0, 0.008)),
        np.array((0.02, 0.02, 0.5, 0.05, 0.1, 1.0, 0.0005)),  # the calf was not determined
        windows=40,
        rmse=0.002,
        nominal_rmse=0.02,
    )
    ranges = suggested_randomisation(found, {"lag": np.full(12, 0.03)}, fit)
    assert ranges["joint_friction"] == [0.0, pytest.approx(0.8)]
    assert ranges["action_delay"] == [0.0, pytest.approx(0.010)]
    assert ranges["strength"][0] == pytest.approx(0.75, abs=0.01)
    assert ranges["strength"][1] < 1.1
