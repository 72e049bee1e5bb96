"""Steps and images in any order give the same calls to the world model."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wmp_core.contract import TimingContract
from wmp_perception.latent_schedule import LatentSchedule, Step

TIMING = TimingContract(control_period=0.02, world_model_interval=5, depth_age=0.1)


class CallLog:
    """A world model that records its calls."""

    def __init__(self):
        self.calls = []

    def reset(self):
        self.calls.append("reset")

    def observe(self, proprioception, depth_m, depth_stamp):
        image = None if depth_m is None else (float(depth_m[0]), round(depth_stamp, 6))
        self.calls.append(("observe", float(proprioception[0]), image))

    def advance(self, actions):
        self.calls.append(("advance", tuple(actions[:, 0])))
        return len(self.calls)


def step(tick, is_first=None):
    values = np.float32([tick])
    return Step(tick, 1.0 + 0.02 * tick, tick == 0 if is_first is None else is_first, values, values)


def image(tick, error=0.0):
    """The image of world-model tick ``tick``; its content is its tick."""
    return 1.0 + 0.02 * tick - 0.1 + error, np.float32([tick])


def schedule(wait=False):
    model = CallLog()
    return LatentSchedule(model, TIMING, 0.04, wait), model


def observed(tick):
    stamp, values = image(tick)
    return ("observe", float(tick), (float(values[0]), round(stamp, 6)))


def test_an_interval_is_one_observation_and_one_advance_with_five_actions():
    runner, model = schedule()
    runner.on_depth(*image(0))
    results = [runner.on_step(step(tick)) for tick in range(5)]
    assert model.calls == ["reset", observed(0), ("advance", (0, 1, 2, 3, 4))]
    assert results[:4] == [None] * 4
    assert (results[4].tick, results[4].stamp) == (5, pytest.approx(1.08))


def test_the_image_may_arrive_within_its_interval():
    runner, model = schedule()
    for tick in range(3):
        runner.on_step(step(tick))
    assert runner.on_depth(*image(0, error=0.02)) is None
    runner.on_step(step(3))
    assert runner.on_step(step(4)).tick == 5
    assert model.calls[1][2] == (0.0, 0.92)


def test_in_real_time_the_prior_replaces_a_missing_image_at_once():
    runner, model = schedule()
    last = [runner.on_step(step(tick)) for tick in range(5)][-1]
    assert last.tick == 5
    assert model.calls[1] == ("observe", 0.0, None)


def test_a_late_image_is_not_used_for_the_next_tick():
    runner, model = schedule()
    for tick in range(6):
        runner.on_step(step(tick))
    runner.on_depth(*image(0))
    runner.on_depth(*image(5))
    assert model.calls[-1] == observed(5)


def test_in_lockstep_the_interval_waits_for_its_image():
    runner, model = schedule(wait=True)
    assert [runner.on_step(step(tick)) for tick in range(5)] == [None] * 5
    assert runner.is_waiting and model.calls == ["reset"]
    assert runner.on_depth(*image(0)).tick == 5
    assert not runner.is_waiting and model.calls[1] == observed(0)


def test_continuing_without_depth_uses_the_prior():
    runner, model = schedule(wait=True)
    assert runner.continue_without_depth() is None
    for tick in range(5):
        runner.on_step(step(tick))
    assert runner.continue_without_depth().tick == 5
    assert model.calls[1] == ("observe", 0.0, None)


@pytest.mark.parametrize("missing", [2, 4, 5])
def test_after_a_gap_the_model_restarts_at_the_next_world_model_tick(missing):
    runner, model = schedule()
    results = {tick: runner.on_step(step(tick)) for tick in range(15) if tick != missing}
    assert runner.gaps == 1
    assert model.calls.count("reset") == 2
    assert [result.tick for result in results.values() if result][-1] == 15
    advanced = [call[1] for call in model.calls if call[0] == "advance"]
    assert (
        advanced
        == {
            2: [(5, 6, 7, 8, 9), (10, 11, 12, 13, 14)],
            4: [(5, 6, 7, 8, 9), (10, 11, 12, 13, 14)],
            5: [(0, 1, 2, 3, 4), (10, 11, 12, 13, 14)],
        }[missing]
    )


def test_a_node_that_joins_a_running_robot_starts_at_the_next_world_model_tick():
    runner, model = schedule()
    results = [runner.on_step(step(tick, is_first=False)) for tick in range(3, 10)]
    assert results[-1].tick == 10
    assert model.calls == ["reset", ("observe", 5.0, None), ("advance", (5, 6, 7, 8, 9))]


def test_a_new_run_drops_the_unfinished_interval_of_the_last():
    runner, model = schedule(wait=True)
    for tick in range(5):
        runner.on_step(step(tick))
    later = Step(0, 9.0, True, np.float32([0]), np.float32([50]))
    assert runner.on_step(later) is None
    assert not runner.is_waiting and runner.gaps == 0
    runner.on_depth(8.9, np.float32([7]))
    assert model.calls == ["reset", "reset", ("observe", 0.0, (7.0, 8.9))]


@given(
    st.permutations(["step"] * 20 + ["image"] * 4), st.lists(st.floats(-0.039, 0.039), min_size=4, max_size=4)
)
def test_in_lockstep_the_order_of_arrival_does_not_change_the_calls(order, errors):
    """As in the graph, the step after an interval is sent only once its latent has arrived."""
    runner, model = schedule(wait=True)
    images = iter([image(5 * i, errors[i]) for i in range(4)])
    steps = iter(range(20))
    latents = []

    def deliver(result):
        if result is not None:
            latents.append(result.tick)

    for kind in order:
        if kind == "step":
            while runner.is_waiting:
                deliver(runner.on_depth(*next(images)))
            deliver(runner.on_step(step(next(steps))))
        else:
            remaining = next(images, None)
            if remaining is not None:
                deliver(runner.on_depth(*remaining))
    for remaining in images:
        deliver(runner.on_depth(*remaining))

    expected = ["reset"]
    for i, tick in enumerate(range(0, 20, 5)):
        stamp, values = image(tick, errors[i])
        expected.append(("observe", float(tick), (float(values[0]), round(stamp, 6))))
        expected.append(("advance", tuple(range(tick, tick + 5))))
    assert model.calls == expected
    assert latents == [5, 10, 15, 20]
