"""Signatures of bundles, which prove who released the networks that drive a robot.

``bundle.json`` holds the hash of every other file, so a signature over its bytes covers the whole bundle. The
signature is in ``bundle.json.sig`` beside it::

    ed25519 <public key, 64 hex digits> <signature, 128 hex digits>

A list of trusted keys is a text file with one public key of 64 hex digits per line; text after the key and
lines that start with ``#`` are comments. Needs the package ``cryptography``, imported at first use.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional, Sequence, Tuple, Union

from wmp_core.manifest import MANIFEST

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SIGNATURE = "bundle.json.sig"
_ALGORITHM = "ed25519"
# Prefix of the signed bytes: a signature made for another purpose is not valid for a bundle.
_PURPOSE = b"wmp bundle 1\0"


class SignatureError(RuntimeError):
    """A signature is missing, wrong, or by an untrusted key; or ``cryptography`` is missing."""


def sign(bundle: Union[str, Path], private_key: Union[str, Path]) -> str:
    """Sign the bundle in folder ``bundle``; replaces an existing signature.

    Args:
        private_key: an ed25519 key in PEM without a password, written by
            ``openssl genpkey -algorithm ed25519 -out key.pem``.

    Returns:
        The public key in hex: the line for a list of trusted keys.

    Raises:
        SignatureError: the bundle or the key cannot be read, or ``cryptography`` is missing.
    """
    key = _load_private_key(Path(private_key))
    manifest = _read(Path(bundle) / MANIFEST)
    signature = key.sign(_PURPOSE + manifest).hex()
    public = key.public_key().public_bytes_raw().hex()
    (Path(bundle) / SIGNATURE).write_text(f"{_ALGORITHM} {public} {signature}\n")
    return public


def signer(bundle: Union[str, Path], manifest: Optional[bytes] = None) -> Optional[str]:
    """The public key in hex that signed the bundle; ``None`` for an unsigned bundle.

    Args:
        manifest: bytes of ``bundle.json`` to check the signature against; read from the folder if not given.

    Raises:
        SignatureError: the signature does not match these bytes.
    """
    path = Path(bundle) / SIGNATURE
    if not path.exists():
        return None
    public, signature = _parse_signature(path)
    data = _read(Path(bundle) / MANIFEST) if manifest is None else manifest
    ed25519, exceptions = _cryptography()
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(public).verify(signature, _PURPOSE + data)
    except exceptions.InvalidSignature as error:
        raise SignatureError(
            f"{path}: not a signature of this {MANIFEST}: the bundle was altered after it was signed, or "
            "the signature belongs to another one"
        ) from error
    return public.hex()


def require_trusted(
    bundle: Union[str, Path], trusted: Sequence[str], manifest: Optional[bytes] = None
) -> str:
    """The public key that signed the bundle, if it is one of ``trusted``; ``manifest`` as in :func:`signer`.

    Raises:
        SignatureError: there is no signature, a wrong one, or one by another key.
    """
    public = signer(bundle, manifest)
    if public is None:
        raise SignatureError(
            f"bundle {bundle} is not signed, and only bundles signed by {len(trusted)} trusted keys are "
            f"accepted here: sign it (wmp bundle sign) or get the signed one"
        )
    if public not in trusted:
        raise SignatureError(
            f"bundle {bundle} is signed by {public}, which is not among the {len(trusted)} trusted keys"
        )
    return public


def load_trusted_keys(path: Union[str, Path]) -> Tuple[str, ...]:
    """Read a list of trusted keys.

    Raises:
        SignatureError: the list cannot be read, holds no key, or a line starts with something else.
    """
    lines = _read(Path(path)).decode(errors="replace").splitlines()
    keys = [line.split()[0].lower() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    for key in keys:
        if _from_hex(key, 32) is None:
            raise SignatureError(f"{path}: {key!r} is not a public key, expected 64 hex digits")
    if not keys:
        raise SignatureError(
            f"{path}: holds no key, so that no bundle can be trusted; add one or unset the list"
        )
    return tuple(keys)


def _parse_signature(path: Path) -> Tuple[bytes, bytes]:
    words = _read(path).decode(errors="replace").split()
    if len(words) == 3 and words[0] == _ALGORITHM:
        public, signature = _from_hex(words[1], 32), _from_hex(words[2], 64)
        if public is not None and signature is not None:
            return public, signature
    raise SignatureError(f"{path}: expected '{_ALGORITHM} <64 hex digits> <128 hex digits>'; sign again")


def _from_hex(text: str, length: int) -> Optional[bytes]:
    try:
        data = bytes.fromhex(text)
    except ValueError:
        return None
    return data if len(data) == length else None


def _load_private_key(path: Path) -> Ed25519PrivateKey:
    ed25519, _ = _cryptography()
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(_read(path), password=None)
    except (ValueError, TypeError) as error:
        raise SignatureError(f"{path}: not a private key in PEM without a password: {error}") from error
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise SignatureError(
            f"{path}: holds another kind of key, expected ed25519 (openssl genpkey -algorithm ed25519)"
        )
    return key


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SignatureError(f"cannot read {path} ({error.strerror})") from error


def _cryptography() -> Tuple[Any, Any]:
    """The modules for keys and for exceptions."""
    try:
        from cryptography import exceptions
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise SignatureError(
            f"signatures need the Python package cryptography ({error}): pip install cryptography"
        ) from error
    return ed25519, exceptions
