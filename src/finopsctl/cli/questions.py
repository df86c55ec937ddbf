"""From opened books and settings to the questions the analyses answer."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.books import open_books
from finopsctl.errors import ConfigError, SourceError
from finopsctl.ledger.period import parse_month, parse_quarter
from finopsctl.ledger.token_classes import TOKEN_CLASSES
from finopsctl.metrics.dimensions import parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from finopsctl.analyses.attribution import Breakdown
    from finopsctl.analyses.kpi import Scorecard
    from finopsctl.books import Books
    from finopsctl.config.settings import Settings
    from finopsctl.ledger.period import Period


def scorecard_of(books: Books, settings: Settings, kpis: tuple[str, ...]) -> Scorecard:
    """Grade the books' period, compared with another one where the settings ask for it.

    Args:
        books: The open books.
        settings: Dimensions, budgets, scales, and what to compare with.
        kpis: Names of the KPIs wanted; empty is all.
    """
    from finopsctl.analyses.kpi import ScorecardQuestion, scorecard

    previous_period, previous = comparison(books, settings.compare)
    question = ScorecardQuestion(
        by=parse(settings.by),
        kpis=kpis,
        period=books.period,
        as_of=books.as_of if settings.as_of else None,
        previous_period=previous_period,
        timezone=settings.tz,
        basis=books.request.basis,
        currency=books.request.currency,
        settings=settings.kpi_settings(),
        budgets=settings.all_budgets(Path()),
        comparison_rates=_comparison_rates(books, settings),
        duplicates=books.duplicates,
    )
    return scorecard(books.ledger, question, previous=previous, unfiltered=books.within(None))


def breakdown_of(books: Books, settings: Settings, sort: str) -> Breakdown:
    """Break the books' period down by the settings' dimensions (default: team).

    Args:
        books: The open books.
        settings: Dimensions, top, and what to compare with.
        sort: ``spend``, ``change``, ``requests`` or ``tokens``.
    """
    from finopsctl.analyses.attribution import breakdown

    _, previous = comparison(books, settings.compare)
    return breakdown(
        books.ledger,
        parse(settings.by or ("team",)),
        top=settings.top,
        previous=previous,
        sort=sort,
        timezone=settings.tz,
        basis=books.request.basis,
        currency=books.request.currency,
    )


def comparison(books: Books, what: str | None) -> tuple[Period | None, pl.LazyFrame | None]:
    """Return the rows to compare with and the period they are of.

    Raises:
        SourceError: When there are none.
        ConfigError: When ``what`` is neither a period nor an input.
    """
    if what is None:
        return None, None
    if what not in ("previous", "yoy") and Path(what).exists():
        other = open_books(replace(books.request, inputs=(what,)))
        period, rows = other.period, other.ledger
    else:
        period = _compared_period(books, what)
        rows = books.within(period)
    if rows.select(pl.len()).collect(engine="streaming").item() == 0:
        span = f" from {period.first_day} to {period.last_day}" if period else ""
        raise SourceError(
            f"there is nothing to compare with{span}",
            "Name a period that the inputs hold a predecessor of: --month 2026-10, --last 7d.",
        )
    return period, rows


def _compared_period(books: Books, what: str) -> Period:
    if what == "previous":
        return books.whole_period().previous()
    if what == "yoy":
        return books.whole_period().year_before()
    for read in (parse_month, parse_quarter):
        try:
            return read(what, books.request.timezone)
        except ConfigError:
            continue
    raise ConfigError(
        f"'{what}' is nothing to compare with", "Use previous, yoy, a month (2026-09), a quarter (2026Q3) or a file."
    )


def _comparison_rates(books: Books, settings: Settings) -> Mapping[str, Decimal] | None:
    """Return the USD per token of the model that self-hosting is compared with, by ledger column."""
    name = settings.self_hosted.compare_with
    if name is None:
        return None
    from finopsctl.books.prices import price_book
    from finopsctl.pricing.views import show

    lines = show(books.price_book or price_book(books.request), name)
    base = (pl.col("service_tier") == "standard") & pl.col("over").is_null() & pl.col("window").is_null()
    current = lines.filter(base & (pl.col("from") <= books.as_of)).sort("from")
    if current.is_empty():
        raise ConfigError(f"self-hosted.compare-with: '{name}' has no price", "See `finopsctl pricing list`.")
    line = current.row(current.height - 1, named=True)
    rates = {c.column: line.get(c.rate_key) or (line.get(c.bills_as) if c.bills_as else None) for c in TOKEN_CLASSES}
    return {column: Decimal(rate) / 1_000_000 for column, rate in rates.items() if rate is not None}
