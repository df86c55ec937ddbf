"""Use of models that nobody may use, or only some may."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.ledger.period import calendar_start, midnight
from finopsctl.metrics.dimensions import parse
from finopsctl.metrics.where import condition, matches
from finopsctl.policy.desk import is_above
from finopsctl.policy.measured import Group, Measured

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from finopsctl.books import Books
    from finopsctl.config.policy import Rule
    from finopsctl.config.policy_kinds import ForbiddenModelsRule
    from finopsctl.policy.desk import Desk

_NAMES = ("model", "requested_model", "canonical_model")


def measure(desk: Desk, rule: Rule, ask: ForbiddenModelsRule) -> Measured:
    """Return the use of each forbidden model by each group, the largest first; 0 where there is none."""
    books = desk.books_of(rule)
    by = [d for d in parse(ask.by, desk.settings.fiscal_year_start) if d.name != "model"]
    names = [*(d.name for d in by), "model"]
    model = pl.coalesce(*_NAMES)
    named = books.ledger.filter(model.is_not_null())
    rows = (
        named.group_by(*(d.expr(books.request.timezone).alias(d.name) for d in by), model=model)
        .agg(
            used=_forbidden(ask, books).any(),
            requests=_of_forbidden("requests", ask, books),
            spend=_of_forbidden("cost", ask, books),
        )
        .sort(ask.measure, *names, descending=[True, *(False for _ in names)], nulls_last=True)
        .collect(engine="streaming")
    )
    if rows.is_empty():
        return Measured.nothing("no record of its period names a model")
    used = rows.filter("used")
    if used.is_empty():
        return Measured((Group({}, 0),))
    counting = used.filter(is_above(ask.floor))
    groups = [_group(row, names, ask.measure) for row in counting.iter_rows(named=True)]
    return Measured(groups, used.height - counting.height)


def _of_forbidden(column: str, ask: ForbiddenModelsRule, books: Books) -> pl.Expr:
    """Add up a column of the records that use a forbidden model; null where nothing of it is known."""
    known = pl.col(column).filter(_forbidden(ask, books)).drop_nulls()
    return pl.when(known.len() > 0).then(known.sum())


def _forbidden(ask: ForbiddenModelsRule, books: Books) -> pl.Expr:
    timezone, first_month = books.request.timezone, books.request.fiscal_year_start
    is_forbidden = _fits(ask.models)
    if ask.only:
        is_forbidden |= ~_fits(ask.only)
    if ask.unpriced:
        is_forbidden |= pl.col("cost").is_null() & pl.col("record_kind").cast(pl.String).is_in(["request", "usage"])
    for text in ask.allow:
        allowed = condition([text], timezone, first_month)
        assert allowed is not None
        is_forbidden &= ~allowed
    if ask.since is not None:
        is_forbidden &= calendar_start(timezone) >= midnight(ask.since, timezone)
    return is_forbidden


def _fits(patterns: Iterable[str]) -> pl.Expr:
    """Tell whether any name a record's model goes by fits any of the patterns."""
    wanted = list(patterns)
    return reduce(or_, (matches(pl.col(name), wanted) for name in _NAMES)) if wanted else pl.lit(value=False)


def _group(row: Mapping[str, Any], names: list[str], measure: str) -> Group:
    dims = {name: row[name] for name in names}
    if row[measure] is None:
        return Group(dims, None, "it is used, but how much is not known", is_beyond=True)
    return Group(dims, row[measure])
