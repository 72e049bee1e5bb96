"""mkdocs hooks: pages of the site that are generated from the code, so that they cannot go stale.

A page asks for generated text with a comment ``<!-- generated: NAME -->``. The pages stay readable where the
repository is browsed, and their links resolve there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

from cli_reference import cli_reference
from message_reference import message_reference
from model_card import card_pictures, model_card
from package_diagram import package_diagram
from parameter_reference import parameter_reference

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_BUNDLE = ROOT / "models" / "a1_wmp_v1"
CARD_FOLDER = "models"

_MARKER = re.compile(r"^<!-- generated: (\w+) -->$", re.MULTILINE)


def _changelog() -> str:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    return text.split("\n", 1)[1]  # the page has its own title


_GENERATORS: dict[str, Callable[[], str]] = {
    "changelog": _changelog,
    "cli": lambda: cli_reference(ROOT),
    "messages": lambda: message_reference(ROOT / "ros2_ws" / "src" / "wmp_msgs" / "msg"),
    "model_card": lambda: model_card(DEFAULT_BUNDLE),
    "packages": lambda: package_diagram(ROOT),
    "parameters": lambda: parameter_reference(ROOT / "ros2_ws" / "src"),
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pictures of the model card."""
    for picture in card_pictures(DEFAULT_BUNDLE):
        files.append(File.generated(config, f"{CARD_FOLDER}/{picture.name}", abs_src_path=str(picture)))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Replace every marker by what it names."""
    return _MARKER.sub(lambda match: _generate(match.group(1)), markdown)


def _generate(name: str) -> str:
    if name not in _GENERATORS:
        raise PluginError(f"generated: {name} is unknown, expected one of {', '.join(_GENERATORS)}")
    return _GENERATORS[name]()
