"""Groups whose tag has several values: each counts once, under its first value or divided evenly.

Divided evenly means: whole numbers (pico-units of money, requests, tokens) are divided by the number of values and
rounded down, and what is left goes one by one to the values that stand first. So the parts add up to the amount.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.conditions import values_in
from finopsctl.metrics.measures import known_sum, to_money
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.wording import counted, money

if TYPE_CHECKING:
    from collections.abc import Sequence

    from finopsctl.metrics.dimensions import Dimension

WAYS = ("first", "split")
"""What is done with several values: the first one counts, or all of them share."""

_VALUE, _PLACE, _MANY = "tag value", "tag place", "tag values"  # no ledger column has a blank in its name


def several_values(rows: pl.DataFrame, by: Sequence[Dimension]) -> pl.DataFrame:
    """Return the groups in which a tag has several values."""
    texts = {tag: _values(rows, tag).filter(pl.col(_MANY) > 1)[tag].unique().to_list() for tag in _tags(by)}
    several = [pl.col(tag).is_in(known).fill_null(value=False) for tag, known in texts.items()]
    return rows.filter(pl.any_horizontal(several)) if several else rows.clear()


def one_value_each(rows: pl.DataFrame, by: Sequence[Dimension], way: str) -> pl.DataFrame:
    """Bring groups of several values to one value each, so that nothing counts twice.

    Args:
        rows: Groups by the text of their tags (one value, or a JSON list of several) and by other columns of text, with
            additive amounts. Where there are ``direct`` and ``shared``, they add up to ``spend``.
        by: The dimensions; those that are tags may have several values.
        way: One of ``WAYS``.

    Returns:
        The same columns, a row per group. The amounts add up to what they did.
    """
    tags = _tags(by)
    if not tags:
        return rows
    amounts = [name for name, dtype in rows.schema.items() if dtype.is_numeric()]
    groups = [name for name in rows.columns if name not in amounts]
    found = rows
    for tag in tags:
        found = _settled(found, tag, amounts, way)
    if "direct" in amounts:
        found = found.with_columns(
            spend=pl.when(pl.col("spend").is_not_null()).then(pl.col("direct") + pl.col("shared"))
        )
    return found.group_by(groups).agg(map(known_sum, amounts)).select(rows.columns)


def finding_of(several: pl.DataFrame, by: Sequence[Dimension], way: str, currency: str) -> tuple[Finding, ...]:
    """Say what carries several values of a tag and how it was counted; nothing where none does.

    Args:
        several: Of :func:`several_values`.
        by: The dimensions asked for.
        way: One of ``WAYS``.
        currency: ISO 4217 code of the spend.
    """
    if several.is_empty():
        return ()
    spend, requests = Decimal(several["spend"].sum()), int(several["requests"].sum())
    carries = f"{money(spend, currency)} of spend" if spend else counted(requests, "request")
    how = "is divided evenly among them" if way == "split" else "counts once, under the first of them"
    message = f"{carries} carries several values of {' or '.join(_tags(by))} and {how}."
    hint = "--tags first counts it under the first value." if way == "split" else "--tags split divides it evenly."
    evidence = {"tags": way, "spend": spend, "requests": requests}
    return (Finding(Severity.INFO, "several_tag_values", message, hint, evidence),)


def _tags(by: Sequence[Dimension]) -> list[str]:
    return [dimension.name for dimension in by if dimension.several is not None]


def _values(rows: pl.DataFrame, tag: str) -> pl.DataFrame:
    """Return a row per distinct text and value in it: the text, the value, its place, how many there are."""
    texts = rows[tag].drop_nulls().unique(maintain_order=True).to_list()
    found = [
        (text, value, place, len(values))
        for text, values in ((text, values_in(text)) for text in texts)
        for place, value in enumerate(values)
    ]
    schema = {tag: pl.String, _VALUE: pl.String, _PLACE: pl.Int64, _MANY: pl.Int64}
    return pl.DataFrame(found, schema=schema, orient="row")


def _settled(rows: pl.DataFrame, tag: str, amounts: Sequence[str], way: str) -> pl.DataFrame:
    values = _values(rows, tag)
    if way == "first":
        values = values.filter(pl.col(_PLACE) == 0)
    spread = rows.join(values, on=tag, how="left", maintain_order="left").with_columns(pl.col(_VALUE).alias(tag))
    if way == "split":
        several = pl.col(_MANY) > 1
        spread = spread.with_columns(
            pl.when(several).then(_part(name, rows.schema[name])).otherwise(name).alias(name) for name in amounts
        )
    return spread.select(rows.columns)


def _part(name: str, dtype: pl.DataType) -> pl.Expr:
    """Return the part of an amount that the value at its place gets."""
    if dtype.is_float():
        return pl.col(name) / pl.col(_MANY)
    whole = (pl.col(name).to_physical() if dtype.is_decimal() else pl.col(name)).cast(pl.Int128)
    below = whole // pl.col(_MANY)
    part = below + (pl.col(_PLACE) < whole - below * pl.col(_MANY)).cast(pl.Int128)
    return to_money(part) if dtype.is_decimal() else part.cast(dtype)
