"""The ledger of one period in cells: what each group sent to each model in each service tier, and what it cost.

A cell is all priced usage of one group, provider, model and service tier. Its cost is divided over the kinds of its
tokens in proportion to the parts of the list cost (where there is no list cost, in proportion to tokens), so that
every kind has a unit price on the cost basis in use.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.token_classes import OUTPUT_COLUMNS, TOKEN_COLUMNS
from finopsctl.metrics.figures import as_text
from finopsctl.metrics.measures import Measure
from finopsctl.metrics.rollup import rollup

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from finopsctl.metrics.dimensions import Dimension

PROVIDER, MODEL, TIER = "cell_provider", "cell_model", "cell_tier"
CELL = (PROVIDER, MODEL, TIER)
"""What tells the cells of a group apart."""

INPUTS = ("uncached", "cache_read", "cache_write", "cache_write_1h")
"""The kinds of input tokens, each with a unit price of its own."""

CLASSES = (*INPUTS, "output")

_TOKENS = {
    "uncached": ("input_tokens", "audio_input_tokens", "image_input_tokens"),
    "cache_read": ("cache_read_tokens",),
    "cache_write": ("cache_write_tokens",),
    "cache_write_1h": ("cache_write_1h_tokens",),
    "output": OUTPUT_COLUMNS,
}
_PARTS = {
    "uncached": "list_input_cost",
    "cache_read": "list_cache_read_cost",
    "cache_write": "list_cache_write_cost",
    "cache_write_1h": "list_cache_write_cost",
    "output": "list_output_cost",
}
_FEES = "list_other_cost"
_WRITE_WEIGHTS = {"cache_write": 5, "cache_write_1h": 8}  # the ratio of the usual prices, 1.25x and 2x of input
_LISTED, _RETRIED = "cell_listed", "cell_retried"
_AMOUNTS = ("cost", "requests", "cache_hits", "retries", *TOKEN_COLUMNS, *dict.fromkeys(_PARTS.values()), _FEES)
_FACTS = ("cost", "requests", "cache_hits", "retries", "served", "usage", "tokens", "cache_read", "input", "output")
_NEEDED = Measure("usage", "Usage", _AMOUNTS, _FACTS)


def plan(ledger: pl.LazyFrame, by: Iterable[Dimension], timezone: str) -> pl.LazyFrame:
    """Sum the ledger in one pass, by group, cell and what the rows know (see :func:`cells`, ``quality_of``)."""
    keys = {d.name: d.key(timezone) for d in by}
    keys[PROVIDER] = pl.col("provider")
    keys[MODEL] = pl.coalesce("canonical_model", "model")
    keys[TIER] = pl.col("service_tier").fill_null("standard")
    keys[_LISTED] = pl.col("list_cost").is_not_null()
    keys[_RETRIED] = pl.when(pl.col("requests") == 1).then(pl.col("retries") > 0)
    return rollup(ledger, keys, (_NEEDED,))


def priced(summed: pl.DataFrame, by: Sequence[Dimension]) -> pl.DataFrame:
    """Return the priced rows of a :func:`plan`, dimensions as text.

    ``is_usage`` tells usage that can be counted, by requests or by tokens; other charges are just money.
    """
    counted = pl.col("is_usage") & (pl.col("is_requests") | pl.col("is_tokens"))
    return as_text(summed, by).filter("is_cost").with_columns(is_usage=counted)


def cells(rows: pl.DataFrame, dims: Sequence[str]) -> pl.DataFrame:
    """Add up the rows of :func:`priced` by group and cell.

    Returns:
        The group's dimensions and the cell's keys; ``cost`` of usage and ``charges`` of everything else (money);
        ``requests``, ``uncounted`` (records of usage that do not count requests); ``hits`` and ``retries``, and
        ``hits_of`` and ``retries_of``, the requests that know them; per class ``tokens_*`` and ``money_*`` (float);
        ``fees`` (float: what no token was charged for); ``knows_*``: records that tell a kind of tokens.
    """
    keys = [*dims, *CELL]
    usage = pl.col("is_usage")
    zero = pl.lit(0)
    sums = rows.group_by([*keys, _LISTED]).agg(
        cost=pl.when(usage).then("cost").otherwise(zero).sum(),
        charges=pl.when(usage).then(zero).otherwise("cost").sum(),
        requests=_sum("requests", "requests"),
        uncounted=pl.col("records").filter(usage & ~pl.col("is_requests")).sum(),
        hits=_sum("cache_hits", "requests", "cache_hits"),
        hits_of=_sum("requests", "requests", "cache_hits"),
        retries=_sum("retries", "requests", "retries"),
        retries_of=_sum("requests", "requests", "retries"),
        knows_input=_records("input"),
        knows_output=_records("output"),
        knows_cache_read=_records("cache_read"),
        **{f"tokens_{name}": reduce(add, (_sum(c, "served") for c in columns)) for name, columns in _TOKENS.items()},
        **{part: _sum(part).cast(pl.Float64) for part in (*dict.fromkeys(_PARTS.values()), _FEES)},
    )
    return sums.with_columns(_money()).group_by(keys).agg(pl.exclude(_LISTED, *_PARTS.values(), _FEES).sum())


@dataclass(frozen=True, slots=True)
class RetryWeights:
    """What a retry takes, in requests: 0 (nothing) to 1 (all of it again).

    Args:
        cost: Of the cost of a request.
        read: Of its input tokens.
        written: Of its output tokens.
    """

    cost: float = 1.0
    read: float = 1.0
    written: float = 1.0


def retry_weights(periods: Sequence[pl.DataFrame], dims: Sequence[str]) -> RetryWeights:
    """Return what a retry takes, as seen in single requests: 1 where there is nothing to compare.

    Requests with retries are compared with those without, of the same cell and period. Gateways differ in whether the
    tokens of failed attempts are in the log, and in whether their cost is, so each is measured.

    Args:
        periods: Rows of :func:`priced`.
        dims: The dimensions groups are told apart by.
    """
    single = [
        rows.filter(pl.col(_RETRIED).is_not_null() & pl.col("is_served") & pl.col("is_usage")) for rows in periods
    ]
    read = reduce(add, (pl.col(column).fill_null(0) for name in INPUTS for column in _TOKENS[name]))
    written = reduce(add, (pl.col(column).fill_null(0) for column in OUTPUT_COLUMNS))
    return RetryWeights(
        _again(single, pl.col("cost"), dims),
        _again([rows.filter("is_input") for rows in single], read, dims),
        _again([rows.filter("is_output") for rows in single], written, dims),
    )


def _again(periods: Sequence[pl.DataFrame], amount: pl.Expr, dims: Sequence[str]) -> float:
    """Return how much of an amount a retry takes again, 0 to 1: the excess of requests with retries over the others."""
    excess = retries = 0.0
    retried, clean = pl.col(_RETRIED), ~pl.col(_RETRIED)
    sums = amount.cast(pl.Float64)
    mean = sums.filter(clean).sum() / pl.col("requests").filter(clean).sum()
    for rows in periods:
        found = (
            rows.sort(*dims, *CELL, _RETRIED)
            .group_by([*dims, *CELL], maintain_order=True)
            .agg(
                excess=sums.filter(retried).sum() - mean * pl.col("requests").filter(retried).sum(),
                retries=mean * pl.col("retries").filter(retried).sum(),
            )
            .filter(pl.col("retries").is_finite() & (pl.col("retries") > 0))
        )
        excess += float(found["excess"].sum())
        retries += float(found["retries"].sum())
    return min(max(excess / retries, 0.0), 1.0) if retries else 1.0


def _sum(amount: str, *facts: str) -> pl.Expr:
    """Add up an amount over usage that knows ``facts``."""
    known = [pl.col(f"is_{fact}") for fact in ("usage", *facts)]
    return pl.col(amount).filter(pl.all_horizontal(known)).sum()


def _records(fact: str) -> pl.Expr:
    return pl.col("records").filter(pl.col("is_usage") & pl.col(f"is_{fact}")).sum()


def _money() -> list[pl.Expr]:
    """Divide the cost of rows that have a list cost, or of rows that have none, over the classes; floats."""
    cost = pl.col("cost").cast(pl.Float64)
    tokens = reduce(add, (pl.col(f"tokens_{name}") for name in CLASSES))
    listed = reduce(add, (pl.col(part) for part in (*dict.fromkeys(_PARTS.values()), _FEES)))
    has_list = pl.col(_LISTED) & (listed > 0)
    shares = {name: pl.when(has_list).then(_part(name) / listed).otherwise(_token_share(name)) for name in CLASSES}
    money = {name: pl.when(pl.col(f"tokens_{name}") > 0).then(cost * share) for name, share in shares.items()}
    found = [amount.fill_null(0).alias(f"money_{name}") for name, amount in money.items()]
    without_tokens = [
        pl.when(has_list & (pl.col(f"tokens_{name}") == 0)).then(cost * _part(name) / listed).fill_null(0)
        for name in CLASSES
    ]
    fees = pl.when(has_list).then(cost * pl.col(_FEES) / listed).when(tokens == 0).then(cost).fill_null(0)
    return [*found, reduce(add, without_tokens, fees).alias("fees")]


def _part(name: str) -> pl.Expr:
    """Return a class's part of the list cost: 5-minute and 1-hour cache writes share one, by tokens times price."""
    if name not in _WRITE_WEIGHTS:
        return pl.col(_PARTS[name])
    weights = {other: pl.col(f"tokens_{other}") * weight for other, weight in _WRITE_WEIGHTS.items()}
    whole = reduce(add, weights.values())
    alone = 1.0 if name == "cache_write" else 0.0
    return pl.col(_PARTS[name]) * pl.when(whole > 0).then(weights[name] / whole).otherwise(alone)


def _token_share(name: str) -> pl.Expr:
    tokens = reduce(add, (pl.col(f"tokens_{other}") for other in CLASSES))
    return pl.when(tokens > 0).then(pl.col(f"tokens_{name}") / tokens)
