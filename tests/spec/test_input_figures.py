"""The call event and the price of embeddings, as the literature gives them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from book_files import opened, write

if TYPE_CHECKING:
    from pathlib import Path

EVENTS = """\
timestamp,use_case,team,user_id,model,input_tokens,output_tokens,cache_read_tokens,cost_usd,task_success
2026-10-01T09:00:00Z,ticket_reply,support,u-1,gpt-4o,450,125,200,0.0084,true
2026-10-01T09:01:00Z,ticket_reply,support,u-2,gpt-4o,450,125,0,0.0084,false
"""


def test_a_call_event_is_read_without_a_map_with_cache_reads_beside_its_input(tmp_path: Path) -> None:
    """Two calls at 0.0084: 900 uncached input tokens and 200 read from the cache are 1,100, not 900 less 200."""
    (tmp_path / "events.csv").write_text(EVENTS, encoding="utf-8")
    books = opened(tmp_path / "events.csv")
    columns = ("cost", "input_tokens", "cache_read_tokens", "requests", "tasks", "task_successes")

    assert [i.source for i in books.inputs] == ["event"]
    assert books.ledger.select(pl.col(columns).sum()).collect().row(0) == (Decimal("0.0168"), 900, 200, 2, 2, 1)


def test_a_million_tokens_embedded_cost_about_2_cents(tmp_path: Path) -> None:
    call = {
        "charge_period_start": "2025-06-02T09:00:00Z",
        "provider": "openai",
        "model": "text-embedding-3-small",
        "input_tokens": 1_000_000,
    }
    rows = opened(write(tmp_path / "calls.jsonl", {**call, "record_id": "1"})).ledger.collect()

    assert rows.select("list_cost", "model_tier").row(0) == (Decimal("0.02"), "embedding")
