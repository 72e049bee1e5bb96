"""The documents build, their links resolve, their examples run, and their commands exist."""

from __future__ import annotations

import argparse
import contextlib
import functools
import importlib.util
import io
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

from wmp_cli import cli

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PAGES = sorted((ROOT / "docs").rglob("*.md"))
DOCUMENTS = [
    README,
    ROOT / "CONTRIBUTING.md",
    ROOT / "training" / "README.md",
    ROOT / "sim2real_tests" / "README.md",
]
MOST_WORDS_OF_README = 700
MOST_WORDS_OF_A_CELL = 45

LINK = re.compile(r"!?\[[^]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\S*)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE_COMMAND = re.compile(r"`wmp ([a-z]+)\b")


@dataclass(frozen=True)
class Block:
    """A fenced code block of a page."""

    page: Path
    language: str
    attributes: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.page.relative_to(ROOT)}: {self.text.splitlines()[0]}"

    def attribute(self, key: str, default: str = "") -> str:
        found = re.search(rf'{key}="([^"]*)"', self.attributes)
        return found.group(1) if found else default


def blocks() -> list[Block]:
    return [
        Block(page, language, attributes, text)
        for page in [*DOCUMENTS, *PAGES]
        for language, attributes, text in FENCE.findall(page.read_text(encoding="utf-8"))
    ]


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


# The site


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The site, built as `make docs` builds it."""
    pytest.importorskip("mkdocs", reason="mkdocs is not installed: make setup-test")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stderr
    return folder


class Resources(HTMLParser):
    """What a browser fetches for a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in ("script", "img", "iframe", "source"):
            self.found.append(values.get("src") or "")
        if tag == "link" and values.get("rel") not in ("canonical", "next", "prev"):
            self.found.append(values.get("href") or "")


def test_the_site_builds_without_a_warning(site):
    assert (site / "index.html").is_file()


def test_every_page_is_in_the_navigation(site):
    home = (site / "index.html").read_text(encoding="utf-8")
    pages = [page.relative_to(ROOT / "docs").with_suffix(".html").as_posix() for page in PAGES]
    assert [page for page in pages if f'href="{page}"' not in home and page != "index.html"] == []


def test_no_page_loads_anything_from_another_host(site):
    remote = set()
    for page in site.rglob("*.html"):
        resources = Resources()
        resources.feed(page.read_text(encoding="utf-8"))
        remote |= {url for url in resources.found if re.match(r"(https?:)?//", url)}
    assert remote == set()


def test_every_command_is_in_the_reference(site):
    text = (site / "reference" / "cli.html").read_text(encoding="utf-8")
    assert [name for name in cli.commands() if f'id="wmp-{name}"' not in text] == []


def test_the_reference_names_no_folder_of_this_machine(site):
    assert str(ROOT) not in (site / "reference" / "cli.html").read_text(encoding="utf-8")


def test_every_parameter_of_the_files_is_in_the_reference(site):
    import yaml

    text = (site / "reference" / "parameters.html").read_text(encoding="utf-8")
    [path] = (ROOT / "ros2_ws" / "src").glob("*/*/config/a1_real.yaml")

    def names(values: dict, prefix: str = "") -> list[str]:
        found = []
        for key, value in values.items():
            found += names(value, f"{prefix}{key}.") if isinstance(value, dict) else [f"{prefix}{key}"]
        return found

    nodes = yaml.safe_load(path.read_text(encoding="utf-8"))
    wanted = [name for node in nodes.values() for name in names(node["ros__parameters"])]
    assert len(wanted) > 50
    assert [name for name in wanted if f"<code>{name}</code>" not in text] == []


def test_every_message_field_is_in_the_reference(site):
    text = (site / "reference" / "messages.html").read_text(encoding="utf-8")
    fields = []
    for path in (ROOT / "ros2_ws" / "src" / "wmp_msgs" / "msg").glob("*.msg"):
        fields += re.findall(
            r"^[\w/\[\]]+ (\w+)(?: *#.*|=.*)?$", path.read_text(encoding="utf-8"), re.MULTILINE
        )
    assert len(fields) > 15
    assert [name for name in fields if f"<code>{name}</code>" not in text] == []


# The picture of the packages


@functools.cache
def package_diagram() -> ModuleType:
    pytest.importorskip("grimp", reason="grimp is not installed: make setup-test")
    path = ROOT / "tools" / "documentation" / "package_diagram.py"
    spec = importlib.util.spec_from_file_location("package_diagram", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def drawn() -> ElementTree.Element:
    return ElementTree.fromstring(package_diagram().package_diagram(ROOT))


def test_the_picture_shows_exactly_the_existing_packages():
    described = {path.parent.name for path in (ROOT / "ros2_ws" / "src").glob("*/package.xml")}
    described |= {
        re.search(r'^name = "(\w+)"', path.read_text(encoding="utf-8"), re.MULTILINE).group(1)
        for path in (ROOT / "training" / "pyproject.toml", ROOT / "sim2real_tests" / "pyproject.toml")
    }
    assert {box.get("data-package") for box in drawn().iterfind(".//*[@data-package]")} == described


def test_the_table_of_packages_lists_exactly_those_of_the_picture():
    page = (ROOT / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")
    section = page.split("## Packages")[1].split("\n## ")[0]
    listed = set(re.findall(r"^\| `(wmp_\w+)` \|", section, re.MULTILINE))
    assert listed == {box.get("data-package") for box in drawn().iterfind(".//*[@data-package]")}


def test_arrows_stand_for_imports_in_the_code():
    arrows = {
        (arrow.get("data-from"), arrow.get("data-to")) for arrow in drawn().iterfind(".//*[@data-from]")
    }
    assert ("wmp_ros", "wmp_core") in arrows
    assert not any(target == "wmp_cli" for _, target in arrows)
    assert not any(source == "wmp_core" for source, _ in arrows)


def test_an_arrow_that_follows_from_others_is_omitted():
    reduced = package_diagram().reduced({"a": {"b", "c"}, "b": {"c"}, "c": set()})
    assert reduced == {"a": {"b"}, "b": {"c"}, "c": set()}


def test_packages_in_a_circle_cannot_be_drawn():
    with pytest.raises(ValueError, match="a -> b -> a"):
        package_diagram().reduced({"a": {"b"}, "b": {"a"}})


# Words and links


def test_the_readme_is_short():
    assert len(README.read_text(encoding="utf-8").split()) <= MOST_WORDS_OF_README


def test_the_readme_names_the_test_command():
    assert "make test" in README.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", [*DOCUMENTS, *PAGES], ids=relative)
def test_no_cell_of_a_table_is_a_paragraph(page):
    rows = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    cells = [cell for row in rows for cell in re.split(r"(?<!\\)\|", row)]
    assert [cell for cell in cells if len(cell.split()) > MOST_WORDS_OF_A_CELL] == []


@pytest.mark.parametrize("page", [*DOCUMENTS, *PAGES], ids=relative)
def test_relative_links_resolve_where_the_repository_is_browsed(page):
    broken = []
    for target in LINK.findall(without_code(page.read_text(encoding="utf-8"))):
        if re.match(r"https?:|mailto:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        generated = linked.suffix == ".md" and "<!-- generated:" in linked.read_text(encoding="utf-8")
        if not linked.exists() or (anchor and not generated and anchor not in anchors(linked)):
            broken.append(target)
    assert broken == []


def without_code(text: str) -> str:
    return FENCE.sub("", text)


def anchors(page: Path) -> set[str]:
    """Anchors of the headings, as both GitHub and the site make them."""
    headings = re.findall(r"^#+ (.+)$", without_code(page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


# Commands


def command_lines(block: Block) -> list[list[str]]:
    """The words after ``wmp`` of every call in the block."""
    found = []
    for line in block.text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        words = words[1:] if words[:1] == ["$"] else words
        if words[-1:] == ["&"]:
            words = words[:-1]
        for index, word in enumerate(words):
            if word in ("wmp", ".venv/bin/wmp"):
                found.append(words[index + 1 :])
                break
    return found


@functools.cache
def wmp_parser() -> argparse.ArgumentParser:
    return cli.build_parser(cli.commands())


COMMANDS = [
    (block, words) for block in blocks() if block.language in ("bash", "sh") for words in command_lines(block)
]


@pytest.mark.parametrize(
    ("block", "words"),
    COMMANDS,
    ids=lambda value: relative(value.page) if isinstance(value, Block) else shlex.join(value),
)
def test_a_documented_command_parses(block, words):
    parser = wmp_parser()
    output = io.StringIO()
    with contextlib.redirect_stderr(output), contextlib.redirect_stdout(output):
        try:
            _, unknown = parser.parse_known_args(words)
        except SystemExit as end:  # --help ends with 0, a mistake with 2
            unknown = [] if end.code == 0 else [output.getvalue()]
    assert unknown == []


def test_documents_hold_many_commands():
    assert len(COMMANDS) > 50


@pytest.mark.parametrize("page", [*DOCUMENTS, *PAGES], ids=relative)
def test_a_command_that_a_sentence_names_exists(page):
    named = set(INLINE_COMMAND.findall(page.read_text(encoding="utf-8")))
    assert named <= set(cli.commands()) | {"command"}


RUNNABLE = [block for block in blocks() if block.attribute("title") == "runs"]


@pytest.mark.parametrize("page", sorted({block.page for block in RUNNABLE}), ids=relative)
def test_examples_run_from_top_to_bottom(page, tmp_path):
    """The blocks of one page run in order in one folder, as a reader runs them."""
    (tmp_path / "models").symlink_to(ROOT / "models")
    for block in RUNNABLE:
        if block.page != page:
            continue
        if block.attribute("cost") == "training":
            pytest.importorskip("torch", reason="torch is not installed: make setup-test")
            (tmp_path / "models").unlink()  # nothing is written into the repository's models
            (tmp_path / "models").mkdir()
        allowed = {int(code) for code in block.attribute("exit", "0").split()}
        for words in command_lines(block):
            done = subprocess.run(
                [sys.executable, "-c", "import sys; from wmp_cli.cli import main; sys.exit(main())", *words],
                cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300,
            )  # fmt: skip
            assert done.returncode in allowed, f"wmp {shlex.join(words)}\n{done.stdout}{done.stderr}"


def test_several_pages_have_examples_that_run():
    assert len({block.page for block in RUNNABLE}) >= 3


def test_every_code_block_names_its_language():
    assert [block.name for block in blocks() if not block.language] == []
