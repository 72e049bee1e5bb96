"""What the page shows as seen, believed and foreseen is what the networks say."""

import base64

import numpy as np
import pytest

from wmp_testing.graph_messages import depth, latent, policy_step
from wmp_viewer.imagination import AHEAD, Imagination


def decoded(text, far):
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(64, 64) * far / 255


def by_hand(bundle, h, z):
    outputs = bundle.models["decoder"].run(deter=h[None], stoch=z[None])
    return np.clip((outputs["depth"][0, 0] + 0.5) * bundle.contract.depth.far, 0, bundle.contract.depth.far)


def run(bundle, steps, first_is_missing=False):
    """Items of a walk of ``steps`` policy steps, and its latents by tick."""
    imagination, items, latents = Imagination(bundle), [], {}
    for tick in range(steps):
        if not (first_is_missing and tick == 7):
            imagination.on_step(policy_step(0.02 * tick, tick))
        if tick % 5 == 4:
            seen = 0.02 * (tick - 4) - 0.1
            if seen > 0:
                imagination.on_depth(depth(seen, 1.5))
            message = latent(0.02 * tick, tick + 1, z_class=tick % 3, depth_stamp=seen if seen > 0 else None)
            latents[tick + 1] = message
            items += imagination.on_latent(message)
    return items, latents


def test_the_believed_image_decodes_h_of_its_tick_with_the_z_that_arrives_one_step_later(tiny_bundle):
    items, latents = run(tiny_bundle, 30)
    item = next(item for item in items if item["tick"] == 20)
    h = np.array(latents[20].h, np.float32)
    z = np.array(latents[25].z, np.int64)
    far = tiny_bundle.contract.depth.far
    assert decoded(item["believes"], far) == pytest.approx(by_hand(tiny_bundle, h, z), abs=far / 255)


def test_the_seen_image_is_the_one_that_the_latent_names(tiny_bundle):
    items, _ = run(tiny_bundle, 30)
    by_tick = {item["tick"]: item for item in items}
    assert by_tick[5]["sees"] is None and by_tick[5]["source"] == "prior"
    far = tiny_bundle.contract.depth.far
    assert decoded(by_tick[10]["sees"], far) == pytest.approx(np.full((64, 64), 1.5), abs=far / 255)
    assert by_tick[10]["surprise"] == 3.25


def test_the_foreseen_image_is_a_rollout_of_ten_steps_with_the_actions_since(tiny_bundle):
    items, latents = run(tiny_bundle, 5 * (AHEAD + 3))
    item = next(item for item in items if item["foresaw"] is not None)
    start = item["tick"] - 5 * AHEAD
    h, z = np.array(latents[start].h, np.float32)[None], np.array(latents[start + 5].z, np.int64)[None]
    models = tiny_bundle.models
    for step in range(AHEAD):
        ticks = range(start + 5 * step, start + 5 * step + 5)
        actions = np.concatenate([np.array(policy_step(0.0, tick).action, np.float32) for tick in ticks])
        h = models["advance"].run(deter=h, stoch=z, actions=actions[None])["next_deter"]
        z = models["prior"].run(deter=h)["stoch"]
    far = tiny_bundle.contract.depth.far
    assert decoded(item["foresaw"], far) == pytest.approx(by_hand(tiny_bundle, h[0], z[0]), abs=far / 255)


def test_a_missing_action_leaves_no_prediction_rather_than_a_wrong_one(tiny_bundle):
    items, _ = run(tiny_bundle, 5 * (AHEAD + 3), first_is_missing=True)
    shown = {item["tick"]: item["foresaw"] is not None for item in items}
    assert not shown[55]  # from tick 5, over the missing tick 7
    assert shown[60]
