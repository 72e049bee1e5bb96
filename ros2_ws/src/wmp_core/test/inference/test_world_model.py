import math

import numpy as np
import pytest

from wmp_core.inference.world_model import PhaseError, Source
from wmp_testing.tiny_networks import TinyNetworks

ACTIONS = np.linspace(-1, 1, 60, dtype=np.float32).reshape(5, 12)
PROPRIOCEPTION = np.linspace(-1, 1, 33, dtype=np.float32)
NEAR_WALL = np.full((64, 64), 0.3, dtype=np.float32)
EMPTY_VIEW = np.full((64, 64), 2.0, dtype=np.float32)


@pytest.fixture
def model(tiny_bundle):
    return tiny_bundle.create_world_model()


@pytest.fixture
def networks(tiny_bundle):
    return TinyNetworks(tiny_bundle.contract)


def test_the_first_h_is_one_step_from_the_initial_state_with_zero_actions(model, networks):
    expected = networks.advance(networks.initial_deter, networks.initial_stoch, np.zeros(60))
    state = model.reset()
    assert (state.tick, state.source) == (0, Source.INITIAL)
    np.testing.assert_allclose(state.h, expected, atol=1e-6)
    assert math.isnan(state.kl) and math.isnan(state.depth_stamp)


def test_a_new_model_is_reset(model):
    np.testing.assert_array_equal(model.state.h, model.reset().h)


def test_observing_an_image_gives_the_mode_of_the_posterior(model, networks):
    deter = model.reset().h
    state = model.observe(PROPRIOCEPTION, NEAR_WALL, depth_stamp=12.5)
    stoch, kl = networks.observe(deter, PROPRIOCEPTION, np.full((64, 64), 0.3 / 2 - 0.5))
    np.testing.assert_array_equal(state.z, stoch)
    assert state.kl == pytest.approx(kl, abs=1e-5)
    assert (state.tick, state.source, state.depth_stamp) == (0, Source.POSTERIOR, 12.5)
    np.testing.assert_array_equal(state.h, deter)


def test_without_an_image_z_is_the_mode_of_the_prior(model, networks):
    deter = model.reset().h
    state = model.observe(PROPRIOCEPTION, None)
    np.testing.assert_array_equal(state.z, networks.prior(deter))
    assert state.source == Source.PRIOR
    assert math.isnan(state.kl) and math.isnan(state.depth_stamp)


def test_advance_keeps_the_z_it_used_and_its_source(model, networks):
    observed = model.observe(PROPRIOCEPTION, NEAR_WALL, depth_stamp=12.5)
    state = model.advance(ACTIONS)
    np.testing.assert_allclose(state.h, networks.advance(observed.h, observed.z, ACTIONS), atol=1e-6)
    assert (state.tick, state.source, state.depth_stamp, state.kl) == (5, Source.POSTERIOR, 12.5, observed.kl)
    np.testing.assert_array_equal(state.z, observed.z)


def test_the_image_changes_z_now_and_h_one_interval_later(tiny_bundle):
    seen = []
    for image in (NEAR_WALL, EMPTY_VIEW):
        model = tiny_bundle.create_world_model()
        seen.append((model.state, model.observe(PROPRIOCEPTION, image), model.advance(ACTIONS)))
    (before_a, z_a, after_a), (before_b, z_b, after_b) = seen
    np.testing.assert_array_equal(before_a.h, before_b.h)
    assert (z_a.z != z_b.z).any()
    assert np.abs(after_a.h - after_b.h).max() > 1e-3


def test_the_order_of_the_actions_matters(tiny_bundle):
    forward, backward = tiny_bundle.create_world_model(), tiny_bundle.create_world_model()
    for model in (forward, backward):
        model.observe(PROPRIOCEPTION, None)
    assert np.abs(forward.advance(ACTIONS).h - backward.advance(ACTIONS[::-1]).h).max() > 1e-3


def test_a_returned_state_is_not_changed_by_later_calls(model):
    state = model.reset()
    deter, stoch = state.h.copy(), state.z.copy()
    model.observe(PROPRIOCEPTION, NEAR_WALL)
    model.advance(ACTIONS)
    np.testing.assert_array_equal(state.h, deter)
    np.testing.assert_array_equal(state.z, stoch)


def test_advancing_before_observing_is_refused(model):
    with pytest.raises(PhaseError, match="advance called at tick 0.*call observe next"):
        model.advance(ACTIONS)


def test_observing_twice_is_refused(model):
    model.observe(PROPRIOCEPTION, None)
    with pytest.raises(PhaseError, match="observe called at tick 0.*call advance next"):
        model.observe(PROPRIOCEPTION, None)


@pytest.mark.parametrize(
    ("proprioception", "depth", "named"),
    [
        (np.zeros(45), NEAR_WALL, r"proprioception has shape \(45,\), expected \(33,\)"),
        (np.full(33, np.nan), NEAR_WALL, "proprioception holds values that are not finite"),
        (PROPRIOCEPTION, np.zeros((240, 424)), r"depth has shape \(240, 424\), expected \(64, 64\)"),
        (PROPRIOCEPTION, np.full((64, 64), np.inf), "depth holds values that are not finite"),
    ],
)
def test_input_that_would_corrupt_the_recurrent_state_is_refused(model, proprioception, depth, named):
    with pytest.raises(ValueError, match=named):
        model.observe(proprioception, depth)
    assert model.observe(PROPRIOCEPTION, NEAR_WALL).source == Source.POSTERIOR


@pytest.mark.parametrize(
    ("actions", "named"), [(np.zeros((4, 12)), "actions has shape"), (np.full((5, 12), np.nan), "not finite")]
)
def test_bad_actions_are_refused_and_leave_the_state(model, actions, named):
    model.observe(PROPRIOCEPTION, None)
    with pytest.raises(ValueError, match=named):
        model.advance(actions)
    assert model.advance(ACTIONS).tick == 5
