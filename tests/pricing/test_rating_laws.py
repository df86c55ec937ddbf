"""Laws of rating: parts make the whole, neither order nor splitting changes a bill."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from finopsctl.pricing import rating
from finopsctl.pricing.models import Resolver
from finopsctl.pricing.tokens import PARTS
from pricing.price_files import DEEPSEEK, GPT_4O, NOON, SONNET, book, rows

if TYPE_CHECKING:
    from finopsctl.pricing.book import PriceBook

LAW = settings(max_examples=25, deadline=None)
CLASSES = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens", "output_tokens")
COUNTS = st.one_of(st.none(), st.integers(0, 3_000_000))
MODELS = [
    ("openai", "gpt-4o"),
    ("openai", "gpt-9"),
    ("anthropic", "claude-sonnet-4-6"),
    ("deepseek", "deepseek-v4-pro"),
]
RECORD = st.fixed_dictionaries(
    {
        "name": st.sampled_from(MODELS),
        "service_tier": st.sampled_from([None, "standard", "batch", "auto", "turbo"]),
        "region": st.sampled_from([None, "us", "global"]),
        "hours": st.integers(0, 24 * 900),
        "cache_hits": st.sampled_from([None, 0, 1]),
        **dict.fromkeys(CLASSES, COUNTS),
    }
)


@cache
def _prices() -> PriceBook:
    with TemporaryDirectory() as folder:
        return book(Path(folder), openai=GPT_4O, anthropic=SONNET, deepseek=DEEPSEEK)


def _frame(records: list[dict[str, Any]]) -> pl.DataFrame:
    full = [
        {
            **{key: value for key, value in record.items() if key not in {"name", "hours"}},
            "provider": record["name"][0],
            "model": record["name"][1],
            "charge_period_start": NOON.replace(year=2024, month=6),
        }
        for record in records
    ]
    hours = pl.Series([record["hours"] for record in records])
    moved = pl.col("charge_period_start") + pl.duration(hours=pl.lit(hours))
    return rows(*full).with_columns(moved)


@LAW
@given(st.lists(RECORD, min_size=1, max_size=30))
def test_the_parts_add_up_to_the_list_cost_exactly(records: list[dict[str, Any]]) -> None:
    found = rating.rate(_frame(records), Resolver(_prices()))
    total = found.select(pl.sum_horizontal(pl.col(name).reinterpret(dtype=pl.Int128) for name in PARTS)).to_series()
    whole = found["list_cost"].reinterpret(dtype=pl.Int128)

    assert total.filter(whole.is_not_null()).to_list() == whole.drop_nulls().to_list()
    assert (
        found.filter(pl.col("list_cost").is_null()).select(PARTS).null_count().sum_horizontal().sum()
        == len(PARTS) * whole.null_count()
    )


@LAW
@given(st.lists(RECORD, min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_change_any_cost(records: list[dict[str, Any]], random: Any) -> None:
    frame = _frame(records)
    order = list(range(frame.height))
    random.shuffle(order)
    straight = rating.rate(frame, Resolver(_prices()))
    shuffled = rating.rate(frame[order], Resolver(_prices()))

    assert shuffled.equals(straight[order])


@LAW
@given(st.lists(RECORD, min_size=1, max_size=30), st.integers(1, 7))
def test_chunks_give_the_bill_and_the_problems_of_the_whole(records: list[dict[str, Any]], size: int) -> None:
    frame = _frame(records)
    whole = rating.rated(frame, Resolver(_prices()))
    resolver = Resolver(_prices())
    chunks = [rating.rated(chunk, resolver) for chunk in frame.iter_slices(size)]

    assert pl.concat([chunk.frame for chunk in chunks]).equals(whole.frame)
    assert sum((chunk.tally for chunk in chunks), rating.Tally()).unpriced.equals(whole.tally.unpriced)


@LAW
@given(st.lists(st.integers(0, 50_000), min_size=1, max_size=20))
def test_tokens_split_over_rows_of_one_band_cost_what_they_cost_together(parts: list[int]) -> None:
    call = {"provider": "anthropic", "model": "claude-sonnet-4-6", "record_kind": "usage", "requests": None}
    apart = rows(*({**call, "input_tokens": n, "output_tokens": n} for n in parts))
    together = rows({**call, "input_tokens": sum(parts), "output_tokens": sum(parts)})
    resolver = Resolver(_prices())

    assert rating.rate(apart, resolver)["list_cost"].sum() == rating.rate(together, resolver)["list_cost"].item()


@LAW
@given(st.lists(RECORD, min_size=1, max_size=20))
def test_rating_what_was_rated_changes_nothing(records: list[dict[str, Any]]) -> None:
    resolver = Resolver(_prices())
    once = rating.rate(_frame(records), resolver)

    assert rating.rate(once, resolver).equals(once)
