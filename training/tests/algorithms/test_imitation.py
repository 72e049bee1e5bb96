from dataclasses import replace

import pytest
import torch
from tensordict import TensorDict

from wmp_training.algorithms.imitation import Imitation
from wmp_training.checkpoint import optimizer_tensors
from wmp_training.policy.actor_critic import WMPActor, WMPCritic

ROBOTS = 64


def observation(shift=0.0):
    sizes = {"history": 210, "command": 3, "deter": 16, "proprioception": 33, "last_action": 12}
    sizes |= {"privileged": 7, "base_velocity": 3}
    groups = {name: torch.randn(ROBOTS, size) for name, size in sizes.items()}
    groups["teacher_action"] = groups["command"][:, :1].expand(-1, 12) + shift
    return TensorDict(groups, batch_size=[ROBOTS])


@pytest.fixture
def imitation(tiny):
    obs = observation()
    return Imitation(
        WMPActor(obs, 12, tiny.policy), WMPCritic(obs, tiny.policy), obs, 12, tiny.ppo, tiny.imitation
    )


def test_the_actor_learns_the_teachers_actions_without_reward(imitation, tiny):
    losses = []
    for _ in range(40):
        for _ in range(tiny.ppo.steps_per_env):
            with torch.no_grad():
                imitation.act(observation())
                zero = torch.zeros(ROBOTS)
                imitation.process_env_step(observation(), zero, zero, {"time_outs": zero})
        with torch.no_grad():
            imitation.compute_returns(observation())
        losses.append(imitation.update()["imitation"])
    assert losses[-1] < 0.4 * losses[0]


def test_exploration_noise_stays_constant(imitation, tiny):
    for _ in range(tiny.ppo.steps_per_env):
        with torch.no_grad():
            imitation.act(observation())
            zero = torch.zeros(ROBOTS)
            imitation.process_env_step(observation(), zero, zero, {"time_outs": zero})
    with torch.no_grad():
        imitation.compute_returns(observation())
    assert set(imitation.update()) == {"imitation", "value", "velocity"}
    torch.testing.assert_close(imitation.actor.distribution.std_param.data, torch.full((12,), 0.25))


def test_the_teacher_drives_every_fourth_robot(imitation):
    obs = observation()
    obs["teacher_action"] += 100.0
    with torch.no_grad():
        action = imitation.act(obs)
    led = (action > 50.0).all(-1)
    assert led.tolist() == [False, False, False, True] * (ROBOTS // 4)
    assert (action[~led] < 50.0).all()


def test_learning_rate_and_noise_of_imitation_can_be_changed_on_resume(imitation, tiny):
    actor, obs = imitation.actor, observation()
    other = replace(tiny.imitation, learning_rate=1e-5, exploration=0.05)
    resumed = Imitation(actor, imitation.critic, obs, 12, tiny.ppo, other)
    actor.distribution.std_param.data.fill_(0.25)  # as restored from a checkpoint
    resumed.resume(optimizer_tensors(imitation.optimizer), imitation.learning_rate)
    assert resumed.optimizer.param_groups[0]["lr"] == resumed.learning_rate == 1e-5
    torch.testing.assert_close(actor.distribution.std_param.data, torch.full((12,), 0.05))
