"""Settings that no link could work with are refused where they are built."""

import pytest

from wmp_core.a1.link_settings import A1LinkSettings


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"robot_port": 70000}, "robot_port is 70000, allowed 1..65535"),
        ({"local_port": -1}, "local_port is -1, allowed 0..65535"),
        ({"transport": "lcm"}, "transport is 'lcm', allowed: udp, sdk"),
        ({"damping_repeats": 0}, "damping_repeats at least 1"),
        ({"damping_kd": 0.0}, "damping_kd is 0.0, allowed above 0"),
    ],
)
def test_a_bad_setting_is_refused_by_name(wrong, told):
    with pytest.raises(ValueError, match=told):
        A1LinkSettings(**wrong)
