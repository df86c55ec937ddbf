"""The ledger played through scenarios, batch by batch, and added up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.analyses.whatif.beside import added, beside_of, charges_of
from finopsctl.analyses.whatif.moves import Play, check_targets
from finopsctl.analyses.whatif.names import Traffic, check_names, unmet
from finopsctl.analyses.whatif.playing import SIDES, in_currency, played
from finopsctl.analyses.whatif.result import Outcome, WhatIf
from finopsctl.analyses.whatif.state import MODEL_COLUMNS, NEEDED, filter_columns, filters_of, is_usage, opened
from finopsctl.analyses.whatif.tallies import Tally, merged, tallied
from finopsctl.errors import ConfigError
from finopsctl.ledger.period import zone
from finopsctl.ledger.schema import LEDGER_SCHEMA
from finopsctl.ledger.token_classes import INPUT_COLUMNS
from finopsctl.metrics.dimensions import METER, TOKEN_CLASS, dimension, longest_bucket, refuse_longer_buckets
from finopsctl.metrics.measures import REQUESTS, SPEND, TOKENS, to_money
from finopsctl.metrics.quality import quality_of
from finopsctl.metrics.rollup import rollup

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

    from finopsctl.analyses.whatif.question import WhatIfQuestion
    from finopsctl.metrics.quality import Quality

_BATCH = 250_000
_BY = "_by_"
_ALL = f"{_BY}all"


def whatif(ledger: pl.LazyFrame, question: WhatIfQuestion) -> WhatIf:
    """Price the same rows twice: as they are, and under each scenario.

    Args:
        ledger: Ledger columns and ``cost``: what the sources report, in the report's currency (null: nothing).
        question: Scenarios, prices, and how to group.

    Raises:
        ConfigError: No scenario, one that changes nothing, a model no price list has, or dimensions that divide rows.
        SourceError: A bucket longer than the calendar period asked for.
    """
    question = _checked(question)
    ahead = _looked_ahead(ledger, question)
    refuse_longer_buckets(question.by, ahead.longest)
    for scenario in question.scenarios:
        check_targets(scenario, scenario.prices or question.prices, ahead.providers)
        check_names(scenario, scenario.prices or question.prices)
    names = [f"{_BY}{d.name}" for d in question.by] or [_ALL]
    parts: list[list[Tally]] = [[] for _ in question.scenarios]
    rollups, besides, passed = [], [], dict.fromkeys(filters_of(question.scenarios), 0)
    for batch in _batches(ledger, question):
        found, seen, beside = _played_all(batch, question, names, ahead.observed)
        rollups.append(seen)
        besides.append(beside)
        passed = {where: count + _passing(batch, at) for at, (where, count) in enumerate(passed.items())}
        for at, tally in enumerate(found):
            parts[at].append(tally)
    quality = quality_of(pl.concat(rollups), question.basis)
    days = days_covered(question.span, quality, question.timezone)
    beside = added(besides)
    outcomes = tuple(
        Outcome(scenario, merged(each), question, days, beside)
        for scenario, each in zip(question.scenarios, parts, strict=True)
    )
    lost = [where for where, count in passed.items() if not count]
    never = unmet(ledger, lost, question.timezone, question.first_month)
    return WhatIf(outcomes, question, quality, Traffic(ahead.names, never))


def _passing(batch: pl.DataFrame, at: int) -> int:
    """Return how many records of traffic pass a set of filters."""
    return int(batch.select((is_usage() & pl.col(f"_when{at}")).sum()).item())


def _checked(question: WhatIfQuestion) -> WhatIfQuestion:
    if not question.scenarios:
        raise ConfigError("no scenario is given", "For example --swap gpt-4o=gpt-4o-mini.")
    for scenario in question.scenarios:
        if scenario.is_empty:
            name = f" '{scenario.name}'" if scenario.name else ""
            raise ConfigError(f"the scenario{name} changes nothing", "For example --swap gpt-4o=gpt-4o-mini.")
    for asked in question.by:
        if asked.name in {TOKEN_CLASS, METER}:
            raise ConfigError(f"a scenario acts on whole records, and one record has several {asked.name}s")
    if not question.by and not question.compare:
        return replace(question, by=(dimension("model"),))
    return question


@dataclass(frozen=True, slots=True)
class _Ahead:
    """What has to be known before the first batch.

    Args:
        providers: Of the traffic.
        names: Of its models: model, requested_model, canonical_model, and the requests of each combination.
        longest: The longest bucket.
        observed: The share of input read where prompt caches are in use; None: nowhere.
    """

    providers: tuple[str | None, ...]
    names: pl.DataFrame
    longest: timedelta | None
    observed: Decimal | None


def _looked_ahead(ledger: pl.LazyFrame, question: WhatIfQuestion) -> _Ahead:
    uses = (pl.col("cache_read_tokens") > 0).fill_null(value=False)
    cached = pl.sum_horizontal(pl.col(name).fill_null(0) for name in INPUT_COLUMNS).filter(uses)
    requests = pl.col("requests").fill_null((pl.col("record_kind") == "request").cast(pl.Int64))
    names, buckets, shares = pl.collect_all(
        [
            ledger.filter(is_usage()).group_by("provider", *MODEL_COLUMNS).agg(requests=requests.sum()),
            longest_bucket(ledger),
            ledger.select(read=pl.col("cache_read_tokens").filter(uses).sum(), whole=cached.sum()),
        ],
        engine="streaming",
    )
    read, whole = shares.row(0)
    observed = Decimal(read) / Decimal(whole) if whole else None
    left = any(prefix.read is None for scenario in question.scenarios for prefix in scenario.prefixes)
    if left and observed is None:
        raise ConfigError(
            "how much of the prompts repeats is not known: no request here reads from a prompt cache",
            "Give the share: --prompt-cache 0.6, or measure it with finopsctl cache simulate.",
        )
    known = names.drop("provider").sort(MODEL_COLUMNS)
    return _Ahead(tuple(names["provider"].unique()), known, buckets.item(), observed)


def _batches(ledger: pl.LazyFrame, question: WhatIfQuestion) -> Iterator[pl.DataFrame]:
    """Yield ledger columns with the answers of dimensions and filters, some rows at a time."""
    filters = filter_columns(filters_of(question.scenarios), question.timezone, question.first_month)
    dims = {f"{_BY}{d.name}": d.expr(question.timezone) for d in question.by} or {_ALL: pl.lit(value=True)}
    wanted = ledger.select(*LEDGER_SCHEMA.names(), "cost", **filters, **dims)
    return wanted.collect_batches(chunk_size=_BATCH, engine="streaming")


def _played_all(
    batch: pl.DataFrame, question: WhatIfQuestion, names: list[str], observed: Decimal | None
) -> tuple[list[Tally], pl.DataFrame, pl.DataFrame]:
    filters = filters_of(question.scenarios)
    dated = next((s.prices for s in question.scenarios if s.prices is not None and s.prices.at is not None), None)
    answered = [name for name in batch.columns if name.startswith(("_when", _BY))]
    rows = opened(batch.select(*NEEDED, *answered), question.prices, dated, question.basis)
    charges = charges_of(batch, question)
    with_retries = any(scenario.retries for scenario in question.scenarios)
    found = []
    for scenario in question.scenarios:
        play = Play(scenario, scenario.prices or question.prices, question.basis, filters)
        after = played(rows, play, observed, with_retries=with_retries)
        money = [name for name in ("_base", "baseline", *SIDES, "_unscaled", "_lookups") if name in after.columns]
        found.append(tallied(in_currency(after, money, question.currency, question.rates), names))
    return found, _quality_rows(batch, rows, charges, question), beside_of(batch, rows, charges, question)


def _quality_rows(
    batch: pl.DataFrame, rows: pl.DataFrame, charges: pl.Series, question: WhatIfQuestion
) -> pl.DataFrame:
    """Sum what the data-quality figures need, with the baseline as the cost of traffic."""
    priced = in_currency(rows, ["_base"], question.currency, question.rates)
    cost = priced.select(cost=to_money(pl.col("_base"))).to_series().zip_with(rows["_usage"], charges)
    seen = batch.with_columns(cost, cost.alias("effective_cost"))
    return rollup(seen.lazy(), {}, (SPEND, REQUESTS, TOKENS)).collect()


def days_covered(span: tuple[datetime, datetime] | None, quality: Quality, timezone: str) -> int:
    """Return how many days of ``timezone`` the records stand for: those of ``span``, else from first to last record."""
    here = zone(timezone)
    if span is not None:
        first, after = (moment.astimezone(here).date() for moment in span)
        return max((after - first).days, 1)
    if quality.start is None or quality.end is None:
        return 1
    return (quality.end.astimezone(here).date() - quality.start.astimezone(here).date()).days + 1
