import dataclasses

import numpy as np
import pytest

from wmp_sim.a1 import a1_model
from wmp_training.motions.gait import FRAME, GAITS, GRAVITY, Gait, frames, height_offset, joint_positions
from wmp_training.motions.leg import a1_legs

FINE = np.arange(2000) / 2000
every_gait = pytest.mark.parametrize("gait", GAITS, ids=lambda gait: gait.name)


def feet(gait, phase):
    q = joint_positions(gait, phase).reshape(len(phase), 4, 3)
    return np.stack([leg.foot(q[:, i]) for i, leg in enumerate(a1_legs())], 1)


def standing(gait, phase):
    return np.stack([(phase + offset) % 1.0 < gait.duty for offset in gait.offsets], 1)


@every_gait
def test_a_standing_foot_does_not_slip(gait):
    place = feet(gait, FINE)
    stands = standing(gait, FINE)
    both = stands[1:] & stands[:-1] & (np.diff((FINE[:, None] + gait.offsets) % 1.0, axis=0) > 0)
    speed = np.diff(place[:, :, 0], axis=0) / (gait.period / 2000)
    np.testing.assert_allclose(speed[both], -gait.speed, atol=1e-6)
    ground = place[:, :, 2] + gait.height + height_offset(gait, FINE)[:, None]
    np.testing.assert_allclose(ground[stands], 0.0, atol=1e-9)
    assert (ground[~stands] > -1e-9).all() and ground.max() > 0.8 * gait.lift


@every_gait
def test_joints_stay_within_position_and_velocity_limits(gait):
    robot, q = a1_model(), joint_positions(gait, FINE)
    assert (q > robot.position_lower).all() and (q < robot.position_upper).all()
    dq = np.diff(np.concatenate([q, q[:1]]), axis=0) / (gait.period / 2000)
    assert (np.abs(dq) < robot.velocity_limit).all()


@pytest.mark.parametrize("gait", [gait for gait in GAITS if gait.hops], ids=lambda gait: gait.name)
def test_a_hopping_body_falls_freely_in_the_air_and_moves_without_jumps(gait):
    dt = gait.period / 2000
    height = height_offset(gait, FINE)
    velocity = np.diff(np.concatenate([height, height[:1]])) / dt
    acceleration = np.diff(velocity) / dt
    in_air = FINE[1:-1] > gait.duty + 0.002
    np.testing.assert_allclose(acceleration[: len(in_air)][in_air], -GRAVITY, rtol=1e-3)
    assert np.abs(np.diff(velocity)).max() < 0.05
    flight = (1.0 - gait.duty) * gait.period
    assert height.max() == pytest.approx(GRAVITY * flight**2 / 8, rel=1e-3)


def test_legs_move_in_the_phase_of_the_gait():
    names = {gait.name: joint_positions(gait, FINE)[:, 2::3] for gait in GAITS}
    fl, fr, rl, rr = names["trot"].T
    assert np.array_equal(fl, rr) and np.array_equal(fr, rl) and not np.array_equal(fl, fr)
    fl, fr, rl, rr = names["pace"].T
    assert np.array_equal(fl, rl) and np.array_equal(fr, rr) and not np.array_equal(fl, fr)
    fl, fr, rl, rr = names["bound"].T
    assert np.array_equal(fl, fr) and np.array_equal(rl, rr) and not np.array_equal(fl, rl)
    assert (names["hop"] == names["hop"][:, :1]).all()


@every_gait
def test_velocities_integrate_to_positions(gait):
    states = frames(gait)
    assert states.shape == (round(gait.period / FRAME), 30)
    np.testing.assert_allclose(states[:, 18:].mean(0), 0.0, atol=1e-9)  # periodic
    np.testing.assert_allclose(states[:, 12].mean(), gait.speed)
    np.testing.assert_allclose(states[:, 14].mean(), 0.0, atol=1e-9)
    trapezoid = (states[:, 18:] + np.roll(states[:, 18:], -1, 0)) / 2 * FRAME
    moved = np.roll(states[:, :12], -1, 0) - states[:, :12]
    assert np.abs(trapezoid - moved).max() < 0.25 * np.abs(moved).max()


@pytest.mark.parametrize(("setting", "named"), [({"duty": 0.1}, "duty"), ({"period": 0.41}, "period")])
def test_an_impossible_duty_or_period_is_refused(setting, named):
    with pytest.raises(ValueError, match=named):
        dataclasses.replace(GAITS[0], **setting)


def test_a_gait_out_of_reach_of_the_legs_is_refused():
    with pytest.raises(ValueError, match="out of reach"):
        frames(Gait("giant", (0.0, 0.5, 0.5, 0.0), 0.5, 0.4, 0.6, height=0.42))
