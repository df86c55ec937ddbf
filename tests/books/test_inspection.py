"""Tests of what files are said to be."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from book_files import write
from finopsctl.books.inspection import Inspection, inspect
from finopsctl.errors import SourceError, UnreadableError
from shared import EXAMPLES, needs_shared

if TYPE_CHECKING:
    from pathlib import Path

RECORDS = [
    {"record_id": "a", "reported_cost": "1.25", "team": "x"},
    {"record_id": "b", "reported_cost": "0.25", "charge_period_start": "2026-10-03T00:00:00Z"},
]


def looked_at(*inputs: Path, source: str | None = None, column_map: Path | None = None) -> Inspection:
    return inspect([str(path) for path in inputs], source, column_map)


def one(*inputs: Path) -> dict[str, Any]:
    (row,) = looked_at(*inputs).rows.to_dicts()
    return row


def codes(found: Inspection) -> list[str]:
    return [finding.code for finding in found.findings]


def test_a_file_is_named_with_its_format_records_period_and_spend(tmp_path: Path) -> None:
    row = one(write(tmp_path / "log.jsonl", *RECORDS, {"input_tokens": -1}, RECORDS[0]))

    assert (row["source"], row["family"], row["kind"]) == ("ledger", "ledger", "request")
    assert (row["records"], row["bad"], row["duplicates"]) == (3, 1, 1)
    assert (row["start"], row["end"]) == (datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 3, tzinfo=UTC))
    assert row["spend"] == Decimal("2.75")


def test_bad_lines_are_shown_with_their_place(tmp_path: Path) -> None:
    found = looked_at(write(tmp_path / "log.jsonl", *RECORDS, {"input_tokens": -1}))

    assert [f.evidence["place"] for f in found.findings if f.code == "bad_line"] == [f"{tmp_path / 'log.jsonl'}:3"]


def test_a_record_that_breaks_an_invariant_is_shown(tmp_path: Path) -> None:
    found = looked_at(write(tmp_path / "log.jsonl", RECORDS[0], {"errors": 3}))

    (finding,) = [f for f in found.findings if f.code == "ledger_errors_within_requests"]
    assert finding.message.startswith(str(tmp_path / "log.jsonl"))
    assert finding.evidence["count"] == 1


@needs_shared
def test_what_a_format_lacks_is_named_with_the_setting_that_brings_it() -> None:
    found = looked_at(EXAMPLES / "formats" / "openai_costs.json")

    assert found.rows["missing"].to_list()[0]
    assert "missing" in codes(found)


@needs_shared
def test_a_side_table_is_no_charge() -> None:
    row = one(EXAMPLES / "formats" / "litellm_team_table.csv")

    assert (row["source"], row["kind"], row["spend"]) == ("litellm-teams", "side table", None)


def test_a_file_of_a_folder_that_no_source_knows_has_a_row_without_a_source(tmp_path: Path) -> None:
    write(tmp_path / "log.jsonl", *RECORDS)
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    found = looked_at(tmp_path)

    assert found.rows.select("source", "records").rows() == [("ledger", 2), (None, 0)]
    assert "unread_file" in codes(found)


def test_a_named_file_that_no_source_knows_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(SourceError, match=r"other\.csv: no source knows"):
        looked_at(tmp_path / "other.csv")


def test_a_damaged_file_in_a_folder_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "log.jsonl", *RECORDS)
    (tmp_path / "cut.parquet").write_bytes(b"PAR1")
    with pytest.raises(UnreadableError, match=r"cut\.parquet"):
        looked_at(tmp_path)


def test_a_map_is_used_where_it_fits_and_known_formats_are_still_known(tmp_path: Path) -> None:
    mapping = tmp_path / "map.toml"
    mapping.write_text('[columns]\ncharge_period_start = "when"\nreported_cost = "usd"\n', encoding="utf-8")
    (tmp_path / "mine.csv").write_text("when,usd\n2026-10-01,1.25\n", encoding="utf-8")
    write(tmp_path / "log.jsonl", *RECORDS)

    assert looked_at(tmp_path, column_map=mapping).rows["source"].to_list() == ["ledger", "generic"]


def test_the_report_counts_files_and_records(tmp_path: Path) -> None:
    report = looked_at(write(tmp_path / "log.jsonl", *RECORDS)).report()

    assert report.headline.startswith("1 of 1 file")
    assert "2 records" in report.headline
