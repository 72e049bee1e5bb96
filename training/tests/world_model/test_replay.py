import torch

from wmp_training.world_model.replay import SequenceReplay


def counting_replay(lengths, capacity=8):
    """In step t of robot r, proprioception is (r, t)."""
    replay = SequenceReplay(len(lengths), capacity, (2, 2), 2, 1)
    for t in range(max(lengths)):
        robots = torch.tensor([r for r, n in enumerate(lengths) if t < n])
        rows = torch.tensor([[float(r), float(t)] for r in robots])
        replay.add(
            robots, rows[:, 1, None, None].expand(-1, 2, 2) / 64, rows, rows[:, :1], rows[:, 1] % 5 == 0
        )
    return replay


def test_sequences_are_consecutive_steps_of_one_robot_even_when_the_buffer_has_wrapped():
    replay = counting_replay([20, 11, 3])
    for _ in range(20):
        batch = replay.sample(4, 5)
        robot, step = batch.proprioception.unbind(-1)
        assert (robot == robot[:, :1]).all()
        assert (step.diff(dim=1) == 1).all()
        assert (step[:, 0] >= torch.where(robot[:, 0] == 0, 12, 3)).all()  # the oldest stored steps
        torch.testing.assert_close(batch.depth[:, :, 0, 0], step / 64)


def test_robots_with_too_few_steps_are_never_sampled():
    replay = counting_replay([3, 8])
    assert (replay.sample(16, 5).proprioception[..., 0] == 1).all()
    assert counting_replay([3, 2]).sample(1, 5) is None


def test_the_newest_and_the_oldest_step_can_be_sampled():
    replay = counting_replay([12], capacity=8)
    starts = {int(replay.sample(1, 5).proprioception[0, 0, 1]) for _ in range(60)}
    assert starts == {4, 5, 6, 7}


def test_resets_and_the_first_step_of_a_sequence_are_marked_as_first():
    replay = counting_replay([20])
    batch = replay.sample(8, 6)
    step = batch.proprioception[..., 1]
    expected = (step % 5 == 0).float()
    expected[:, 0] = 1.0
    torch.testing.assert_close(batch.is_first, expected)
