"""From opened books and settings to the shared cost that is to be spread."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from finopsctl.allocation.conditions import canonical
from finopsctl.allocation.pools import Sharing
from finopsctl.books.books import covering
from finopsctl.books.cost import in_report_currency
from finopsctl.errors import ConfigError
from finopsctl.ledger.period import calendar_start, parse_instant
from finopsctl.metrics.dimensions import METER, TOKEN_CLASS, dimension
from finopsctl.questions.limits import last_day
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from finopsctl.allocation.pools import Pool
    from finopsctl.books import Books
    from finopsctl.config.settings import Settings
    from finopsctl.ledger.period import Period
    from finopsctl.metrics.dimensions import Dimension


def sharing_of(
    books: Books, settings: Settings, period: Period | None = None, rows: pl.LazyFrame | None = None
) -> Sharing | None:
    """Return what the settings say is shared; None without pools, or without anything to share it by.

    Cost that no log holds runs to the end of the period, or to ``--as-of`` where that comes first.

    Args:
        books: The open books.
        settings: Pools, headcount, contracts.
        period: The period; None: the one asked for, or the whole days that hold ``rows``.
        rows: The records it is about; None: those of the books.
    """
    pools = settings.pools()
    if not pools:
        return None
    request, table = books.request, settings.allocation
    found = period or (books.period if rows is None else None) or _spanned(books, rows)
    if found is None:
        return None
    if request.as_of:
        as_of = parse_instant(request.as_of, request.timezone)
        found = replace(found, end=max(found.start, min(as_of, found.end)), unit="span")
    return Sharing(
        tuple(_converted(pool, books) for pool in pools),
        found,
        table.headcount,
        canonical(table.over),
        request.currency,
    )


def _converted(pool: Pool, books: Books) -> Pool:
    """Return a pool with its cost in the report's currency, at the rate of the last day seen."""
    request = books.request
    if pool.currency == request.currency or pool.is_charges:
        return pool
    return pool.in_currency(request.currency, in_report_currency(Decimal(1), pool.currency, last_day(books), request))


def without_sharing(books: Books, settings: Settings, by: Sequence[Dimension]) -> tuple[Finding, ...]:
    """Return why shared cost stays where it is, as a finding; nothing where it is spread or there is none."""
    pools = len(settings.allocation.pool)
    if not pools:
        return ()
    if books.request.where:
        why = "a filter is in force, and the rest of the ledger has its part in it"
    elif divided := [d.name for d in by if d.name in {TOKEN_CLASS, METER}]:
        why = f"it has no {divided[0].replace('_', ' ')}"
    else:
        return ()
    message = f"Direct cost only: the shared cost of {counted(pools, 'pool')} is not spread, since {why}."
    return (Finding(Severity.INFO, "shared_not_spread", message, evidence={"pools": pools}),)


def refuse_owner_filters(books: Books, settings: Settings) -> None:
    """Refuse a filter on the dimension cost is shared over: what others share would fall on those left.

    Raises:
        ConfigError: Naming the filter.
    """
    over = canonical(settings.allocation.over)
    for given in books.request.where:
        name = re.split(r"!?[=~]", given, maxsplit=1)[0].strip()
        if dimension(name).name == over:
            raise ConfigError(f"a chargeback is of every {over}: '{given}' leaves some out", "Leave out that filter.")


def _spanned(books: Books, rows: pl.LazyFrame | None) -> Period | None:
    """Return the whole days that hold the records; None without any."""
    start = calendar_start(books.request.timezone)
    ledger = books.ledger if rows is None else rows
    first, last = ledger.select(start.min().alias("a"), start.max().alias("b")).collect(engine="streaming").row(0)
    return None if first is None else covering(first, last, books.request.timezone)
