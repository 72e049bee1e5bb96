"""Messages become frames, modes and events."""

import json
import math

import numpy as np
import pytest
from std_msgs.msg import String

from wmp_testing.graph_messages import depth, event, imu, joint_states, latent, odometry, policy_step, status
from wmp_viewer.telemetry import Telemetry


@pytest.fixture
def telemetry(tiny_bundle):
    return Telemetry(tiny_bundle)


def test_there_is_no_frame_before_the_first_state(telemetry):
    assert telemetry.frame() is None


def test_joints_are_ordered_by_name_not_by_place(telemetry):
    telemetry.update("joint_states", joint_states(1.0))
    frame = telemetry.frame()
    assert frame["q"] == pytest.approx(np.arange(12) / 10)
    assert frame["torque"] == pytest.approx(np.arange(12))
    assert frame["t"] == 1.0


def test_the_base_is_the_truth_of_a_simulation_and_an_estimate_without(telemetry):
    telemetry.update("imu/data", imu(1.0))
    telemetry.update("joint_states", joint_states(1.0, np.tile([0.0, 0.8, -1.5], 4)))
    estimated = telemetry.frame()
    assert estimated["base_is"] == "estimate"
    assert 0.2 < estimated["base"][2] < 0.4
    telemetry.update("sim/odometry", odometry(1.0, x=2.5))
    assert telemetry.frame()["base"] == [2.5, 0.0, 0.3, 1.0, 0.0, 0.0, 0.0]
    assert telemetry.frame()["base_is"] == "truth"


def test_a_policy_step_tells_the_mode_once_and_the_command(telemetry):
    telemetry.update("joint_states", joint_states(1.0))
    assert telemetry.update("wmp/policy_step", policy_step(1.0, 0)) == [
        {"kind": "mode", "t": 1.0, "mode": "WALK"}
    ]
    assert telemetry.update("wmp/policy_step", policy_step(1.02, 1)) == []
    assert telemetry.frame()["command"] == [0.5, 0.0, 0.1]


def test_an_event_carries_the_change_of_mode(telemetry):
    items = telemetry.update("diagnostics", event(2.0, "FAULT", "WALK -> FAULT: motor too hot"))
    assert [(item["kind"], item["t"], item["mode"]) for item in items] == [
        ("mode", 2.0, "FAULT"),
        ("event", 2.0, "FAULT"),
    ]
    assert items[1]["text"] == "WALK -> FAULT: motor too hot"


def test_a_late_status_does_not_contradict_an_event(telemetry):
    telemetry.update("diagnostics", status("policy_node", "STAND", mode="STAND"))
    assert telemetry.mode == "STAND"
    telemetry.update("diagnostics", event(2.0, "WALK", "STAND -> WALK"))
    items = telemetry.update(
        "diagnostics", status("policy_node", "STAND", mode="STAND", control_p50_ms="0.3")
    )
    assert telemetry.mode == "WALK"
    assert [item["kind"] for item in items] == ["status"]
    assert items[0]["values"] == {"control_p50_ms": "0.3"}


def test_an_injected_fault_begins_and_ends(telemetry):
    items = telemetry.update("sim/faults", String(data="begin camera_black 4.250"))
    assert items == [{"kind": "fault", "t": 4.25, "fault": "camera_black", "begins": True}]


def test_a_simulation_that_starts_again_starts_the_picture_again(telemetry):
    telemetry.update("sim/odometry", odometry(50.0, x=9.0))
    telemetry.update("joint_states", joint_states(50.0))
    telemetry.update("joint_states", joint_states(0.02))
    assert telemetry.frame()["base_is"] == "estimate"
    assert telemetry.frame()["t"] == 0.02


def test_values_that_are_not_finite_still_give_json(telemetry):
    telemetry.update("imu/data", imu(1.0, (math.nan,) * 4))
    telemetry.update("joint_states", joint_states(1.0, [math.nan] * 12))
    telemetry.update("sim/odometry", odometry(1.0, x=math.inf))
    json.dumps(telemetry.frame(), allow_nan=False)


def test_topics_of_images_are_accepted_in_any_order(telemetry):
    assert telemetry.update("wmp/depth", depth(0.9, 1.0)) == []
    assert telemetry.update("wmp/latent", latent(1.0, 5)) == []
