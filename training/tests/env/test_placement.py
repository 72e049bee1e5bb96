import dataclasses

import torch

from wmp_training.device import CPU
from wmp_training.env.config import EnvConfig
from wmp_training.env.placement import Placement

COUNT = 500


class Slope:
    """Ground that rises by 1 m per m."""

    def ground_height(self, world, x, y):
        return x


def starts(contract, track, joints=None):
    config = EnvConfig(start_x=0.3, start_heading=0.2)
    placement = Placement(config, joints or contract.joints, CPU)
    return placement.draw(Slope(), torch.zeros(COUNT, dtype=torch.long), torch.full((COUNT,), track))


def test_robots_start_above_their_ground_at_rest_or_dropped(contract):
    start = starts(contract, track=True)
    above = start.pose[:, 2] - start.pose[:, 0]
    calm = torch.isclose(above, torch.tensor(0.29), atol=1e-6)
    assert torch.allclose(above[~calm], torch.tensor(0.35)) and 0.4 < calm.float().mean() < 0.6
    assert start.velocity[calm].abs().max() <= 0.04 < start.velocity[~calm].abs().max() <= 0.4
    assert start.dq[calm].abs().max() <= 0.1 < start.dq[~calm].abs().max() <= 1.0


def test_robots_face_forward_only_on_a_track(contract):
    poses = [starts(contract, track).pose for track in (True, False)]
    facing = [2.0 * torch.atan2(pose[:, 6], pose[:, 3]) for pose in poses]
    assert facing[0].abs().max() <= 0.2 + 1e-6
    assert facing[1].abs().max() > 3.0
    assert starts(contract, True).pose[:, :2].abs().max() <= 0.3


def test_joints_start_within_their_limits(contract):
    low = tuple(q - 0.05 for q in contract.joints.default_position)
    joints = dataclasses.replace(contract.joints, position_lower=low)
    assert (starts(contract, True, joints).q >= torch.tensor(low)).all()
