import pytest
import torch

from wmp_core.contract import LimitsContract
from wmp_training.env.commands import Commands
from wmp_training.env.config import CommandConfig

LIMITS = LimitsContract((-0.5, 1.0), (-0.4, 0.4), (-1.0, 1.0), 1.0)


def drawn(track, limits=LIMITS):
    commands = Commands(CommandConfig(), torch.full((4000,), track), 0.02, limits)
    commands.resample(torch.arange(4000))
    return commands, *commands.velocity.unbind(-1)


def test_commands_on_open_ground_go_in_all_directions_and_turn_at_the_same_time():
    commands, vx, vy, yaw = drawn(track=False)
    still = (vx == 0) & (vy == 0)
    assert (still & (yaw == 0)).float().mean() > 0.1
    turning = still & (yaw.abs() > 0.01)
    assert yaw[turning].min() < -0.9 and yaw[turning].max() > 0.9
    assert -0.5 <= vx.min() < -0.45 and 0.95 < vx.max() <= 1.0
    assert -0.4 <= vy.min() < -0.35 and 0.35 < vy.max() <= 0.4
    assert ((vx < -0.2) & (vy.abs() > 0.2) & (yaw.abs() > 0.5)).any()
    assert ((vx > 0.2) & (vy == 0) & (yaw == 0)).any()
    assert torch.equal(commands.standing, still & (yaw == 0))
    tiny = (vx.abs() < 0.1) & (vy.abs() < 0.1) & (yaw.abs() < 0.2)
    assert not (tiny & ~commands.standing).any()


def test_commands_on_a_track_go_forward_only():
    _, vx, vy, _ = drawn(track=True)
    assert vx.min() == 0 and 0.75 < vx.max() <= 0.8 and (vy == 0).all()


def test_commands_stay_within_the_contract():
    _, vx, vy, _ = drawn(False, LimitsContract((0.0, 0.6), (0.0, 0.0), (-1.0, 1.0), 1.0))
    assert vx.min() == 0 and vx.max() == pytest.approx(0.6) and (vy == 0).all()


def test_a_robot_off_heading_is_steered_back_along_the_track():
    only_heading = CommandConfig(track_shares=(0.0, 0.0, 0.0, 1.0, 0.0))
    commands = Commands(only_heading, torch.ones(2, dtype=torch.bool), 0.02, LIMITS)
    commands.resample(torch.arange(2))
    commands.step(torch.tensor([0.5, -3.0]))
    torch.testing.assert_close(commands.velocity[:, 2], torch.tensor([-0.4, 1.0]))
