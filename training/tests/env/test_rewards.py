import math

import pytest
import torch

from wmp_training.env.config import EnvConfig
from wmp_training.env.feet import Feet
from wmp_training.env.reward_terms import EVENTS, RATES, RewardInputs, weights
from wmp_training.env.rewards import Rewards
from wmp_training.sim.backend import RobotStates
from wmp_training.tasks import OBSTACLES


def inputs(
    vx=0.0,
    yaw_rate=0.0,
    command=(0.0, 0.0, 0.0),
    force=100.0,
    standing=False,
    crouch=0.0,
    flight=0.0,
    failed=False,
):
    vector, joints = torch.zeros(1, 3), torch.zeros(1, 12)
    states = RobotStates(
        position=vector,
        quat=torch.tensor([[1.0, 0, 0, 0]]),
        linear_velocity=torch.tensor([[vx, 0.0, 0.0]]),
        angular_velocity=torch.tensor([[0.0, 0.0, yaw_rate]]),
        q=joints,
        dq=joints,
        torque=joints,
        foot_force=torch.full((1, 4, 3), force / math.sqrt(3)),
        leg_contact=torch.zeros(1, 8, dtype=torch.bool),
        trunk_contact=torch.zeros(1, dtype=torch.bool),
    )
    gravity = torch.tensor([[0.0, 0.0, -1.0]])
    return RewardInputs(
        states,
        gravity,
        torch.zeros(1),
        torch.tensor([crouch]),
        torch.tensor([flight]),
        torch.tensor([command]),
        torch.tensor([standing]),
        joints,
        joints,
        joints,
        torch.tensor([failed]),
    )


def rewards(leniency=(), overspeed=(), **given):
    config = EnvConfig(rewards=weights(given), leniency=leniency, overspeed=overspeed)
    return Rewards(config, ["flat", "climb"], torch.ones(1, dtype=torch.long), 0.02, torch.zeros(12))


def test_velocity_tracking_decays_with_the_squared_error():
    total, _ = rewards(track_velocity=1.5)(inputs(vx=0.2, command=(0.5, 0.0, 0.0)))
    torch.testing.assert_close(total, torch.tensor([0.02 * 1.5 * math.exp(-0.09 / 0.15)]))


def test_a_foot_earns_air_time_once_when_it_lands():
    reward = rewards(air_time=1.0)
    for _ in range(15):
        _, terms = reward(inputs(force=0.0))
        assert terms["air_time"].item() == 0.0
    _, terms = reward(inputs())
    torch.testing.assert_close(terms["air_time"] * 0.02, torch.tensor([4 * (0.3 - 0.2)]))
    _, terms = reward(inputs())
    assert terms["air_time"].item() == 0.0


def test_the_mean_yaw_error_penalises_a_bias_but_not_an_oscillation():
    steady, swinging = rewards(track_mean_yaw=1.0), rewards(track_mean_yaw=1.0)
    for step in range(100):
        _, bias = steady(inputs(yaw_rate=0.4))
        _, swing = swinging(inputs(yaw_rate=0.4 if step % 2 else -0.4))
    assert bias["track_mean_yaw"] < 0.1 < 0.9 < swing["track_mean_yaw"]


def test_the_sum_is_never_negative():
    total, terms = rewards(stuck=-5.0)(inputs(command=(0.5, 0.0, 0.0)))
    assert terms["stuck"].item() == -5.0
    assert total.item() == 0.0


def test_standing_still_counts_as_stuck_only_under_a_command_to_move():
    reward = rewards(stuck=-1.0)
    for command, expected in (((0.5, 0, 0), -1.0), ((0.0, 0, 0.5), -1.0), ((0.0, 0, 0.0), 0.0)):
        assert reward(inputs(command=tuple(map(float, command))))[1]["stuck"].item() == expected
    assert reward(inputs(yaw_rate=0.4, command=(0.0, 0.0, 0.5)))[1]["stuck"].item() == 0.0


def test_overspeed_counts_as_an_error_only_beyond_the_allowance():
    def tracked(vx):
        return rewards(track_velocity=1.0, overspeed=(("climb", 1.0),))(
            inputs(vx=vx, command=(0.5, 0.0, 0.0))
        )[1]["track_velocity"].item()

    assert tracked(0.5) == tracked(1.5) == 1.0
    assert math.isclose(tracked(1.8), math.exp(-0.09 / 0.15), rel_tol=1e-5)
    assert math.isclose(tracked(0.2), math.exp(-0.09 / 0.15), rel_tol=1e-5)


@pytest.mark.parametrize(("vx", "paid"), [(2.0, 0.4), (-0.5, 0.0), (4.0, 0.5)])
def test_a_leap_rewards_the_area_under_its_path(vx, paid):
    _, terms = rewards(leap=8.0)(inputs(vx=vx, flight=0.2))
    assert terms["leap"].item() == pytest.approx(8.0 * paid)


def test_leniency_applies_to_its_terrain_only():
    lenient = rewards(stuck=-1.0, leniency=(("climb", "stuck", 0.1), ("gap", "stuck", 0.5)))
    assert math.isclose(lenient(inputs(command=(0.5, 0.0, 0.0)))[1]["stuck"].item(), -0.1, rel_tol=1e-6)


@pytest.mark.parametrize("term", ["leaping", "leniency", "fall"])
def test_leniency_for_anything_but_a_rate_is_refused(term):
    with pytest.raises(ValueError, match=f"leniency: the rate is '{term}', expected one of"):
        EnvConfig(leniency=(("climb", term, 0.1),))


def test_leniency_follows_a_robot_to_another_terrain():
    reward = rewards(stuck=-1.0, leniency=(("climb", "stuck", 0.1),), overspeed=(("climb", 1.0),))
    before = reward(inputs(command=(0.5, 0.0, 0.0)))[1]["stuck"].item()
    reward.terrain[:] = 0
    assert (before, reward(inputs(command=(0.5, 0.0, 0.0)))[1]["stuck"].item()) == pytest.approx((-0.1, -1.0))


def test_a_fall_costs_once_and_is_not_clipped():
    total, _ = rewards(fall=-4.0, track_velocity=1.0)(inputs(failed=True))
    assert total.item() == pytest.approx(0.02 - 4.0)
    assert rewards(fall=-4.0)(inputs())[0].item() == 0.0


def test_an_unknown_reward_term_is_refused_with_the_nearest_one():
    with pytest.raises(ValueError, match="did you mean 'crouch'"):
        weights({"crouchs": 1.0})
    with pytest.raises(ValueError, match="did you mean 'crouch'"):
        EnvConfig(rewards=(("crouchs", 1.0),))


def test_a_new_term_is_one_function_and_one_weight(monkeypatch):
    monkeypatch.setitem(RATES, "forward", lambda now, kept: now.states.linear_velocity[:, 0])
    total, _ = rewards(forward=3.0)(inputs(vx=0.5))
    assert total.item() == pytest.approx(0.02 * 3.0 * 0.5)


def test_every_term_says_what_it_measures():
    assert all(len(term.__doc__) > 20 for term in (RATES | EVENTS).values())


def test_crouching_costs_the_square_of_its_depth():
    _, terms = rewards(crouch=-40.0)(inputs(crouch=0.1))
    torch.testing.assert_close(terms["crouch"], torch.tensor([-0.4]))


def test_a_low_swing_costs_and_a_high_one_does_not():
    """The robot moves at 0.5 m/s with stiff legs, so all feet do; then it is lifted, off the ground."""
    for lifted, cost in ((0.02, 4 * 0.04**2 * 0.5), (0.06, 0.0), (0.2, 0.0)):
        reward = rewards(foot_clearance=-1.0)
        assert reward(inputs(vx=0.5, force=0.0))[1]["foot_clearance"].item() == 0.0
        assert reward(inputs(vx=0.5))[1]["foot_clearance"].item() == 0.0
        swing = inputs(vx=0.5, force=0.0)
        swing.states.position = torch.tensor([[0.0, 0.0, lifted]])
        assert reward(swing)[1]["foot_clearance"].item() == pytest.approx(-cost, abs=1e-7)


def test_feet_that_slide_on_the_ground_cost_their_squared_speed():
    _, terms = rewards(stance_slip=-1.0)(inputs(vx=0.5))
    assert terms["stance_slip"].item() == pytest.approx(-4 * 0.25)
    assert rewards(stance_slip=-1.0)(inputs(vx=0.5, force=0.0))[1]["stance_slip"].item() == 0.0


def test_a_tilt_of_two_degrees_costs_the_squared_sine():
    now, angle = inputs(), math.radians(2.0)
    now.gravity = torch.tensor([[math.sin(angle), 0.0, -math.cos(angle)]])
    _, terms = rewards(level=-1.0)(now)
    assert terms["level"].item() == pytest.approx(-0.001218, rel=1e-3)


def test_the_terms_of_the_obstacle_task_add_up_to_the_formula_written_out():
    """Every term once more, on random inputs, in one expression after the other."""
    torch.manual_seed(4)
    count, dt, names = 64, 0.02, ["flat", "climb", "gap", "tilt"]
    terrain, default = torch.arange(count) % 4, 0.3 * torch.randn(12)
    config = OBSTACLES
    reward = Rewards(config, names, terrain, dt, default)
    air, last_dq, mean = torch.zeros(count, 4), torch.zeros(count, 12), torch.zeros(count, 3)
    stood = torch.full((count, 4), -torch.inf)
    allowed = torch.tensor([dict(config.overspeed).get(names[k], 0.0) for k in terrain])
    for _ in range(20):
        now = random_inputs(count)
        total, _ = reward(now)
        states, command, standing = now.states, now.command, now.standing.float()
        v, w = states.linear_velocity, states.angular_velocity
        error = torch.stack([v[:, 0] - command[:, 0], v[:, 1] - command[:, 1], w[:, 2] - command[:, 2]], -1)
        error[:, 0] = error[:, 0].clamp(max=0) + (error[:, 0] - allowed).clamp(min=0)
        mean = mean + (error - mean) * dt
        feet = states.foot_force.norm(dim=-1) > 1.0
        landed = feet & (air > 0)
        swing = ((air - 0.2).clamp(-0.2, 0.3) * landed).sum(-1) / dt * ~now.standing
        air = torch.where(feet, 0.0, air + dt)
        planar = command[:, :2].norm(dim=-1)
        walk, turn = planar > 0.15, (planar == 0) & (command[:, 2].abs() > 0.2)
        idle = (walk & (v[:, :2].norm(dim=-1) < 0.1)) | (turn & (w[:, 2].abs() < 0.1))
        forward, off = v[:, 0].clamp(0.0, 2.5), (states.q - default).square().sum(-1)
        foot, rate = Feet(torch.device("cpu"))(states.q, states.dq)
        down = now.gravity[:, None]
        rate = rate + v[:, None] + torch.linalg.cross(w[:, None].expand_as(foot), foot)
        slip = (rate - (rate * down).sum(-1, keepdim=True) * down).norm(dim=-1)
        height = states.position[:, 2:] - (foot * down).sum(-1)
        lacking = (0.06 - (height - stood)).clamp(min=0.0)
        stood = torch.where(feet, height, stood)
        contacts = states.leg_contact.sum(-1) + states.trunk_contact.float()
        expected = {
            "track_velocity": 1.5 * torch.exp(-error[:, :2].square().sum(-1) / 0.15),
            "track_yaw": 0.7 * torch.exp(-error[:, 2].square() / 0.25),
            "track_mean_velocity": 0.5 * torch.exp(-mean[:, :2].square().sum(-1) / 0.01),
            "track_mean_yaw": 0.8 * torch.exp(-mean[:, 2].square() / 0.005),
            "stuck": -1.0 * idle.float(),
            "leap": 16.0 * forward * now.flight,
            "heading": -1.0 * (now.heading.abs() > 1.0).float(),
            "air_time": 0.01 * swing,
            "vertical_velocity": -1.0 * v[:, 2].square(),
            "tilt_rate": -0.03 * w[:, :2].square().sum(-1),
            "lateral_tilt": -0.5 * now.gravity[:, 1].square(),
            "collision": -1.0 * contacts,
            "torque": -1e-4 * states.torque.square().sum(-1),
            "joint_acceleration": -1.5e-7 * ((states.dq - last_dq) / dt).square().sum(-1),
            "action_rate": -0.01 * (now.action - now.last_action).square().sum(-1),
            "posture": -0.02 * off,
            "level": -10.0 * now.gravity[:, :2].square().sum(-1),
            "foot_clearance": -60.0 * (lacking.square() * slip * ~feet).sum(-1),
            "stance_slip": -1.0 * (slip.square() * feet).sum(-1),
            "crouch": -450.0 * now.crouch.square(),
            "stand_posture": -2.0 * (states.q - default).abs().mean(-1) * standing,
            "stand_motion": -0.03 * states.dq.square().sum(-1) * standing,
            "stand_feet": 2.0 * feet.all(-1).float() * standing,
        }
        for name, term, factor in config.leniency:
            if name in names and term in expected:
                expected[term][terrain == names.index(name)] *= factor
        last_dq = states.dq
        torch.testing.assert_close(total, (sum(expected.values()) * dt).clamp(min=0.0))
        assert (total > 0).any()


def random_inputs(count):
    states = RobotStates(
        position=torch.randn(count, 3),
        quat=torch.randn(count, 4),
        linear_velocity=0.5 * torch.randn(count, 3),
        angular_velocity=0.5 * torch.randn(count, 3),
        q=0.3 * torch.randn(count, 12),
        dq=torch.randn(count, 12),
        torque=5.0 * torch.randn(count, 12),
        foot_force=torch.randn(count, 4, 3),
        leg_contact=torch.rand(count, 8) < 0.1,
        trunk_contact=torch.rand(count) < 0.1,
    )
    command = torch.rand(count, 3) * (torch.rand(count, 1) < 0.8)
    return RewardInputs(
        states,
        0.1 * torch.randn(count, 3),
        torch.randn(count),
        0.02 * torch.rand(count),
        torch.rand(count),
        command,
        command.abs().sum(-1) == 0,
        *torch.randn(3, count, 12),
        torch.zeros(count, dtype=torch.bool),
    )
