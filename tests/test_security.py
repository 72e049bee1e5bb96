"""security/policy.xml grants each node exactly what it uses in the running graph."""

from __future__ import annotations

import os
import re
import subprocess
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import NamedTuple

import pytest
import rclpy
from rclpy.node import Node

from wmp_bringup.graph import NodeSpec, a1_graph
from wmp_bringup.isolation import free_udp_port, reserve_domain
from wmp_bringup.processes import GraphProcesses
from wmp_controller.teleop_keyboard import Teleop
from wmp_testing.tiny_bundle import write_tiny_bundle

ROOT = Path(__file__).resolve().parent.parent
SECURITY = ROOT / "security"
RIGHTS = ("publish", "subscribe", "reply", "request")
INCLUDE = "{http://www.w3.org/2001/XInclude}include"
TELEOP, VIEWER = "teleop_keyboard", "viewer"

Rights = dict[str, dict[str, set[str]]]


def rights_of(profile: ElementTree.Element) -> dict[str, set[str]]:
    """Fully qualified names per right, ``common.xml`` included."""
    node = profile.get("node")
    lists = [part for part in profile if part.tag != INCLUDE]
    for include in profile.iter(INCLUDE):
        lists += ElementTree.parse(SECURITY / include.get("href", "")).getroot()
    rights: dict[str, set[str]] = {right: set() for right in RIGHTS}
    for part in lists:
        for right in RIGHTS:
            if part.get(right) == "ALLOW":
                rights[right] |= {qualified(item.text or "", node) for item in part}
    return rights


def qualified(name: str, node: str | None) -> str:
    if name.startswith("~/"):
        return f"/{node}/{name[2:]}"
    return name if name.startswith("/") else f"/{name}"


@pytest.fixture(scope="module")
def policy() -> Rights:
    root = ElementTree.parse(SECURITY / "policy.xml").getroot()
    return {profile.get("node", ""): rights_of(profile) for profile in root.iter("profile")}


def used_by(observer: Node, node: str) -> dict[str, set[str]]:
    """Topics and services of a running node, from discovery."""
    queries = {
        "publish": observer.get_publisher_names_and_types_by_node,
        "subscribe": observer.get_subscriber_names_and_types_by_node,
        "reply": observer.get_service_names_and_types_by_node,
        "request": observer.get_client_names_and_types_by_node,
    }
    try:
        return {right: {name for name, _ in query(node, "/")} for right, query in queries.items()}
    except RuntimeError:  # not discovered yet
        return {right: set() for right in RIGHTS}


class Running(NamedTuple):
    """Rights and enclaves of the nodes of the running graph."""

    rights: Rights
    enclaves: dict[str, str]


@pytest.fixture(scope="module")
def running(policy: Rights, tmp_path_factory: pytest.TempPathFactory) -> Running:
    """The graph, once every node uses all that it is granted, or after 40 s."""
    folder = tmp_path_factory.mktemp("security")
    options = {
        "bundle": str(write_tiny_bundle(folder / "tiny")),
        "robot_port": free_udp_port(),
        "operator": "ros",
        "lockstep": True,  # /clock is published only in lockstep
    }
    graph_specs = a1_graph("sim", options, record=folder / "bag", flights=folder)
    viewer = NodeSpec(
        "wmp_viewer", "viewer", VIEWER, graph_specs[0].parameter_file, {"bundle": options["bundle"]}
    )
    specs = (*graph_specs, viewer)
    domain = reserve_domain()
    environment = {**os.environ, "ROS_DOMAIN_ID": str(domain.domain_id)}
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=domain.domain_id)
    names = [*(spec.name for spec in specs), TELEOP]
    with GraphProcesses(specs, environment, folder) as graph:
        observer = rclpy.create_node("observer", context=context)
        deadline = time.monotonic() + 40.0
        while True:
            found = {name: used_by(observer, name) for name in names if name != TELEOP}
            ended = graph.exits()
            assert not ended, "\n".join(node.describe() for node in ended)
            if all(found[name] == policy.get(name) for name in found) or time.monotonic() > deadline:
                break
            time.sleep(0.2)
        nodes = observer.get_node_names_and_namespaces_with_enclaves()
        observer.destroy_node()
    rclpy.shutdown(context=context)
    enclaves = {name: enclave for name, _, enclave in nodes if name in found}
    return Running({**found, TELEOP: teleop_rights()}, enclaves)


def teleop_rights() -> dict[str, set[str]]:
    """Teleoperation needs a terminal to run, but not to be constructed."""
    rclpy.init()
    node = Teleop()
    deadline = time.monotonic() + 10.0
    rights = used_by(node, TELEOP)
    while not rights["request"] and time.monotonic() < deadline:
        time.sleep(0.1)
        rights = used_by(node, TELEOP)
    node.destroy_node()
    rclpy.shutdown()
    return rights


def test_exactly_the_nodes_of_the_graph_have_profiles(policy, tmp_path):
    options = {"bundle": str(write_tiny_bundle(tmp_path / "tiny"))}
    folders = {"record": tmp_path / "bag", "flights": tmp_path}
    graphs = [a1_graph(mode, options, **folders) for mode in ("sim", "real")]
    assert set(policy) == {spec.name for specs in graphs for spec in specs} | {TELEOP, VIEWER}


def test_each_node_is_granted_exactly_what_it_uses(running, policy):
    differences = [
        f"{node}: {right} {name}: {'granted, unused' if name in policy[node][right] else 'used, not granted'}"
        for node in sorted(policy)
        for right in RIGHTS
        for name in sorted(policy[node][right] ^ running.rights[node][right])
    ]
    assert differences == []


def test_the_nodes_run_in_the_enclaves_of_the_policy(running):
    root = ElementTree.parse(SECURITY / "policy.xml").getroot()
    named = {enclave.find(".//profile").get("node"): enclave.get("path") for enclave in root.iter("enclave")}
    assert running.enclaves == {node: path for node, path in named.items() if node != TELEOP}


def test_only_teleoperation_may_command_the_robot_and_the_viewer_may_stop_it(policy):
    commands = {"/cmd_vel", *(f"/policy_node/{service}" for service in ("stand_up", "walk", "sit_down"))}
    granted = {node: rights["publish"] | rights["request"] for node, rights in policy.items()}
    assert {node for node, names in granted.items() if names & commands} == {TELEOP}
    assert {node for node, names in granted.items() if "/policy_node/stop" in names} == {TELEOP, VIEWER}


def test_no_node_may_set_parameters_of_another(policy):
    requests = {name for rights in policy.values() for name in rights["request"]}
    assert not {name for name in requests if "parameter" in name}


def test_the_documented_topics_are_those_of_the_policy(policy):
    page = (ROOT / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")
    table = page.split("## Topics")[1]
    first_cells = re.findall(r"^\| (`[^|]*) \|", table, re.M)
    documented = {f"/{name}" for cell in first_cells for name in re.findall(r"`/?([\w/]+)`", cell)}
    granted = {name for rights in policy.values() for name in rights["publish"] | rights["subscribe"]}
    assert granted - {"/rosout", "/parameter_events"} == documented


def test_each_node_has_its_own_enclave_and_no_comment_is_parsed_as_one(policy):
    parser = ElementTree.XMLParser(target=ElementTree.TreeBuilder(insert_comments=True))
    enclaves = ElementTree.parse(SECURITY / "policy.xml", parser).find("enclaves")
    assert enclaves is not None
    assert [enclave.get("path") for enclave in enclaves] == [f"/wmp/{node}" for node in policy]


def test_without_ros_the_keystore_script_names_what_is_missing(tmp_path):
    (tmp_path / "dirname").symlink_to("/usr/bin/dirname")
    result = subprocess.run(
        ["/bin/bash", SECURITY / "create_keystore.sh", tmp_path / "keystore"],
        env={"PATH": str(tmp_path), "HOME": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 2
    assert "source a ROS 2 installation" in result.stderr
    assert not (tmp_path / "keystore").exists()
