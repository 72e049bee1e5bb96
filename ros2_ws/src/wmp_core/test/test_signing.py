import base64
import builtins
import json
import shutil

import pytest

from wmp_core.manifest import BundleError
from wmp_core.signing import SignatureError, load_trusted_keys, require_trusted, sign, signer
from wmp_core.verification import load_verified
from wmp_testing.tiny_bundle import write_tiny_bundle

# RFC 8032, section 7.1, test 1: secret key, public key.
SECRET = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
PUBLIC = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
OTHER = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
# PKCS 8 of an ed25519 key is this prefix and the secret (RFC 8410).
PREFIX = bytes.fromhex("302e020100300506032b657004220420")


def pem(data):
    return b"-----BEGIN PRIVATE KEY-----\n" + base64.encodebytes(data) + b"-----END PRIVATE KEY-----\n"


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "key.pem"
    path.write_bytes(pem(PREFIX + bytes.fromhex(SECRET)))
    return path


@pytest.fixture
def bundle(tiny_bundle_path, tmp_path):
    return shutil.copytree(tiny_bundle_path, tmp_path / "bundle")


def test_signing_names_the_public_key_of_the_standard(bundle, key):
    assert sign(bundle, key) == PUBLIC
    assert signer(bundle) == PUBLIC
    assert require_trusted(bundle, [OTHER, PUBLIC]) == PUBLIC


def test_a_signed_bundle_is_loaded_if_its_key_is_trusted(bundle, key):
    sign(bundle, key)
    assert load_verified(bundle, trusted_keys=[PUBLIC]).name == "tiny"


def test_without_trusted_keys_a_signature_is_not_checked(bundle):
    (bundle / "bundle.json.sig").write_text("nonsense")
    assert load_verified(bundle).name == "tiny"


def test_an_unsigned_bundle_is_refused_if_keys_are_configured(bundle):
    assert signer(bundle) is None
    with pytest.raises(BundleError, match="is not signed"):
        load_verified(bundle, trusted_keys=[PUBLIC])


def test_a_bundle_signed_by_another_key_is_refused(bundle, key):
    sign(bundle, key)
    with pytest.raises(BundleError, match=f"signed by {PUBLIC}, which is not among the 1 trusted"):
        load_verified(bundle, trusted_keys=[OTHER])


def test_a_manifest_that_was_edited_is_refused(bundle, key):
    sign(bundle, key)
    manifest = json.loads((bundle / "bundle.json").read_text())
    manifest["contract"]["joints"]["kp"] = [60.0] * 12
    (bundle / "bundle.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="altered after it was signed"):
        load_verified(bundle, trusted_keys=[PUBLIC])


def test_a_signature_under_another_public_key_is_refused(bundle, key):
    sign(bundle, key)
    path = bundle / "bundle.json.sig"
    path.write_text(path.read_text().replace(PUBLIC, OTHER))
    with pytest.raises(SignatureError, match="not a signature"):
        require_trusted(bundle, [OTHER])


@pytest.mark.parametrize("text", ["", "rsa 00 00", f"ed25519 {PUBLIC}", f"ed25519 {PUBLIC} {'0' * 126}"])
def test_a_signature_of_another_form_is_refused(bundle, text):
    (bundle / "bundle.json.sig").write_text(text)
    with pytest.raises(SignatureError, match="expected 'ed25519"):
        signer(bundle)


def test_a_new_bundle_in_the_same_place_does_not_inherit_the_signature(bundle, key):
    sign(bundle, key)
    write_tiny_bundle(bundle)
    assert signer(bundle) is None


@pytest.mark.parametrize("data", [b"no key", pem(PREFIX[:-2] + bytes(5))])
def test_a_file_without_a_private_key_is_refused(bundle, key, data):
    key.write_bytes(data)
    with pytest.raises(SignatureError, match="not a private key"):
        sign(bundle, key)


def test_trusted_keys_are_one_per_line_with_comments(tmp_path):
    path = tmp_path / "trusted"
    path.write_text(f"# our robots\n{PUBLIC.upper()} lab\n\n{OTHER}\n")
    assert load_trusted_keys(path) == (PUBLIC, OTHER)


@pytest.mark.parametrize(("text", "named"), [("", "no key"), ("# none\n", "no key"), ("abc\n", "64 hex")])
def test_an_unusable_list_of_trusted_keys_is_refused(tmp_path, text, named):
    path = tmp_path / "trusted"
    path.write_text(text)
    with pytest.raises(SignatureError, match=named):
        load_trusted_keys(path)
    with pytest.raises(SignatureError, match="cannot read"):
        load_trusted_keys(tmp_path / "absent")


def test_without_the_library_the_error_says_what_to_install(bundle, key, monkeypatch):
    sign(bundle, key)
    original = builtins.__import__

    def without(name, *arguments):
        if name.startswith("cryptography"):
            raise ImportError(name)
        return original(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SignatureError, match="pip install cryptography"):
        signer(bundle)
