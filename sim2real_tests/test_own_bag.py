"""Your own bag as tests: ``pytest sim2real_tests/test_own_bag.py --bag PATH --bundle BUNDLE``.

Without ``--bag``, the golden walk of a tiny bundle is used, so that this suite is always tested.
"""

from __future__ import annotations

import pytest

from wmp_core.verification import load_verified
from wmp_replay import Replay, Status, replay

SECTIONS = ("integrity", "exactness", "prediction", "surprise", "latent", "dynamics")
#: Sections judged for the tiny bundle, whose untrained networks cannot predict.
WITHOUT_BAG = ("integrity", "exactness")


@pytest.fixture(scope="module")
def verdict(request: pytest.FixtureRequest) -> Replay:
    bag, bundle = request.config.getoption("--bag"), request.config.getoption("--bundle")
    if (bag is None) != (bundle is None):
        pytest.fail("--bag and --bundle belong together: give the bundle that the bag was recorded with")
    if bag is None:
        return replay(request.getfixturevalue("golden_bag"), request.getfixturevalue("tiny_bundle"))
    return replay(bag, load_verified(bundle))


@pytest.mark.parametrize("name", SECTIONS)
def test_section(verdict: Replay, name: str, request: pytest.FixtureRequest) -> None:
    section = verdict.section(name)
    text = "\n".join(f"{finding.status}: {finding.text}" for finding in section.findings)
    if section.status is Status.SKIP:
        pytest.skip(text)
    if request.config.getoption("--bag") is None and name not in WITHOUT_BAG:
        pytest.skip("no --bag was given")
    assert section.status is not Status.FAIL, text
