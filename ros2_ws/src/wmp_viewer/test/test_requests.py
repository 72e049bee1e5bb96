"""Requests of a page are checked before anything acts on them."""

import json

import pytest

from wmp_viewer.requests import PageRequest, RequestError


@pytest.mark.parametrize("name", ["stop", "stand_up", "walk", "sit_down", "arm", "disarm", "push"])
def test_requests_without_values(name):
    assert PageRequest.parse(json.dumps({"do": name})) == PageRequest(name)


def test_a_velocity_and_a_fault():
    drive = PageRequest.parse('{"do": "drive", "vx": 0.5, "vy": 0, "yaw": -1}')
    assert drive.velocity == (0.5, 0.0, -1.0)
    fault = PageRequest.parse('{"do": "fault", "fault": "camera_black", "on": true}')
    assert (fault.fault, fault.on) == ("camera_black", True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "stop",
        "[]",
        "null",
        "[" * 400,
        b'{"do": "stop"}',
        '{"do": "explode"}',
        '{"do": ["stop"]}',
        '{"do": "stop", "really": true}',
        '{"do": "drive", "vx": 0.5}',
        '{"do": "drive", "vx": NaN, "vy": 0, "yaw": 0}',
        '{"do": "drive", "vx": Infinity, "vy": 0, "yaw": 0}',
        '{"do": "drive", "vx": 1e6, "vy": 0, "yaw": 0}',
        '{"do": "drive", "vx": true, "vy": 0, "yaw": 0}',
        '{"do": "drive", "vx": "1", "vy": 0, "yaw": 0}',
        '{"do": "fault", "fault": "camera_black", "on": 1}',
        '{"do": "stop", "x": "' + 600 * "y" + '"}',
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(RequestError):
        PageRequest.parse(text)
