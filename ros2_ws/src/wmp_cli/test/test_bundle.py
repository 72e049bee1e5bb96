"""wmp bundle describes, verifies and signs bundles."""

import json
import shutil
import subprocess

import pytest

from wmp_cli import cli


@pytest.fixture
def bundle(tiny_bundle, tmp_path):
    return shutil.copytree(tiny_bundle, tmp_path / "bundle")


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "key.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", path], check=True)
    return path


def test_info_describes_the_bundle(bundle, capsys):
    assert cli.main(["bundle", "info", str(bundle), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["robot"], figures["control rate"], figures["signed by"]) == ("a1", "50 Hz", "nobody")
    assert cli.main(["bundle", "info", str(bundle)]) == 0
    assert "training preset" in capsys.readouterr().out


def test_a_valid_bundle_passes_verification(bundle, capsys):
    assert cli.main(["bundle", "verify", str(bundle)]) == 0
    assert "50 steps reproduced" in capsys.readouterr().out


def test_a_damaged_bundle_fails_verification(bundle, capsys):
    (bundle / "prior.onnx").write_bytes(b"")
    assert cli.main(["bundle", "verify", str(bundle)]) == 1
    assert "prior.onnx" in capsys.readouterr().out


def test_a_signed_bundle_passes_with_the_key_that_signing_printed(bundle, key, tmp_path, capsys):
    trusted = tmp_path / "trusted"
    assert cli.main(["bundle", "sign", str(bundle), "--key", str(key)]) == 0
    output = capsys.readouterr()
    assert output.err == f"wrote {bundle / 'bundle.json.sig'}\n"
    trusted.write_text(output.out)
    assert cli.main(["bundle", "verify", str(bundle), "--trusted-keys", str(trusted)]) == 0
    (bundle / "bundle.json.sig").unlink()
    assert cli.main(["bundle", "verify", str(bundle), "--trusted-keys", str(trusted)]) == 1
    assert "is not signed" in capsys.readouterr().out


def test_a_broken_bundle_is_not_signed(bundle, key, capsys):
    (bundle / "prior.onnx").write_bytes(b"")
    assert cli.main(["bundle", "sign", str(bundle), "--key", str(key)]) == 1
    assert not (bundle / "bundle.json.sig").exists()


def test_a_signature_is_replaced_only_with_overwrite(bundle, key, capsys):
    sign = ["bundle", "sign", str(bundle), "--key", str(key)]
    assert cli.main(sign) == 0
    assert cli.main(sign) == 2
    assert "bundle.json.sig exists" in capsys.readouterr().err
    assert cli.main([*sign, "--overwrite"]) == 0


def test_a_bundle_that_does_not_exist_is_refused_in_one_line(capsys):
    assert cli.main(["bundle", "info", "/nowhere"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("wmp bundle: no bundle '/nowhere'") and error.count("\n") == 1


def test_a_key_that_does_not_exist_is_refused_before_the_bundle_is_verified(bundle, monkeypatch, capsys):
    monkeypatch.setattr("wmp_cli.bundle.load_verified", None)
    assert cli.main(["bundle", "sign", str(bundle), "--key", "/nowhere.pem"]) == 2
    assert "wmp bundle: --key: /nowhere.pem is no file" in capsys.readouterr().err
