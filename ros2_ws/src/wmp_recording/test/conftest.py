"""Fixtures of the tests of wmp_recording."""

import pytest

from wmp_testing.tiny_bundle import write_tiny_bundle


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory):
    """A complete bundle with tiny, untrained networks."""
    return write_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny")
