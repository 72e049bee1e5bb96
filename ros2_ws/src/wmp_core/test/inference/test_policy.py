import numpy as np
import pytest

from wmp_testing.tiny_networks import TinyNetworks


@pytest.fixture
def policy(tiny_bundle):
    return tiny_bundle.create_policy()


def rollout(policy, bundle, steps=12, command=None, h=None):
    golden = bundle.golden
    outputs = []
    for step in range(steps):
        latent = golden.deter[step // 5] if h is None else h
        requested = golden.command[step] if command is None else command
        outputs.append(policy.step(golden.state(step, 0.02), requested, latent))
    return outputs


def test_every_step_equals_the_network_in_numpy(policy, tiny_bundle):
    golden, networks = tiny_bundle.golden, TinyNetworks(tiny_bundle.contract)
    for step, output in enumerate(rollout(policy, tiny_bundle)):
        scaled = golden.command[step] * [1.0, 1.0, 0.25]
        action, base_velocity = networks.policy(golden.history[step], scaled, golden.deter[step // 5])
        np.testing.assert_allclose(output.action, action, atol=1e-5)
        np.testing.assert_allclose(output.base_velocity, base_velocity, atol=1e-5)


def test_a_step_returns_the_networks_input(policy, tiny_bundle):
    outputs = rollout(policy, tiny_bundle)
    for step, output in enumerate(outputs):
        np.testing.assert_allclose(output.history, tiny_bundle.golden.history[step], atol=1e-5)
        np.testing.assert_allclose(output.proprioception, tiny_bundle.golden.proprioception[step], atol=1e-5)
        assert {array.dtype for array in output} == {np.dtype(np.float32)}


def test_the_history_holds_the_action_of_the_previous_step(policy, tiny_bundle):
    outputs = rollout(policy, tiny_bundle)
    assert not outputs[0].history[-12:].any()
    np.testing.assert_array_equal(outputs[1].history[-12:], outputs[0].action)


def test_reset_makes_the_next_step_the_first(policy, tiny_bundle):
    first = rollout(policy, tiny_bundle)
    policy.reset()
    again = rollout(policy, tiny_bundle)
    for before, after in zip(first, again):
        np.testing.assert_array_equal(before.action, after.action)


def test_the_action_depends_on_the_command_and_on_the_latent(policy, tiny_bundle):
    plain = rollout(policy, tiny_bundle, 1)[0].action
    policy.reset()
    assert (
        np.abs(rollout(policy, tiny_bundle, 1, command=np.array([0.8, 0.0, 1.0]))[0].action - plain).max()
        > 1e-4
    )
    policy.reset()
    assert np.abs(rollout(policy, tiny_bundle, 1, h=np.ones(16, np.float32))[0].action - plain).max() > 1e-4


def test_the_action_is_clipped_and_the_clipped_one_is_remembered(policy, tiny_bundle):
    golden = tiny_bundle.golden
    huge = np.full(16, 1e6, dtype=np.float32)
    policy._clip = np.float32(0.01)
    first = policy.step(golden.state(0, 0.02), golden.command[0], huge)
    second = policy.step(golden.state(1, 0.02), golden.command[1], huge)
    assert np.abs(first.action).max() == np.float32(0.01)
    np.testing.assert_array_equal(second.history[-12:], first.action)


def test_a_value_that_is_not_finite_reaches_the_action_where_the_envelope_sees_it(policy, tiny_bundle):
    golden = tiny_bundle.golden
    output = policy.step(golden.state(0, 0.02), golden.command[0], np.full(16, np.nan, dtype=np.float32))
    assert np.isnan(output.action).all()
