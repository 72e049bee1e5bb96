"""The error for an unknown name lists the known ones and suggests a similar one."""

import pytest

from wmp_core.choices import unknown


@pytest.mark.parametrize(("name", "hint"), [("stair", "; did you mean 'stairs'?"), ("lava", "")])
def test_the_nearest_name_is_suggested(name, hint):
    assert str(unknown("terrain", name, ("stairs", "gap"))) == (
        f"terrain is {name!r}, expected one of ['gap', 'stairs']{hint}"
    )
