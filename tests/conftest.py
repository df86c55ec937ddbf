"""What all tests share: documents compared byte by byte with the files under ``tests/golden``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write what was rendered; read the diff afterwards")


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
