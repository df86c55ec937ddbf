"""The log and the budgets that reports are tested on, and what commands say of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from book_files import write
from commands import finopsctl
from two_months import BUDGETS, records

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with ``log.jsonl`` (two months of two teams) and ``budgets.toml``."""
    folder = tmp_path_factory.mktemp("reports")
    write(folder / "log.jsonl", *records())
    (folder / "budgets.toml").write_text(BUDGETS, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def ask(folder: Path) -> Ask:
    """Return what asks a command for its JSON document on the log; the same question is asked once."""
    known: dict[tuple[str, ...], dict[str, Any]] = {}

    def document(*words: str) -> dict[str, Any]:
        if words not in known:
            done = finopsctl(*words, "log.jsonl", "-f", "json", folder=folder)
            assert (done.returncode, done.stderr) == (0, "")
            known[words] = json.loads(done.stdout)
        return known[words]

    return document


@pytest.fixture
def log(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the log, in its folder."""
    monkeypatch.chdir(folder)
    return "log.jsonl"
