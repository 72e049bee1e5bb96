"""Reactions of the controller to trips of safety rules, cycle by cycle."""

import math

import numpy as np
import pytest

from wmp_core.calibration import Calibration
from wmp_core.control.modes import Mode, Request
from wmp_core.control.perception_health import PerceptionHealth
from wmp_core.control.safety_monitor import SafetySettings
from wmp_core.control.smoothing import Smoothed
from wmp_core.control.walking import Latent
from wmp_core.inference.world_model import Source

FAST = np.array([0.8, 0.0, 0.4])


def walk_on(driver, seconds, source=Source.POSTERIOR, kl=1.0, **state):
    """Run cycles in which every latent is in time; returns the outputs."""
    outs = []
    for _ in range(round(seconds / 0.002)):
        due = driver.controller.needs_latent
        latents = () if due is None else (Latent(due, np.zeros(16, np.float32), source, kl),)
        outs.append(driver.cycle(latents=latents, **state))
    return outs


def commands(outs):
    return [out.step.command.tolist() for out in outs if out.step is not None]


def events(outs):
    return [event for out in outs for event in out.events]


def test_a_robot_without_images_slows_down_then_walks_on_the_spot_then_stands(make_driver):
    driver = make_driver(safety=SafetySettings(stand_after=1.0))
    driver.velocity = FAST
    driver.walk()
    outs = walk_on(driver, 4.0, Source.PRIOR, math.nan)
    speeds = [round(command[0], 3) for command in commands(outs)]
    # The latents of ticks 5, 10, ... come from the prior: more than 0.5 s blind from tick 30, 2 s from 105.
    assert speeds[:29] == [0.8] * 29
    assert speeds[30:104] == [0.3] * 74
    assert set(speeds[105:]) == {0.0}
    assert events(outs)[-1] == "WALK -> STAND"
    assert outs[-1].mode is Mode.STAND


def test_slow_keeps_the_direction_of_the_command(make_driver):
    driver = make_driver(safety=SafetySettings(blind_slow=0.0, slow_speed=0.2, slow_yaw_rate=0.5))
    driver.velocity = FAST
    driver.walk()
    # 0.2 of 0.8 m/s is a quarter; the yaw rate is scaled alike.
    assert commands(walk_on(driver, 0.3, Source.PRIOR, math.nan))[-1] == pytest.approx([0.2, 0.0, 0.1])


def test_an_image_ends_blind_walking(make_driver):
    driver = make_driver()
    driver.velocity = FAST
    driver.walk()
    walk_on(driver, 1.0, Source.PRIOR, math.nan)
    assert commands(walk_on(driver, 1.0))[-1][0] == pytest.approx(0.8)


def test_a_robot_in_mid_step_is_not_held_in_a_posture(make_driver, contract):
    # The test moves the joints faster than motors could.
    driver = make_driver(safety=SafetySettings(stand_after=0.5, joystick_age=0.1, joint_jump=1.0))
    driver.walk()
    lifted = np.array(contract.joints.default_position)
    lifted[2] -= 0.6
    moving = np.full(12, 5.0)
    for motion in ({"q": lifted}, {"dq": moving}, {"gyro": np.ones(3)}):
        assert walk_on(driver, 1.0, joystick_age=1.0, **motion)[-1].mode is Mode.WALK
    assert walk_on(driver, 1.0, joystick_age=1.0)[-1].mode is Mode.STAND


def test_standing_starts_at_the_policys_targets_and_ends_in_the_default_pose(make_driver, contract):
    driver = make_driver(safety=SafetySettings(stand_after=0.2))
    driver.walk()
    outs = walk_on(driver, 0.6, joystick_age=1.0)
    modes = [out.mode for out in outs]
    index = modes.index(Mode.STAND)
    # The first of ten cycles of the settling trajectory, which starts at the policy's clipped targets.
    lower, upper = (contract.joints.array(key) for key in ("position_lower", "position_upper"))
    targets = np.clip([out.step for out in outs[:index] if out.step][-1].targets, lower, upper)
    default = contract.joints.array("default_position")
    assert np.abs(outs[index].command.q - targets).max() <= 0.03 * np.abs(targets - default).max() + 1e-6
    assert np.allclose(outs[-1].command.q, default)


def test_after_the_stop_sequence_the_robot_walks_again_on_request(make_driver):
    driver = make_driver(safety=SafetySettings(stand_after=0.2))
    driver.walk()
    assert walk_on(driver, 0.6, joystick_age=1.0)[-1].mode is Mode.STAND
    assert driver.cycle(Request.WALK).mode is Mode.WALK
    assert walk_on(driver, 0.5, joystick_age=0.0)[-1].mode is Mode.WALK


def seconds_until(mode, outs):
    return 0.002 * [out.mode for out in outs].index(mode)


def test_a_walking_robot_comes_to_rest_before_it_sits_down(make_driver, contract):
    driver = make_driver(safety=SafetySettings(joint_jump=1.0))
    driver.velocity = FAST
    driver.walk()
    walk_on(driver, 0.1)
    out = driver.cycle(Request.SIT_DOWN)
    assert out.refusal is None and out.mode is Mode.WALK
    striding = walk_on(driver, 1.0, dq=np.full(12, 5.0))
    assert np.array_equal(commands(striding), np.zeros((50, 3)))
    assert striding[-1].mode is Mode.WALK
    crouching = np.array(contract.joints.default_position)
    crouching[1] += 0.6  # a policy does not stand exactly in the default pose
    outs = walk_on(driver, 0.3, q=crouching)
    assert seconds_until(Mode.SIT_DOWN, outs) == pytest.approx(0.15, abs=0.003)
    assert events(outs) == ["WALK -> SIT_DOWN", "SIT_DOWN -> PASSIVE"]


def test_a_robot_that_cannot_come_to_rest_sits_down_after_3_s_despite_repeated_requests(driver):
    driver.walk()
    turning = {"gyro": np.ones(3)}
    outs = []
    for _ in range(40):
        outs += [driver.cycle(Request.SIT_DOWN, **turning), *walk_on(driver, 0.098, **turning)]
    assert seconds_until(Mode.SIT_DOWN, outs) == pytest.approx(3.0, abs=0.01)


def test_a_stop_cancels_a_pending_request_to_sit_down(driver):
    driver.walk()
    driver.cycle(Request.SIT_DOWN)
    driver.cycle(Request.STOP)
    driver.walk()
    assert walk_on(driver, 1.0)[-1].mode is Mode.WALK


def test_lasting_surprise_slows_the_robot_down(make_driver):
    driver = make_driver(calibration=Calibration(surprise=5.0))
    driver.velocity = FAST
    driver.walk()
    # 5 * (1 - exp(-t / 0.5)) never reaches the limit of 5; 10 * (...) crosses it at 0.35 s.
    assert commands(walk_on(driver, 1.0, kl=5.0))[-1][0] == pytest.approx(0.8)
    outs = walk_on(driver, 1.0, kl=10.0)
    assert commands(outs)[-1][0] == pytest.approx(0.3)
    assert any(event.startswith("surprise is") and event.endswith("slow") for event in events(outs))


def test_an_infinite_surprise_slows_the_robot_down(make_driver):
    driver = make_driver(calibration=Calibration(surprise=5.0))
    driver.velocity = FAST
    driver.walk()
    outs = walk_on(driver, 0.3, kl=math.inf)
    assert commands(outs)[-1][0] == pytest.approx(0.3)


@pytest.mark.parametrize("mode", [Mode.STAND, Mode.WALK])
def test_the_remotes_emergency_stop_damps_at_once(driver, mode):
    driver.walk() if mode is Mode.WALK else driver.stand()
    out = driver.cycle(emergency_stop=True)
    assert out.mode is Mode.FAULT and not out.command.kp.any()
    assert "emergency stop" in driver.controller.fault_reason


@pytest.mark.parametrize(
    ("rule", "state", "mode"),
    [
        ("joint range of FR_thigh_joint", {"q": 4.5}, Mode.FAULT),
        ("joint speed of FR_thigh_joint", {"dq": -50.0}, Mode.FAULT),
        ("motor temperature of FR_thigh_joint", {"motor_temperature": 76}, Mode.SIT_DOWN),
    ],
)
def test_a_faulty_joint_is_named(driver, contract, rule, state, mode):
    driver.stand()
    ((key, value),) = state.items()
    values = np.array(contract.joints.default_position) if key == "q" else np.zeros(12)
    values[4] = value
    outs = driver.cycle_many(3, **{key: values})
    assert outs[-1].mode is mode
    assert any(event.startswith(rule) for event in events(outs))


@pytest.mark.parametrize(("key", "value"), [("q", 4.5), ("q", 0.0), ("dq", -50.0)])
def test_a_single_wrong_sample_of_a_joint_does_not_drop_the_robot(driver, contract, key, value):
    driver.stand()
    values = np.array(contract.joints.default_position) if key == "q" else np.zeros(12)
    values[4] = value
    for _ in range(3):
        outs = [driver.cycle(**{key: values}), *driver.cycle_many(5)]
        assert {out.mode for out in outs} == {Mode.STAND}


def test_an_encoder_that_jumps_within_its_range_is_named(driver, contract):
    driver.stand()
    jumped = np.array(contract.joints.default_position)
    jumped[5] += 0.6  # FR calf, from -1.5 rad in a range of -2.7 to -0.9
    outs = driver.cycle_many(3, q=jumped)
    assert [out.mode for out in outs] == [Mode.STAND, Mode.STAND, Mode.FAULT]
    # 1.5 times 28.6 rad/s for 2 ms are 0.086 rad.
    assert outs[-1].events[0] == "joint jump of FR_calf_joint is 0.514 rad, limit 0.3 rad: damp"


def test_joints_at_full_speed_with_lost_states_do_not_jump(driver, contract):
    driver.stand()
    angle, swing = 0.0, np.zeros(12)
    swing[4] = 1.0  # FR thigh
    for periods in (1, 1, 5, 1, 10, 2, 1, 10):
        driver.cycle_many(periods - 1, fresh=False)
        angle += 28.6 * 0.002 * periods
        out = driver.cycle(q=np.array(contract.joints.default_position) + angle * swing)
        assert out.mode is Mode.STAND, out.events


def test_after_a_stop_earlier_joint_positions_do_not_count(driver, contract):
    driver.stand()
    driver.cycle(Request.STOP)
    elsewhere = np.array(contract.joints.default_position) - 0.5
    assert driver.cycle(Request.STAND_UP, q=elsewhere).mode is Mode.STAND_UP
    assert driver.cycle(q=elsewhere).events == ()


def test_an_imu_that_repeats_itself_sits_a_walking_robot_down_but_not_a_standing_one(driver):
    still = {"acc": np.array([0.0, 0.0, 9.81])}
    driver.stand()
    driver.cycle_many(100, **still)
    assert driver.controller.mode is Mode.STAND
    driver.cycle(Request.WALK)
    outs = walk_on(driver, 0.2, **still)
    # The reading is new in the cycle that starts the walk; at 0.1 s, 50 cycles later, rounding decides.
    assert [out.mode for out in outs[:49]] == [Mode.WALK] * 49
    assert outs[51].mode is Mode.SIT_DOWN
    assert events(outs)[0].startswith("imu stuck is 0.1") and events(outs)[0].endswith("limit 0.1 s: sit")


def test_a_fall_trips_attitude_rate_but_a_shock_does_not(driver):
    driver.stand()
    tumbling = np.array([0.0, 15.0, 0.0])
    assert driver.cycle(gyro=tumbling).mode is Mode.STAND
    driver.cycle_many(20)
    outs = driver.cycle_many(20, gyro=tumbling)
    # 15 * (1 - exp(-t / 0.03)) passes 8 at 0.023 s, the 12th cycle.
    assert [out.mode for out in outs].index(Mode.FAULT) == 11


def test_a_shock_does_not_trip_attitude_rate_although_the_states_around_it_are_lost(driver):
    driver.stand()
    shock = np.array([0.0, 12.0, 0.0])
    driver.cycle(gyro=shock)
    driver.cycle_many(20, fresh=False)
    assert driver.controller.mode is Mode.STAND
    driver.cycle_many(50)  # the shock decays
    # 60 ms without a state; 12 * (1 - exp(-60 / 30)) would be 10.4, but a sample stands for at most 10 ms.
    assert driver.cycle(gyro=shock, periods=30).mode is Mode.STAND


def test_a_fall_trips_attitude_rate_although_every_other_state_is_lost(driver):
    driver.stand()
    modes = []
    for _ in range(20):
        driver.cycle_many(1, fresh=False)
        modes.append(driver.cycle(gyro=np.array([0.0, 15.0, 0.0])).mode)
    assert modes.index(Mode.FAULT) == 5  # the 12th cycle, as without loss


def test_a_long_overrun_makes_the_robot_walk_on_the_spot(driver):
    driver.velocity = FAST
    driver.walk()
    out = driver.cycle(periods=30)
    assert out.mode is Mode.WALK and "loop overrun is 0.058 s" in out.events[0]
    assert not out.step.command.any()


def test_a_rule_set_to_continue_is_reported_only(make_driver):
    driver = make_driver(safety=SafetySettings(joint_speed_reaction="continue"))
    driver.stand()
    out = driver.cycle_many(3, dq=np.full(12, 90.0))[-1]
    assert out.mode is Mode.STAND and out.events[0].endswith("continue")


def test_smoothing_is_exponential_and_ignores_nan():
    smoothed = Smoothed(2.0)
    assert smoothed.update(1.0, 2.0) == pytest.approx(1 - math.exp(-1))
    assert math.isnan(smoothed.update(math.nan, 1.0))
    assert smoothed.value == pytest.approx(1 - math.exp(-1))


def test_blind_time_counts_from_the_last_image():
    health = PerceptionHealth(0.02, 0.5)
    for tick, source in ((5, Source.POSTERIOR), (10, Source.PRIOR), (15, Source.PRIOR)):
        health.update(tick, source, math.nan)
    assert health.blind_time == pytest.approx(0.2)
    health.update(20, Source.POSTERIOR, 1.0)
    assert health.blind_time == 0
