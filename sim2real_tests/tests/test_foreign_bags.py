"""Bags of other recorders, drivers and accidents: what is right in them is read, what is wrong is named.

Each test is a kind of public report of other projects' users, made small from a simulated walk.
"""

import json
import shutil
import sqlite3
import sys

import numpy as np
import pytest
import yaml
from mcap.writer import CompressionType
from rosbags.rosbag2 import CompressionMode, StoragePlugin
from rosbags.typesys import get_types_from_msg

from wmp_cli.cli import main
from wmp_core.bundle import Bundle
from wmp_core.default_bundle import resolve_bundle
from wmp_recording.player import Player, PlayError, open_bag
from wmp_recording.recovery import recover
from wmp_recording.storage.recording import open_recording
from wmp_replay import BagError, Status, load_bag, replay
from wmp_replay.bag.types import installed_text
from wmp_replay.simulated_walk import Course, write_walk
from wmp_testing import foreign_bags
from wmp_testing.foreign_bags import Stored
from wmp_testing.mcap_check import check_mcap

#: sqlite3 knows no compression of the storage.
UNSUPPORTED = (CompressionMode.STORAGE, StoragePlugin.SQLITE3)
COMPRESSIONS = [CompressionType.ZSTD, CompressionType.LZ4, CompressionType.NONE]


@pytest.fixture(scope="session")
def bundle():
    return Bundle.load_unverified(resolve_bundle())


@pytest.fixture(scope="session")
def base(bundle, tmp_path_factory):
    """A whole bag of 4 s on flat ground."""
    return write_walk(tmp_path_factory.mktemp("base") / "base", bundle, Course("flat", 0.0, 0.5, 4.0))


@pytest.fixture(scope="session")
def messages(base):
    return foreign_bags.read(base)


@pytest.fixture(scope="session")
def sensors(bundle, tmp_path_factory):
    """The messages of drivers alone during 4 s of walking."""
    return foreign_bags.read(
        foreign_bags.sensor_walk(tmp_path_factory.mktemp("sensors") / "bag", bundle, 4.0)
    )


def findings(verdict, section="integrity"):
    return [finding.text for finding in verdict.section(section).findings]


def has(texts, *parts):
    return any(all(part in text for part in parts) for text in texts)


def only(topic, edit):
    def change(name, kind, message):
        if name == topic:
            edit(message)

    return change


# Order of files and messages


def test_a_bag_written_topic_by_topic_is_read_in_order_of_time(messages, bundle, tmp_path):
    bag = foreign_bags.write(tmp_path / "bag", sorted(messages, key=lambda m: (m.topic, m.stamp_ns)))
    stamps = [message.stamp_ns for message in open_recording(bag).messages()]
    assert stamps == sorted(message.stamp_ns for message in messages)
    verdict = replay(bag, bundle)
    assert verdict.section("exactness").status is Status.PASS
    assert verdict.walk.dropped_steps == 0


@pytest.mark.parametrize("plugin", [StoragePlugin.MCAP, StoragePlugin.SQLITE3])
def test_twelve_splits_without_metadata_are_one_walk(messages, bundle, tmp_path, plugin):
    folder = tmp_path / "w"
    folder.mkdir()
    for number in range(12):
        part = messages[number * len(messages) // 12 : (number + 1) * len(messages) // 12]
        bag = foreign_bags.write(tmp_path / f"part{number}", part, plugin=plugin)
        (file,) = (each for each in bag.iterdir() if each.suffix in (".mcap", ".db3"))
        shutil.move(file, folder / f"w_{number}{file.suffix}")
    assert [file.stem for file in open_recording(folder).files] == [f"w_{n}" for n in range(12)]
    recover(folder, tmp_path / "whole")
    for bag in (folder, tmp_path / "whole"):
        walk = load_bag(bag)
        assert sum(len(step.policy) for step in walk.steps(bundle.contract)) == 200
        assert walk.dropped_steps == 0


def test_a_compressed_copy_beside_its_file_is_not_read_twice(messages, base, tmp_path):
    bag = foreign_bags.write(tmp_path / "bag", messages, compression=CompressionMode.FILE)
    shutil.copy(base / "base.mcap", bag / "bag.mcap")
    (bag / "metadata.yaml").unlink()
    assert len(list(open_recording(bag).messages())) == len(messages)


def test_files_that_the_metadata_lost_are_read_and_foreign_ones_named(messages, tmp_path):
    half = len(messages) // 2
    bag = foreign_bags.write(tmp_path / "bag", messages[:half])
    (bag / "bag.mcap").rename(bag / "bag_0.mcap")
    for name in ("bag_1", "other"):
        rest = foreign_bags.write(tmp_path / name, messages[half:])
        shutil.move(rest / f"{name}.mcap", bag)
    metadata = yaml.safe_load((bag / "metadata.yaml").read_text())
    metadata["rosbag2_bagfile_information"]["relative_file_paths"] = ["bag_0.mcap"]
    (bag / "metadata.yaml").write_text(yaml.safe_dump(metadata))
    recording = open_recording(bag)
    assert [file.name for file in recording.files] == ["bag_0.mcap", "bag_1.mcap"]
    assert recording.problems == ["other.mcap: not listed in metadata.yaml and left out"]


# Compression and damage


def test_compressed_messages_are_recognised_without_metadata(messages, tmp_path):
    bag = foreign_bags.write(tmp_path / "bag", messages, compression=CompressionMode.MESSAGE)
    (bag / "metadata.yaml").unlink()
    assert [m.data for m in open_recording(bag).messages()] == [m.data for m in messages]


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("share", [1.0, 0.95])
def test_a_damaged_chunk_is_left_out_with_its_messages_counted(messages, tmp_path, compression, share):
    bag = foreign_bags.write_chunked(tmp_path / "bag" / "bag_0.mcap", messages, compression)
    foreign_bags.cut(bag / "bag_0.mcap", share)
    before = len(list(open_recording(bag).messages()))
    number = foreign_bags.damage_middle_chunk(bag / "bag_0.mcap")
    recording = open_recording(bag)
    lost = before - len(list(recording.messages()))
    assert lost > 10
    assert has(recording.problems, f"chunk {number} is damaged", f"its {lost} messages were left out")
    assert recording.is_partial
    recovered = recover(bag, tmp_path / "new")
    assert recovered.messages == before - lost
    assert has(recovered.problems, f"chunk {number} is damaged")


def test_a_damaged_length_costs_the_bytes_up_to_the_next_chunk(messages, tmp_path):
    bag = foreign_bags.write_chunked(tmp_path / "bag" / "bag_0.mcap", messages)
    file = bag / "bag_0.mcap"
    data = bytearray(file.read_bytes())
    place, _ = foreign_bags.chunks(bytes(data))[3]
    data[place - 3] ^= 0xFF  # of the record's length
    file.write_bytes(data)
    recording = open_recording(bag)
    found = list(recording.messages())
    assert 0.7 * len(messages) < len(found) < len(messages)
    assert found[-1].stamp_ns == messages[-1].stamp_ns
    assert has(recording.problems, "bytes", "are damaged and were left out")


def test_a_wrong_crc_of_messages_outside_of_chunks_is_reported(messages, tmp_path):
    bag = foreign_bags.write_chunked(tmp_path / "bag" / "bag_0.mcap", messages, use_chunking=False)
    assert not any("CRC" in problem for problem in open_recording(bag).problems)
    data = bytearray((bag / "bag_0.mcap").read_bytes())
    data[data.index(messages[50].data) + 40] ^= 1
    (bag / "bag_0.mcap").write_bytes(data)
    assert has(open_recording(bag).problems, "the CRC of its data is wrong")


def test_a_damaged_page_of_a_database_costs_its_messages(messages, tmp_path):
    bag = foreign_bags.write(tmp_path / "bag", messages, plugin=StoragePlugin.SQLITE3)
    (file,) = bag.glob("*.db3")
    data = bytearray(file.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 4096] = bytes(4096)
    file.write_bytes(data)
    recording = open_recording(bag)
    found = list(recording.messages())
    assert 0.8 * len(messages) < len(found) < len(messages)
    assert recording.is_partial


# Recovery


def test_recover_finds_what_replay_finds_in_a_chunk_that_is_cut_off(messages, tmp_path):
    bag = foreign_bags.write_chunked(tmp_path / "bag" / "bag_0.mcap", messages)
    foreign_bags.cut(bag / "bag_0.mcap", 0.7)
    count = len(list(open_recording(bag).messages()))
    for source in (bag, bag / "bag_0.mcap"):
        new = tmp_path / f"new_{source.name}"
        assert recover(source, new).messages == count
        assert open_recording(new).problems == []
        assert check_mcap(new) > 0


@pytest.mark.parametrize(
    ("compression", "plugin"),
    [(mode, plugin) for mode in CompressionMode for plugin in StoragePlugin if (mode, plugin) != UNSUPPORTED],
)
def test_recover_reads_every_storage_and_compression(messages, tmp_path, compression, plugin):
    bag = foreign_bags.write(tmp_path / "bag", messages, {"seed": 3}, compression, plugin)
    assert recover(bag, tmp_path / "new").messages == len(messages)
    new = open_recording(tmp_path / "new")
    assert [m.data for m in new.messages()] == [m.data for m in messages]
    assert json.loads(new.custom_data["wmp_run_info"]) == {"seed": 3, "recovered_from": "bag"}


def vendor_bag(messages, folder, describe=True):
    """A recording of all topics, one of them of a type that is not installed."""
    store, kind = foreign_bags.types(), "vendor_msgs/msg/Extra"
    store.register(get_types_from_msg("uint8 a\nfloat32[3] b\n", kind))
    data = bytes(store.serialize_cdr(store.types[kind](a=1, b=np.ones(3, np.float32)), kind))
    extra = [Stored("/vendor/extra", kind, m.stamp_ns, data) for m in messages[::100]]
    both = sorted([*messages, *extra], key=lambda m: m.stamp_ns)
    return foreign_bags.write_chunked(folder / "bag_0.mcap", both, store=store)


def test_recover_copies_types_that_are_not_installed(messages, tmp_path):
    bag = vendor_bag(messages, tmp_path / "bag")
    foreign_bags.cut(bag / "bag_0.mcap", 0.7)
    recover(bag, tmp_path / "new")
    new = open_recording(tmp_path / "new")
    assert new.definitions["vendor_msgs/msg/Extra"] == "uint8 a\nfloat32[3] b\n"
    assert any(message.topic == "vendor/extra" for message in new.messages())


def test_a_failed_recovery_leaves_no_folder(messages, tmp_path, monkeypatch):
    bag = vendor_bag(messages, tmp_path / "bag")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("wmp_recording.storage.writer.RosbagWriter.write", fail)
    assert main(["recover", str(bag), str(tmp_path / "new")]) == 2
    assert not (tmp_path / "new").exists()


# Definitions and sizes


def policy_step_bag(messages, folder, definition, convert):
    """The walk with another definition of PolicyStep; ``convert`` maps fields to values."""
    old, new, kind = (
        foreign_bags.types(),
        foreign_bags.types(PolicyStep=definition),
        "wmp_msgs/msg/PolicyStep",
    )

    def converted(message):
        if message.kind != kind:
            return message
        step = old.deserialize_cdr(message.data, kind)
        values = convert({name: getattr(step, name) for name, _ in old.fielddefs[kind][1]})
        return message._replace(data=bytes(new.serialize_cdr(new.types[kind](**values), kind)))

    return foreign_bags.write(folder, map(converted, messages), store=new)


def without(name):
    text = "\n".join(line for line in installed_text("PolicyStep").splitlines() if name not in line)
    return text, lambda values: {key: value for key, value in values.items() if key != name}


def test_a_field_that_replay_can_do_without_may_be_missing(messages, bundle, tmp_path):
    bag = policy_step_bag(messages, tmp_path / "older", *without("compute_ms"))
    assert replay(bag, bundle).section("exactness").status is Status.PASS


def test_a_new_field_changes_nothing(messages, bundle, tmp_path):
    text = installed_text("PolicyStep") + "\nfloat32 battery\n"
    bag = policy_step_bag(messages, tmp_path / "newer", text, lambda values: {**values, "battery": 24.0})
    assert replay(bag, bundle).section("exactness").status is Status.PASS


def test_a_needed_field_that_is_missing_is_named_and_other_bags_are_judged(messages, base, tmp_path, capsys):
    policy_step_bag(messages, tmp_path / "bags" / "older", *without("latent_tick"))
    shutil.copytree(base, tmp_path / "bags" / "good")
    verdicts = tmp_path / "verdicts.json"
    assert main(["replay", str(tmp_path / "bags"), "--json", str(verdicts), "--jobs", "1"]) == 2
    good, older = json.loads(verdicts.read_text())["bags"]
    assert "error" not in good
    assert "wmp_msgs/msg/PolicyStep has no field 'latent_tick'" in older["error"]
    assert "Traceback" not in capsys.readouterr().err


def test_a_field_of_another_kind_is_named(messages, bundle, tmp_path):
    text = installed_text("PolicyStep").replace("float32[] action", "string action")
    bag = policy_step_bag(messages, tmp_path / "bag", text, lambda values: {**values, "action": "walk"})
    with pytest.raises(BagError, match="has field 'action' as text, expected list of number"):
        replay(bag, bundle)


def test_old_messages_that_no_definition_describes_are_not_taken_for_ours(messages, tmp_path):
    """As in sqlite3 bags of Humble: neither recover nor play may pass them off as the installed type."""
    bag = policy_step_bag(messages, tmp_path / "mcap", *without("compute_ms"))
    older = [Stored(*m)._replace(topic=f"/{m.topic}") for m in open_recording(bag).messages()]
    humble = foreign_bags.write(tmp_path / "humble", older, plugin=StoragePlugin.SQLITE3)
    (file,) = humble.glob("*.db3")
    with sqlite3.connect(file) as connection:
        connection.execute("DROP TABLE message_definitions")
    connection.close()
    recovered = recover(humble, tmp_path / "new")
    assert has(
        recovered.problems, "wmp/policy_step is left out", "none of the installed wmp_msgs/msg/PolicyStep"
    )
    assert "wmp/policy_step" not in open_recording(tmp_path / "new").topics
    with pytest.raises(PlayError, match="/wmp/policy_step was recorded with another definition"):
        Player(open_bag(humble), 1.0, None, lockstep=False)


def test_play_refuses_a_definition_that_no_subscriber_could_read(messages, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(sys, "argv", [])
    bag = policy_step_bag(messages, tmp_path / "older", *without("compute_ms"))
    assert main(["play", str(bag), "--wait", "0.1"]) != 0
    said = caplog.text
    assert "definition of wmp_msgs/msg/PolicyStep is not the installed one" in said
    assert "compute_ms" in said


@pytest.mark.parametrize(
    ("topic", "field", "size", "expected"),
    [
        ("wmp/latent", "h", 512, "wmp/latent holds 512 values of h, the bundle's contract expects 256"),
        ("wmp/latent", "z", 32, "wmp/latent holds 32 values of z, the bundle's contract expects 16"),
        ("wmp/policy_step", "proprioception", 40, "holds 40 values of proprioception.*expects 33"),
    ],
)
def test_sizes_of_another_bundle_are_named(messages, bundle, tmp_path, topic, field, size, expected):
    kind = np.uint8 if field == "z" else np.float32
    change = only(f"/{topic}", lambda message: setattr(message, field, np.zeros(size, kind)))
    bag = foreign_bags.write(tmp_path / "bag", foreign_bags.edited(messages, change))
    with pytest.raises(BagError, match=f"{expected}: give the bundle that walked with --bundle"):
        replay(bag, bundle)


def test_a_single_message_of_another_size_is_left_out(messages, bundle, tmp_path):
    def change(message):
        if message.tick == 50:
            message.proprioception = np.zeros(3, np.float32)

    bag = foreign_bags.write(
        tmp_path / "bag", foreign_bags.edited(messages, only("/wmp/policy_step", change))
    )
    texts = findings(replay(bag, bundle))
    assert has(texts, "wmp/policy_step: 1 messages hold 3 values of proprioception")


# Rebuilding from sensors


@pytest.fixture(scope="module")
def rates(bundle, tmp_path_factory):
    """The same 8 s at the contract's rate and at that of an A1's own state stream."""
    folder = tmp_path_factory.mktemp("rates")
    return {
        rate: replay(foreign_bags.sensor_walk(folder / f"{rate}", bundle, 8.0, rate), bundle)
        for rate in (50, 500)
    }


def test_readings_are_taken_on_the_contracts_grid_whatever_their_rate(rates):
    assert {str(verdict.status) for verdict in rates.values()} == {"pass"}
    assert rates[50].section("integrity").figures["policy_steps"] == 399
    assert rates[500].section("integrity").figures["policy_steps"] == 399
    assert rates[500].randomisation() == rates[50].randomisation()


def test_readings_too_slow_for_the_contract_are_refused(bundle, tmp_path):
    bag = foreign_bags.sensor_walk(tmp_path / "bag", bundle, 4.0, 25.0)
    with pytest.raises(BagError, match="joint_states comes at 25 Hz, the contract needs 50 Hz"):
        replay(bag, bundle)


@pytest.mark.parametrize("effort", [np.zeros(0), np.zeros(12)], ids=["none", "zeros"])
def test_without_torque_and_commands_no_action_is_invented(sensors, bundle, tmp_path, capsys, effort):
    change = only("/joint_states", lambda message: setattr(message, "effort", effort))
    bag, ranges = tmp_path / "bag", tmp_path / "ranges.yaml"
    foreign_bags.write(bag, foreign_bags.edited(sensors, change))
    assert main(["replay", str(bag), "--randomisation", str(ranges)]) == 2
    said = capsys.readouterr().out
    assert "hold no effort (torque), and no joint_commands tell the action" in said
    assert f"{ranges} is not written: no ranges (integrity failed)" in said
    assert not ranges.exists()


def test_joints_are_compared_by_name(sensors, bundle, tmp_path):
    def change(message):
        message.name = [name.removesuffix("_joint") for name in message.name]

    bag = foreign_bags.write(tmp_path / "bag", foreign_bags.edited(sensors, only("/joint_states", change)))
    texts = findings(replay(bag, bundle))
    assert has(texts, "joint_states: 200 messages lack FL_hip_joint, ", "they have FL_hip, ")


# Reasons


@pytest.mark.parametrize(
    ("topic", "values", "reason"),
    [
        ("image_rect_raw", {"encoding": "8UC1"}, "have encoding '8UC1', expected 16UC1 (mm) or 32FC1 (m)"),
        ("image_rect_raw", {"step": 424}, "have rows of 424 bytes (step), expected at least 848"),
        ("image_rect_raw", {"data": np.zeros(99, np.uint8)}, "hold 99 bytes, expected 203520"),
        ("camera_info", {"width": 640, "height": 480}, "are 424x240, camera_info states 640x480"),
        ("camera_info", {"k": np.zeros(9)}, "are no pinhole model"),
    ],
)
def test_frames_that_cannot_be_used_are_counted_with_their_reason(
    sensors, bundle, tmp_path, topic, values, reason
):
    def change(message):
        for name, value in values.items():
            setattr(message, name, value)

    bag = foreign_bags.write(
        tmp_path / "bag", foreign_bags.edited(sensors, only(f"/camera/depth/{topic}", change))
    )
    assert has(findings(replay(bag, bundle)), "camera/depth/", ": 40 ", reason)


def test_a_quantity_that_joints_lack_is_named(sensors, bundle, tmp_path):
    change = only("/joint_states", lambda message: setattr(message, "velocity", np.zeros(0)))
    bag = foreign_bags.write(tmp_path / "bag", foreign_bags.edited(sensors, change))
    assert has(findings(replay(bag, bundle)), "joint_states: 200 messages hold no values of velocity")


def test_an_imu_without_orientation_is_named(sensors, bundle, tmp_path):
    change = only("/imu/data", lambda message: setattr(message, "orientation_covariance", -np.ones(9)))
    bag = foreign_bags.write(tmp_path / "bag", foreign_bags.edited(sensors, change))
    assert has(findings(replay(bag, bundle)), "imu/data: 200 messages hold no orientation")


def test_cameras_without_a_common_clock_are_named(sensors, bundle, tmp_path):
    def change(name, kind, message):
        if "camera" in name:
            message.header.stamp.sec = 0

    bag = foreign_bags.write(tmp_path / "bag", foreign_bags.edited(sensors, change))
    assert has(findings(replay(bag, bundle)), "camera/depth/image_rect_raw is stamped", "share no clock")


# Namespaces


def two_cameras(sensors):
    """A front camera, and a rear one with more frames, fewer camera_info and other intrinsics."""
    store, frames = foreign_bags.types(), 0
    for message in sensors:
        if "depth/" not in message.topic:
            yield message
            continue
        yield message._replace(topic=f"/front{message.topic}")
        edit = store.deserialize_cdr(message.data, message.kind)
        if message.kind.endswith("Image"):
            edit.data, copies, frames = np.full(2 * 424 * 240, 1, np.uint8), 1 + (frames % 3 == 0), frames + 1
        else:
            edit.k, copies = 2.0 * edit.k, int(frames % 3 != 0)
        data = bytes(store.serialize_cdr(edit, message.kind))
        for _ in range(copies):
            yield message._replace(topic=f"/rear{message.topic}", data=data)


def test_image_and_intrinsics_come_from_one_camera(sensors, tmp_path):
    bag = foreign_bags.write(tmp_path / "bag", two_cameras(sensors))
    for option, camera in ((None, "front/camera"), ("/rear/camera", "rear/camera")):
        walk = load_bag(bag, camera=option)
        assert walk.names["depth/image_rect_raw"] == f"{camera}/depth/image_rect_raw"
        assert walk.names["depth/camera_info"] == f"{camera}/depth/camera_info"
        assert has(walk.notes, f"camera /{camera} ", "is used; the bag also holds")
    with pytest.raises(BagError, match="--camera /up holds no .*; the bag has /front/camera, /rear/camera"):
        load_bag(bag, camera="up")


@pytest.mark.parametrize("source", ["messages", "sensors"])
def test_two_robots_in_a_bag_are_not_mixed(source, request, tmp_path):
    found = request.getfixturevalue(source)
    both = [m._replace(topic=f"/{robot}{m.topic}") for m in found for robot in ("a1", "b1")]
    bag = foreign_bags.write(tmp_path / "bag", both)
    with pytest.raises(BagError, match="holds several robots: /a1, /b1; choose one with --namespace"):
        load_bag(bag)
    walk = load_bag(bag, namespace="/b1")
    assert {name.split("/")[0] for name in walk.names.values()} == {"b1"}


# One bag in a folder


def test_a_folder_with_one_bag_is_like_one_with_two(base, tmp_path):
    (tmp_path / "bags").mkdir()
    shutil.copytree(base, tmp_path / "bags" / "monday")
    pages, verdicts = tmp_path / "pages", tmp_path / "new" / "v.json"
    pages.mkdir()
    options = ["--report", str(pages), "--json", str(verdicts), "--jobs", "1"]
    assert main(["replay", str(tmp_path / "bags"), *options]) in (0, 1)
    assert sorted(page.name for page in pages.iterdir()) == ["index.html", "monday.html"]
    assert [verdict["bag"] for verdict in json.loads(verdicts.read_text())["bags"]] == [
        str(tmp_path / "bags" / "monday")
    ]


def test_a_bag_whose_bundle_is_unknown_does_not_stop_the_others(messages, base, tmp_path):
    foreign_bags.write(tmp_path / "bags" / "a", messages, {"bundle": {"name": "b", "sha256": "0" * 64}})
    shutil.copytree(base, tmp_path / "bags" / "good")
    verdicts = tmp_path / "v.json"
    assert main(["replay", str(tmp_path / "bags"), "--json", str(verdicts), "--jobs", "1"]) == 2
    good, unknown = json.loads(verdicts.read_text())["bags"]
    assert "error" not in good
    assert "names bundle b (000000000000), which was not found" in unknown["error"]
