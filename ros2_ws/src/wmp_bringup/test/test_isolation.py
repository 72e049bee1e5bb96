"""Runs on one machine use different domains and ports."""

import socket
import subprocess
import sys

import pytest

from wmp_bringup.isolation import free_udp_port, local_discovery, reserve_domain

RESERVE = "from wmp_bringup.isolation import reserve_domain; print(reserve_domain().domain_id)"


def test_two_reservations_never_share_a_domain():
    kept = [reserve_domain() for _ in range(20)]
    domains = {reservation.domain_id for reservation in kept}
    assert len(domains) == 20
    other = int(
        subprocess.run([sys.executable, "-c", RESERVE], check=True, capture_output=True, text=True).stdout
    )
    assert other not in domains


def test_a_domain_is_released_with_its_process():
    first = reserve_domain()
    first.lock.close()
    again = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    with again:
        again.bind(f"\0wmp_ros_domain_{first.domain_id}")


def test_a_domain_with_a_participant_is_not_chosen(monkeypatch):
    monkeypatch.setattr("wmp_bringup.isolation.DOMAINS", range(90, 92))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as participant:
        participant.bind(("", 7400 + 250 * 90 + 10))
        assert reserve_domain().domain_id == 91


def test_a_free_port_can_be_bound():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as user:
        user.bind(("127.0.0.1", free_udp_port()))


def test_a_domain_that_is_named_is_used():
    assert reserve_domain(45).domain_id == 45


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}),
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": ""}, {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}),
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET"}, {"ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET"}),
        ({"ROS_DISTRO": "humble"}, {"ROS_LOCALHOST_ONLY": "1"}),
        ({"ROS_DISTRO": "humble", "ROS_LOCALHOST_ONLY": "0"}, {"ROS_LOCALHOST_ONLY": "0"}),
    ],
)
def test_discovery_stays_on_this_machine_unless_the_environment_sets_a_range(environment, expected):
    assert local_discovery(environment) == expected
