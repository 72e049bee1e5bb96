import dataclasses
import hashlib
import json
import shutil

import numpy as np
import pytest

from wmp_core.bundle import FILES, GRAPHS, Bundle, BundleError, InitialState, write_bundle
from wmp_core.calibration import Calibration
from wmp_core.inference.policy import Policy
from wmp_core.inference.world_model import WorldModel
from wmp_core.testing.tiny_bundle import tiny_contract, tiny_golden, write_tiny_bundle
from wmp_core.testing.tiny_networks import TinyNetworks


@pytest.fixture
def copy(tiny_bundle_path, tmp_path):
    """A copy of the bundle to damage."""
    return shutil.copytree(tiny_bundle_path, tmp_path / "copy")


def edit_manifest(path, edit):
    manifest = json.loads((path / "bundle.json").read_text())
    edit(manifest)
    (path / "bundle.json").write_text(json.dumps(manifest))


def rehash(path, name):
    """Record the file as it is now, as someone would who edits a bundle by hand."""
    sha256 = hashlib.sha256((path / name).read_bytes()).hexdigest()
    edit_manifest(path, lambda manifest: manifest["files"].update({name: sha256}))


def swap_graph(path, graph, networks):
    (path / f"{graph}.onnx").write_bytes(networks.graphs()[graph])
    rehash(path, f"{graph}.onnx")


def refused(path, match, **arguments):
    with pytest.raises(BundleError, match=match) as info:
        Bundle.load(path, **arguments)
    assert str(path) in str(info.value)


def test_a_loaded_bundle_knows_what_it_is(tiny_bundle, tiny_bundle_path):
    assert tiny_bundle.name == "tiny"
    assert tiny_bundle.created == "2024-01-01"
    assert tiny_bundle.metadata["preset"] == "tiny"
    assert tiny_bundle.contract == tiny_contract()
    assert tiny_bundle.provider == "cpu"
    assert tiny_bundle.graph_path("policy") == tiny_bundle_path / "policy.onnx"
    manifest = (tiny_bundle_path / "bundle.json").read_bytes()
    assert tiny_bundle.sha256 == hashlib.sha256(manifest).hexdigest()


def test_the_manifest_holds_the_hash_of_every_file(tiny_bundle_path):
    files = json.loads((tiny_bundle_path / "bundle.json").read_text())["files"]
    assert sorted(files) == sorted(
        [f"{graph}.onnx" for graph in GRAPHS] + ["golden.npz", "initial_state.npz"]
    )
    for name, sha256 in files.items():
        assert hashlib.sha256((tiny_bundle_path / name).read_bytes()).hexdigest() == sha256


def test_the_initial_state_is_that_of_the_networks(tiny_bundle):
    networks = TinyNetworks(tiny_bundle.contract)
    np.testing.assert_array_equal(tiny_bundle.initial_state.deter, networks.initial_deter)
    np.testing.assert_array_equal(tiny_bundle.initial_state.stoch, networks.initial_stoch)


def test_the_decoder_draws_what_numpy_draws(tiny_bundle):
    networks, golden = TinyNetworks(tiny_bundle.contract), tiny_bundle.golden
    outputs = tiny_bundle.model("decoder").run(deter=golden.deter[:1], stoch=golden.stoch[:1])
    depth, proprioception = networks.decoder(golden.deter[0], golden.stoch[0])
    np.testing.assert_allclose(outputs["depth"][0, 0], depth, atol=1e-5)
    np.testing.assert_allclose(outputs["proprioception"][0], proprioception, atol=1e-5)


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_byte_is_refused(copy, name):
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(data)
    refused(copy, f"{name} is not the file that was exported")


def test_a_wrong_hash_is_refused(copy):
    edit_manifest(copy, lambda manifest: manifest["files"].update({"advance.onnx": "0" * 64}))
    refused(copy, "advance.onnx is not the file that was exported: SHA-256 expected 0000")


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused(copy, name):
    (copy / name).unlink()
    refused(copy, f"{name} is missing")
    refused(copy, f"{name} is missing", verify=False)


def test_a_graph_that_the_manifest_does_not_list_is_refused(copy):
    edit_manifest(copy, lambda manifest: manifest["files"].pop("prior.onnx"))
    refused(copy, "lists .*expected .*prior.onnx")


def test_a_directory_that_is_no_bundle_is_refused(tmp_path):
    refused(tmp_path, "cannot read bundle.json.*is this a bundle")


def test_a_manifest_that_is_not_json_is_refused(copy):
    (copy / "bundle.json").write_text("{")
    refused(copy, "bundle.json is not valid JSON")


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


def test_a_bundle_carries_what_training_measured_of_its_policy(tmp_path):
    calibration = Calibration(surprise=3.5)
    path = write_bundle(tmp_path / "new", **arguments(), calibration=calibration)
    assert Bundle.load(path).calibration == calibration


def test_a_bundle_from_before_there_was_calibration_is_read(copy):
    edit_manifest(copy, lambda manifest: manifest.pop("calibration"))
    assert Bundle.load(copy).calibration == Calibration()


@pytest.mark.parametrize(
    ("calibration", "named"),
    [({"surprise": -1}, "surprise is -1"), ({"luck": 1.0}, "luck"), ([], r"calibration is \[\]")],
)
def test_a_calibration_that_cannot_be_is_refused_by_key(copy, calibration, named):
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
    refused(copy, r"policy.onnx: input history: the contract demands float32 \[batch, 252\].*\[batch, 210\]")


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
            r"policy.onnx: input deter: .*demands float32 \[batch, 16\].*\[batch, 24\]",
        ),
        ("advance", {"deter": 24}, "advance.onnx: input deter"),
        ("observe", {"stoch": 5}, r"observe.onnx: output stoch: .*demands int64 \[batch, 4\].*\[batch, 5\]"),
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
    refused(copy, r"policy.onnx: inputs: the contract demands \['command', 'deter', 'history'\]")


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


@pytest.mark.parametrize("name", ["golden.npz", "initial_state.npz"])
def test_an_empty_file_of_arrays_is_refused_also_where_nobody_looks_at_hashes(copy, name):
    (copy / name).write_bytes(b"")
    refused(copy, "No data left", verify=False)


def test_a_wrong_byte_among_the_arrays_is_refused_also_where_nobody_looks_at_hashes(copy):
    data = bytearray((copy / "golden.npz").read_bytes())
    data[len(data) // 2] ^= 0xFF
    (copy / "golden.npz").write_bytes(data)
    refused(copy, "^bundle", verify=False)


def test_without_verification_a_damaged_bundle_can_be_inspected(copy):
    swap_graph(copy, "policy", TinyNetworks(tiny_contract(), seed=8))
    bundle = Bundle.load(copy, verify=False)
    with pytest.raises(BundleError, match="base_velocity differs"):
        bundle.verify()


def test_replacing_the_depth_images_changes_z_then_h_then_the_action(tiny_bundle):
    golden, trace = tiny_bundle.golden, []
    for wall in (0.3, 2.0):
        model, policy = WorldModel(tiny_bundle), Policy(tiny_bundle)
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


def arguments(**changes):
    contract = tiny_contract()
    networks = TinyNetworks(contract)
    values = {
        "contract": contract,
        "graphs": networks.graphs(),
        "initial_state": InitialState(networks.initial_deter, networks.initial_stoch),
        "golden": tiny_golden(contract, networks, steps=10),
        "metadata": {"seed": 1},
    }
    return {**values, **changes}


def test_graphs_may_be_given_as_files(tiny_bundle_path, tmp_path):
    graphs = {graph: tiny_bundle_path / f"{graph}.onnx" for graph in GRAPHS}
    path = write_bundle(tmp_path / "new", **arguments(graphs=graphs), name="walker", model_card="# Walker\n")
    assert Bundle.load(path).name == "walker"
    assert (path / "README.md").read_text() == "# Walker\n"


def test_a_bundle_replaces_the_one_before_and_leaves_nothing_behind(tmp_path):
    path = write_tiny_bundle(tmp_path / "bundle")
    before = Bundle.load(path).sha256
    write_bundle(path, **arguments())
    assert Bundle.load(path).sha256 != before
    assert [entry.name for entry in tmp_path.iterdir()] == ["bundle"]


def test_a_directory_with_something_else_is_not_replaced(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(BundleError, match="exists and is no bundle"):
        write_bundle(tmp_path, **arguments())
    assert (tmp_path / "thesis.txt").exists()


def test_a_failed_write_keeps_the_bundle_before(tmp_path):
    path = write_tiny_bundle(tmp_path / "bundle")
    graphs = {**arguments()["graphs"], "policy": tmp_path / "absent.onnx"}
    with pytest.raises(FileNotFoundError):
        write_bundle(path, **arguments(graphs=graphs))
    assert Bundle.load(path).name == "bundle"
    assert [entry.name for entry in tmp_path.iterdir()] == ["bundle"]


def test_a_bundle_without_a_graph_is_not_written(tmp_path):
    graphs = arguments()["graphs"]
    del graphs["decoder"]
    with pytest.raises(BundleError, match="graphs are .*expected .*decoder"):
        write_bundle(tmp_path / "bundle", **arguments(graphs=graphs))
    assert not (tmp_path / "bundle").exists()


def test_a_golden_trajectory_of_another_size_is_not_written(tmp_path):
    data = tiny_contract().to_dict()
    data["world_model"]["deter"] = 24
    with pytest.raises(ValueError, match="deter has shape"):
        write_bundle(tmp_path / "bundle", **arguments(contract=type(tiny_contract()).from_dict(data)))
    assert not (tmp_path / "bundle").exists()


def test_the_tiny_bundle_is_the_same_every_time(tmp_path):
    first, second = (Bundle.load(write_tiny_bundle(tmp_path / name)) for name in "ab")
    for field in dataclasses.fields(first.golden)[1:]:
        np.testing.assert_array_equal(getattr(first.golden, field.name), getattr(second.golden, field.name))
