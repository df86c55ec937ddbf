"""Attribution: spend by any dimensions, with shares, requests, tokens and the change against another period.

The parts add up to the total to the last pico-unit: ``(untagged)`` and ``(other n)`` are rows like any other. Where
shared cost is spread, spend is direct plus shared, and what nobody gets is a row of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.allocation.drivers import KEYS, keys
from finopsctl.allocation.shared_cost import KEPT, direct_and_shared, share, tie
from finopsctl.errors import ConfigError, nearest
from finopsctl.ledger.schema import constant
from finopsctl.metrics.dimensions import (
    METER,
    MODEL_USAGE,
    TIME_DIMENSIONS,
    TOKEN_CLASS,
    TOKENS_METER,
    Dimension,
    longest_bucket,
    longest_in,
    refuse_longer_buckets,
)
from finopsctl.metrics.figures import as_text, collect
from finopsctl.metrics.measures import REQUESTS, SPEND, TOKENS, known_sum, ratio, total
from finopsctl.metrics.meters import spend_by_meter
from finopsctl.metrics.quality import Quality, quality_of
from finopsctl.metrics.rollup import SUMMED, rollup, summed
from finopsctl.metrics.tag_split import WAYS, finding_of, one_value_each, several_values
from finopsctl.metrics.token_split import spend_by_class
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.report import Chart, ChartKind, Column, Report, Table
from finopsctl.results.units import Direction, Unit
from finopsctl.results.wording import SYMBOLS, counted, money

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from finopsctl.allocation.pools import Sharing

_AMOUNTS = ("spend", "requests", "tokens")
_ORDERS = (*_AMOUNTS, "change")
_DIVIDED = (TOKEN_CLASS, METER)
_PARTS = ("direct", "shared")
_COMPARED = ("previous", "change_amount", "change")
_QUANTITY = "quantity"
_PRICED = "priced"  # what the unit price people see is the price of
_KEPT_LABELS = {"idle": "(idle)", "shared": "(unallocated)"}
_DASH = "\N{EN DASH}"


@dataclass(frozen=True, slots=True, eq=False)
class Breakdown:
    """Spend by dimensions, largest first.

    ``rows``: the dimensions, spend (Decimal(38, 12), null where nothing is priced), share, cumulative_share, requests,
    tokens, previous, change_amount and change (when compared; change is relative), quantity and unit_price (by meter),
    other (how many groups the last row stands for; only with ``top``). ``totals``: spend, requests, tokens (and
    previous, change_amount, change).

    Where shared cost is spread: direct and shared, which add up to spend, and kept (in a row of money that nobody gets:
    ``idle`` capacity, or ``shared`` cost left over). ``totals`` then say how spend ties to the ledger: ledger -
    replaced + outside. ``compared``: what the period compared with is called.
    """

    rows: pl.DataFrame
    totals: Mapping[str, Any]
    by: tuple[Dimension, ...]
    quality: Quality
    findings: tuple[Finding, ...] = ()
    currency: str = "USD"
    compared: str = ""

    def report(self) -> Report:
        """Return the presentable form."""
        compared = "previous" in self.rows.columns
        before = (
            Column("previous", "Previous", Unit.USD, 2),
            Column(
                "change_amount",
                f"Change {SYMBOLS.get(self.currency, self.currency)}",
                Unit.USD,
                1,
                good=Direction.DOWN,
            ),
            Column("change", "Change", Unit.CHANGE, 1, good=Direction.DOWN),
        )
        title = "Spend by " + ", ".join(d.title.lower() for d in self.by)
        parts = (Column("direct", "Direct", Unit.USD, 1), Column("shared", "Shared", Unit.USD, 1))
        metered = (
            Column(_QUANTITY, "Quantity", Unit.COUNT),
            Column("unit_price", "Unit price", Unit.UNIT_PRICE, 1),
            Column(_PRICED, "Per", priority=1),
        )
        columns = (
            *(d.column for d in self.by),
            *(parts if "direct" in self.rows.columns else ()),
            Column("spend", "Spend", Unit.USD),
            Column("share", "Share", Unit.SHARE),
            Column("cumulative_share", "Cumulative", Unit.SHARE, 3),
            *(before if compared else ()),
            Column("requests", "Requests", Unit.COUNT, 1),
            Column("tokens", "Tokens", Unit.TOKENS, 2),
            *(metered if _QUANTITY in self.rows.columns else ()),
        )
        if _QUANTITY not in self.rows.columns:
            tables = [Table(title, self.rows, columns, self.totals, row_nulls=self._nulls(), chart=self._chart())]
        else:  # programs get the price of one of anything, people that of a million tokens
            shown = Table(title, _per_million(self.rows), columns, self.totals, row_nulls=self._nulls())
            tables = [Table("Rows", self.rows, (), machine_only=True), shown]
        return Report("attribution", self._headline(), tuple(tables), self.totals, self.findings)

    def _chart(self) -> Chart | None:
        """Return the picture of one dimension, for pages: bars by size, of days and the like columns over time."""
        if len(self.by) != 1:
            return None
        kind = ChartKind.COLUMNS if self.by[0].name in TIME_DIMENSIONS else ChartKind.BARS
        return Chart(kind, self.by[0].name, "spend", in_text=False)

    def _nulls(self) -> dict[str, list[str]]:
        """Return what null is called in each row: owners of money that nobody gets, the change of what is new."""
        nulls: dict[str, list[str]] = {}
        if KEPT in self.rows.columns:
            kept = self.rows[KEPT].to_list()
            nulls = {d.name: [_KEPT_LABELS[why] if why else d.null_label for why in kept] for d in self.by}
        if "change" in self.rows.columns:
            pairs = self.rows.select("spend", "previous").iter_rows()
            nulls["change"] = ["new" if now and not before else _DASH for now, before in pairs]
        return nulls

    def _headline(self) -> str:
        rest = self.rows["other"].drop_nulls() if "other" in self.rows.columns else pl.Series(dtype=pl.Int64)
        groups = self.rows.height - rest.len() + int(rest.sum())
        what = " and ".join(d.title.lower() for d in self.by)
        if self.totals["spend"] is None:
            return f"No spend by {what}{': no record has a known cost' if self.rows.height else ''}."
        largest = self._largest(self.rows.head(self.rows.height - rest.len()))
        spent = f"{money(self.totals['spend'], self.currency)} spent"
        if self.totals.get("shared"):
            spent += f", {money(self.totals['shared'], self.currency)} of it shared cost"
        compared = f" ({self.compared})" if self.compared else ""
        if change := self.totals.get("change_amount"):
            spent += f", {money(abs(change), self.currency)} {'more' if change > 0 else 'less'} than before{compared}"
        groups_named = f"in {counted(groups, 'group')} by {what}"
        return f"{spent}, {groups_named}; {largest}{self._mover()}."

    def _largest(self, groups: pl.DataFrame) -> str:
        """Name the largest group; where that is what has no name, the largest with one and what has none."""
        ordered = groups.sort("spend", descending=True, nulls_last=True)
        first, *others = ordered.head(2).to_dicts()
        if others and self._is_nameless(first) and (others[0]["spend"] or 0) > 0:
            return f"the largest is {self._with_share(others[0])}, beside {self._with_share(first)}"
        return f"the largest is {self._with_share(first)}"

    def _is_nameless(self, row: Mapping[str, Any]) -> bool:
        return not row.get(KEPT) and all(row[d.name] is None and d.null_label != MODEL_USAGE for d in self.by)

    def _with_share(self, row: Mapping[str, Any]) -> str:
        return self._name(row) + ("" if row["share"] is None else f" with {row['share']:,.1%}")

    def _mover(self) -> str:
        """Say which group changed most, up or down."""
        if "change_amount" not in self.rows.columns:
            return ""
        groups = self.rows if "other" not in self.rows.columns else self.rows.filter(pl.col("other").is_null())
        moved = groups.filter(pl.col("change_amount") != 0).sort(pl.col("change_amount").abs(), descending=True)
        if moved.is_empty():
            return ""
        most = moved.row(0, named=True)
        amount = money(most["change_amount"], self.currency)
        return f", the largest change {self._name(most)} with {'+' if most['change_amount'] > 0 else ''}{amount}"

    def _name(self, row: Mapping[str, Any]) -> str:
        null = _KEPT_LABELS.get(row.get(KEPT) or "")
        return " / ".join(null or d.null_label if row[d.name] is None else str(row[d.name]) for d in self.by)


def breakdown(  # noqa: PLR0913 - one option of the command each
    ledger: pl.LazyFrame,
    by: Sequence[Dimension],
    *,
    top: int | None = None,
    previous: pl.LazyFrame | None = None,
    sort: str = "spend",
    timezone: str = "UTC",
    basis: str = "auto",
    currency: str = "USD",
    sharing: Sharing | None = None,
    sharing_before: Sharing | None = None,
    tags: str = WAYS[0],
) -> Breakdown:
    """Break spend down by dimensions.

    Args:
        ledger: Ledger columns and ``cost``, already filtered to the period and to ``--where``.
        by: At least one dimension; ``token_class`` splits the cost of each row over its kinds of tokens, ``meter``
            over tokens and what else it counts.
        top: Keep this many rows and one for the rest; None: all.
        previous: The ledger of the period to compare with. Groups only there have spent nothing now.
        sort: What comes first: most ``spend``, ``requests`` or ``tokens``, or the largest change in money, up or down
            (``change``).
        timezone: Of calendar dimensions.
        basis: The cost basis ``cost`` was taken on, for the data-quality figures.
        currency: ISO 4217 code of ``cost``, for sentences.
        sharing: Shared cost to spread; None: everything stays where it is.
        sharing_before: The same for the period to compare with.
        tags: What counts of a tag with several values: the ``first``, or all of them, by an even ``split``.

    Raises:
        ConfigError: No dimension, an unknown order, token classes and meters at once, or a comparison by calendar
            dimensions, which periods do not share.
        SourceError: A bucket longer than the calendar period asked for.
    """
    dims = [d.name for d in by]
    _check(dims, sort, tags, compared=previous is not None)
    ledgers = [ledger] if previous is None else [ledger, previous]
    frames = collect(
        [_plan(each, by, timezone, how) for each, how in zip(ledgers, (sharing, sharing_before), strict=False)]
    )
    refuse_longer_buckets(by, longest_in(frames[0]))
    whole = frames[0]["rollup"]
    rows, totals, said = _answered(frames[0], by, sharing)
    several = several_values(rows, by)
    rows = one_value_each(rows, by, tags)
    names = [*dims, KEPT] if KEPT in rows.columns else dims
    if previous is not None:
        before, totals_before, _ = _answered(frames[1], by, sharing_before)
        rows = _compared(rows, one_value_each(before, by, tags), names)
        totals = _compared_totals(totals, totals_before["spend"])
    rows = _shared(rows.sort(_order(sort), *names, descending=[True, *(False for _ in names)], nulls_last=True), totals)
    findings = (*_findings(rows, dims, currency), *finding_of(several, by, tags, currency), *said)
    if top is not None and rows.height > top:
        rows = _with_other(rows, top, by)
    return Breakdown(rows, totals, tuple(by), quality_of(whole, basis), findings, currency)


def _check(dims: Sequence[str], sort: str, tags: str, *, compared: bool) -> None:
    if not dims:
        raise ConfigError("attribution needs a dimension", hint="For example --by team.")
    if tags not in WAYS:
        raise ConfigError(f"a tag's values cannot be counted by '{tags}'", hint=nearest(tags, WAYS))
    if sort not in _ORDERS:
        raise ConfigError(f"unknown order '{sort}'", hint=nearest(sort, _ORDERS))
    if sort == "change" and not compared:
        raise ConfigError("there is no change to sort by", hint="Add --compare previous.")
    if TOKEN_CLASS in dims and METER in dims:
        raise ConfigError("token_class and meter divide the same money", hint="Ask for one of them.")
    calendar = sorted(TIME_DIMENSIONS.intersection(dims))
    if compared and calendar:
        raise ConfigError(f"two periods have no {calendar[0]} in common to compare by", hint="Leave out --compare.")


def _order(sort: str) -> pl.Expr:
    if sort == "change":
        return pl.col("change_amount").abs()
    return pl.col(sort)


def _plan(
    ledger: pl.LazyFrame, by: Sequence[Dimension], timezone: str, sharing: Sharing | None
) -> dict[str, pl.LazyFrame]:
    dims = {d.name: d.key(timezone) if d.several is None else d.several for d in by if d.name not in _DIVIDED}
    if sharing is None:
        frames = {"rollup": rollup(ledger, dims, (SPEND, REQUESTS, TOKENS))}
    else:
        frames = {"rollup": rollup(ledger, {**dims, **keys(sharing)}, SUMMED)}
    if any(d.name == TOKEN_CLASS for d in by):
        frames["classes"] = spend_by_class(ledger, dims)
    for meter in (d for d in by if d.name == METER):
        frames["meters"] = spend_by_meter(ledger, dims, meter.key(timezone))
    if any(d.grain for d in by):
        frames["longest"] = longest_bucket(ledger)
    return frames


def _answered(
    frames: Mapping[str, pl.DataFrame], by: Sequence[Dimension], sharing: Sharing | None
) -> tuple[pl.DataFrame, dict[str, Any], tuple[Finding, ...]]:
    """Return rows and totals of one period, shared cost spread where that is asked for, and what is to be said."""
    totals = _totals(frames["rollup"])
    if sharing is None:
        return _grouped(frames, by), totals, ()
    dims = [d.name for d in by]
    measured = summed(as_text(frames["rollup"], by), [*dims, *KEYS])
    spread = share(measured, dims, sharing)
    rows = direct_and_shared(measured, spread, dims)
    ledger, shown = totals["spend"] or Decimal(0), Decimal(rows["spend"].sum())
    ties = {"ledger": ledger, "replaced": spread.replaced, "outside": spread.outside}
    parts = {name: Decimal(rows[name].sum()) for name in ("direct", "shared")}
    if totals["spend"] is None and spread.rows.is_empty():
        return rows, {**totals, **parts, **ties, **dict.fromkeys(("direct", "ledger"))}, spread.findings
    said = (tie(ledger, spread, shown, sharing.currency), *spread.findings)
    return rows, {**totals, "spend": shown, **parts, **ties}, said


def _grouped(frames: Mapping[str, pl.DataFrame], by: Sequence[Dimension]) -> pl.DataFrame:
    """Return one row per group: dimensions as text, spend, requests, tokens. Requests have no token class."""
    dims = [d.name for d in by]
    if "classes" in frames:
        requests = pl.lit(None, dtype=pl.Int64).alias("requests")
        return as_text(frames["classes"], by).with_columns(requests).select(*dims, *_AMOUNTS)
    if "meters" in frames:
        return as_text(frames["meters"], by).group_by(dims).agg(map(known_sum, (*_AMOUNTS, _QUANTITY)))
    return as_text(frames["rollup"], by).group_by(dims).agg(_amounts())


def _amounts() -> list[pl.Expr]:
    return [
        total(SPEND).alias("spend"),
        total(REQUESTS).cast(pl.Int64).alias("requests"),
        total(TOKENS).cast(pl.Int64).alias("tokens"),
    ]


def _totals(whole: pl.DataFrame) -> dict[str, Any]:
    return whole.select(_amounts()).row(0, named=True)


def _compared(rows: pl.DataFrame, before: pl.DataFrame, dims: list[str]) -> pl.DataFrame:
    then = before.select(*dims, previous="spend")
    joined = rows.with_columns(now=pl.lit(True)).join(then, on=dims, how="full", nulls_equal=True, coalesce=True)
    gone = pl.col("now").is_null()
    amounts = [name for name in (*_AMOUNTS, *_PARTS, _QUANTITY) if name in joined.columns]
    zeros = [pl.when(gone).then(0).otherwise(name).cast(joined.schema[name]).alias(name) for name in amounts]
    spend, then_spend = pl.col("spend"), pl.col("previous")
    return (
        joined.with_columns(zeros)
        .with_columns(change_amount=spend - then_spend.fill_null(0), change=_change(spend, then_spend))
        .drop("now")
    )


def _change(now: pl.Expr, then: pl.Expr) -> pl.Expr:
    return ratio(now - then, then.abs())


def _compared_totals(totals: Mapping[str, Any], previous: Decimal | None) -> dict[str, Any]:
    now = totals["spend"]
    change = None if now is None or not previous else float(now - previous) / abs(float(previous))
    difference = None if now is None else now - (previous or 0)
    return {**totals, "previous": previous, "change_amount": difference, "change": change}


def _shared(rows: pl.DataFrame, totals: Mapping[str, Any]) -> pl.DataFrame:
    """Add share and cumulative_share, unrounded, before the columns that follow them."""
    whole = constant(totals["spend"])
    spend = pl.col("spend")
    added = rows.with_columns(share=ratio(spend, whole), cumulative_share=ratio(spend.cum_sum(), whole))
    compared = [name for name in _COMPARED if name in rows.columns]
    metered = [pl.col(_QUANTITY), ratio(spend, pl.col(_QUANTITY)).alias("unit_price")] if _QUANTITY in rows else []
    dims = [name for name in rows.columns if name not in {*_AMOUNTS, *_COMPARED, _QUANTITY}]
    return added.select(*dims, "spend", "share", "cumulative_share", "requests", "tokens", *compared, *metered)


def _per_million(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows by meter with the unit price of a million tokens, and what each price is of."""
    tokens = pl.col(METER) == TOKENS_METER
    return rows.with_columns(
        unit_price=pl.when(tokens).then(pl.col("unit_price") * 1_000_000).otherwise("unit_price"),
        **{_PRICED: pl.when(tokens).then(pl.lit("1M tokens")).otherwise(METER)},
    )


def _with_other(rows: pl.DataFrame, top: int, by: Sequence[Dimension]) -> pl.DataFrame:
    """Keep the first ``top`` rows and add up the rest in one: dimensions null, ``other`` how many."""
    kept, rest = rows.head(top), rows.tail(rows.height - top)
    sums = [name for name in (*_PARTS, *_AMOUNTS, "previous", "change_amount") if name in rows.columns]
    other = rest.select(
        *(pl.lit(None, dtype=rows.schema[d]).alias(d) for d in (*(d.name for d in by), KEPT) if d in rows.columns),
        *map(known_sum, sums),
        share=pl.when(pl.col("share").is_not_null().any()).then(pl.col("share").sum()),
        cumulative_share=pl.col("cumulative_share").drop_nulls().last(),
        other=pl.lit(rest.height, dtype=pl.Int64),
    )
    if "change" in rows.columns:
        other = other.with_columns(change=_change(pl.col("spend"), pl.col("previous")))
    if _QUANTITY in rows.columns:  # pieces of different meters do not add up
        unknown = pl.lit(None, dtype=pl.Float64)
        other = other.with_columns(unknown.alias(_QUANTITY), unknown.alias("unit_price"))
    nothing = pl.lit(None, dtype=pl.Int64).alias("other")
    return pl.concat([kept.with_columns(nothing), other.select(*rows.columns, "other")])


def _findings(rows: pl.DataFrame, dims: list[str], currency: str) -> tuple[Finding, ...]:
    if TOKEN_CLASS not in dims:
        return ()
    unsplit = rows.filter(pl.col(TOKEN_CLASS).is_null())["spend"].sum()
    if not unsplit:
        return ()
    message = f"{money(Decimal(unsplit), currency)} of spend has no list price to split it by token class."
    hint = "`finopsctl pricing list` shows the models with a price."
    return (Finding(Severity.INFO, "not_split", message, hint, {"spend": Decimal(unsplit)}),)
