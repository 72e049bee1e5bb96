import shutil

import pytest

from wmp_core.verification import load_verified
from wmp_testing.tiny_bundle import write_tiny_bundle


@pytest.fixture(scope="session")
def tiny_bundle_path(tmp_path_factory):
    """A bundle on disk that tests must not alter."""
    return write_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny")


@pytest.fixture(scope="session")
def tiny_bundle(tiny_bundle_path):
    return load_verified(tiny_bundle_path)


@pytest.fixture
def copy(tiny_bundle_path, tmp_path):
    """A copy of the bundle to damage."""
    return shutil.copytree(tiny_bundle_path, tmp_path / "copy")
