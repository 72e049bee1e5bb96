from pathlib import Path

import numpy as np
import pytest
import torch

from wmp_core.depth.geometry import clip_depth, normalise
from wmp_core.inference.world_model import InitialState
from wmp_core.verification import load_verified
from wmp_training.env.environment import Observation
from wmp_training.evaluation.bundle_candidate import BundleAgent
from wmp_training.export.bundle_writer import write_bundle
from wmp_training.export.golden import record_golden
from wmp_training.export.graphs import export_graphs


@pytest.fixture
def bundle(networks, contract, tmp_path):
    begin = networks.world_model.rssm.initial(1)
    state = InitialState(begin.deter[0].detach().numpy(), begin.stoch[0].argmax(-1).numpy())
    golden = record_golden(networks, steps=20)
    write_bundle(tmp_path / "tiny", contract, export_graphs(networks), state, golden, {})
    return load_verified(tmp_path / "tiny")


def observation_at(golden, step, interval):
    """The recorded observation of one robot, as the environment gives it."""
    tick = step // interval
    due = torch.tensor([0]) if step % interval == 0 else torch.tensor([], dtype=torch.long)
    rows = slice(tick, tick + 1) if len(due) else slice(0, 0)
    depth = torch.from_numpy(
        normalise(golden.contract.depth, clip_depth(golden.contract.depth, golden.depth[rows]))
    )
    proprioception = torch.from_numpy(golden.proprioception[step : step + 1])
    empty = torch.zeros(1, 0)
    return Observation(
        proprioception=proprioception,
        history=torch.from_numpy(golden.history[step : step + 1]),
        command=proprioception[:, 6:9],
        last_action=empty,
        privileged=empty,
        base_velocity=empty,
        tick=torch.tensor([step]),
        due=due,
        first=torch.full((len(due),), step == 0),
        depth=depth,
        valid=torch.from_numpy(golden.depth_valid[rows]),
    )


def test_the_batched_agent_matches_the_recorded_single_robot(bundle):
    golden, interval = bundle.golden, bundle.contract.timing.world_model_interval
    agent = BundleAgent(bundle, 1)
    for step in range(golden.steps):
        action = agent(observation_at(golden, step, interval))
        np.testing.assert_allclose(action[0].numpy(), golden.action[step], atol=1e-5)
        np.testing.assert_allclose(agent.h[0], golden.deter[step // interval], atol=1e-5)


def replay(bundle, images):
    """z, h and action at every world-model tick of the recorded walk, with ``images`` in place of its own."""
    golden, interval = bundle.golden, bundle.contract.timing.world_model_interval
    world_model, policy = bundle.create_world_model(), bundle.create_policy()
    latent, trace = world_model.state, []
    for step in range(golden.steps):
        if step % interval == 0 and step > 0:
            latent = world_model.advance(golden.action[step - interval : step])
        state = golden.state(step, bundle.contract.timing.control_period)
        output = policy.step(state, golden.command[step], latent.h)
        if step % interval == 0:
            depth = clip_depth(bundle.contract.depth, images[step // interval])
            seen = world_model.observe(output.proprioception, depth)
            trace.append((seen.z, latent.h, output.action))
    return [np.stack(values) for values in zip(*trace, strict=True)]


def check_that_images_reach_the_action(bundle, smallest_change):
    """Images of a wall in front of the robot change z, then h and the action."""
    z, h, action = replay(bundle, bundle.golden.depth)
    wall = np.full_like(bundle.golden.depth, 0.3)
    other_z, other_h, other_action = replay(bundle, wall)
    assert (z != other_z).any()
    np.testing.assert_array_equal(h[0], other_h[0])  # the first h depends on no image
    assert np.abs(h[1:] - other_h[1:]).max() > smallest_change
    assert np.abs(action[1:] - other_action[1:]).max() > smallest_change


def test_changed_images_change_z_the_next_h_and_the_action(bundle):
    check_that_images_reach_the_action(bundle, smallest_change=1e-6)


def test_images_change_the_actions_of_the_released_policy():
    released = Path(__file__).parents[3] / "models" / "a1_wmp_v1"
    check_that_images_reach_the_action(load_verified(released), smallest_change=1e-2)
