import pytest

from wmp_core.bundle import Bundle
from wmp_core.testing.tiny_bundle import write_tiny_bundle


@pytest.fixture(scope="session")
def tiny_bundle_path(tmp_path_factory):
    """A bundle on disk that tests must not alter."""
    return write_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny")


@pytest.fixture(scope="session")
def tiny_bundle(tiny_bundle_path):
    return Bundle.load(tiny_bundle_path)
