"""Which model is named where a cheaper one would do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.pricing.models import Resolver
from finopsctl.recommendations.targets import cheaper_model
from pricing.price_files import book

if TYPE_CHECKING:
    from pathlib import Path


def listed(name: str, tier: str, since: str = "2025-01-01", kind: str = "chat") -> str:
    """Return a model of a price list."""
    return f"""
[[model]]
id = "{name}"
kind = "{kind}"
tier = "{tier}"
rates = [ {{ from = {since}, input = 1.00, output = 4.00 }} ]
"""


def chosen(folder: Path, *models: str, used: dict[str, int] | None = None, tiers: tuple[str, ...] = ()) -> str | None:
    """Return what ``big-4`` would be swapped for in October 2026."""
    resolver = Resolver(book(folder / "prices", openai="".join(models) + listed("big-4", "premium")))
    rows: list[dict[str, Any]] = [{"provider": "openai", "model": m, "requests": n} for m, n in (used or {}).items()]
    schema = {"provider": pl.String, "model": pl.String, "requests": pl.Int64}
    since = datetime(2026, 10, 1, tzinfo=UTC)
    row = {"provider": "openai", "model": "big-4"}
    return cheaper_model(resolver, row, tiers or ("standard", "budget"), since, pl.DataFrame(rows, schema=schema))


def test_the_next_tier_comes_before_the_one_after(tmp_path: Path) -> None:
    assert chosen(tmp_path, listed("big-4-mini", "budget"), listed("plain", "standard")) == "plain"


def test_where_the_next_tier_is_empty_the_one_after_counts(tmp_path: Path) -> None:
    assert chosen(tmp_path, listed("big-4-mini", "budget")) == "big-4-mini"


def test_the_one_in_use_comes_before_the_namesake(tmp_path: Path) -> None:
    models = listed("big-4-lite", "standard"), listed("plain", "standard")

    assert chosen(tmp_path, *models, used={"plain": 3, "big-4": 9}) == "plain"


def test_the_namesake_comes_before_the_newest(tmp_path: Path) -> None:
    models = listed("big-4-lite", "standard"), listed("plain", "standard", "2026-05-01")

    assert chosen(tmp_path, *models) == "big-4-lite"


def test_a_model_that_came_later_or_is_of_another_kind_is_none(tmp_path: Path) -> None:
    models = listed("big-4-lite", "standard", "2026-10-02"), listed("big-4-vec", "standard", kind="embedding")

    assert chosen(tmp_path, *models) is None
