import pytest
import torch
from tensordict import TensorDict

from wmp_training.algorithms.amp import AMPTrainer
from wmp_training.algorithms.amp_ppo import AMPPPO
from wmp_training.motions.gait import FRAME
from wmp_training.motions.library import MotionLibrary
from wmp_training.policy.actor_critic import WMPActor, WMPCritic
from wmp_training.presets import AMPConfig

ROBOTS = 4


def observation(contract, value, **more):
    sizes = {"history": 210, "command": 3, "deter": 16, "proprioception": 33, "last_action": 12}
    sizes |= {"privileged": 7, "base_velocity": 3, "motion": 30} | more
    groups = {name: torch.full((ROBOTS, size), float(value)) for name, size in sizes.items() if size}
    return TensorDict(groups, batch_size=[ROBOTS])


@pytest.fixture
def amp():
    return AMPTrainer(
        AMPConfig(hidden=(8,), memory=64, batch=8, updates=2), MotionLibrary.shipped(FRAME), seed=1
    )


@pytest.fixture
def ppo(contract, tiny, amp):
    obs = observation(contract, 0.0)
    return AMPPPO(WMPActor(obs, 12, tiny.policy), WMPCritic(obs, tiny.policy), obs, 12, tiny.ppo, amp)


def test_the_last_step_of_an_episode_gets_no_style_reward(ppo, amp, contract):
    torch.nn.init.zeros_(amp.discriminator.head.weight)
    torch.nn.init.ones_(amp.discriminator.head.bias)
    ppo.act(observation(contract, 1.0))
    dones = torch.tensor([0, 1, 0, 0])
    no_time_outs = {"time_outs": torch.zeros(ROBOTS)}
    ppo.process_env_step(observation(contract, 2.0), torch.full((ROBOTS,), 0.5), dones, no_time_outs)
    assert ppo.storage.rewards[0, :, 0].tolist() == pytest.approx([0.51, 0.5, 0.51, 0.51])
    assert amp.written == 3
    assert amp.memory[:3, ::30].tolist() == [[1.0, 2.0]] * 3


def test_an_update_trains_policy_and_discriminator(ppo, amp, contract, tiny):
    before = amp.discriminator.head.weight.clone(), ppo.actor.mlp[-1].weight.clone()
    for step in range(tiny.ppo.steps_per_env):
        with torch.no_grad():
            ppo.act(observation(contract, 0.1 * step))
            reward = torch.rand(ROBOTS)
            after = observation(contract, 0.1 * step + 0.1)
            ppo.process_env_step(after, reward, torch.zeros(ROBOTS), {"time_outs": torch.zeros(ROBOTS)})
    with torch.no_grad():
        ppo.compute_returns(after)
    log = ppo.update()
    assert {"surrogate", "value", "amp", "amp_reference", "style_reward"} <= set(log)
    assert not torch.equal(amp.discriminator.head.weight, before[0])
    assert not torch.equal(ppo.actor.mlp[-1].weight, before[1])


def test_observations_without_motion_are_refused(contract, tiny, amp):
    obs = observation(contract, 0.0, motion=0)
    with pytest.raises(ValueError, match="motion"):
        AMPPPO(WMPActor(obs, 12, tiny.policy), WMPCritic(obs, tiny.policy), obs, 12, tiny.ppo, amp)
