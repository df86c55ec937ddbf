"""The audit sets what a source reported beside our list price and names the likeliest cause."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from finopsctl.analyses.price_audit import audit
from finopsctl.pricing import rating
from finopsctl.pricing.models import Resolver
from pricing.price_files import GPT_4O, book, rows, usd

if TYPE_CHECKING:
    from pathlib import Path

    from finopsctl.analyses.price_audit import PriceAudit

CACHED = {"model": "gpt-4o", "input_tokens": 200_000, "cache_read_tokens": 800_000}
PLAIN = {"model": "gpt-4o", "input_tokens": 1_000_000}


def _audit(tmp_path: Path, *records: dict[str, Any]) -> PriceAudit:
    prices = book(tmp_path, openai=GPT_4O)
    reported = [{**r, "reported_cost": None if r.get("paid") is None else usd(r["paid"])} for r in records]
    frame = rows(*({key: value for key, value in r.items() if key != "paid"} for r in reported))
    priced = rating.rate(frame, Resolver(prices)).lazy()
    return audit(priced.with_columns(cost=pl.coalesce("reported_cost", "effective_cost")))


@pytest.mark.parametrize(
    ("record", "cause"),
    [
        ({**PLAIN, "paid": "2.5"}, "match"),
        ({**PLAIN, "paid": "2.51"}, "rounding"),
        ({**CACHED, "paid": "3.5"}, "cache"),
        ({**CACHED, "paid": "2.5"}, "cache"),
        ({**CACHED, "paid": "0.5"}, "cache"),
        ({**PLAIN, "paid": "1.25"}, "batch"),
        ({**PLAIN, "service_tier": "batch", "paid": "2.5"}, "batch"),
        ({**PLAIN, "paid": "2.9"}, "price"),
        ({**PLAIN, "cache_hits": 1, "paid": "2.5"}, "response_cache"),
        ({**PLAIN, "paid": None}, "not_reported"),
        ({**PLAIN, "model": "gpt-9", "paid": "1"}, "unpriced"),
    ],
)
def test_a_difference_has_a_cause(tmp_path: Path, record: dict[str, Any], cause: str) -> None:
    """List: plain 2.50; cached 0.50 + 1.00 = 1.50, counted twice 3.50, read as input 2.50, read free 0.50."""
    assert _audit(tmp_path, record).rows["cause"].to_list() == [cause]


def test_a_constant_factor_is_a_margin_and_is_named(tmp_path: Path) -> None:
    """Three calls at 1.15 times list: 2.50, 5.00, 7.50 reported as 2.875, 5.75, 8.625; the difference is 2.25."""
    calls = [
        {"model": "gpt-4o", "input_tokens": n * 1_000_000, "paid": paid}
        for n, paid in enumerate(["2.875", "5.75", "8.625"], start=1)
    ]
    row = _audit(tmp_path, *calls).rows.row(0, named=True)

    assert (row["cause"], row["records"], row["difference"]) == ("factor", 3, usd("2.25"))
    assert row["factor"] == pytest.approx(1.15)


def test_totals_compare_only_what_both_sides_price(tmp_path: Path) -> None:
    """Reported 2.60 + 2.50 against 5.00; 1.00 reported for a model without a price; 2.50 priced and not reported."""
    found = _audit(
        tmp_path,
        {**PLAIN, "paid": "2.6"},
        {**PLAIN, "paid": "2.5"},
        {**PLAIN, "model": "gpt-9", "paid": "1"},
        {**PLAIN, "paid": None},
    )

    assert dict(found.totals) == {
        "reported": usd("5.1"),
        "list": usd("5"),
        "difference": usd("0.1"),
        "reported_only": usd("1"),
        "list_only": usd("2.5"),
    }
    assert found.rows["cause"].to_list() == ["price", "match", "not_reported", "unpriced"]


def test_the_report_says_the_difference_in_one_sentence(tmp_path: Path) -> None:
    report = _audit(tmp_path, {**PLAIN, "paid": "2.9"}).report()

    assert report.headline == "The sources reported $2.90 where our list price is $2.50 (+16.00%)."
    assert [(finding.code, finding.message) for finding in report.findings] == [
        ("price_price", "openai/gpt-4o: the source reports $0.40 more than list in 1 record (another price).")
    ]


def test_a_difference_of_less_than_a_cent_is_not_worth_a_finding(tmp_path: Path) -> None:
    assert not _audit(tmp_path, {**PLAIN, "paid": "2.509"}).report().findings
    assert len(_audit(tmp_path, {**PLAIN, "paid": "2.48"}).report().findings) == 1


def test_an_empty_ledger_has_an_empty_audit() -> None:
    found = audit(rows(PLAIN).clear().lazy().with_columns(cost="reported_cost"))

    assert found.rows.is_empty()
    assert found.totals["difference"] == Decimal(0)
    assert found.report().headline == "No record has a reported or a list price."
