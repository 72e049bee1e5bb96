"""A bag holds the messages, their times and a description of the run; rosbags and mcap read it."""

import json
import threading
import time
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import rclpy
import yaml
from mcap.reader import make_reader
from rclpy.serialization import serialize_message
from rosbags.highlevel import AnyReader
from sensor_msgs.msg import Image, Imu
from wmp_msgs.msg import PolicyStep

from wmp_bringup.isolation import reserve_domain
from wmp_recording import recorder
from wmp_recording.bag import CAMERA_TOPICS, RUN_INFO, TOPICS, BagWriter
from wmp_recording.recorder import header_stamp
from wmp_ros.qos import RELIABLE
from wmp_testing.mcap_check import check_mcap


@pytest.fixture
def bag(tmp_path):
    """A bag with ten policy steps and one depth image."""
    folder = tmp_path / "new" / "bag"
    with BagWriter(folder, TOPICS, {"seed": 3}) as writer:
        for tick in range(10):
            step = PolicyStep(tick=tick, is_first=tick == 0, action=np.full(12, 0.5 * tick, np.float32))
            step.header.stamp.sec, step.header.stamp.nanosec = 2, tick * 20_000_000
            writer.write("wmp/policy_step", 2_000_000_000 + tick * 20_000_000, serialize_message(step))
        image = Image(
            height=64, width=64, encoding="32FC1", step=256, data=np.ones((64, 64), np.float32).tobytes()
        )
        writer.write("wmp/depth", 2_000_000_001, serialize_message(image))
    return folder


def test_rosbags_reads_back_the_values_with_the_types_stored_in_the_bag(bag):
    with AnyReader([bag]) as reader:
        connections = [c for c in reader.connections if c.topic == "/wmp/policy_step"]
        steps = [
            (stamp, reader.deserialize(raw, c.msgtype)) for c, stamp, raw in reader.messages(connections)
        ]
    assert [step.tick for _, step in steps] == list(range(10))
    assert steps[3][0] == 2_060_000_000
    assert steps[3][1].action.tolist() == [1.5] * 12


def test_mcap_reads_the_same_messages(bag):
    (file,) = bag.glob("*.mcap")
    with file.open("rb") as stream:
        topics = [channel.topic for _, channel, _ in make_reader(stream).iter_messages()]
    assert topics.count("/wmp/policy_step") == 10
    assert topics.count("/wmp/depth") == 1


def test_every_chunk_holds_a_message_and_its_index(bag):
    assert check_mcap(bag) > 0


def test_a_flush_before_the_first_message_writes_no_chunk(tmp_path):
    """The C++ reader of rosbag2 refuses a file with a chunk of definitions alone."""
    with BagWriter(tmp_path / "bag", TOPICS, {}) as writer:
        writer.flush()
        writer.write("wmp/policy_step", 1, serialize_message(PolicyStep()))
        writer.flush()
        writer.flush()
    assert check_mcap(tmp_path / "bag") == 1
    with BagWriter(tmp_path / "empty", TOPICS, {}) as writer:
        writer.flush()
    assert check_mcap(tmp_path / "empty") == 0
    with AnyReader([tmp_path / "empty"]) as reader:
        assert len(reader.connections) == len(TOPICS)


def test_the_package_of_every_recorded_type_is_declared():
    manifest = ElementTree.parse(Path(__file__).parents[1] / "package.xml").getroot()
    declared = {item.text for item in manifest.iter("exec_depend")}
    assert {kind.split("/")[0] for kind in {**TOPICS, **CAMERA_TOPICS}.values()} <= declared


def test_the_bag_holds_the_description_of_the_run(bag):
    metadata = yaml.safe_load((bag / "metadata.yaml").read_text())["rosbag2_bagfile_information"]
    assert json.loads(metadata["custom_data"][RUN_INFO]) == {"seed": 3}


@pytest.fixture
def running_recorder(tiny_bundle, tmp_path):
    """A recorder in its own domain, whose bag is ``bag`` in the test's folder."""
    domain = reserve_domain()
    options = ["--ros-args", "-p", f"output:={tmp_path / 'bag'}", "-p", f"bundle:={tiny_bundle}"]
    rclpy.init(args=options, domain_id=domain.domain_id)
    node = recorder.Recorder()
    yield node
    node.destroy_node()
    rclpy.shutdown()
    domain.lock.close()


def test_a_recorder_without_publishers_warns(running_recorder, monkeypatch, capfd):
    monkeypatch.setattr(recorder, "WARNING_PERIOD", 0.1)
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    recorder.serve(running_recorder, stop)
    domain = running_recorder.context.get_domain_id()
    assert f"no topic has a publisher in ROS domain {domain}" in capfd.readouterr().err


def test_a_recorder_reports_at_its_end_what_the_bag_holds(running_recorder, tmp_path, capfd):
    publisher = rclpy.create_node("publisher").create_publisher(PolicyStep, "wmp/policy_step", RELIABLE)
    stop = threading.Event()

    def publish():
        deadline = time.monotonic() + 30.0
        while publisher.get_subscription_count() == 0 and time.monotonic() < deadline:
            time.sleep(0.02)
        for _ in range(20):
            publisher.publish(PolicyStep())
            time.sleep(0.02)
        stop.set()

    threading.Thread(target=publish).start()
    recorder.serve(running_recorder, stop)
    with AnyReader([tmp_path / "bag"]) as reader:
        count = reader.message_count
    others = ", ".join(topic for topic in TOPICS if topic != "wmp/policy_step")
    assert count > 0
    said = capfd.readouterr().err
    assert f"wrote {count} messages to {tmp_path / 'bag'}; none on {others}" in said
    assert "the bag holds nothing of wmp/depth: it has no publisher" in said
    assert check_mcap(tmp_path / "bag") > 0


def test_a_camera_below_another_namespace_is_named(tiny_bundle, tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(recorder, "WARNING_PERIOD", 0.1)
    domain = reserve_domain()
    options = ["--ros-args", "-p", f"output:={tmp_path / 'bag'}", "-p", f"bundle:={tiny_bundle}"]
    rclpy.init(args=[*options, "-p", "camera:=true"], domain_id=domain.domain_id)
    driver, node = rclpy.create_node("driver"), recorder.Recorder()
    driver.create_publisher(Image, "camera/camera/depth/image_rect_raw", RELIABLE)
    driver.create_publisher(Imu, "imu/data", RELIABLE)
    stop = threading.Event()
    threading.Timer(1.5, stop.set).start()
    recorder.serve(node, stop)
    for each in (driver, node):
        each.destroy_node()
    rclpy.shutdown()
    domain.lock.close()
    said = capfd.readouterr().err
    reason = "it has no publisher, but /camera/camera/depth/image_rect_raw exists"
    assert f"nothing recorded yet of camera/depth/image_rect_raw: {reason}" in said
    assert f"the bag holds nothing of camera/depth/image_rect_raw: {reason}" in said


def test_the_stamp_is_read_from_serialised_bytes():
    step = PolicyStep()
    step.header.frame_id = "base_link"
    step.header.stamp.sec, step.header.stamp.nanosec = 1_700_000_000, 123_456_789
    assert header_stamp(serialize_message(step)) == 1_700_000_000_123_456_789
