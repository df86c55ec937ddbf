"""What the scorecard is asked: dimensions, budgets, scales, outcomes, and what self-hosting is compared with."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.analyses.kpi import ScorecardQuestion, scorecard
from finopsctl.errors import ConfigError
from finopsctl.ledger.token_classes import TOKEN_CLASSES, TokenClass
from finopsctl.metrics.dimensions import parse
from finopsctl.questions.limits import kpi_settings_of, seen_until, team_budgets_of
from finopsctl.questions.spans import asked_of, comparison

if TYPE_CHECKING:
    from collections.abc import Mapping

    from finopsctl.analyses.kpi import Scorecard
    from finopsctl.books import Books
    from finopsctl.config.settings import Settings


def scorecard_of(books: Books, settings: Settings, kpis: tuple[str, ...]) -> Scorecard:
    """Grade the books' period, compared with another one where the settings ask for it.

    Args:
        books: The open books.
        settings: Dimensions, budgets, scales, and what to compare with.
        kpis: Names of the KPIs wanted; empty is all.
    """
    previous_period, previous = comparison(books, settings.compare)
    question = ScorecardQuestion(
        by=parse(settings.by, settings.fiscal_year_start),
        kpis=kpis,
        period=books.period,
        as_of=seen_until(books),
        previous_period=previous_period,
        timezone=settings.tz,
        basis=books.request.basis,
        currency=books.request.currency,
        settings=kpi_settings_of(books, settings),
        budgets=team_budgets_of(books, settings),
        outcomes=_outcomes_of(books, settings, kpis),
        comparison_rates=_comparison_rates(books, settings),
        duplicates=books.duplicates,
    )
    return scorecard(books.ledger, question, previous=previous, unfiltered=books.within(None))


def _outcomes_of(books: Books, settings: Settings, kpis: tuple[str, ...]) -> pl.LazyFrame | None:
    """Return the outcomes of use cases with their spend, where the scorecard has a row for them."""
    table = books.table("outcomes")
    if table is None or (kpis and "cost_per_outcome" not in kpis) or not set(settings.by) <= {"feature", "use_case"}:
        return None
    from finopsctl.metrics.outcomes import choose, spend_of_outcomes

    found = spend_of_outcomes(books.ledger, choose(table, asked_of(books)).rows, (), settings.tz)
    return found.rows.select(found.owner, "outcomes", "spend").lazy()


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
    rates = {c.column: _rate(line, c) for c in TOKEN_CLASSES}
    return {column: Decimal(rate) / 1_000_000 for column, rate in rates.items() if rate is not None}


def _rate(line: Mapping[str, Any], token_class: TokenClass) -> Any:  # noqa: ANN401 - a rate as the catalogue has it
    """Return the rate of a class of tokens, that of the class it bills as where the line has none; 0 is a rate."""
    own = line.get(token_class.rate_key)
    return own if own is not None or not token_class.bills_as else line.get(token_class.bills_as)
