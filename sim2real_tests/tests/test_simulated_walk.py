"""Simulated walks without ROS reproduce the runtime, and the verdict flags robots that differ."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wmp_core.control.pd import pd_torque
from wmp_core.rotation import roll_pitch_yaw
from wmp_core.verification import load_verified
from wmp_replay import Status, load_bag, replay
from wmp_replay.calibration import calibrate
from wmp_replay.exactness import Exactness
from wmp_replay.recompute import Recomputer
from wmp_replay.simulated_walk import NOMINAL, SHIFTS, Course, Shift, torque_limited_targets, write_walk

RELEASED = Path(__file__).resolve().parents[2] / "models" / "a1_wmp_v1"
LIMIT = np.array([20.0, 30.0, 30.0])  # N m
LARGEST_BAG = 3_000_000
SHORT = Course("flat", 0.0, 0.3, 2.0)
REFERENCE_COURSE, HELD_OUT_COURSE = Course(seed=1, seconds=8.0), Course(seed=5, seconds=6.0)


def states_of(path, bundle):
    return [state for step in load_bag(path).steps(bundle.contract) for state in step.states]


@pytest.fixture(scope="module")
def nominal(tiny_bundle, tmp_path_factory):
    return write_walk(tmp_path_factory.mktemp("walk") / "nominal", tiny_bundle, SHORT)


def test_a_simulated_walk_is_whole_and_reproduced(nominal, tiny_bundle):
    steps = list(load_bag(nominal).steps(tiny_bundle.contract))
    exactness = Exactness(tiny_bundle, 1e-4)
    for done in Recomputer(tiny_bundle).run(steps):
        exactness.update(done)
    assert exactness.first is None
    assert exactness.compared["action"] == exactness.compared["proprioception"] == 100
    assert exactness.compared["z"] == 20
    assert all(step.depth_age == pytest.approx(0.1) for step in steps)


def test_a_simulated_walk_is_deterministic(nominal, tiny_bundle, tmp_path):
    again = write_walk(tmp_path / "again", tiny_bundle, SHORT)
    first, second = (states_of(path, tiny_bundle) for path in (nominal, again))
    assert all(np.array_equal(a.q, b.q) for a, b in zip(first, second, strict=True))


def test_heading_hold_commands_a_yaw_rate_proportional_to_the_heading_error(tiny_bundle, tmp_path):
    bag = write_walk(tmp_path / "steered", tiny_bundle, replace(SHORT, heading_gain=0.5))
    steps = list(load_bag(bag).steps(tiny_bundle.contract))
    yaws = np.array([roll_pitch_yaw(state.quat_wxyz)[2] for step in steps for state in step.states])
    turns = np.array([done.command[2] for step in steps for done in step.policy])
    assert np.abs(yaws).max() > 1e-3
    np.testing.assert_allclose(turns, -0.5 * yaws, atol=1e-6)


def test_weak_motors_deliver_their_share_of_the_commanded_torque(tiny_bundle, tmp_path):
    bag = write_walk(tmp_path / "weak", tiny_bundle, SHORT, Shift(strength=0.7))
    strength = replay(bag, tiny_bundle).measured.dynamics.strength
    assert np.nanmedian(strength) == pytest.approx(0.7, abs=0.05)


@pytest.fixture(scope="module")
def released():
    if not (RELEASED / "bundle.json").is_file():
        pytest.skip(f"no released bundle in {RELEASED.relative_to(RELEASED.parents[1])}")
    return load_verified(RELEASED)


@pytest.fixture(scope="module")
def reference(released, tmp_path_factory):
    """A reference from one walk on a terrain seed that the judged walks do not use."""
    return calibrate([write_walk(tmp_path_factory.mktemp("ref") / "a", released, REFERENCE_COURSE)], released)


def test_the_nominal_robot_passes_on_a_held_out_seed(released, reference, tmp_path):
    bag = write_walk(tmp_path / "walk", released, HELD_OUT_COURSE, NOMINAL)
    assert sum(file.stat().st_size for file in bag.iterdir()) < LARGEST_BAG
    verdict = replay(bag, released, reference)
    assert verdict.status is Status.PASS, verdict.to_dict()


@pytest.mark.parametrize("name", SHIFTS)
def test_each_shift_is_flagged_where_it_should_be(released, reference, tmp_path, name):
    shift, expected = SHIFTS[name]
    verdict = replay(write_walk(tmp_path / name, released, HELD_OUT_COURSE, shift), released, reference)
    flagged = [section.name for section in verdict.sections if section.status >= Status.WARN]
    assert set(flagged) & set(expected), verdict.to_dict()


def test_a_target_within_the_limit_is_untouched():
    q_des = np.array([0.1, -0.2, 0.3])
    assert np.array_equal(
        torque_limited_targets(q_des, np.zeros(3), np.zeros(3), np.full(3, 40.0), 1.0, LIMIT), q_des
    )


def test_a_far_target_moves_to_where_the_torque_meets_its_limit():
    # Hip: q + 20 / 40; thigh: q + (30 + 1 * 4) / 40; calf: q + (-30 + 0) / 40.
    q, dq = np.array([0.0, 0.5, -1.5]), np.array([0.0, 4.0, 0.0])
    targets = torque_limited_targets(np.array([2.0, 3.0, -5.0]), q, dq, np.full(3, 40.0), 1.0, LIMIT)
    assert np.allclose(targets, [0.5, 1.35, -2.25])


@given(
    arrays(float, (3, 3), elements=st.floats(-50, 50)),
    arrays(float, 3, elements=st.floats(1, 200)),
    st.floats(0, 20),
)
def test_motors_with_limited_targets_apply_the_hosts_torque(rows, kp, kd):
    q_des, q, dq = rows
    targets = torque_limited_targets(q_des, q, dq, kp, kd, LIMIT)
    in_motor = kp * (targets - q) - kd * dq
    assert np.allclose(in_motor, pd_torque(q_des, q, dq, kp, kd, LIMIT), atol=1e-8)
