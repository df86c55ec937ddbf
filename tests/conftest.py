"""What all tests share: documents compared byte by byte with files of ``tests/golden``, and what makes tests quick."""

from __future__ import annotations

import gc
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
import typer.main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write what was rendered; read the diff afterwards")


def pytest_configure(config: pytest.Config) -> None:
    """Give each of several workers one thread of polars: they share the cores, and small frames gain nothing by more.

    The slow tests keep all threads, as does a run without workers.
    """
    if "PYTEST_XDIST_WORKER" in os.environ and config.option.markexpr == "not slow":
        os.environ.setdefault("POLARS_MAX_THREADS", "1")


def pytest_collection_finish() -> None:
    """Look for garbage as seldom as the program does, and never among what importing and collecting have made."""
    gc.freeze()
    gc.set_threshold(200_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def one_command_tree() -> Iterator[None]:
    """Build the tree of forty commands once: every run of a command takes a tenth of a second for it otherwise."""
    with patch("typer.main.get_command", cache(typer.main.get_command)):
        yield


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, bytes | str], None]:
    """Return ``golden(name, document)``: the document equals the file ``tests/golden/<name>``, byte for byte."""
    update: bool = request.config.getoption("--update-golden")

    def compare(name: str, document: bytes | str) -> None:
        actual = document.encode() if isinstance(document, str) else document
        path = GOLDEN / name
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(actual)
        expected = path.read_bytes() if path.is_file() else None

        assert expected is not None, f"there is no golden file {name}: run pytest with --update-golden and read it"
        if actual != expected:
            # Lines compare better than one long value of bytes.
            assert actual.decode(errors="replace").splitlines() == expected.decode(errors="replace").splitlines()
        assert actual == expected

    return compare
