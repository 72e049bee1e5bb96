import pytest
import torch

from wmp_training.env.config import EnvConfig
from wmp_training.env.delay import ActionDelay

SUBSTEPS, PERIOD = 4, 0.02


def delay_of(steps, robots=1, longest=None):
    """A delay of ``steps`` physics steps (5 ms each); the initial joint targets are 0."""
    seconds = 0.005 * steps
    config = EnvConfig(action_delay=(seconds, 0.005 * longest if longest else seconds))
    delay = ActionDelay(config, torch.zeros(robots, 1), SUBSTEPS, PERIOD)
    delay.reset(torch.arange(robots), torch.zeros(robots, 1))
    return delay


@pytest.mark.parametrize("steps", [0, 1, 3, 4, 6, 11])
def test_motors_get_each_target_after_the_delay_in_physics_steps(steps):
    delay = delay_of(steps)
    reached = torch.cat([delay(torch.full((1, 1), float(period)))[0, :, 0] for period in range(1, 9)])
    targets = torch.arange(1.0, 9.0).repeat_interleave(SUBSTEPS)
    expected = torch.cat([torch.zeros(steps), targets])[: len(targets)]
    assert torch.equal(reached, expected)


def test_every_robot_draws_its_own_delay_from_the_range():
    delay = delay_of(0, robots=400, longest=6)
    assert sorted(delay.late.unique().tolist()) == [0, 1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("seconds", [0.0225, 0.0825, 0.2425])
def test_every_supported_delay_finds_its_target_in_the_buffer(seconds):
    delay = ActionDelay(EnvConfig(action_delay=(seconds, seconds)), torch.zeros(1, 1), SUBSTEPS, PERIOD)
    delay.reset(torch.tensor([0]), torch.full((1, 1), 7.0))
    reached = torch.cat([delay(torch.zeros(1, 1))[0, :, 0] for _ in range(14)])
    # Halfway between two numbers of physics steps, either is correct.
    assert abs(int((reached == 7.0).sum()) - seconds / 0.005) <= 0.5 + 1e-9


def test_a_new_episode_starts_with_the_joint_positions_as_targets():
    delay = delay_of(5, robots=2)
    delay(torch.ones(2, 1))
    delay.reset(torch.tensor([1]), torch.full((1, 1), 7.0))
    assert delay(torch.full((2, 1), 2.0))[:, 0, 0].tolist() == [0.0, 7.0]


def test_checkpoints_with_one_delayed_step_still_load():
    delay = ActionDelay(EnvConfig(), torch.zeros(2, 3), SUBSTEPS, PERIOD)
    delay.load_state_dict({"targets": torch.ones(2, 3), "late": torch.tensor([True, False])})
    reached = delay(torch.zeros(2, 3))
    assert reached[0, 0].tolist() == [1.0] * 3 and not reached[1].any() and not reached[0, 1:].any()


class Draws:
    """Replaces the random jitter by given steps."""

    def __init__(self, monkeypatch, *steps):
        remaining = iter(steps)
        monkeypatch.setattr(torch, "randint_like", lambda late, *_: torch.full_like(late, next(remaining)))


def test_each_action_arrives_after_its_own_delay(monkeypatch):
    delay = ActionDelay(
        EnvConfig(action_delay=(0.0, 0.025), action_jitter=0.005), torch.zeros(1, 1), SUBSTEPS, PERIOD
    )
    delay.reset(torch.tensor([0]), torch.zeros(1, 1))
    delay.late[:] = 2
    Draws(monkeypatch, 1, -1, 0, 1)
    reached = [delay(torch.full((1, 1), float(period)))[0, :, 0].tolist() for period in (1, 2, 3, 4)]
    # Target 1 arrives 3 steps after the start of its period, 2 after 1, 3 after 2, 4 after 3.
    assert reached == [[0, 0, 0, 1], [1, 2, 2, 2], [2, 2, 3, 3], [3, 3, 3, 4]]


def test_jitter_stays_within_the_range_of_delays():
    config = EnvConfig(action_delay=(0.005, 0.025), action_jitter=0.005)
    delay = ActionDelay(config, torch.zeros(300, 1), SUBSTEPS, PERIOD)
    delay.reset(torch.arange(300), torch.zeros(300, 1))
    seen = []
    for _ in range(20):
        delay(torch.zeros(300, 1))
        seen.append(delay.delays[0].clone())
    seen = torch.stack(seen)
    assert seen.min() == 1 and seen.max() == 5
    middle = delay.late == 3
    assert sorted(seen[:, middle].unique().tolist()) == [2, 3, 4]
    assert (seen - delay.late).abs().max() == 1


def test_overtaken_actions_are_dropped(monkeypatch):
    delay = ActionDelay(
        EnvConfig(action_delay=(0.0, 0.025), action_jitter=0.025), torch.zeros(1, 1), SUBSTEPS, PERIOD
    )
    delay.reset(torch.tensor([0]), torch.zeros(1, 1))
    delay.late[:] = 0
    Draws(monkeypatch, 5, 0, 0)
    reached = [delay(torch.full((1, 1), float(period)))[0, :, 0].tolist() for period in (1, 2, 3)]
    assert reached == [[0] * 4, [2] * 4, [3] * 4]


def test_a_jitter_outside_the_supported_range_is_refused():
    with pytest.raises(ValueError, match="action_jitter is -0.1, expected 0 to 0.25 s"):
        EnvConfig(action_jitter=-0.1)


def test_a_delay_outside_the_supported_range_is_refused():
    with pytest.raises(ValueError, match=r"action_delay is \[0, 3\]"):
        EnvConfig(action_delay=(0.0, 3.0))
