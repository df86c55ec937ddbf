"""Builds price books and ledger rows out of short texts, so that a test shows the prices it is about."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.ledger.schema import LEDGER_SCHEMA, conform
from finopsctl.pricing import catalog, rating
from finopsctl.pricing.models import Resolver

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from finopsctl.pricing.book import PriceBook

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
"""A Monday."""


def write(folder: Path, **files: str) -> Path:
    """Write one price file a provider (``_`` in the argument is ``-``); the heading keys are added unless given."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in files.items():
        provider = name.replace("__", "-")
        head = "" if "schema =" in body else f'schema = 1\nprovider = "{provider}"\n'
        (folder / f"{provider}.toml").write_text(head + body, encoding="utf-8")
    return folder


def book(folder: Path, **files: str) -> PriceBook:
    """Load a book that holds these files only."""
    return catalog.load(base=write(folder, **files))


def rows(*records: Mapping[str, Any]) -> pl.DataFrame:
    """Build ledger rows; each is one request at ``NOON`` by OpenAI unless it says otherwise."""
    usual = {
        "record_kind": "request",
        "requests": 1,
        "charge_period_start": NOON,
        "provider": "openai",
        "source": "test",
    }
    full = [
        {**usual, "record_id": str(number), "origin": f"test:{number}", **record}
        for number, record in enumerate(records)
    ]
    schema = {name: dtype for name, dtype in LEDGER_SCHEMA.items() if any(name in record for record in full)}
    return conform(pl.DataFrame(full, schema=schema).lazy()).collect()


def rate(prices: PriceBook, *records: Mapping[str, Any], **options: Any) -> pl.DataFrame:
    """Price these rows."""
    return rating.rate(rows(*records), Resolver(prices), **options)


def costs(prices: PriceBook, *records: Mapping[str, Any], **options: Any) -> list[Decimal | None]:
    """Return the list cost of each of these rows."""
    return rate(prices, *records, **options)["list_cost"].to_list()


def usd(text: str) -> Decimal:
    """Return an amount of US dollars."""
    return Decimal(text)


GPT_4O = """
strip = ["openai/"]
snapshot = '-\\d{4}-\\d{2}-\\d{2}$'
[[model]]
id = "gpt-4o-2024-05-13"
rates = [ { from = 2024-05-13, input = 5.00, output = 15.00 } ]
[[model]]
id = "gpt-4o-2024-08-06"
tier = "standard"
rates = [
  { from = 2024-08-06, input = 2.50, cache_read = 1.25, output = 10.00 },
  { from = 2024-08-06, service_tier = "batch", input = 1.25, cache_read = 1.25, output = 5.00 },
]
fees = [ { from = 2025-03-11, unit = "web_search", per = 1000, price = 10.00 } ]
[[alias]]
name = "gpt-4o"
to = [ { from = 2024-05-13, model = "gpt-4o-2024-05-13" }, { from = 2024-10-02, model = "gpt-4o-2024-08-06" } ]
"""

SONNET = """
[[model]]
id = "claude-sonnet-4-6"
tier = "standard"
match = ["claude-sonnet-4.6"]
uplift = { inference_geo_us = 1.10 }
rates = [
  { from = 2026-02-17, input = 3.00, cache_read = 0.30, cache_write = 3.75, cache_write_1h = 6.00, output = 15.00 },
  { from = 2026-02-17, over = 200_000, \
    input = 6.00, cache_read = 0.60, cache_write = 7.50, cache_write_1h = 12.00, output = 22.50 },
  { from = 2026-03-13, input = 3.00, cache_read = 0.30, cache_write = 3.75, cache_write_1h = 6.00, output = 15.00 },
  { from = 2026-03-13, service_tier = "batch", \
    input = 1.50, cache_read = 0.15, cache_write = 1.875, cache_write_1h = 3.00, output = 7.50 },
]
"""

DEEPSEEK = """
[window.peak]
tz = "Asia/Shanghai"
weekdays = [1, 2, 3, 4, 5]
hours = ["09:00-12:00", "14:00-18:00"]
except = ["2026-09-25..2026-09-27", "2026-10-01..2026-10-07"]
[[model]]
id = "deepseek-v4-pro"
rates = [
  { from = 2026-05-22, input = 0.435, output = 0.87 },
  { from = 2026-08-16T16:00:00Z, input = 0.66, output = 1.98 },
  { from = 2026-08-16T16:00:00Z, window = "peak", input = 1.32, output = 3.96 },
]
"""
