"""A price book of round figures and a few requests, so that a test shows the lever it is about."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.analyses.whatif import Prices, Scenario, WhatIf, WhatIfQuestion, whatif
from finopsctl.ledger.schema import MONEY
from finopsctl.metrics.dimensions import parse
from finopsctl.pricing.models import Resolver
from pricing.price_files import book, rows

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

OPENAI = """
fees = [ { from = 2025-01-01, unit = "web_search", per = 1000, price = 10.00 } ]
[[model]]
id = "big"
kind = "chat"
context = 100_000
rates = [
  { from = 2025-01-01, input = 10.00, cache_read = 1.00, output = 40.00 },
  { from = 2025-01-01, service_tier = "batch", input = 5.00, cache_read = 0.50, output = 20.00 },
  { from = 2026-12-01, input = 8.00, cache_read = 0.80, output = 32.00 },
]
[[model]]
id = "small"
kind = "chat"
context = 100_000
rates = [ { from = 2025-01-01, input = 1.00, cache_read = 0.10, output = 4.00 } ]
[[model]]
id = "tiny"
kind = "chat"
context = 1_000
rates = [ { from = 2025-01-01, input = 0.50, output = 2.00 } ]
[[model]]
id = "young"
kind = "chat"
rates = [ { from = 2026-12-01, input = 0.50, output = 2.00 } ]
[[model]]
id = "vectors"
kind = "embedding"
rates = [ { from = 2025-01-01, input = 0.10 } ]
"""

ANTHROPIC = """
[[model]]
id = "other"
kind = "chat"
rates = [ { from = 2025-01-01, input = 2.00, cache_read = 0.20, cache_write = 2.50, output = 8.00 } ]
"""

BIG = {"model": "big", "input_tokens": 1000, "output_tokens": 100}
"""1,000 x $10 + 100 x $40 per million = $0.014; as ``small`` $0.0014."""


def prices(folder: Path) -> Prices:
    """Return what both sides are priced with."""
    return Prices(Resolver(book(folder / "prices", openai=OPENAI, anthropic=ANTHROPIC)))


def asked(folder: Path, *scenarios: Scenario, by: str = "model", **more: Any) -> WhatIfQuestion:
    """Return the question; several scenarios are compared."""
    several = len(scenarios) > 1
    question = WhatIfQuestion(scenarios, prices(folder), by=() if several else parse(by), compare=several)
    return replace(question, **more)


def ledger(*records: dict[str, Any]) -> pl.LazyFrame:
    """Return requests as a ledger whose sources report nothing, unless ``cost`` says so."""
    costs = [record.get("cost") for record in records]
    plain = [{name: value for name, value in record.items() if name != "cost"} for record in records]
    return rows(*plain).with_columns(pl.Series("cost", costs, dtype=MONEY)).lazy()


def play(folder: Path, scenario: Scenario, *records: dict[str, Any], **more: Any) -> WhatIf:
    """Play some requests through one scenario."""
    return whatif(ledger(*records), asked(folder, scenario, **more))


def sides(found: WhatIf) -> tuple[Decimal, Decimal]:
    """Return what the rows cost and what they would cost."""
    totals = found.totals
    return totals["baseline"], totals["scenario"]
