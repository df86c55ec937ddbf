"""What the literature says that swapping, trimming and caching save, worked out by pricing and attribution."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from book_files import opened, write
from finopsctl.analyses.attribution import breakdown
from finopsctl.metrics.dimensions import parse
from ledgers import ledger

if TYPE_CHECKING:
    from pathlib import Path

DAY = "2025-06-02T09:00:00Z"


def priced(folder: Path, *calls: dict[str, Any]) -> list[dict[str, Any]]:
    """Return each call with what the catalogue's prices of 2 June 2025 make of it."""
    rows = [{"record_id": str(at), "charge_period_start": DAY, **call} for at, call in enumerate(calls)]
    books = opened(write(folder / "calls.jsonl", *rows))
    return books.ledger.sort("record_id").collect().to_dicts()


def openai(model: str, *, read: int, written: int) -> dict[str, Any]:
    return {"provider": "openai", "model": model, "input_tokens": read, "output_tokens": written}


@pytest.mark.parametrize(("read", "written"), [(1_000_000, 0), (0, 1_000_000), (450_000, 125_000)])
def test_a_mini_model_said_to_be_20_times_cheaper_is_16_7_times_cheaper(
    tmp_path: Path, read: int, written: int
) -> None:
    """2.50 / 0.15 = 10.00 / 0.60 = 16.67, whatever the mix of input and output; 20 is refuted."""
    large, mini = priced(
        tmp_path, openai("gpt-4o", read=read, written=written), openai("gpt-4o-mini", read=read, written=written)
    )

    assert large["list_cost"] / mini["list_cost"] == pytest.approx(Decimal(50) / 3, rel=Decimal("1e-12"))


def test_a_document_cut_from_5000_to_2000_tokens_costs_60_percent_less_to_read(tmp_path: Path) -> None:
    """5,000 x $2.50 = $0.0125 and 2,000 x $2.50 = $0.005 per million: $0.0075 of $0.0125; the answer costs the same."""
    long, short = priced(tmp_path, openai("gpt-4o", read=5000, written=300), openai("gpt-4o", read=2000, written=300))

    assert (long["list_input_cost"], short["list_input_cost"]) == (Decimal("0.0125"), Decimal("0.005"))
    assert 1 - short["list_input_cost"] / long["list_input_cost"] == Decimal("0.6")
    assert long["list_output_cost"] == short["list_output_cost"]


def test_an_answer_cut_from_1000_to_200_tokens_costs_80_percent_less_to_write(tmp_path: Path) -> None:
    """1,000 x $10 = $0.01 and 200 x $10 = $0.002 per million."""
    long, short = priced(tmp_path, openai("gpt-4o", read=450, written=1000), openai("gpt-4o", read=450, written=200))

    assert (long["list_output_cost"], short["list_output_cost"]) == (Decimal("0.01"), Decimal("0.002"))


def test_three_chunks_instead_of_ten_cost_70_percent_less(tmp_path: Path) -> None:
    """Chunks of 400 tokens behind a prompt of 600: the retrieved part falls from 4,000 to 1,200 tokens."""
    prompt, ten, three = (
        cost["list_input_cost"]
        for cost in priced(tmp_path, *(openai("gpt-4o", read=600 + 400 * chunks, written=100) for chunks in (0, 10, 3)))
    )

    assert 1 - (three - prompt) / (ten - prompt) == Decimal("0.7")


def test_a_cached_prefix_of_4000_tokens_costs_a_tenth_on_replay(tmp_path: Path) -> None:
    """4,000 x $3.00 = $0.012 fresh and 4,000 x $0.30 = $0.0012 read from the cache, per million."""
    call = {"provider": "anthropic", "model": "claude-sonnet-4-20250514", "output_tokens": 0}
    fresh, replayed = priced(
        tmp_path, {**call, "input_tokens": 4000}, {**call, "input_tokens": 0, "cache_read_tokens": 4000}
    )

    assert (fresh["list_cost"], replayed["list_cost"]) == (Decimal("0.012"), Decimal("0.0012"))


def test_a_million_tokens_embedded_cost_about_2_cents(tmp_path: Path) -> None:
    [embedded] = priced(tmp_path, {"provider": "openai", "model": "text-embedding-3-small", "input_tokens": 1_000_000})

    assert embedded["list_cost"] == Decimal("0.02")
    assert embedded["model_tier"] == "embedding"


@pytest.mark.parametrize(
    ("before", "after", "saved"),
    [("0.0084", "0.0021", 0.75), ("0.0112", "0.0008", 0.9286), ("0.0112", "0.0084", 0.25)],
)
def test_swaps_save_what_they_are_said_to_save(before: str, after: str, saved: float) -> None:
    """1 - 0.0021/0.0084 = 75 %; 1 - 0.0008/0.0112 = 92.9 %, printed as 93; 1 - 0.0084/0.0112 = 25 %."""
    old, new = (
        ledger(f"feature requests cost\nchat 100000 {100_000 * Decimal(each)}", record_kind="usage")
        for each in (before, after)
    )

    compared = breakdown(new, parse("feature"), previous=old)

    assert -compared.totals["change"] == pytest.approx(saved, abs=5e-5)


def test_a_35_percent_hit_rate_saves_34_58_percent_and_not_35() -> None:
    """15M requests at $0.0084 are $126,000. With 35 % hits, 9.75M are paid ($81,900) and 5.25M looked up at $0.0001
    ($525): $82,425. The saving of $43,575 is 34.58 %: 35 % forgets the look-ups."""
    without = ledger("requests cost\n15000000 126000", record_kind="usage")
    paid, looked_up = 9_750_000 * Decimal("0.0084"), 5_250_000 * Decimal("0.0001")
    cached = ledger(
        f"""
        requests cache_hits cost
        9750000  0          {paid}
        5250000  5250000    {looked_up}
        """,
        record_kind="usage",
    )

    compared = breakdown(cached, parse("team"), previous=without)

    assert compared.totals["spend"] == Decimal(82_425)
    assert compared.totals["previous"] - compared.totals["spend"] == Decimal(43_575)
    assert -compared.totals["change"] == pytest.approx(0.34583, abs=1e-5)
    assert cached.select(pl.col("cache_hits").sum() / pl.col("requests").sum()).collect().item() == 0.35
