"""The named amounts KPI formulas are written in.

A measure adds up one or more amounts of the ledger's rows. It also says what a row must know to count: a ratio uses
only rows that know both of its sides, so that usage without request counts cannot turn a cost per request of 0.01
into 0.10. Amounts are summed once per group of rows that know the same things (:mod:`finopsctl.metrics.rollup`);
everything here works on that small frame, where money stays Decimal and counts stay integers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.schema import MONEY, PICO, constant
from finopsctl.ledger.token_classes import INPUT_COLUMNS, OUTPUT_COLUMNS, TOKEN_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SELF_HOSTED = "self-hosted"
"""The model tier, and the provider, of models run on one's own machines."""


def to_money(pico: pl.Expr) -> pl.Expr:
    """Turn an integer of pico-units (1e-12) into money, exactly."""
    return (pico.cast(pl.Decimal(38, 0)) * constant(PICO)).cast(MONEY)


def ratio(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    """Divide as floats, answering null instead of infinity where there is nothing to divide by."""
    bottom = denominator.cast(pl.Float64)
    return pl.when(bottom != 0).then(numerator.cast(pl.Float64) / bottom)


def known_sum(name: str) -> pl.Expr:
    """Add up a column under its own name; null where nothing of it is known."""
    return pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum()).alias(name)


def _any_known(columns: Iterable[str]) -> pl.Expr:
    return pl.any_horizontal(pl.col(name).is_not_null() for name in columns)


def _is_self_hosted() -> pl.Expr:
    return pl.col("model_tier").eq_missing(SELF_HOSTED) | pl.col("provider").eq_missing(SELF_HOSTED)


def _per_request(count: str) -> pl.Expr:
    """Cost of one of the row's requests times ``count``, rounded down to a pico-unit; no requests count as one."""
    requests = pl.col("requests").fill_null(1).clip(1)
    return to_money(pl.col("cost").to_physical() * pl.col(count) // requests)


def _reached_provider() -> pl.Expr:
    """A bucket only partly served by the gateway's cache counts whole: its tokens cannot be told apart."""
    hits = pl.col("cache_hits").fill_null(0)
    return (hits == 0) | (hits < pl.col("requests")).fill_null(value=False)


FACTS: Mapping[str, pl.Expr] = {
    "cost": pl.col("cost").is_not_null(),
    "requests": pl.col("requests").is_not_null(),
    "errors": pl.col("errors").is_not_null(),
    "retries": pl.col("retries").is_not_null(),
    "fallbacks": pl.col("fallbacks").is_not_null(),
    "cache_hits": pl.col("cache_hits").is_not_null(),
    "task_successes": pl.col("task_successes").is_not_null(),
    "input": _any_known(INPUT_COLUMNS),
    "output": _any_known(OUTPUT_COLUMNS),
    "tokens": _any_known(TOKEN_COLUMNS),
    "cache_read": pl.col("cache_read_tokens").is_not_null(),
    "served": _reached_provider(),
    "user": pl.col("user").is_not_null(),
    "no_team": pl.col("team").is_null(),
    "no_cost": pl.col("cost").is_null(),
    "self_hosted": _is_self_hosted(),
    "usage": pl.col("record_kind").is_in(["request", "usage"]),
    "reported": pl.col("reported_cost").is_not_null(),
    "rated": pl.col("effective_cost").is_not_null(),
    "no_service_tier": pl.col("service_tier").is_null(),
    "metered": pl.col("consumed_quantity").is_not_null(),
    "latency": pl.col("latency_ms").is_not_null(),
    "no_latency": pl.col("latency_ms").is_null(),
}
"""What can be known about a row, each a boolean that is never null."""

DERIVED_AMOUNTS: Mapping[str, pl.Expr] = {
    "retried_requests": pl.when(pl.col("retries") < pl.col("requests")).then("retries").otherwise("requests"),
    "metered": pl.col("consumed_quantity").cast(MONEY, strict=False),  # sums of floats depend on their order
    "seconds": (pl.col("latency_ms") * pl.col("requests") / 1000).cast(MONEY, strict=False),  # of a bucket: the mean
}
"""Amounts of a row that are not a ledger column; they count only where what they are made of is known."""

MISHAP_COSTS: Mapping[str, pl.Expr] = {
    "retry_cost": _per_request("retries"),
    "fallback_cost": _per_request("fallbacks"),
    "fallback_effect": pl.when(pl.col("fallbacks") > 0).then(pl.col("cost") - pl.col("intended_cost")),
}
"""What retries and fallbacks cost, row by row. Few rows have any, so they are added up apart from the rollup."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A named amount.

    Args:
        name: snake_case name.
        title: What people call it.
        adds: Amounts of a row that are added together.
        knows: What a row must know to count at all (keys of ``FACTS``).
        only: What must hold for the row's amount to be taken (keys of ``FACTS``); other rows count as nothing.
        minus: Amounts of a row that are taken off.
        money: Whether it is money.
    """

    name: str
    title: str
    adds: tuple[str, ...]
    knows: tuple[str, ...]
    only: tuple[str, ...] = ()
    minus: tuple[str, ...] = ()
    money: bool = False

    @property
    def amounts(self) -> tuple[str, ...]:
        """Every amount it is made of."""
        return self.adds + self.minus

    @property
    def facts(self) -> tuple[str, ...]:
        """Every fact it looks at."""
        return self.knows + self.only


def holds(facts: Iterable[str]) -> pl.Expr:
    """Tell for each row of a rollup whether all of ``facts`` hold."""
    return reduce(and_, (pl.col(f"is_{fact}") for fact in facts), pl.lit(True))


def total(measure: Measure, knows: Iterable[str] = ()) -> pl.Expr:
    """Add up ``measure`` over the rows of a rollup that know what it needs and ``knows`` besides.

    The answer is Decimal(38, 12), exact; null where no row knows enough.
    """
    known = holds((*measure.knows, *knows))
    taken = _sum(measure.adds) - _sum(measure.minus) if measure.minus else _sum(measure.adds)
    rows = known & holds(measure.only)
    return pl.when(known.any()).then(taken.filter(rows).sum().cast(MONEY))


def _sum(amounts: tuple[str, ...]) -> pl.Expr:
    return pl.col(amounts[0]) if len(amounts) == 1 else pl.sum_horizontal(amounts)


SPEND = Measure("spend", "Spend", ("cost",), ("cost",), money=True)
UNOWNED_SPEND = Measure("unowned_spend", "Spend without a team", ("cost",), ("cost",), ("no_team",), money=True)
SELF_HOSTED_SPEND = Measure(
    "self_hosted_spend", "Self-hosted spend", ("cost",), ("cost",), ("self_hosted",), money=True
)
REQUESTS = Measure("requests", "Requests", ("requests",), ("requests",))
UNPRICED_REQUESTS = Measure(
    "unpriced_requests", "Unpriced requests", ("requests",), ("requests",), ("no_cost", "usage")
)
SUCCESSFUL_REQUESTS = Measure(
    "successful_requests", "Successful requests", ("requests",), ("requests", "errors"), minus=("errors",)
)
RETRIED_REQUESTS = Measure("retried_requests", "Retried requests", ("retried_requests",), ("requests", "retries"))
FALLBACK_REQUESTS = Measure(
    "fallback_requests", "Requests served by a fallback", ("fallbacks",), ("requests", "fallbacks")
)
CACHED_REQUESTS = Measure(
    "cached_requests", "Requests served from the gateway's cache", ("cache_hits",), ("cache_hits",)
)
TOKENS = Measure("tokens", "Tokens", TOKEN_COLUMNS, ("tokens",), ("served",))
INPUT_TOKENS = Measure("input_tokens", "Input tokens", INPUT_COLUMNS, ("input",), ("served",))
OUTPUT_TOKENS = Measure("output_tokens", "Output tokens", OUTPUT_COLUMNS, ("output",), ("served",))
CACHE_READ_TOKENS = Measure(
    "cache_read_tokens", "Tokens read from the prompt cache", ("cache_read_tokens",), ("cache_read",), ("served",)
)
METERED = Measure("metered", "Quantity of a meter", ("metered",), ("metered",))
SECONDS = Measure("seconds", "Seconds that requests took", ("seconds",), ("requests", "latency"))
UNTIMED_REQUESTS = Measure(
    "untimed_requests", "Requests without latency", ("requests",), ("requests",), ("no_latency",)
)
SUCCESSFUL_TASKS = Measure("successful_tasks", "Successful tasks", ("task_successes",), ("task_successes",))
