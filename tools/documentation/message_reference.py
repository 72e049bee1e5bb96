"""The message reference: the comments and fields of the ``.msg`` files."""

from __future__ import annotations

from pathlib import Path


def message_reference(folder: Path) -> str:
    """Markdown with one section per message of ``folder``."""
    return "\n".join(_message(path) for path in sorted(folder.glob("*.msg")))


def _message(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    introduction = []
    while lines and lines[0].startswith("#"):
        introduction.append(lines.pop(0).lstrip("# "))
    constants, fields = [], []
    for line in lines:
        declaration, _, comment = line.partition("#")
        words = declaration.split(maxsplit=1)
        if len(words) != 2:
            continue
        type_name, name = words
        if "=" in name:
            name, value = name.split("=", 1)
            constants.append(f"| `{name.strip()}` | {value.strip()} | {_cell(comment)} |")
        else:
            fields.append(f"| `{name.strip()}` | `{type_name}` | {_cell(comment)} |")
    text = [f"## wmp_msgs/{path.stem}", "", " ".join(introduction), ""]
    text += ["| field | type | meaning |", "|---|---|---|", *fields, ""]
    if constants:
        text += ["| constant | value | meaning |", "|---|---|---|", *constants, ""]
    return "\n".join(text)


def _cell(comment: str) -> str:
    return comment.strip().replace("|", "\\|")
