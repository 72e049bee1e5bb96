"""Open-loop prediction and its baselines, against the runtime's world model and values worked out by hand."""

import dataclasses

import numpy as np
import pytest

from wmp_replay import Status, load_bag, predict
from wmp_replay.bag.records import PolicyStep
from wmp_replay.bag.writer import write_bag
from wmp_replay.golden_walk import golden_records, golden_steps
from wmp_replay.open_loop import shuffled_actions
from wmp_replay.prediction import PredictionErrors, PredictionTest, judge
from wmp_replay.thresholds import Thresholds
from wmp_replay.windows import CONTEXT, HORIZONS, LENGTH, WindowCutter, join


@pytest.fixture(scope="module")
def windows(tiny_bundle):
    cutter = WindowCutter(tiny_bundle.contract, 1)
    cut = [cutter.update(dataclasses.replace(step, depth=image(step))) for step in golden_steps(tiny_bundle)]
    return join([window for window in cut if window is not None])


def image(step):
    """The golden walk has ticks without an image; a context needs one at every tick."""
    return np.full((64, 64), 1.0, np.float32) if step.depth is None else step.depth


def test_prediction_equals_the_rollout_of_the_runtime_without_images(tiny_bundle, windows):
    """The runtime's own WorldModel, stepped by hand without images after the context."""
    predicted = predict(tiny_bundle, windows)
    model, b = tiny_bundle.create_world_model(), 3
    model.reset()
    for t in range(LENGTH):
        seen = windows.depth[b, t] if t < CONTEXT else None
        state = model.observe(windows.proprioception[b, t], seen)
        ahead = t - CONTEXT + 1
        if ahead in HORIZONS:
            out = tiny_bundle.models["decoder"].run(deter=state.h[None], stoch=state.z[None])
            k = HORIZONS.index(ahead)
            wanted = np.clip((out["depth"][0, 0] + 0.5) * 2.0, 0.0, 2.0)
            np.testing.assert_allclose(predicted.depth[b, k], wanted, atol=1e-5)
            np.testing.assert_allclose(predicted.proprioception[b, k], out["proprioception"][0], atol=1e-5)
        model.advance(windows.actions[b, t].reshape(5, 12))


def test_windows_do_not_span_a_gap(tiny_bundle):
    cutter = WindowCutter(tiny_bundle.contract, 1)
    steps = [dataclasses.replace(step, depth=image(step)) for step in golden_steps(tiny_bundle)]
    steps[2] = dataclasses.replace(steps[2], follows=False)
    due = [cutter.update(step) is not None for step in steps]
    assert due.index(True) == 2 + LENGTH - 1
    assert sum(due) == len(steps) - LENGTH - 1


def test_shuffling_keeps_the_context_and_every_action(windows):
    shuffled = shuffled_actions(windows, joints=12)
    np.testing.assert_array_equal(shuffled[:, : CONTEXT - 1], windows.actions[:, : CONTEXT - 1])
    assert not np.array_equal(shuffled, windows.actions)
    for b in range(len(windows)):
        rows = [a[b, CONTEXT - 1 :].reshape(-1, 12) for a in (windows.actions, shuffled)]
        assert sorted(map(tuple, rows[0])) == sorted(map(tuple, rows[1]))


def test_persistence_of_a_standing_world_has_no_error(tiny_bundle):
    test, still = PredictionTest(tiny_bundle), np.full((64, 64), 1.2, np.float32)
    first = next(golden_steps(tiny_bundle))
    for number, step in enumerate(golden_steps(tiny_bundle)):
        policy = tuple(dataclasses.replace(p, proprioception=first.proprioception) for p in step.policy)
        test.update(dataclasses.replace(step, depth=still, policy=policy, follows=number > 0))
    samples = test.finish().samples
    assert np.all(samples["persistence"]["depth_m"] == 0)
    assert np.all(samples["persistence"]["joint_velocity"] == 0)
    assert np.all(samples["model"]["depth_m"] > 0)


def test_joint_velocity_errors_are_in_rad_per_s(tiny_bundle):
    """0.05 per rad/s: a scaled change of 0.1 is 2 rad/s."""
    test, steps = PredictionTest(tiny_bundle), list(golden_steps(tiny_bundle))
    base = steps[0].proprioception
    for number, step in enumerate(steps):
        values = base.copy()
        values[21:33] += 0.1 * (number >= CONTEXT)
        policy = (dataclasses.replace(step.policy[0], proprioception=values), *step.policy[1:])
        test.update(dataclasses.replace(step, depth=image(step), policy=policy))
    errors = test.finish().samples["persistence"]["joint_velocity"]
    np.testing.assert_allclose(errors[0], 2.0, rtol=1e-4)


def errors_of(depth):
    """Ten windows with these depth errors (model, persistence, shuffled) at every horizon."""

    def metrics(value):
        return {
            "depth_m": np.full((10, len(HORIZONS)), value),
            "joint_velocity": np.ones((10, len(HORIZONS))),
        }

    names = ("model", "persistence", "shuffled")
    return PredictionErrors(dict(zip(names, map(metrics, depth), strict=True)), np.arange(10.0))


@pytest.mark.parametrize(
    ("depth", "reference", "expected"),
    [
        ((0.10, 0.20, 0.15), 0.10, Status.PASS),
        ((0.10, 0.20, 0.15), 0.05, Status.WARN),  # twice the simulation's error
        ((0.30, 0.10, 0.35), 0.30, Status.FAIL),  # three times the error of persistence
    ],
)
def test_the_verdict_compares_the_model_with_persistence_and_simulation(depth, reference, expected):
    known = {"depth_m": np.full((3, 5), reference), "joint_velocity": np.ones((3, 5))}
    assert judge(errors_of(depth), known, Thresholds.load().prediction).status is expected


def test_a_film_shows_every_step_ahead_and_agrees_with_the_picture(tiny_bundle):
    test = PredictionTest(tiny_bundle)
    for step in golden_steps(tiny_bundle):
        test.update(step)
    assert test.finish() is not None
    film = test.with_every_step(test.worst[0])
    assert film.ahead == tuple(range(1, 21))
    shown = [film.ahead.index(ahead) for ahead in HORIZONS]
    np.testing.assert_allclose(film.predicted[shown], test.worst[0].predicted, atol=1e-5)
    np.testing.assert_array_equal(film.truth[shown], test.worst[0].truth)


def test_a_walk_that_is_too_short_is_not_judged(tiny_bundle, tmp_path):
    records = [r for r in golden_records(tiny_bundle) if not (isinstance(r, PolicyStep) and r.tick > 60)]
    walk = load_bag(write_bag(tmp_path / "bag", records))
    test = PredictionTest(tiny_bundle)
    for step in walk.steps(tiny_bundle.contract):
        test.update(step)
    assert judge(test.finish(), None, Thresholds.load().prediction).status is Status.SKIP
