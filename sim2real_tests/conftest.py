"""Options and fixtures of the tests of wmp_replay and of the suite for a user's own bag."""

from __future__ import annotations

from pathlib import Path

import pytest

from wmp_core.bundle import Bundle
from wmp_core.verification import load_verified
from wmp_replay.bag.writer import write_bag
from wmp_replay.golden_walk import golden_records
from wmp_testing.tiny_bundle import write_tiny_bundle


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("wmp replay")
    group.addoption("--bag", type=Path, help="rosbag2 of a walk, judged by sim2real_tests/test_own_bag.py")
    group.addoption("--bundle", type=Path, help="the bundle that the bag was recorded with")


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory) -> Bundle:
    """A complete bundle with tiny, untrained networks, and 30 world-model steps of golden trajectory."""
    path = write_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny", steps=150)
    return load_verified(path)


@pytest.fixture(scope="session")
def golden_bag(tiny_bundle, tmp_path_factory) -> Path:
    """The golden trajectory of the bundle as the graph would record it, in MCAP."""
    notes = {"bundle": {"name": tiny_bundle.name, "sha256": tiny_bundle.sha256}}
    return write_bag(tmp_path_factory.mktemp("bag") / "golden", golden_records(tiny_bundle), notes)
