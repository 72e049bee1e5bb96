"""The verdict as JUnit XML, which CI systems display as tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree


def write_junit(path: Path, verdicts: Iterable[Mapping[str, Any]]) -> None:
    """One suite per verdict (:meth:`wmp_replay.verdict.Replay.to_dict`), one case per section; a
    warning is a case that passes and has the warning in its output."""
    root = ElementTree.Element("testsuites", name="wmp replay")
    for verdict in verdicts:
        sections = verdict["sections"]
        statuses = [section["status"] for section in sections.values()]
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=verdict["bag"],
            tests=str(max(1, len(sections))),
            failures=str(statuses.count("fail")),
            skipped=str(statuses.count("skip")),
            errors=str(int("error" in verdict)),
        )
        if "error" in verdict:
            case = ElementTree.SubElement(suite, "testcase", classname="wmp_replay", name="reading")
            ElementTree.SubElement(case, "error", message=verdict["error"])
        for name, section in sections.items():
            _add_case(suite, name, section)
    tree = ElementTree.ElementTree(root)
    ElementTree.indent(tree)
    tree.write(path, encoding="utf-8", xml_declaration=True)


def _add_case(suite: ElementTree.Element, name: str, section: Mapping[str, Any]) -> None:
    case = ElementTree.SubElement(suite, "testcase", classname="wmp_replay", name=name)
    status, findings = section["status"], section["findings"]
    decisive = "; ".join(finding["text"] for finding in findings if finding["status"] == status)
    if status == "fail":
        ElementTree.SubElement(case, "failure", message=decisive)
    elif status == "skip":
        ElementTree.SubElement(case, "skipped", message=decisive)
    output = ElementTree.SubElement(case, "system-out")
    output.text = "\n".join(f"{finding['status']}: {finding['text']}" for finding in findings)
