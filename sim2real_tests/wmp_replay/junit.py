"""The verdict as JUnit XML, which CI systems show as tests."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

from wmp_replay.replay import Replay
from wmp_replay.section import Status


def write_junit(path: Path, replays: Iterable[Replay]) -> None:
    """One suite per bag, one case per section; warnings are cases that pass and say so in their output."""
    root = ElementTree.Element("testsuites", name="wmp replay")
    for replay in replays:
        sections = replay.sections
        failures = sum(section.status is Status.FAIL for section in sections)
        skipped = sum(section.status is Status.SKIP for section in sections)
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=str(replay.walk.path),
            tests=str(len(sections)),
            failures=str(failures),
            skipped=str(skipped),
            errors="0",
        )
        for section in sections:
            _add_case(suite, section.name, section.status, [(f.status, f.text) for f in section.findings])
    tree = ElementTree.ElementTree(root)
    ElementTree.indent(tree)
    tree.write(path, encoding="utf-8", xml_declaration=True)


def _add_case(
    suite: ElementTree.Element, name: str, status: Status, findings: list[tuple[Status, str]]
) -> None:
    case = ElementTree.SubElement(suite, "testcase", classname="wmp_replay", name=name)
    decisive = [text for weight, text in findings if weight is status]
    if status is Status.FAIL:
        ElementTree.SubElement(case, "failure", message="; ".join(decisive))
    elif status is Status.SKIP:
        ElementTree.SubElement(case, "skipped", message="; ".join(decisive))
    output = ElementTree.SubElement(case, "system-out")
    output.text = "\n".join(f"{weight}: {text}" for weight, text in findings)
