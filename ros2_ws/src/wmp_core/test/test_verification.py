import dataclasses
import shutil

import numpy as np
import pytest

from wmp_core.bundle import Bundle
from wmp_core.contract import Contract
from wmp_core.inference.world_model import InitialState
from wmp_core.manifest import FILES, BundleError
from wmp_core.verification import TOLERANCE, load_verified, replay_golden, verify
from wmp_testing.damage import edit_manifest, rehash, swap_graph
from wmp_testing.tiny_bundle import tiny_contract
from wmp_testing.tiny_networks import TinyNetworks


def refused(path, match, **arguments):
    with pytest.raises(BundleError, match=match) as info:
        load_verified(path, **arguments)
    assert str(path) in str(info.value)


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_byte_is_refused(copy, name):
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(data)
    refused(copy, f"{name} is not the file that was exported")


def test_a_wrong_hash_is_refused(copy):
    edit_manifest(copy, lambda manifest: manifest["files"].update({"advance.onnx": "0" * 64}))
    refused(copy, "advance.onnx is not the file that was exported: SHA-256 expected 0000")


@pytest.mark.parametrize(
    ("edit", "named"),
    [
        (lambda manifest: manifest.update(format=2), "format 2, this runtime reads format 1"),
        (lambda manifest: manifest.pop("files"), "files is None, expected a dict"),
        (lambda manifest: manifest["contract"].pop("joints"), "joints"),
        (lambda manifest: manifest["contract"]["action"].update(clip=-6), "action.clip"),
    ],
)
def test_a_manifest_of_another_form_is_refused_by_key(copy, edit, named):
    edit_manifest(copy, edit)
    refused(copy, named)


def swap_front_legs(values):
    return values[3:6] + values[0:3] + values[6:]


@pytest.mark.parametrize(
    ("calibration", "named"),
    [({"surprise": -1}, "surprise is -1"), ({"luck": 1.0}, "luck"), ([], r"calibration is \[\]")],
)
def test_an_invalid_calibration_is_refused_by_key(copy, calibration, named):
    edit_manifest(copy, lambda manifest: manifest.update(calibration=calibration))
    refused(copy, named)


def test_a_permuted_joint_order_is_refused_and_the_term_named(copy):
    def permute(manifest):
        joints = manifest["contract"]["joints"]
        for key, values in joints.items():
            joints[key] = swap_front_legs(values)

    edit_manifest(copy, permute)
    refused(
        copy,
        r"joints\.names: expected .*recorded proprioception term joint_position_error differs.*joint order",
    )


def test_permuted_joint_names_alone_are_refused(copy):
    def permute(manifest):
        joints = manifest["contract"]["joints"]
        joints["names"] = swap_front_legs(joints["names"])

    edit_manifest(copy, permute)
    refused(copy, r"joints\.names: expected \('FL_hip_joint'.*found \('FR_hip_joint'")


def test_a_longer_history_is_refused_with_both_sizes(copy):
    edit_manifest(copy, lambda manifest: manifest["contract"]["observation"].update(history_steps=6))
    refused(copy, r"policy.onnx: input history: the contract requires float32 \[batch, 252\].*\[batch, 210\]")


def test_another_order_of_the_history_is_refused_and_the_term_named(copy):
    edit_manifest(copy, lambda manifest: manifest["contract"]["observation"]["history_terms"].reverse())
    refused(copy, "recorded history term last_action differs at policy step 0")


def test_another_scale_is_refused_and_the_term_named(copy):
    def rescale(manifest):
        observation = manifest["contract"]["observation"]
        observation["proprioception"][4]["scale"] = observation["history_terms"][3]["scale"] = [0.1]

    edit_manifest(copy, rescale)
    refused(copy, "recorded proprioception term joint_velocity differs at policy step 0")


def test_edited_gains_are_refused(copy):
    edit_manifest(copy, lambda manifest: manifest["contract"]["joints"].update(kp=[60.0] * 12))
    refused(copy, r"joints\.kp: expected \(40\.0")


@pytest.mark.parametrize(
    ("graph", "sizes", "named"),
    [
        (
            "policy",
            {"deter": 24},
            r"policy.onnx: input deter: .*requires float32 \[batch, 16\].*\[batch, 24\]",
        ),
        ("advance", {"deter": 24}, "advance.onnx: input deter"),
        ("observe", {"stoch": 5}, r"observe.onnx: output stoch: .*requires int64 \[batch, 4\].*\[batch, 5\]"),
        ("prior", {"stoch": 5}, "prior.onnx: output stoch"),
        ("decoder", {"stoch": 5}, "decoder.onnx: input stoch"),
    ],
)
def test_a_graph_of_another_size_is_refused_with_both_sizes(copy, graph, sizes, named):
    data = tiny_contract().to_dict()
    data["world_model"].update(sizes)
    swap_graph(copy, graph, TinyNetworks(type(tiny_contract()).from_dict(data)))
    refused(copy, named)


def test_a_graph_in_the_place_of_another_is_refused(copy):
    shutil.copyfile(copy / "prior.onnx", copy / "policy.onnx")
    rehash(copy, "policy.onnx")
    refused(copy, r"policy.onnx: inputs: the contract requires \['command', 'deter', 'history'\]")


@pytest.mark.parametrize(
    ("graph", "named"),
    [
        ("policy", "recorded base_velocity differs at policy step 0"),
        ("advance", "recorded deter differs at policy step 0"),
        ("observe", "recorded (stoch|kl) differs at policy step 0"),
        ("prior", "recorded stoch differs at policy step 15"),
    ],
)
def test_a_graph_with_other_weights_is_refused(copy, graph, named):
    swap_graph(copy, graph, TinyNetworks(tiny_contract(), seed=8))
    refused(copy, named)


@pytest.mark.parametrize(
    ("deter", "stoch", "named"),
    [
        (np.zeros(15), np.zeros(4), "deter has shape"),
        (np.zeros(16), np.full(4, 4), "stoch leaves 0..3"),
        (np.full(16, np.nan), np.zeros(4), "not finite"),
        (np.zeros(16), np.zeros(4), "recorded deter differs at policy step 0"),
    ],
)
def test_another_initial_state_is_refused(copy, deter, stoch, named):
    InitialState(deter, stoch).save(copy / "initial_state.npz")
    rehash(copy, "initial_state.npz")
    refused(copy, named)


def test_an_unavailable_provider_is_refused(tiny_bundle_path):
    refused(tiny_bundle_path, "provider 'quantum' is not available", provider="quantum")


def test_without_verification_a_damaged_bundle_can_be_inspected(copy):
    swap_graph(copy, "policy", TinyNetworks(tiny_contract(), seed=8))
    bundle = Bundle.load_unverified(copy)
    with pytest.raises(BundleError, match="base_velocity differs"):
        verify(bundle)


def with_golden(bundle, **changes):
    """The bundle with some recorded arrays replaced."""
    return dataclasses.replace(bundle, golden=dataclasses.replace(bundle.golden, **changes))


def nudged(array, index, amount):
    changed = array.copy()
    changed[index] += amount
    return changed


def test_the_trajectory_of_independent_numpy_code_is_reproduced(tiny_bundle):
    report = replay_golden(tiny_bundle)
    assert report.ok
    assert report.difference is None
    names = {"proprioception", "history", "base_velocity", "action", "deter", "stoch", "kl"}
    assert set(report.largest) == names
    assert max(report.largest.values()) < 1e-5
    assert "50 steps reproduced on provider cpu" in str(report)


@pytest.mark.parametrize(
    ("element", "term"),
    [
        (1, "base_angular_velocity"),
        (5, "projected_gravity"),
        (8, "command"),
        (9, "joint_position_error"),
        (32, "joint_velocity"),
    ],
)
def test_a_proprioception_that_differs_is_named_by_term_and_step(tiny_bundle, element, term):
    recorded = nudged(tiny_bundle.golden.proprioception, (17, element), 0.01)
    report = replay_golden(with_golden(tiny_bundle, proprioception=recorded))
    assert not report.ok
    assert (report.difference.term, report.difference.step) == (term, 17)
    assert report.difference.expected == pytest.approx(recorded[17, element])
    assert report.difference.found == pytest.approx(recorded[17, element] - 0.01, abs=1e-5)
    assert f"recorded proprioception term {term} differs at policy step 17" in str(report)


def test_a_history_that_differs_is_named_by_term(tiny_bundle):
    recorded = nudged(tiny_bundle.golden.history, (8, 2 * 42 + 35), 0.01)
    difference = replay_golden(with_golden(tiny_bundle, history=recorded)).difference
    assert (difference.quantity, difference.term, difference.step) == ("history", "last_action", 8)


@pytest.mark.parametrize(
    ("quantity", "index", "amount", "step"),
    [
        ("action", (12, 3), 2 * TOLERANCE, 12),
        ("base_velocity", (0, 2), -2 * TOLERANCE, 0),
        ("deter", (4, 15), 2 * TOLERANCE, 20),
        ("stoch", (2, 1), 1, 10),
        ("kl", (1,), 2 * TOLERANCE, 5),
    ],
)
def test_an_output_that_differs_is_named_with_its_step(tiny_bundle, quantity, index, amount, step):
    recorded = nudged(getattr(tiny_bundle.golden, quantity), index, amount)
    difference = replay_golden(with_golden(tiny_bundle, **{quantity: recorded})).difference
    assert (difference.quantity, difference.step) == (quantity, step)


@pytest.mark.parametrize("quantity", ["action", "deter", "kl"])
def test_a_difference_within_the_tolerance_passes(tiny_bundle, quantity):
    recorded = getattr(tiny_bundle.golden, quantity) + np.float32(0.5 * TOLERANCE)
    assert replay_golden(with_golden(tiny_bundle, **{quantity: recorded})).ok


def test_a_recorded_value_that_is_not_a_number_differs(tiny_bundle):
    recorded = nudged(tiny_bundle.golden.action, (3, 0), np.nan)
    assert replay_golden(with_golden(tiny_bundle, action=recorded)).difference.step == 3


def test_an_image_that_was_not_used_in_the_recording_differs(tiny_bundle):
    report = replay_golden(with_golden(tiny_bundle, depth_valid=np.ones(10, dtype=bool)))
    assert report.difference.step == 15
    assert report.difference.quantity in ("stoch", "kl")


def test_other_images_give_another_z(tiny_bundle):
    report = replay_golden(with_golden(tiny_bundle, depth=np.full_like(tiny_bundle.golden.depth, 0.4)))
    assert report.difference.quantity in ("stoch", "kl")


def test_the_contract_of_the_recording_must_be_that_of_the_bundle(tiny_bundle):
    """Gains affect no recorded value, so only the recorded contract reveals that they were edited."""
    data = tiny_bundle.contract.to_dict()
    data["joints"]["kp"] = [80.0] * 12
    report = replay_golden(dataclasses.replace(tiny_bundle, contract=Contract.from_dict(data)))
    assert not report.ok
    assert "joints.kp: expected (40.0" in str(report)
