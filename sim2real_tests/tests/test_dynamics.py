"""Known deviations of the motors are estimated and flagged."""

import dataclasses

import numpy as np
import pytest

from wmp_core.robot_state import RobotState
from wmp_replay.dynamics import DynamicsTest, judge, suggested_randomisation
from wmp_replay.golden_walk import golden_steps
from wmp_replay.section import Status
from wmp_replay.thresholds import Thresholds

PERIOD, STEPS = 0.02, 600
LIMITS = Thresholds.load().dynamics


def motors(bundle, lag=0.03, strength=1.0):
    """Joints that follow sinusoidal targets ``lag`` s late, with ``strength`` of the commanded torque."""
    contract = bundle.contract
    template, default = next(golden_steps(bundle)), np.asarray(contract.joints.default_position)
    frequency = 2 * np.pi * np.linspace(0.8, 1.9, 12)
    test, target = DynamicsTest(contract), default
    for begin in range(0, STEPS, 5):
        policy, states = [], []
        for tick in range(begin, begin + 5):
            t = tick * PERIOD
            q = default + 0.2 * np.sin(frequency * (t - lag))
            dq = 0.2 * frequency * np.cos(frequency * (t - lag))
            tau = strength * (40.0 * (target - q) - 1.0 * dq)
            states.append(RobotState(np.array((1.0, 0, 0, 0)), np.zeros(3), np.zeros(3), q, dq, tau, t, 0))
            target = default + 0.2 * np.sin(frequency * t)
            action = ((target - default) / 0.25).astype(np.float32)
            policy.append(dataclasses.replace(template.policy[0], tick=tick, stamp=t, action=action))
        test.update(dataclasses.replace(template, tick=begin, policy=tuple(policy), states=tuple(states)))
    return test.finish()


@pytest.mark.parametrize("lag", [0.011, 0.03, 0.047])
def test_lag_is_found_within_a_millisecond(tiny_bundle, lag):
    np.testing.assert_allclose(motors(tiny_bundle, lag).lag, lag, atol=0.001)


def test_strength_is_measured_over_commanded_torque(tiny_bundle):
    found = motors(tiny_bundle, strength=0.8)
    np.testing.assert_allclose(found.strength, 0.8, atol=1e-3)
    np.testing.assert_allclose(found.explained, 1.0, atol=1e-3)


def test_torque_that_was_not_measured_gives_no_strength(tiny_bundle):
    found = motors(tiny_bundle, strength=0.0)
    assert np.isnan(found.strength).all()


def test_weak_and_late_motors_are_flagged_and_good_ones_are_not(tiny_bundle):
    good = motors(tiny_bundle)
    reference = {"rmse": good.rmse, "lag": good.lag}

    def verdict(found):
        return judge(found, reference, tiny_bundle.contract, LIMITS).status

    assert verdict(good) is Status.PASS
    assert verdict(motors(tiny_bundle, strength=0.8)) is Status.FAIL
    assert verdict(motors(tiny_bundle, lag=0.045)) is Status.FAIL


def test_suggested_ranges_contain_what_was_found_and_the_nominal_robot(tiny_bundle):
    good, found = motors(tiny_bundle), motors(tiny_bundle, lag=0.04, strength=0.8)
    ranges = suggested_randomisation(found, {"rmse": good.rmse, "lag": good.lag})
    assert ranges["strength"] == pytest.approx([0.75, 1.0], abs=0.005)
    assert ranges["action_delay"] == pytest.approx([0.0, 0.02], abs=0.002)
