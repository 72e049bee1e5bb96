"""Files of a bundle, and ``bundle.json``, which lists them with their hashes.

::

    bundle.json     format, name, created, training, contract, SHA-256 of every other file,
                    calibration (optional)
    policy.onnx  advance.onnx  observe.onnx  prior.onnx  decoder.onnx
    initial_state.npz   golden.npz   README.md (the model card, not hashed)
    bundle.json.sig (optional, see wmp_core.signing)
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Mapping, Union

FORMAT = 1
MANIFEST = "bundle.json"
GRAPHS = ("policy", "advance", "observe", "prior", "decoder")
INITIAL_STATE = "initial_state.npz"
GOLDEN = "golden.npz"
#: Every file that the manifest lists.
FILES = tuple(f"{graph}.onnx" for graph in GRAPHS) + (INITIAL_STATE, GOLDEN)

_KEYS: Dict[str, type] = {
    "name": str,
    "created": str,
    "training": dict,
    "contract": dict,
    "files": dict,
    "calibration": dict,
}
_OPTIONAL = ("calibration",)


class BundleError(RuntimeError):
    """A bundle that must not drive a robot: names the file or term, what was expected and what was found."""


@dataclass(frozen=True)
class Manifest:
    """``bundle.json`` of the bundle in folder ``path``.

    Attributes:
        data: the file's bytes, which a signature covers.
        content: the same, parsed; its form is checked, the contract's values are not.
    """

    path: Path
    data: bytes
    content: Mapping[str, Any]

    @classmethod
    def read(cls, path: Union[str, Path]) -> Manifest:
        """Read the manifest of the bundle in folder ``path``.

        Raises:
            BundleError: it is missing, has another form, or does not list the bundle's files, or one of those
                is missing.
        """
        path = Path(path)
        try:
            data = (path / MANIFEST).read_bytes()
        except OSError as error:
            raise BundleError(
                f"bundle {path}: cannot read {MANIFEST} ({error.strerror}); is this a bundle?"
            ) from error
        try:
            content = json.loads(data.decode())
        except ValueError as error:
            raise BundleError(f"bundle {path}: {MANIFEST} is not valid JSON: {error}") from error
        _check_form(path, content)
        return cls(path, data, content)

    @property
    def sha256(self) -> str:
        """Hash of ``bundle.json``, which holds the hashes of all other files: it identifies the bundle."""
        return sha256(self.data)

    def check_hashes(self) -> None:
        """Compare the hash of every file with the recorded one.

        Raises:
            BundleError: a file differs.
        """
        for name in FILES:
            recorded, found = self.content["files"][name], sha256((self.path / name).read_bytes())
            if found != recorded:
                raise BundleError(
                    f"bundle {self.path}: {name} is not the file that was exported: SHA-256 expected "
                    f"{recorded}, found {found}; copy the bundle again (is it a large-file pointer?)"
                )


def sha256(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def _check_form(path: Path, content: Any) -> None:
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        found = content.get("format") if isinstance(content, dict) else type(content).__name__
        raise BundleError(
            f"bundle {path}: {MANIFEST} has format {found!r}, this runtime reads format {FORMAT}"
        )
    for key, kind in _KEYS.items():
        if key in _OPTIONAL and key not in content:
            continue
        if not isinstance(content.get(key), kind):
            raise BundleError(
                f"bundle {path}: {MANIFEST}: {key} is {content.get(key)!r}, expected a {kind.__name__}"
            )
    listed = content["files"]
    if set(listed) != set(FILES):
        raise BundleError(f"bundle {path}: {MANIFEST} lists {sorted(listed)}, expected {sorted(FILES)}")
    for name in FILES:
        if not (path / name).is_file():
            raise BundleError(f"bundle {path}: {name} is missing; copy the bundle again")
