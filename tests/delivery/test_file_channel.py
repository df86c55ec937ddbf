"""Documents in a folder: named by report and period, whole, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from finopsctl.delivery import deliver
from finopsctl.delivery.file import outlet
from finopsctl.delivery.memory import Memory
from finopsctl.errors import DeliveryError
from parcels import NOW, parcel

if TYPE_CHECKING:
    from pathlib import Path


def test_the_document_is_a_file_of_its_own_in_a_new_folder(tmp_path: Path) -> None:
    outlet(tmp_path / "a" / "reports").send(parcel(b"\x00\xff"), "key")

    assert [path.name for path in (tmp_path / "a" / "reports").iterdir()] == ["weekly-2026-W44.json"]
    assert (tmp_path / "a" / "reports" / "weekly-2026-W44.json").read_bytes() == b"\x00\xff"


def test_a_file_that_was_removed_is_written_again(tmp_path: Path) -> None:
    memory, folder = Memory(tmp_path / "deliveries.json"), outlet(tmp_path / "reports")
    deliver(parcel(b"1"), folder, memory, now=NOW)
    kept = deliver(parcel(b"2"), folder, memory, now=NOW)
    (tmp_path / "reports" / "weekly-2026-W44.json").unlink()
    written = deliver(parcel(b"2"), folder, memory, now=NOW)

    assert (kept.earlier, written.earlier) == (True, False)
    assert (tmp_path / "reports" / "weekly-2026-W44.json").read_bytes() == b"2"


def test_a_folder_that_cannot_be_made_is_a_failed_delivery(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("a file")
    with pytest.raises(DeliveryError, match="reports") as caught:
        outlet(tmp_path / "reports").send(parcel(), "key")

    assert caught.value.exit_code == 5


def test_a_preview_writes_nothing(tmp_path: Path) -> None:
    text = outlet(tmp_path / "reports").preview(parcel())

    assert text == f'WRITE {tmp_path / "reports" / "weekly-2026-W44.json"}\n\n{{"text": "hello"}}'
    assert list(tmp_path.iterdir()) == []
