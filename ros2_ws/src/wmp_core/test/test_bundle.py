import dataclasses
import hashlib

import numpy as np
import pytest

from wmp_core.bundle import Bundle
from wmp_core.calibration import Calibration
from wmp_core.manifest import BundleError
from wmp_core.verification import load_verified
from wmp_testing.damage import edit_manifest
from wmp_testing.tiny_bundle import tiny_contract, write_tiny_bundle
from wmp_testing.tiny_networks import TinyNetworks


def test_a_loaded_bundle_has_the_data_of_its_manifest(tiny_bundle, tiny_bundle_path):
    assert tiny_bundle.name == "tiny"
    assert tiny_bundle.created == "2024-01-01"
    assert tiny_bundle.metadata["preset"] == "tiny"
    assert tiny_bundle.contract == tiny_contract()
    assert tiny_bundle.provider == "cpu"
    assert tiny_bundle.path == tiny_bundle_path
    manifest = (tiny_bundle_path / "bundle.json").read_bytes()
    assert tiny_bundle.sha256 == hashlib.sha256(manifest).hexdigest()


def test_the_initial_state_is_that_of_the_networks(tiny_bundle):
    networks = TinyNetworks(tiny_bundle.contract)
    np.testing.assert_array_equal(tiny_bundle.initial_state.deter, networks.initial_deter)
    np.testing.assert_array_equal(tiny_bundle.initial_state.stoch, networks.initial_stoch)


def test_the_decoder_equals_numpy(tiny_bundle):
    networks, golden = TinyNetworks(tiny_bundle.contract), tiny_bundle.golden
    outputs = tiny_bundle.models["decoder"].run(deter=golden.deter[:1], stoch=golden.stoch[:1])
    depth, proprioception = networks.decoder(golden.deter[0], golden.stoch[0])
    np.testing.assert_allclose(outputs["depth"][0, 0], depth, atol=1e-5)
    np.testing.assert_allclose(outputs["proprioception"][0], proprioception, atol=1e-5)


def test_a_bundle_without_calibration_is_read(copy):
    edit_manifest(copy, lambda manifest: manifest.pop("calibration"))
    assert load_verified(copy).calibration == Calibration()


@pytest.mark.parametrize("name", ["golden.npz", "initial_state.npz"])
def test_an_empty_file_of_arrays_is_refused_without_verification(copy, name):
    (copy / name).write_bytes(b"")
    with pytest.raises(BundleError, match="No data left") as info:
        Bundle.load_unverified(copy)
    assert str(copy) in str(info.value)


def test_a_wrong_byte_among_the_arrays_is_refused_without_verification(copy):
    data = bytearray((copy / "golden.npz").read_bytes())
    data[len(data) // 2] ^= 0xFF
    (copy / "golden.npz").write_bytes(data)
    with pytest.raises(BundleError, match="^bundle") as info:
        Bundle.load_unverified(copy)
    assert str(copy) in str(info.value)


def test_replacing_the_depth_images_changes_z_then_h_then_the_action(tiny_bundle):
    golden, trace = tiny_bundle.golden, []
    for wall in (0.3, 2.0):
        model, policy = tiny_bundle.create_world_model(), tiny_bundle.create_policy()
        outputs = [policy.step(golden.state(i, 0.02), golden.command[i], model.state.h) for i in range(5)]
        observed = model.observe(outputs[0].proprioception, np.full((64, 64), wall, dtype=np.float32))
        advanced = model.advance(np.stack([output.action for output in outputs]))
        late = policy.step(golden.state(5, 0.02), golden.command[5], advanced.h)
        trace.append((outputs[4].action, observed.z, advanced.h, late.action))
    (early_a, z_a, h_a, late_a), (early_b, z_b, h_b, late_b) = trace
    np.testing.assert_array_equal(early_a, early_b)
    assert (z_a != z_b).any()
    assert np.abs(h_a - h_b).max() > 1e-3
    assert np.abs(late_a - late_b).max() > 1e-4


def test_the_tiny_bundle_is_the_same_every_time(tmp_path):
    first, second = (load_verified(write_tiny_bundle(tmp_path / name)) for name in "ab")
    for field in dataclasses.fields(first.golden)[1:]:
        np.testing.assert_array_equal(getattr(first.golden, field.name), getattr(second.golden, field.name))
