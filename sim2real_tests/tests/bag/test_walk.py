"""A walk read from a bag equals the recorded one, and missing parts are reported."""

import dataclasses
import math

import numpy as np
import pytest
from rosbags.typesys import Stores, get_typestore

from wmp_core.depth.geometry import CameraIntrinsics, clip_depth
from wmp_recording.storage.recording import StoredMessage
from wmp_replay import BagError, Status, load_bag, replay
from wmp_replay.bag.motor_mode import DIAGNOSTICS, MotorMode
from wmp_replay.bag.records import (
    CameraFrame,
    CameraInfo,
    DepthRecord,
    ImuReading,
    JointCommand,
    Joints,
    LatentRecord,
    PolicyStep,
)
from wmp_replay.bag.writer import write_bag
from wmp_replay.golden_walk import golden_records

K = 5


def steps_of(tmp_path, bundle, records):
    walk = load_bag(write_bag(tmp_path / "bag", records))
    return walk, list(walk.steps(bundle.contract))


def without(records, drop):
    return [record for record in records if not drop(record)]


def test_each_step_holds_its_image_latents_and_robot_states(golden_bag, tiny_bundle):
    golden = tiny_bundle.golden
    steps = list(load_bag(golden_bag).steps(tiny_bundle.contract))
    assert [step.tick for step in steps] == list(range(0, golden.steps, K))
    assert [step.follows for step in steps] == [False] + [True] * (len(steps) - 1)
    for n, step in enumerate(steps):
        assert (step.depth is not None) == golden.depth_valid[n]
        if step.depth is not None:
            wanted = clip_depth(tiny_bundle.contract.depth, golden.depth[n])
            np.testing.assert_array_equal(step.depth, wanted)
            assert step.depth_age == pytest.approx(0.1)
        assert (step.latent is None) == (n == 0)
        if step.outcome is not None:
            assert step.outcome.z.tolist() == golden.stoch[n].tolist()
        assert step.states[0].q.tolist() == golden.q[n * K].tolist()


def test_order_of_topics_in_the_file_does_not_matter(tiny_bundle, tmp_path):
    records = list(golden_records(tiny_bundle))
    late = sorted(
        range(len(records)),
        key=lambda i: i + (40 if isinstance(records[i], (DepthRecord, LatentRecord)) else 0),
    )
    _, steps = steps_of(tmp_path, tiny_bundle, [records[i] for i in late])
    seen = [step.depth is not None for step in steps]
    assert seen == tiny_bundle.golden.depth_valid.tolist()
    assert sum(step.outcome is not None for step in steps) == len(steps) - 1


def test_a_lost_policy_step_is_counted_and_breaks_the_chain_once(tiny_bundle, tmp_path):
    lost = 37
    records = without(golden_records(tiny_bundle), lambda r: isinstance(r, PolicyStep) and r.tick == lost)
    walk, steps = steps_of(tmp_path, tiny_bundle, records)
    assert walk.dropped_steps == 1
    assert [step.tick for step in steps if not step.follows] == [0, 40]
    assert len(next(step for step in steps if step.tick == 35).policy) == 2


def test_a_consumed_image_that_was_not_recorded_is_reported(tiny_bundle, tmp_path):
    stamp = 1.0 + 20 * 0.02 - 0.1
    records = without(
        golden_records(tiny_bundle), lambda r: isinstance(r, DepthRecord) and abs(r.stamp - stamp) < 1e-9
    )
    _, steps = steps_of(tmp_path, tiny_bundle, records)
    assert [step.tick for step in steps if step.depth_lost] == [20]


def test_an_empty_image_means_no_image(tiny_bundle, tmp_path):
    """As depth_node publishes it: 0 x 0 pixels, where the camera had nothing of the right age."""
    blank = np.zeros((0, 0), np.float32)
    records = [
        dataclasses.replace(record, metres=blank) if isinstance(record, DepthRecord) and late else record
        for record, late in ((r, r.stamp > 2.0) for r in golden_records(tiny_bundle))
        if not isinstance(record, LatentRecord)
    ]
    walk, steps = steps_of(tmp_path, tiny_bundle, records)
    assert len(walk.left_out) == 0
    # The last image that is whole was captured at 2.0 s, and is wanted 0.1 s later.
    assert {step.depth is None for step in steps if step.stamp > 2.15} == {True}
    assert any(step.depth is not None for step in steps)
    assert replay(walk, tiny_bundle).section("integrity").status is Status.FAIL


@pytest.mark.parametrize("kind", ["image", "action"])
def test_inputs_of_another_contract_are_refused_by_topic(tiny_bundle, tmp_path, kind):
    def other(record):
        if kind == "image" and isinstance(record, DepthRecord):
            return dataclasses.replace(record, metres=np.ones((32, 48), np.float32))
        if kind == "action" and isinstance(record, PolicyStep):
            return dataclasses.replace(record, action=record.action[:10])
        return record

    bag = write_bag(tmp_path / "bag", map(other, golden_records(tiny_bundle)))
    topic = {"image": r"wmp/depth holds \(32, 48\)", "action": "wmp/policy_step holds 10"}[kind]
    with pytest.raises(BagError, match=f"{topic} values.*, the bundle's contract expects"):
        list(load_bag(bag).steps(tiny_bundle.contract))


def test_frames_that_are_not_those_of_the_camera_are_left_out(tiny_bundle, tmp_path):
    records = list(damped_readings(tiny_bundle))
    records.insert(2, CameraFrame(0.95, np.ones((6, 5)), 0.001))
    records.insert(3, CameraFrame(0.96, np.zeros((0, 0)), 0.001))
    _, steps = steps_of(tmp_path, tiny_bundle, records)
    assert steps[0].depth_stamp == pytest.approx(0.9)


def test_two_walks_in_one_bag_are_two_episodes(tiny_bundle, tmp_path):
    first = list(golden_records(tiny_bundle))
    second = [dataclasses.replace(record, stamp=record.stamp + 10) for record in first]
    second = [
        dataclasses.replace(record, depth_stamp=record.depth_stamp + 10)
        if isinstance(record, LatentRecord)
        else record
        for record in second
    ]
    walk, steps = steps_of(tmp_path, tiny_bundle, first + second)
    ticks = [(step.episode, step.tick) for step in steps]
    assert ticks == [(episode, tick) for episode in (0, 1) for tick in range(0, 150, K)]
    assert walk.dropped_steps == 0


def test_sensors_alone_give_the_observations_images_and_actions(tiny_bundle, tmp_path):
    """From camera, joints and IMU: the golden proprioception, and the actions from the motors' targets."""
    golden, contract = tiny_bundle.golden, tiny_bundle.contract
    default = np.asarray(contract.joints.default_position)
    camera = CameraIntrinsics(424, 240, 211.4, 211.4, 212.6, 117.7)
    wall = np.full((240, 424), 1500, np.uint16)
    records = [CameraInfo(0.5, camera), CameraFrame(0.9, wall, 0.001)]
    for tick in range(50):
        stamp, names = 1.0 + 0.02 * tick, contract.joints.names[::-1]  # a driver's own order
        records.append(ImuReading(stamp, golden.quat_wxyz[tick], golden.gyro[tick], np.zeros(3)))
        records.append(Joints(stamp, names, golden.q[tick][::-1], golden.dq[tick][::-1], np.zeros(12)))
        targets = default + 0.25 * golden.action[tick]
        records.append(JointCommand(stamp, names, targets[::-1], np.zeros(0), np.zeros(12)))
    walk, steps = steps_of(tmp_path, tiny_bundle, records)
    assert walk.kind == "sensors"
    commanded = [3 + 3 + i for i in range(3)]
    for n, step in enumerate(steps[:9]):
        wanted = golden.proprioception[n * K].copy()
        wanted[commanded] = 0.0  # cmd_vel was not recorded
        np.testing.assert_allclose(step.proprioception, wanted, atol=1e-6)
        np.testing.assert_allclose(step.actions, golden.action[n * K : n * K + K], atol=1e-5)
    np.testing.assert_allclose(steps[0].depth, 1.5)
    assert steps[0].latent is None


def test_measured_torque_gives_the_action_where_no_command_was_recorded(tiny_bundle, tmp_path):
    """tau = kp (q_target - q) - kd dq, one reading after the command: 40, 1.0, action 2 -> target + 0.5."""
    default = np.asarray(tiny_bundle.contract.joints.default_position)
    records = [CameraInfo(0.5, CameraIntrinsics(8, 8, 4, 4, 4, 4)), CameraFrame(0.9, np.ones((8, 8)), 0.001)]
    dq = np.full(12, 0.3)
    tau = 40.0 * 0.25 * 2.0 - 1.0 * dq  # q stays at the default pose
    for tick in range(20):
        stamp = 1.0 + 0.02 * tick
        records.append(ImuReading(stamp, np.array((1.0, 0, 0, 0)), np.zeros(3), np.zeros(3)))
        records.append(Joints(stamp, tiny_bundle.contract.joints.names, default, dq, tau))
    _, steps = steps_of(tmp_path, tiny_bundle, records)
    np.testing.assert_allclose(steps[1].actions, np.full((5, 12), 2.0), atol=1e-5)


def damped_readings(bundle):
    """Camera, joints and IMU of a robot whose motors are damped, beside the targets of a policy."""
    contract = bundle.contract
    default, dq = np.asarray(contract.joints.default_position), np.full(12, 0.3)
    yield CameraInfo(0.5, CameraIntrinsics(8, 8, 4, 4, 4, 4))
    yield CameraFrame(0.9, np.ones((8, 8)), 0.001)
    for tick in range(20):
        stamp, names = 1.0 + 0.02 * tick, contract.joints.names
        yield ImuReading(stamp, np.array((1.0, 0, 0, 0)), np.zeros(3), np.zeros(3))
        yield Joints(stamp, names, default, dq, -contract.joints.array("kd") * dq)
        yield JointCommand(stamp, names, default + 0.5, np.zeros(0), np.zeros(12))


@pytest.mark.parametrize(("notes", "action"), [({"dry_run": False}, 2.0), ({"dry_run": True}, 0.0)])
def test_commands_of_a_dry_run_are_not_used_as_actions(tiny_bundle, tmp_path, notes, action):
    """Targets 0.5 rad off are action 2; the torque of damping alone, -kd dq, is that of action 0."""
    walk = load_bag(write_bag(tmp_path / "bag", damped_readings(tiny_bundle), notes))
    assert walk.is_dry_run is notes["dry_run"]
    steps = list(walk.steps(tiny_bundle.contract))
    np.testing.assert_allclose(steps[1].actions, np.full((5, 12), action), atol=1e-5)


@pytest.mark.parametrize(("value", "is_dry_run"), [("damping", True), ("joint_commands", False)])
def test_diagnostics_reveal_a_dry_run_without_notes_of_the_recorder(tiny_bundle, tmp_path, value, is_dry_run):
    bag = write_bag(tmp_path / "bag", golden_records(tiny_bundle))
    assert load_bag(bag).is_dry_run is None
    store = get_typestore(Stores.ROS2_HUMBLE)
    kinds = store.types
    header = kinds["std_msgs/msg/Header"](kinds["builtin_interfaces/msg/Time"](1, 0), "")
    pair = kinds["diagnostic_msgs/msg/KeyValue"]("motors_get", value)
    status = kinds["diagnostic_msgs/msg/DiagnosticStatus"](0, "policy_node", "", "", [pair])
    message = kinds[DIAGNOSTICS](header, [status])
    mode = MotorMode({})
    mode.add(StoredMessage("diagnostics", DIAGNOSTICS, 0, bytes(store.serialize_cdr(message, DIAGNOSTICS))))
    assert mode.is_dry_run is is_dry_run


def test_a_dry_run_is_reported_and_its_joints_are_not_judged(tiny_bundle, tmp_path):
    verdict = replay(
        write_bag(tmp_path / "bag", damped_readings(tiny_bundle), {"dry_run": True}), tiny_bundle
    )
    findings = [finding.text for finding in verdict.section("integrity").findings]
    assert any(text.startswith("a dry run") for text in findings)
    assert verdict.section("dynamics").status is Status.SKIP
    assert verdict.randomisation() == {}


def test_a_foreign_bag_is_refused_with_what_is_missing(tiny_bundle, tmp_path):
    records = [record for record in golden_records(tiny_bundle) if isinstance(record, (Joints, ImuReading))]
    bag = write_bag(tmp_path / "bag", records)
    with pytest.raises(BagError) as refusal:
        load_bag(bag)
    message = str(refusal.value)
    for name in ("wmp/policy_step and wmp/depth", "depth/image_rect_raw and depth/camera_info"):
        assert name in message
    assert "joint_states [sensor_msgs/msg/JointState]" in message


def test_rates_gaps_and_clocks_of_a_topic_are_found(tiny_bundle, tmp_path):
    records = without(golden_records(tiny_bundle), lambda r: isinstance(r, Joints) and 2.0 < r.stamp < 2.5)
    topics = load_bag(write_bag(tmp_path / "bag", records)).topics
    joints = topics["joint_states"]
    assert joints.rate == pytest.approx(50.0, rel=0.05)
    assert joints.gaps == 1
    assert joints.longest_pause == pytest.approx(0.5, abs=0.021)
    assert joints.pause_at == pytest.approx(2.0, abs=0.021)
    assert topics["imu/data"].gaps == 0
    assert math.isclose(topics["wmp/policy_step"].first, 1.0)
    assert topics["wmp/policy_step"].backwards == 0
