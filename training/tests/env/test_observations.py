import numpy as np
import torch

from wmp_core.history import History
from wmp_core.observation import Proprioception
from wmp_core.robot_state import RobotState
from wmp_training.env.observations import Observations
from wmp_training.sim.backend import RobotStates


def random_states(count, generator):
    quat = torch.randn(count, 4, generator=generator)
    zeros = torch.zeros(count, 12)
    return RobotStates(
        position=torch.zeros(count, 3),
        quat=quat / quat.norm(dim=-1, keepdim=True),
        linear_velocity=torch.zeros(count, 3),
        angular_velocity=torch.randn(count, 3, generator=generator) * 300,  # some values reach the clip
        q=torch.randn(count, 12, generator=generator),
        dq=torch.randn(count, 12, generator=generator) * 20,
        torque=zeros,
        foot_force=torch.zeros(count, 4, 3),
        leg_contact=torch.zeros(count, 8, dtype=torch.bool),
        trunk_contact=torch.zeros(count, dtype=torch.bool),
    )


def as_runtime(states, i):
    arrays = [getattr(states, name)[i].double().numpy() for name in ("quat", "angular_velocity", "q", "dq")]
    quat, gyro, q, dq = arrays
    return RobotState(quat, gyro, np.zeros(3), q, dq, np.zeros(12), 0.0, 0)


def test_batched_terms_and_history_equal_those_of_the_runtime(contract):
    generator = torch.Generator().manual_seed(5)
    count = 16
    batched = Observations(contract, count)
    reference = [History(contract) for _ in range(count)]
    for step in range(8):
        states, command = random_states(count, generator), torch.randn(count, 3, generator=generator)
        action = torch.randn(count, 12, generator=generator)
        if step == 4:
            batched.reset(torch.tensor([3]))
            reference[3].reset()
        observed = batched.proprioception(batched.raw(states, command))
        history = batched.push(observed, action)
        for i in range(count):
            expected = Proprioception(contract)(as_runtime(states, i), command[i].numpy())
            np.testing.assert_allclose(observed[i].numpy(), expected, atol=1e-5)
            np.testing.assert_allclose(
                history[i].numpy(), reference[i].push(expected, action[i].numpy()), atol=1e-5
            )
        np.testing.assert_allclose(
            batched.scaled_command(command).numpy(), observed[:, batched.slices["command"]].numpy(), atol=1e-6
        )


def test_a_reset_does_not_change_histories_returned_before(contract):
    batched = Observations(contract, 2)
    generator = torch.Generator().manual_seed(6)
    observed = batched.proprioception(batched.raw(random_states(2, generator), torch.zeros(2, 3)))
    history = batched.push(observed, torch.ones(2, 12))
    before = history.clone()
    batched.reset(torch.tensor([0]))
    assert torch.equal(history, before)
    assert (batched.push(observed, torch.ones(2, 12))[0, :-42] == 0).all()
