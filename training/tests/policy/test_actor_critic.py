import torch
from tensordict import TensorDict

from wmp_training.policy.actor_critic import WMPActor, WMPCritic


def observations(contract, deter, count=6):
    generator = torch.Generator().manual_seed(2)
    return TensorDict(
        {
            "history": torch.randn(count, contract.history_size, generator=generator),
            "command": torch.randn(count, 3, generator=generator),
            "deter": torch.randn(count, deter, generator=generator),
        },
        batch_size=[count],
    )


def test_the_action_depends_on_history_command_and_h(contract, tiny):
    obs = observations(contract, tiny.world_model.deter)
    actor = WMPActor(obs, 12, tiny.policy)
    action = actor(obs)
    for name in ("history", "command", "deter"):
        changed = obs.clone()
        changed[name] = changed[name] + 1.0
        assert (actor(changed) - action).abs().max() > 1e-4


def test_input_sizes_of_the_full_preset_are_those_of_the_paper(contract):
    from wmp_training.presets import preset

    obs = observations(contract, 512)
    actor = WMPActor(obs, 12, preset("full").policy)
    assert actor.mlp[0].in_features == 70
    assert actor.latent_encoder[0].in_features == 512
    assert actor.history_encoder[-1].out_features == 35


def test_exploration_starts_at_the_configured_standard_deviation(contract, tiny):
    obs = observations(contract, tiny.world_model.deter, count=1).expand(4000)
    actor = WMPActor(obs, 12, tiny.policy)
    torch.testing.assert_close(
        actor(obs, stochastic_output=True).std(0), torch.full((12,), 0.5), atol=0.05, rtol=0
    )


def test_the_split_first_layer_gives_the_values_and_gradients_of_an_undivided_one(contract, tiny):
    obs = observations(contract, tiny.world_model.deter)
    sizes = {"proprioception": 33, "last_action": 12, "privileged": 7, "surroundings": 5}
    for name, size in sizes.items():
        obs[name] = torch.randn(len(obs), size)
    critic = WMPCritic(obs, tiny.policy)
    plain = critic.mlp(torch.cat([*(obs[name] for name in sizes), critic.latent_encoder(obs["deter"])], -1))
    value = critic(obs)
    torch.testing.assert_close(value, plain, atol=1e-6, rtol=1e-5)
    found, expected = (
        torch.autograd.grad(v.square().mean(), list(critic.parameters())) for v in (value, plain)
    )
    for ours, theirs in zip(found, expected, strict=True):
        assert theirs.any()
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-5)
