"""``wmp bundle``: inspect, verify and sign bundles."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from wmp_cli.command import UsageError
from wmp_cli.options import BUNDLE_HELP, add_overwrite_option, bundle_folder
from wmp_cli.output import check_file
from wmp_core.bundle import Bundle
from wmp_core.manifest import BundleError
from wmp_core.signing import SIGNATURE, SignatureError, load_trusted_keys, require_trusted, sign, signer
from wmp_core.verification import load_verified, verify

EXAMPLES = """examples:
  wmp bundle info                                  the default bundle: robot, sizes, training, signature
  wmp bundle verify a1_wmp_v1                      hashes, graphs and golden trajectory on this machine
  openssl genpkey -algorithm ed25519 -out key.pem  make a key, once; keep it off the robot
  wmp bundle sign models/mine --key key.pem        prints the public key for the robot's list of trusted keys
  wmp bundle verify models/mine --trusted-keys trusted_keys.txt

exit code: 0 intact (and signed by a trusted key, if a list is given); 1 not; 2 wrong arguments"""


class BundleCommand:
    """The subcommand ``wmp bundle``."""

    help = "inspect, verify and sign bundles"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the actions and their arguments."""
        parser.description = (
            "Inspects, verifies and signs a bundle: the networks, and all that a robot needs to run them."
        )
        parser.epilog = EXAMPLES
        actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
        info = actions.add_parser("info", help="show robot, sizes, training and signature of the bundle")
        info.add_argument("--json", action="store_true", help="as JSON")
        verify = actions.add_parser("verify", help="check files, graphs, golden trajectory and signature")
        verify.add_argument(
            "--trusted-keys",
            type=Path,
            metavar="FILE",
            help="fail unless the bundle is signed by a key of this list",
        )
        verify.add_argument(
            "--provider", default="cpu", help="ONNX Runtime provider of the graphs (default: cpu)"
        )
        signing = actions.add_parser("sign", help=f"write {SIGNATURE}")
        signing.add_argument(
            "--key", type=Path, required=True, metavar="FILE", help="ed25519 private key, PEM"
        )
        add_overwrite_option(signing, SIGNATURE)
        for action in (info, verify, signing):
            action.add_argument("bundle", nargs="?", help=BUNDLE_HELP)

    def run(self, arguments: argparse.Namespace) -> int:
        """Run the action; the exit code is that of the epilog."""
        path = bundle_folder(arguments.bundle)
        actions = {"info": _info, "verify": _verify, "sign": _sign}
        try:
            actions[arguments.action](path, arguments)
        except (BundleError, SignatureError) as error:
            print(error)
            return 1
        return 0


def _info(path: Path, arguments: argparse.Namespace) -> None:
    figures = _describe(Bundle.load_unverified(path))
    if arguments.json:
        print(json.dumps(figures, indent=2))
        return
    for key, value in figures.items():
        entries = value.items() if isinstance(value, dict) else [("", value)]
        for name, entry in entries:
            print(f"{key + (' ' + name if name else ''):28} {entry}")


def _describe(bundle: Bundle) -> dict[str, Any]:
    contract = bundle.contract
    try:
        signed_by = signer(bundle.path) or "nobody"
    except SignatureError as error:
        signed_by = f"invalid: {error}"
    return {
        "name": bundle.name,
        "path": str(bundle.path),
        "created": bundle.created,
        "sha256": bundle.sha256,
        "signed by": signed_by,
        "robot": contract.robot,
        "control rate": f"{1 / contract.timing.control_period:g} Hz",
        "world-model rate": f"{1 / contract.timing.world_model_period:g} Hz",
        "world model": f"h {contract.world_model.deter}, z {contract.world_model.stoch} x "
        f"{contract.world_model.classes}",
        "size": f"{sum(file.stat().st_size for file in bundle.path.glob('*.onnx')) / 1e6:.1f} MB of graphs",
        "calibration": bundle.calibration.to_dict(),
        "training": dict(bundle.metadata),
    }


def _verify(path: Path, arguments: argparse.Namespace) -> None:
    report = verify(load_verified(path, arguments.provider))
    print(f"{path}: {report}")
    if arguments.trusted_keys is not None:
        public = require_trusted(path, load_trusted_keys(arguments.trusted_keys))
        print(f"signed by the trusted key {public}")
    else:
        found = signer(path)
        print(f"signed by {found} (no list of trusted keys was given)" if found else "not signed")


def _sign(path: Path, arguments: argparse.Namespace) -> None:
    signature = path / SIGNATURE
    check_file("signature", signature, arguments.overwrite)
    if not arguments.key.is_file():
        raise UsageError(f"--key: {arguments.key} is no file; 'wmp bundle --help' shows how to make a key")
    load_verified(path)  # a damaged bundle must not get a signature
    # The public key alone on stdout: it can be appended to a list of trusted keys.
    print(sign(path, arguments.key))
    print(f"wrote {signature}", file=sys.stderr)
