import torch

from wmp_training.env.commands import Commands
from wmp_training.env.config import CommandConfig


def test_commands_cover_standing_turning_and_walking_within_the_contract():
    commands = Commands(CommandConfig(), torch.zeros(4000, dtype=torch.bool), 0.02, (0.0, 0.8))
    commands.resample(torch.arange(4000))
    vx, vy, yaw = commands.velocity.unbind(-1)
    still = vx == 0
    assert (still & (yaw == 0)).float().mean() > 0.1
    turning = still & (yaw.abs() > 0.01)
    assert yaw[turning].min() < -0.9 and yaw[turning].max() > 0.9
    slow = (vx > 0) & (vx < 0.2)  # between walking and turning in place
    assert yaw[slow].abs().max() > 0.9
    assert vx.max() > 0.75 and vx.max() <= 0.8 and vx.min() == 0
    assert (vy == 0).all()
    assert torch.equal(commands.standing, still & (yaw == 0))
    assert not ((vx < 0.1) & (yaw.abs() < 0.2) & ~commands.standing).any()


def test_a_robot_off_heading_is_steered_back_along_the_track():
    only_heading = CommandConfig(track_shares=(0.0, 0.0, 0.0, 1.0, 0.0))
    commands = Commands(only_heading, torch.ones(2, dtype=torch.bool), 0.02, (0.0, 0.8))
    commands.resample(torch.arange(2))
    commands.step(torch.tensor([0.5, -3.0]))
    torch.testing.assert_close(commands.velocity[:, 2], torch.tensor([-0.4, 1.0]))
