"""The controller with a real (tiny) policy, called cycle by cycle."""

import numpy as np
import pytest

from wmp_core.control.controller import ControllerSettings, VelocityCommand
from wmp_core.control.modes import Mode, Request
from wmp_core.control.pd import pd_torque
from wmp_core.control.safety_monitor import SafetySettings
from wmp_core.control.walking import Latent

PERIOD = 0.002


def latent(tick, value=0.1):
    return Latent(tick, np.full(16, value, dtype=np.float32))


def test_before_the_first_state_there_is_only_damping(driver):
    out = driver.cycle(Request.STAND_UP, fresh=False)
    assert out.mode is Mode.PASSIVE and "no robot state" in out.refusal
    assert not out.command.kp.any() and np.all(out.command.kd == 3)


def test_damping_is_reduced_for_a_joint_that_is_too_fast(driver, contract):
    assert np.all(driver.controller.damping().kd == 3)
    dq = np.zeros(12)
    dq[:2] = 10.0, 5.0
    driver.cycle(dq=dq)
    kd = driver.controller.damping().kd
    assert kd[0] == pytest.approx(contract.joints.torque_limit[0] / 10.0)
    assert np.all(kd[1:] == 3)


def test_walking_in_passive_is_refused_and_damping_goes_on(driver):
    out = driver.cycle(Request.WALK)
    assert out.refusal.startswith("walk refused in PASSIVE") and not out.command.kp.any()


def test_standing_up_takes_its_duration_and_ends_in_the_default_pose(driver, contract):
    driver.cycle(Request.STAND_UP)
    outs = driver.cycle_many(20)
    # 0.04 s are 20 cycles of 2 ms.
    assert [out.mode for out in outs] == [Mode.STAND_UP] * 19 + [Mode.STAND]
    assert outs[-1].events == ("STAND_UP -> STAND",)
    assert np.allclose(driver.cycle().command.q, contract.joints.default_position)
    assert np.all(driver.cycle().command.kp == 60)


def test_the_policy_runs_every_tenth_cycle_beginning_with_the_first(driver):
    steps = [driver.walk().step] + [out.step for out in driver.cycle_many(25)]
    assert [i for i, step in enumerate(steps) if step is not None] == [0, 10, 20]
    assert [step.tick for step in steps if step] == [0, 1, 2]
    assert [step.is_first for step in steps if step] == [True, False, False]


def test_targets_hold_between_ticks_with_the_contracts_gains(driver, contract):
    outs = [driver.walk(), *driver.cycle_many(9)]
    step = outs[0].step
    clipped = np.clip(step.action, -6, 6)
    assert np.allclose(step.targets, np.array(contract.joints.default_position) + 0.25 * clipped)
    assert all(np.all(out.command.kp == 40) and np.all(out.command.kd == 1) for out in outs)
    assert all(np.allclose(out.command.q, outs[0].command.q) for out in outs)


def test_the_policy_reproduces_its_recorded_step(driver, policy, initial_h, make_state):
    driver.velocity = np.array([0.5, 0.0, 0.2])
    step = driver.walk().step
    again = policy.step(step.state, step.command, initial_h)
    assert np.array_equal(step.action, again.action)
    assert np.array_equal(step.proprioception, again.proprioception)
    assert np.allclose(step.command, [0.5, 0.0, 0.2])


def test_commands_are_limited_to_the_trained_range(driver):
    driver.velocity = np.array([3.0, 1.0, -9.0])
    assert driver.walk().step.command.tolist() == pytest.approx([0.8, 0.0, -1.0])


@pytest.mark.parametrize("velocity", [None, np.array([np.nan, 0, 0])])
def test_without_a_usable_command_the_robot_walks_on_the_spot(driver, velocity):
    driver.velocity = velocity
    assert driver.walk().step.command.tolist() == [0, 0, 0]


@pytest.mark.parametrize(("age", "counts"), [(0.0, True), (0.5, True), (0.51, False), (60.0, False)])
def test_a_walk_does_not_start_with_an_old_command(driver, age, counts):
    driver.stand()
    now = (driver.cycles + 1) * PERIOD
    command = VelocityCommand(np.array([0.5, 0.0, 0.0]), now - age)
    step = driver.controller.cycle(driver.make_state(stamp=now), now, Request.WALK, command).step
    assert bool(step.command.any()) == counts


@pytest.mark.parametrize(("age", "counts"), [(0.4, True), (60.0, False)])
def test_a_walk_does_not_start_with_the_last_deflection_of_a_lost_joystick(driver, age, counts):
    driver.stand()
    driver.velocity = np.array([0.8, 0.0, 0.4])  # the operator node repeats it as if it were new
    step = driver.cycle(Request.WALK, joystick_age=age).step
    assert bool(step.command.any()) == counts


def test_a_stale_command_counts_as_zero_and_is_reported_once(driver):
    driver.velocity = np.array([0.5, 0.0, 0.0])
    driver.walk()
    command = VelocityCommand(driver.velocity, driver.cycles * PERIOD)
    steps, events = [], []
    for i in range(1, 291):
        now = (driver.cycles + i) * PERIOD
        due = driver.controller.needs_latent
        given = () if due is None else (latent(due),)
        state = driver.make_state(stamp=now, acc=np.array([0.0, 0.0, 9.81 + 1e-3 * (i % 7)]))
        out = driver.controller.cycle(state, now, None, command, given)
        events += out.events
        steps += [out.step] if out.step else []
    # 0.5 s are 25 ticks; the tick at exactly 0.5 s still counts.
    assert [bool(step.command.any()) for step in steps] == [True] * 25 + [False] * 4
    assert len(events) == 1 and events[0].startswith("command age is 0.502 s")


def test_a_latent_is_needed_one_cycle_before_its_tick_and_used_from_that_tick_on(driver, initial_h):
    driver.walk()
    needs = []
    for _ in range(49):
        needs.append(driver.controller.needs_latent)
        assert driver.cycle().mode is Mode.WALK
    assert set(needs) == {None}
    assert driver.controller.needs_latent == 5
    step = driver.cycle(latents=[latent(5)]).step
    assert (step.tick, step.latent_tick, step.latent_late) == (5, 5, False)
    assert driver.controller.needs_latent is None and driver.controller.latents_late == 0


def test_the_latent_changes_the_action(make_driver):
    def action_at_tick_5(value):
        driver = make_driver()
        driver.walk()
        driver.cycle_many(49)
        return driver.cycle(latents=[latent(5, value)]).step.action

    assert not np.allclose(action_at_tick_5(0.1), action_at_tick_5(-0.9))
    assert np.array_equal(action_at_tick_5(0.1), action_at_tick_5(0.1))


def test_a_late_latent_is_counted_once_and_used_after_its_arrival(driver):
    driver.walk()
    driver.cycle_many(49)
    late = driver.cycle().step
    assert (late.tick, late.latent_tick, late.latent_late) == (5, 0, True)
    driver.cycle(latents=[latent(5)])
    driver.cycle_many(8)
    assert driver.cycle().step.latent_tick == 5
    assert driver.controller.latents_late == 1


@pytest.mark.parametrize("refused", [latent(50), latent(5, np.nan), Latent(5, np.zeros(3, dtype=np.float32))])
def test_a_latent_of_another_walk_or_model_is_not_used(driver, refused):
    driver.walk()
    driver.cycle_many(49)
    assert driver.cycle(latents=[refused]).step.latent_tick == 0


def test_without_latents_the_robot_sits_down(driver):
    driver.walk()
    outs = driver.cycle_many(400)
    changes = [event for out in outs for event in out.events]
    assert changes[0].startswith("latent age is 0.6 s, limit 0.5 s: sit")
    assert changes[1:] == ["WALK -> SIT_DOWN", "SIT_DOWN -> PASSIVE"]


def test_walking_again_starts_with_tick_0_and_the_initial_latent(driver):
    driver.walk()
    driver.cycle_many(49)
    driver.cycle(latents=[latent(5)])
    driver.cycle(Request.STOP)
    step = driver.walk().step
    assert step.is_first and step.latent_tick == 0


def test_skipped_deadlines_neither_delay_ticks_nor_cause_a_burst(driver):
    driver.walk()
    assert driver.cycle(periods=9).step is None
    assert driver.cycle().step.tick == 1
    # Within 34 periods three ticks are due: one is computed, two are missed. The next is 6 periods later.
    assert driver.cycle(periods=34).step.tick == 2
    assert driver.controller.ticks_missed == 2
    assert [out.step is None for out in driver.cycle_many(6)] == [True] * 5 + [False]


def test_host_and_motor_give_the_same_torque(make_driver, contract):
    q = np.array(contract.joints.default_position) + np.linspace(-0.35, 0.35, 12)
    dq = np.linspace(-8, 8, 12)
    limits = (
        np.array(contract.joints.kp),
        np.array(contract.joints.kd),
        np.array(contract.joints.torque_limit),
    )
    outs = {}
    for pd in ("host", "motor"):
        driver = make_driver(pd=pd)
        driver.stand()
        outs[pd] = driver.cycle(Request.WALK, q=q, dq=dq)
    host, motor = outs["host"].command, outs["motor"].command
    assert not host.kp.any() and motor.kp.all()
    assert np.allclose(host.implied_torque(q, dq), motor.implied_torque(q, dq), atol=1e-9)
    expected = pd_torque(outs["motor"].step.targets, q, dq, *limits)
    assert np.allclose(host.implied_torque(q, dq), expected, atol=1e-5)


def test_with_host_pd_a_motor_that_gets_no_further_command_goes_on_braking(make_driver, contract):
    driver = make_driver(pd="host")
    driver.stand()
    command = driver.cycle().command
    assert (command.kd > 0).all()
    q, faster = np.array(contract.joints.default_position), np.ones(12)
    slowed = command.implied_torque(q, np.zeros(12)) - command.implied_torque(q, faster)
    assert np.allclose(slowed, command.kd)


def test_damping_runs_in_the_motors_even_with_host_pd(make_driver):
    out = make_driver(pd="host").cycle(dq=np.ones(12))
    assert np.all(out.command.kd == 3) and not out.command.tau.any()


def test_walking_from_another_pose_is_refused_by_joint(driver, contract):
    driver.stand()
    q = np.array(contract.joints.default_position)
    q[4] += 0.25  # in two steps: a jump of more than 0.3 rad would trip
    driver.cycle(q=q)
    q[4] += 0.25
    out = driver.cycle(Request.WALK, q=q)
    assert out.refusal == "walk refused: FR_thigh_joint is 0.50 rad off the default pose, allowed 0.4 rad"
    assert out.mode is Mode.STAND


def test_standing_up_from_an_outdated_state_is_refused(driver):
    driver.cycle()
    driver.cycle_many(25, fresh=False)  # 0.05 s: just allowed
    out = driver.cycle(Request.STAND_UP, fresh=False)
    assert out.refusal.startswith("stand_up refused: the newest robot state is 0.052 s old, allowed 0.05 s")
    assert out.mode is Mode.PASSIVE and not out.command.kp.any()
    assert driver.cycle(Request.STAND_UP).mode is Mode.STAND_UP


def test_a_silent_robot_faults_into_damping(driver):
    driver.walk()
    outs = driver.cycle_many(30, fresh=False)
    assert [out.mode for out in outs][:25] == [Mode.WALK] * 25
    assert outs[25].mode is Mode.FAULT and not outs[25].command.kp.any()
    assert any("WALK -> FAULT: state age is 0.052 s" in event for event in outs[25].events)


def test_a_falling_robot_faults_and_only_a_stop_leaves_fault(driver):
    driver.walk()
    out = driver.cycle(quat_wxyz=np.array([np.cos(0.6), np.sin(0.6), 0, 0]))
    assert out.mode is Mode.FAULT and "attitude is 1.2 rad" in driver.controller.fault_reason
    assert not out.command.kp.any()
    assert "FAULT" in driver.cycle(Request.STAND_UP).refusal
    assert driver.cycle(Request.STOP).mode is Mode.PASSIVE
    assert driver.cycle(Request.STAND_UP).mode is Mode.STAND_UP


def test_a_standing_robot_that_is_pushed_over_is_damped_before_it_reaches_the_ground(make_driver):
    driver = make_driver(safety=SafetySettings(attitude_margin=9.0, attitude_reaction="continue"))
    driver.stand()
    out = driver.cycle(quat_wxyz=np.array([np.cos(0.45), np.sin(0.45), 0, 0]))
    assert out.mode is Mode.FAULT and "posture attitude is 0.9 rad" in driver.controller.fault_reason
    assert not out.command.kp.any()


def test_an_invalid_reading_never_reaches_the_motors(driver):
    driver.walk()
    driver.cycle_many(9)
    out = driver.cycle(gyro=np.full(3, np.nan))
    assert out.mode is Mode.FAULT and "attitude rate is nan" in driver.controller.fault_reason
    assert np.isfinite(out.command.kd).all() and not out.command.kp.any() and not out.command.tau.any()
    assert out.step is None


def test_after_an_invalid_reading_a_stop_allows_a_new_start(driver, contract):
    broken = np.full(12, np.nan)
    assert driver.cycle(q=broken).mode is Mode.FAULT
    driver.cycle(Request.STOP)
    driver.stand()
    assert np.all(driver.cycle().command.kp == 60)


def test_sitting_down_from_a_posture_starts_at_its_target_not_at_the_sagging_joints(driver, contract):
    driver.stand()
    default = np.array(contract.joints.default_position)
    assert np.allclose(driver.cycle(Request.SIT_DOWN, q=default - 0.1).command.q, default)


def test_sitting_down_ends_in_damping(driver):
    driver.stand()
    first = driver.cycle(Request.SIT_DOWN)
    assert first.mode is Mode.SIT_DOWN and np.all(first.command.kp == 60)
    outs = driver.cycle_many(21)
    assert outs[-1].mode is Mode.PASSIVE and not outs[-1].command.kp.any()


def test_the_same_inputs_give_the_same_outputs(make_driver):
    def actions():
        driver = make_driver()
        driver.velocity = np.array([0.4, 0.0, 0.1])
        driver.walk()
        return [out.step.action for out in driver.cycle_many(40) if out.step]

    assert np.array_equal(actions(), actions())


def test_a_loop_period_that_does_not_divide_the_control_period_is_refused(make_driver):
    with pytest.raises(ValueError, match="loop_period is 0.003 s, expected a whole fraction"):
        make_driver(loop_period=0.003)


@pytest.mark.parametrize(
    ("key", "value"), [("pd", "both"), ("loop_period", 0.0), ("passive_kd", -1.0), ("passive_kd", 20.5)]
)
def test_settings_out_of_range_are_refused_by_name(key, value):
    with pytest.raises(ValueError, match=key):
        ControllerSettings(**{key: value})
