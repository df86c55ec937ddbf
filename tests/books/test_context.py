"""Tests of the facts every report states."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from book_files import opened, write
from finopsctl.books.context import stated
from finopsctl.books.ledger_files import write_parquet
from finopsctl.books.strictness import refuse_unpriced_rows
from finopsctl.errors import SourceError
from finopsctl.metrics.quality import quality_of
from finopsctl.metrics.rollup import rollup
from finopsctl.results.report import Report

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from finopsctl.books import Books
    from finopsctl.results.finding import Finding

GPT_4O = {"record_id": "a", "model": "gpt-4o", "input_tokens": 1_000_000, "team": "search", "service_tier": "standard"}
UNKNOWN = {"record_id": "b", "model": "no-such-model", "input_tokens": 7, "output_tokens": 3}
BUCKET = {"record_id": "c", "charge_period_end": "2026-10-02T00:00:00Z", "record_kind": "usage", "requests": 5}


def report_of(books: Books) -> Report:
    quality = quality_of(rollup(books.ledger, {}, ()).collect(), books.request.basis)
    return stated(Report("kpi", "", (), {}, ()), books, quality)


def header_of(books: Books) -> Mapping[str, Any]:
    context = report_of(books).context
    assert context is not None
    return context.header


def finding(books: Books, code: str) -> Finding | None:
    return next((f for f in report_of(books).findings if f.code == code), None)


def test_the_header_says_period_basis_prices_and_inputs(tmp_path: Path) -> None:
    log = write(tmp_path / "log.jsonl", GPT_4O)
    header = header_of(opened(log))

    assert header["period"] == {
        "start": datetime(2026, 10, 1, tzinfo=UTC),
        "end": datetime(2026, 10, 2, tzinfo=UTC),
        "timezone": "UTC",
    }
    assert header["as_of"] == datetime(2026, 10, 2, tzinfo=UTC)
    assert (header["currency"], header["cost_basis"]) == ("USD", "auto")
    assert header["inputs"] == [{"path": str(log), "source": "ledger", "records": 1, "bad_lines": 0, "duplicates": 0}]
    assert header["price_book"]["version"]


def test_data_quality_counts_what_the_figures_do_not_cover(tmp_path: Path) -> None:
    """One of two requests has no price, 10 of its tokens; one bad line; a copy of one record."""
    log = write(tmp_path / "log.jsonl", GPT_4O, UNKNOWN, {"input_tokens": -1}, GPT_4O)
    quality = header_of(opened(log))["data_quality"]

    assert (quality["records"], quality["bad_lines"], quality["duplicates"]) == (2, 1, 1)
    assert (quality["unpriced_requests"], quality["unpriced_tokens"]) == (1, 10)
    assert quality["unpriced_models"] == ["no-such-model"]
    assert quality["spend_by_basis"]["effective"] == Decimal("2.5")


def test_an_unpriced_model_is_named_with_the_reason(tmp_path: Path) -> None:
    books = opened(write(tmp_path / "log.jsonl", UNKNOWN))
    found = finding(books, "unpriced")

    assert found is not None
    assert books.price_problems is not None
    reason = books.price_problems["reason"].item()
    assert f"no-such-model ({reason})" in found.message
    assert found.evidence["reasons"] == {"no-such-model": reason}


def test_under_the_reported_basis_the_reason_is_the_source(tmp_path: Path) -> None:
    found = finding(opened(write(tmp_path / "log.jsonl", GPT_4O), cost_basis="reported"), "unpriced")

    assert found is not None
    assert "report no cost" in found.hint


def test_a_model_that_is_priced_in_the_period_is_not_complained_of(tmp_path: Path) -> None:
    log = write(tmp_path / "log.jsonl", GPT_4O, {**UNKNOWN, "team": "other"})

    assert finding(opened(log, where=("team=search",)), "unpriced") is None


def test_daily_buckets_are_mentioned_where_the_time_zone_is_not_utc(tmp_path: Path) -> None:
    log = write(tmp_path / "log.jsonl", BUCKET)

    assert finding(opened(log), "utc_day_buckets") is None
    assert finding(opened(log, timezone="Europe/Berlin"), "utc_day_buckets") is not None


def test_requests_alone_are_not_taken_for_daily_buckets(tmp_path: Path) -> None:
    log = write(tmp_path / "log.jsonl", GPT_4O)

    assert finding(opened(log, timezone="Europe/Berlin"), "utc_day_buckets") is None


def test_daily_buckets_of_a_ledger_in_place_are_mentioned_too(tmp_path: Path) -> None:
    books = opened(write(tmp_path / "log.jsonl", BUCKET))
    write_parquet(books.ledger.drop("cost"), tmp_path / "ledger.parquet")

    assert finding(opened(tmp_path / "ledger.parquet", timezone="Asia/Kolkata"), "utc_day_buckets") is not None


def test_findings_stand_worst_first(tmp_path: Path) -> None:
    log = write(tmp_path / "log.jsonl", GPT_4O, GPT_4O, UNKNOWN, {"input_tokens": -1})
    severities = [str(f.severity) for f in report_of(opened(log)).findings]

    assert severities == sorted(severities, key=["critical", "warning", "info"].index)
    assert {"warning", "info"} <= set(severities)


def test_strict_refuses_unpriced_records_of_the_period_and_no_others(tmp_path: Path) -> None:
    log = write(tmp_path / "log.jsonl", GPT_4O, {**UNKNOWN, "team": "other"})

    with pytest.raises(SourceError, match=r"1 requests? and 10 tokens have no price \(no-such-model\)"):
        report_of(opened(log, strict=True))
    assert report_of(opened(log, strict=True, where=("team=search",)))


def test_strict_refuses_to_write_unpriced_rows(tmp_path: Path) -> None:
    log = write(tmp_path / "log.jsonl", GPT_4O, UNKNOWN)
    refuse_unpriced_rows(opened(log))

    with pytest.raises(SourceError, match=r"1 records? ha(ve|s) no price \(no-such-model\)"):
        refuse_unpriced_rows(opened(log, strict=True))


def test_the_notes_say_what_was_read_and_what_was_dropped(tmp_path: Path) -> None:
    log = write(tmp_path / "log.jsonl", GPT_4O, GPT_4O, {"input_tokens": -1})
    context = report_of(opened(log)).context
    assert context is not None

    text = " ".join(context.notes)
    assert re.search(r"1 records? of 1 file .*1 duplicates? dropped.*1 bad lines? set aside", text)
