"""What ``finopsctl export openmetrics`` writes: the scorecard, spend by dimensions and budgets as gauges."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.errors import ConfigError
from finopsctl.metrics.budget_choice import chosen
from finopsctl.metrics.catalog import KPIS
from finopsctl.metrics.kpi import How
from finopsctl.questions.breakdown import breakdown_of
from finopsctl.questions.budgets import standing_of
from finopsctl.questions.limits import budgets_of, seen_until
from finopsctl.questions.scorecard import scorecard_of
from finopsctl.renderers.openmetrics import exposition, families, gauge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finopsctl.books import Books
    from finopsctl.config.settings import Settings
    from finopsctl.metrics.quality import Quality
    from finopsctl.renderers.openmetrics import Family
    from finopsctl.results.report import Table

_OF_BUDGETS = [kpi.name for kpi in KPIS if kpi.how is How.BUDGET]
_NOT_KPIS = ("member", "member_of", "numerator", "denominator", "target_low", "target_high", "coverage", "usd_effect")
_NOT_BUDGETS = ("days_elapsed", "last_days")


def metrics_of(books: Books, settings: Settings) -> bytes:
    """Return the exposition of the books' period.

    Args:
        books: The open books.
        settings: Dimensions, budgets, scales.
    """
    return exposition(_families(books, settings))


def _families(books: Books, settings: Settings) -> Iterator[Family]:
    currency = books.request.currency
    card = scorecard_of(books, settings, ())
    yield from _about(books, card.quality)
    yield from families(_kpis(card.report().tables[0]), "kpi", currency)
    spend = breakdown_of(books, settings if settings.by else replace(settings, by=("team", "model")), "spend")
    table = spend.report().tables[0]
    yield from families(replace(table, frame=table.frame.drop("share", "cumulative_share")), "", currency)
    yield from _budgets(books, settings, currency)


def _about(books: Books, quality: Quality) -> Iterator[Family]:
    """Yield how old the figures are and what they rest on."""
    seen = int(seen_until(books).timestamp())
    yield gauge("as_of_timestamp_seconds", "The first instant that the figures do not see", seen, "seconds")
    yield gauge("records", "Records that the figures rest on", quality.records)
    yield gauge("bad_lines", "Records that could not be read", books.bad_lines)
    yield gauge("unpriced_requests", "Requests that are in no amount, for want of a price", quality.unpriced_requests)


def _kpis(table: Table) -> Table:
    """Return the scorecard without budgets, which have a table of their own, and without what is not the KPI itself."""
    frame = table.frame.filter(~pl.col("kpi").is_in(_OF_BUDGETS))
    return replace(table, frame=frame.drop(*_NOT_KPIS, strict=False), row_nulls={})


def _budgets(books: Books, settings: Settings, currency: str) -> Iterator[Family]:
    """Yield where budgets stand at the end of the period asked for."""
    from finopsctl.books import PeriodWish

    found, _ = budgets_of(books, settings)
    try:
        wanted = found and chosen(found, settings.where)[0]
    except ConfigError:  # a filter that no budget passes: there is nothing to say
        wanted = ()
    if not wanted:
        return
    if books.period is not None:
        request = replace(books.request, period=PeriodWish(), as_of=seen_until(books).isoformat())
        books = replace(books, request=request)
    table = standing_of(books, settings, is_projection=False).report().tables[0]
    yield from families(replace(table, frame=table.frame.drop(*_NOT_BUDGETS, strict=False)), "budget", currency)
