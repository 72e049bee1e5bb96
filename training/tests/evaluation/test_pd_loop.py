import math

import numpy as np
import pytest
import torch

from wmp_training.evaluation.conditions import Condition
from wmp_training.evaluation.pd_loop import STEP, PdLoop


class HeldRobot:
    """Joints that do not move; records the torque of every step."""

    def __init__(self, position):
        self.position, self.torques = np.array(position, dtype=np.float64), []

    def joints(self, ids):
        still = np.tile(self.position, (len(ids), 1))
        return still, np.zeros_like(still)

    def advance(self, ids, torque):
        self.torques.append(torque.copy())
        return torque

    def tilt_rates(self, ids):
        return np.zeros((len(ids), 2))


def torques(contract, condition, periods):
    """Torque [steps] of the first joint after its target moves by 0.1 rad, of stiffness 40 N m/rad."""
    default = contract.joints.default_position
    engine, loop = HeldRobot(default), PdLoop(contract, 1, condition)
    for _ in range(periods):
        loop.run(torch.tensor([0]), torch.tensor([default]) + 0.1, engine)
    return np.array(engine.torques)[:, 0, 0]


@pytest.mark.parametrize("delay", [0.0, 0.010, 0.020, 0.030])
def test_targets_take_effect_after_the_delay(contract, delay):
    late = round(delay / STEP)
    expected = [0.0] * late + [4.0] * (20 - late)
    np.testing.assert_allclose(
        torques(contract, Condition(action_delay=delay), periods=2), expected, atol=1e-5
    )


def test_torque_follows_with_the_time_constant_of_the_lag(contract):
    found = torques(contract, Condition(torque_lag=0.004), periods=1)
    # After one time constant (two steps), 1 - 1/e of 4 N m.
    assert found[1] == pytest.approx(4.0 * (1.0 - math.exp(-1.0)), abs=1e-5)
