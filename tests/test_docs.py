"""The documents tell the truth: what they show is what happens, and what they name is there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from documents import GAP, ROOT, Session, agrees, blocks, followed, shortened

if TYPE_CHECKING:
    from pathlib import Path

DOCS = ROOT / "docs"
GENERATED = ("cli", "kpi", "ledger", "prometheus", "sources")
GUIDES = sorted(DOCS.glob("adding-*.md"))
FOLLOWED = (
    "README.md",
    "docs/tutorial.md",
    "docs/methods.md",
    "docs/reports.md",
    "docs/check.md",
    *(f"docs/{page.name}" for page in GUIDES),
)
PAGES = sorted(path for path in (*ROOT.glob("*.md"), *DOCS.glob("*.md")))


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """Return a reader with a copy of the sample data and nobody's configuration."""
    for name in os.environ:
        if name.startswith("FINOPSCTL_"):
            monkeypatch.delenv(name)
    for name in ("HOME", "XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8")
    folder = tmp_path / "desk"
    (folder / ".git").mkdir(parents=True)  # configuration is looked for up to the repository's root
    shutil.copytree(ROOT / "sample_data", folder / "sample_data")
    monkeypatch.chdir(folder)
    return Session(folder)


@pytest.mark.slow
@pytest.mark.parametrize("name", FOLLOWED)
def test_a_reader_who_follows_a_document_sees_what_it_shows(
    name: str, reader: Session, request: pytest.FixtureRequest
) -> None:
    path = ROOT / name
    text = path.read_text(encoding="utf-8")

    now = followed(text, reader)
    if request.config.getoption("--update-golden"):
        path.write_text(now, encoding="utf-8")

    assert now.splitlines() == path.read_text(encoding="utf-8").splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("name", FOLLOWED)
def test_a_shell_shows_the_same(name: str, reader: Session) -> None:
    reader.real_shell = True
    text = (ROOT / name).read_text(encoding="utf-8")

    assert followed(text, reader).splitlines() == text.splitlines()


def test_the_tutorial_takes_ten_commands_from_logs_to_showback() -> None:
    commands = re.findall(r"^## (\d+)\. ", (DOCS / "tutorial.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert commands == [str(n) for n in range(1, 11)]


def test_the_generated_parts_are_as_the_code_says() -> None:
    files = [f"docs/{name}.md" for name in GENERATED]
    done = subprocess.run(
        [sys.executable, "-m", "cogapp", "-I", "scripts", "--check", *files],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, f"{done.stdout}{done.stderr}\nrun: make docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)\)", text)
    broken = [link for link in links if not _leads_somewhere(page, link)]

    assert broken == []


def _leads_somewhere(page: Path, link: str) -> bool:
    name, _, section = link.partition("#")
    target = (page.parent / name) if name else page
    return target.exists() and (not section or section in _sections(target))


def _sections(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_every_file_that_a_guide_names_is_there(page: Path) -> None:
    named = set(
        re.findall(r"`((?:src|tests|docs|scripts|sample_data|pricing)/[\w./-]*[\w/])`", page.read_text("utf-8"))
    )

    assert named
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


def test_decisions_are_dated_and_in_order() -> None:
    text = (DOCS / "decisions.md").read_text(encoding="utf-8")
    days = re.findall(r"^## (\d{4}-\d{2}-\d{2})", text, re.MULTILINE)

    assert days
    assert days == sorted(days)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_names_the_machine_it_was_written_on(page: Path) -> None:
    assert re.findall(r"/(?:root|home/\w+|work|tmp|Users)/\S*", page.read_text(encoding="utf-8")) == []


def test_a_gap_stands_for_any_lines_and_nothing_else_differs() -> None:
    assert agrees(("a", GAP, "z"), ("a", "b", "c", "z"))
    assert agrees(("a", "b"), ("a", "b"))
    assert not agrees(("a", GAP, "z"), ("a", "b", "y"))
    assert not agrees(("a",), ("a", "b"))


@pytest.mark.parametrize(
    ("shown", "kept"),
    [
        (["a 1", GAP], ["a 2", GAP]),
        (["a 1", GAP, "e 1"], ["a 2", GAP, "e 2"]),
        (["a 1", GAP, "c  1", GAP], ["a 2", GAP, "c  2", GAP]),
        (["a 1", "b 1"], ["a 2", "b 2", "c  2", "d 2", "e 2"]),
    ],
)
def test_rewriting_keeps_what_a_document_left_out(shown: list[str], kept: list[str]) -> None:
    assert shortened(shown, ["a 2", "b 2", "c  2", "d 2", "e 2"]) == kept


def test_a_command_is_run_in_a_shell_when_it_asks_for_one(reader: Session) -> None:
    text = "```console\n$ finopsctl sources nonsense 2> problem.txt\n\n$ echo $?\n```\n"

    assert followed(text, reader) == text.replace("$?\n", "$?\n2\n")


def test_a_command_that_fails_fails_the_document_unless_its_exit_code_is_shown(reader: Session) -> None:
    with pytest.raises(AssertionError, match="unknown source"):
        followed("```console\n$ finopsctl sources nonsense\n```\n", reader)


def test_blocks_are_found_with_the_files_they_stand_for() -> None:
    text = "x\n```toml a.toml\nb = 1\n```\n\n```python\nc\n```\n"

    assert [(b.kind, b.name, b.body) for b in blocks(text)] == [("toml", "a.toml", "b = 1\n"), ("python", "", "c\n")]
