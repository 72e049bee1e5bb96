import hashlib
import json

import pytest

from wmp_core.manifest import FILES, GRAPHS, BundleError, Manifest
from wmp_testing.damage import edit_manifest


def refused(path, match):
    with pytest.raises(BundleError, match=match) as info:
        Manifest.read(path)
    assert str(path) in str(info.value)


def test_the_manifest_holds_the_hash_of_every_file(tiny_bundle_path):
    files = json.loads((tiny_bundle_path / "bundle.json").read_text())["files"]
    assert sorted(files) == sorted(
        [f"{graph}.onnx" for graph in GRAPHS] + ["golden.npz", "initial_state.npz"]
    )
    for name, sha256 in files.items():
        assert hashlib.sha256((tiny_bundle_path / name).read_bytes()).hexdigest() == sha256


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused(copy, name):
    (copy / name).unlink()
    refused(copy, f"{name} is missing")


def test_a_graph_that_the_manifest_does_not_list_is_refused(copy):
    edit_manifest(copy, lambda manifest: manifest["files"].pop("prior.onnx"))
    refused(copy, "lists .*expected .*prior.onnx")


def test_a_directory_without_a_manifest_is_refused(tmp_path):
    refused(tmp_path, "cannot read bundle.json.*is this a bundle")


def test_a_manifest_that_is_not_json_is_refused(copy):
    (copy / "bundle.json").write_text("{")
    refused(copy, "bundle.json is not valid JSON")
