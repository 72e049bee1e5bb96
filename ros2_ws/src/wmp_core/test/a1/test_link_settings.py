"""Invalid settings are refused when they are created."""

import pytest

from wmp_core.a1.link_settings import A1LinkSettings


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"robot_port": 70000}, "robot_port is 70000, allowed 1..65535"),
        ({"local_port": -1}, "local_port is -1, allowed 0..65535"),
        ({"transport": "lcm"}, "transport is 'lcm', allowed: udp, sdk"),
        ({"damping_repeats": 0}, "damping_repeats is 0, expected at least 1"),
        ({"damping_kd": 0.0}, "damping_kd is 0.0, allowed above 0"),
    ],
)
def test_a_bad_setting_is_refused_by_name(wrong, message):
    with pytest.raises(ValueError, match=message):
        A1LinkSettings(**{"robot_host": "127.0.0.1", **wrong})
