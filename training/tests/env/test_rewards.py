import math
from dataclasses import replace

import pytest
import torch

from wmp_training.env.config import RewardConfig
from wmp_training.env.leaps import Leap
from wmp_training.env.rewards import RewardInputs, Rewards
from wmp_training.sim.backend import RobotStates


def inputs(
    vx=0.0,
    yaw_rate=0.0,
    command=(0.0, 0.0, 0.0),
    force=100.0,
    standing=False,
    crouch=0.0,
    run_up=0.0,
    flight=0.0,
    vault=0.0,
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
        Leap(*torch.tensor([[run_up], [flight], [vault]])),
        torch.tensor([command]),
        torch.tensor([standing]),
        joints,
        joints,
        joints,
    )


def rewards(**weights):
    weighted = [name for name, value in vars(RewardConfig()).items() if isinstance(value, float)]
    config = replace(RewardConfig(), **{**dict.fromkeys(weighted, 0.0), **weights})
    return Rewards(config, ["climb"], 0.02, torch.zeros(12))


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


@pytest.mark.parametrize(
    ("vx", "width", "paid"),
    [(0.7, 1.0, 0.2), (0.7, 0.5, 0.1), (0.7, 0.0, 0.0), (0.3, 1.0, 0.0), (2.5, 1.0, 1.0)],
)
def test_a_run_up_rewards_speed_above_the_command_in_proportion_to_the_level(vx, width, paid):
    _, terms = rewards(run_up=2.0)(inputs(vx=vx, command=(0.5, 0.0, 0.0), run_up=width))
    assert terms["run_up"].item() == pytest.approx(2.0 * paid)


@pytest.mark.parametrize("term", ["leap", "vault"])
@pytest.mark.parametrize(("vx", "paid"), [(2.0, 0.4), (-0.5, 0.0), (4.0, 0.5)])
def test_leap_and_vault_reward_the_area_under_their_path(term, vx, paid):
    height = {"leap": "flight", "vault": "vault"}[term]
    _, terms = rewards(**{term: 8.0})(inputs(vx=vx, **{height: 0.2}))
    assert terms[term].item() == pytest.approx(8.0 * paid)


def test_leniency_applies_to_its_terrain_only():
    lenient = rewards(stuck=-1.0, leniency=(("climb", "stuck", 0.1), ("gap", "stuck", 0.5)))
    assert math.isclose(lenient(inputs(command=(0.5, 0.0, 0.0)))[1]["stuck"].item(), -0.1, rel_tol=1e-6)


@pytest.mark.parametrize("term", ["leaping", "leniency", "fall"])
def test_leniency_for_anything_but_a_rate_is_refused(term):
    with pytest.raises(ValueError, match=f"leniency names '{term}'"):
        RewardConfig(leniency=(("climb", term, 0.1),))


def test_crouching_costs_the_square_of_its_depth():
    _, terms = rewards(crouch=-40.0)(inputs(crouch=0.1))
    torch.testing.assert_close(terms["crouch"], torch.tensor([-0.4]))
