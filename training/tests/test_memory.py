"""Runs that cannot fit into the memory are refused before anything is allocated."""

import pytest

from wmp_training import memory
from wmp_training.memory import check_memory, replay_bytes
from wmp_training.run_config import RunConfig


def test_the_replay_memory_holds_the_images_of_all_robots():
    """4096 robots, 256 steps, 64 x 64 values of 2 bytes: 8 GiB, and less than 5 % for everything else."""
    found = replay_bytes(RunConfig("full", 4096, 0))
    assert 8 * 2**30 < found < 1.2 * 8 * 2**30
    assert replay_bytes(RunConfig("full", 4096, 0, policy="blind")) == 0


def test_more_robots_than_the_memory_holds_are_refused(monkeypatch):
    monkeypatch.setattr(memory, "free_bytes", lambda: 6_000_000_000)
    with pytest.raises(
        ValueError, match=r"--num-envs 4096 needs at least .* GB of memory .*6\.0 GB are free"
    ):
        check_memory(RunConfig("full", 4096, 0))
    check_memory(RunConfig("full", 4096, 0), share=0.25)
    check_memory(RunConfig("full", 4096, 0), on_cpu=False)


def test_this_machine_has_memory():
    assert memory.free_bytes() > 0
