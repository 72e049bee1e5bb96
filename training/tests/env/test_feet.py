import numpy as np
import torch

from wmp_training.env.feet import Feet
from wmp_training.motions.leg import a1_legs


def test_positions_are_those_of_the_closed_form_leg_and_velocities_their_derivatives():
    torch.manual_seed(2)
    feet = Feet(torch.device("cpu"))
    q, dq, step = torch.randn(5, 12), torch.randn(5, 12), 1e-5
    position, velocity = feet(q, dq)
    for index, leg in enumerate(a1_legs()):
        angles, rates = (v.double().numpy()[:, 3 * index : 3 * index + 3] for v in (q, dq))
        np.testing.assert_allclose(position[:, index], leg.foot(angles) + leg.hip, atol=1e-5)
        slope = (leg.foot(angles + step * rates) - leg.foot(angles - step * rates)) / (2 * step)
        np.testing.assert_allclose(velocity[:, index], slope, atol=1e-4)
