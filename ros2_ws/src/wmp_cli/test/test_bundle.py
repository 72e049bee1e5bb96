"""``wmp bundle`` shows, verifies and signs bundles."""

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


def test_info_tells_what_the_bundle_is(bundle, capsys):
    assert cli.main(["bundle", "info", str(bundle), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["robot"], figures["control rate"], figures["signed by"]) == ("a1", "50 Hz", "nobody")
    assert cli.main(["bundle", "info", str(bundle)]) == 0
    assert "training preset" in capsys.readouterr().out


def test_an_intact_bundle_is_verified_with_its_figures(bundle, capsys):
    assert cli.main(["bundle", "verify", str(bundle)]) == 0
    assert "50 steps reproduced" in capsys.readouterr().out


def test_a_damaged_bundle_fails_verification(bundle, capsys):
    (bundle / "prior.onnx").write_bytes(b"")
    assert cli.main(["bundle", "verify", str(bundle)]) == 1
    assert "prior.onnx" in capsys.readouterr().out


def test_a_signed_bundle_passes_with_the_public_key_that_signing_printed(bundle, key, tmp_path, capsys):
    trusted = tmp_path / "trusted"
    assert cli.main(["bundle", "sign", str(bundle), "--key", str(key)]) == 0
    trusted.write_text(capsys.readouterr().out)
    assert cli.main(["bundle", "verify", str(bundle), "--trusted-keys", str(trusted)]) == 0
    (bundle / "bundle.json.sig").unlink()
    assert cli.main(["bundle", "verify", str(bundle), "--trusted-keys", str(trusted)]) == 1
    assert "is not signed" in capsys.readouterr().out


def test_a_damaged_bundle_is_not_signed(bundle, key, capsys):
    (bundle / "prior.onnx").write_bytes(b"")
    assert cli.main(["bundle", "sign", str(bundle), "--key", str(key)]) == 1
    assert not (bundle / "bundle.json.sig").exists()


def test_signing_reports_the_file_and_replaces_it_only_on_request(bundle, key, capsys):
    sign = ["bundle", "sign", str(bundle), "--key", str(key)]
    assert cli.main(sign) == 0
    signature = bundle / "bundle.json.sig"
    assert capsys.readouterr().err == f"wrote {signature}\n"
    signature.write_text("signed by another key")
    assert cli.main(sign) == 2
    assert f"{signature} exists (21 bytes) and would be lost; --overwrite" in capsys.readouterr().err
    assert signature.read_text() == "signed by another key"
    assert cli.main([*sign, "--overwrite"]) == 0
    assert signature.read_text().startswith("ed25519 ")


def test_a_key_that_does_not_exist_is_refused_before_the_bundle_is_verified(bundle, monkeypatch, capsys):
    monkeypatch.setattr("wmp_cli.bundle.load_verified", None)
    assert cli.main(["bundle", "sign", str(bundle), "--key", "/nowhere.pem"]) == 2
    assert "wmp bundle: --key: /nowhere.pem is no file" in capsys.readouterr().err


def test_a_bundle_is_found_by_its_name_under_models(bundle, tmp_path, monkeypatch, capsys):
    (tmp_path / "models").mkdir()
    bundle.rename(tmp_path / "models" / "mine")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["bundle", "info", "mine", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["path"] == str(tmp_path / "models" / "mine")
    assert cli.main(["bundle", "info", "mein"]) == 2
    assert "wmp bundle: no bundle 'mein'" in capsys.readouterr().err
