"""Bags recorded before ``PolicyStep.state`` became ``mode`` and ``Latent.deter/stoch`` became ``h/z``."""

import json
import re
from pathlib import Path

import pytest

from wmp_cli.cli import main
from wmp_recording.storage.recording import open_recording

ROOT = Path(__file__).resolve().parents[3]
#: 3 s of a walk over boxes with models/a1_wmp_v1, all topics.
OLD_BAG = Path(__file__).resolve().parents[1] / "data" / "old_message_fields"


def fields_of(text):
    """Names of the fields in the first part of a ``.msg`` text; constants are no fields."""
    own = text.split("=" * 80)[0]
    return re.findall(r"^[\w/\[\]<>=]+ (\w+)\s*(?:#.*)?$", own, re.MULTILINE)


@pytest.mark.parametrize(
    ("message", "old", "new"),
    [("PolicyStep", {"state"}, {"mode"}), ("Latent", {"deter", "stoch"}, {"h", "z"})],
)
def test_the_file_defines_the_old_fields(message, old, new):
    recording = open_recording(OLD_BAG)
    assert sum(1 for _ in recording.messages()) > 0
    fields = set(fields_of(recording.definitions[f"wmp_msgs/msg/{message}"]))
    assert old <= fields
    assert not new & fields


def test_replay_reproduces_every_latent_and_action(tmp_path):
    verdict = tmp_path / "verdict.json"
    main(["replay", str(OLD_BAG), "--bundle", str(ROOT / "models" / "a1_wmp_v1"), "--json", str(verdict)])
    exactness = json.loads(verdict.read_text())["sections"]["exactness"]
    assert exactness["status"] == "pass"
    figures = exactness["figures"]
    assert figures["compared"] == {"proprioception": 150, "action": 150, "z": 30, "kl": 30, "h": 30}
    assert not any(figures["differing"].values())
    assert figures["largest_difference"]["h"] < 1e-5
