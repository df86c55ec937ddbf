"""``reconcile``: bring a ledger and invoices together, and say for every difference what it is due to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.analyses.reconciliation import notes, prepaid, presentation, ungoverned
from finopsctl.analyses.reconciliation.causes import CAUSES, MISSING_IN_LEDGER, Entry, explain
from finopsctl.analyses.reconciliation.levels import at_one_level
from finopsctl.analyses.reconciliation.lines import PLACES, USAGE, lines_of
from finopsctl.analyses.reconciliation.pairs import grain_of, pairs_of
from finopsctl.analyses.reconciliation.scope import Scope, days_named, scope_of
from finopsctl.analyses.reconciliation.tolerance import Tolerances
from finopsctl.analyses.reconciliation.verdict import Verdict, verdict_of
from finopsctl.errors import SourceError
from finopsctl.ledger.period import calendar_start
from finopsctl.ledger.schema import MONEY, amount_of
from finopsctl.metrics.measures import REQUESTS, SPEND, to_money
from finopsctl.metrics.quality import Quality, quality_of
from finopsctl.metrics.rollup import rollup
from finopsctl.results.report import Report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from decimal import Decimal

    from finopsctl.analyses.reconciliation.pairs import Pair
    from finopsctl.ledger.period import Period
    from finopsctl.results.finding import Finding
    from finopsctl.results.report import Table

_ROWS = pl.Schema(
    {
        **dict.fromkeys(("provider", "month", "model", "token_class", "project", "service_tier", "meter"), pl.String()),
        **dict.fromkeys(("ledger", "invoice", "difference"), pl.Int128()),
        "cause": pl.String(),
        **dict.fromkeys(("ledger_quantity", "invoice_quantity"), pl.Float64()),
        "note": pl.String(),
    }
)
_NAMED = ("provider", "model", "token_class", "project", "service_tier", "meter")
_MONEY_COLUMNS = ("ledger", "invoice", "difference")


@dataclass(frozen=True, slots=True)
class Terms:
    """How to compare.

    Args:
        period: The period asked for; None is every month that both sides know.
        timezone: Zone of day boundaries.
        tolerances: How far each provider's invoice may be off.
        basis: The cost basis of the ledger's ``cost``.
        currency: ISO 4217 code of both sides' ``cost``.
        prepaid: Credits bought in advance.
    """

    period: Period | None = None
    timezone: str = "UTC"
    tolerances: Tolerances = field(default_factory=Tolerances)
    basis: str = "auto"
    currency: str = "USD"
    prepaid: tuple[prepaid.Prepaid, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Reconciliation:
    """The ledger against invoices.

    ``rows``: provider, month, model, token_class, project (null: not compared at that level), service_tier, meter
    (what is billed by something else than tokens), ledger, invoice, difference (invoice - ledger), cause,
    ledger_quantity, invoice_quantity, note; largest difference first, matched rows last. ``causes``: cause,
    difference, rows.
    ``providers``: provider, ledger, invoice, difference, difference_share, tolerance, status (pass or fail).
    ``prepaid``: see :func:`prepaid.draw_down`; None without credits. All amounts are Decimal(38, 12), and the
    differences of the causes add up to the gap to the last digit.
    """

    rows: pl.DataFrame
    causes: pl.DataFrame
    providers: pl.DataFrame
    prepaid: pl.DataFrame | None
    totals: Mapping[str, Any]
    verdict: Verdict
    quality: Quality
    findings: tuple[Finding, ...] = ()
    currency: str = "USD"

    def report(self) -> Report:
        """Return the presentable form."""
        tables: list[Table] = presentation.tables(self.rows, self.causes, self.providers, self.totals, self.currency)
        if self.prepaid is not None:
            tables.append(prepaid.table(self.prepaid))
        headline = presentation.headline(self.verdict, self.causes, self.currency)
        return Report("reconcile", headline, tuple(tables), self.totals, self.findings)


def reconcile(ledger: pl.LazyFrame, invoice: pl.LazyFrame, terms: Terms | None = None) -> Reconciliation:
    """Compare a ledger with invoices, provider by provider and month by month.

    Only providers that are on the invoice count, and only the days it is about (see ``scope``).

    Args:
        ledger: Ledger columns and ``cost``, of any period: the days beside the one asked for tell what was only booked
            late. Without the invoice's own rows.
        invoice: The same of the invoices, in the same currency.
        terms: Period, tolerances and the like.

    Raises:
        SourceError: When the invoice has no amounts, names no provider, or shares no month with the ledger.
    """
    terms = terms or Terms()
    days = _by_day(ledger, terms.timezone)
    billed = _billed(invoice, days)
    scope = scope_of(billed, days["day"], terms.period, terms.timezone)
    if not scope.providers:
        raise _nothing_in_common(billed, days, terms)
    own = ledger.filter(pl.col("provider").is_in(scope.providers))
    sides = lines_of(own, terms.timezone, billed=False), lines_of(billed, terms.timezone, billed=True)
    if _some_unmeasured(sides[1]):
        sides = _with_list_amounts(sides[0], own, terms.timezone), sides[1]
    compared_invoice = _on(billed, scope, terms.timezone)
    owners = ungoverned.owners(own), ungoverned.owners(compared_invoice)
    sides = sides[0], _with_unseen(sides[1], billed, ungoverned.unseen(*owners), terms.timezone)
    compared = scope.inside(sides[0]), scope.inside(sides[1])
    levelled = at_one_level(*compared)
    entries = _entries(pairs_of(levelled[0], levelled[1], scope), grain_of(billed))
    rows = _rows(entries, terms.currency)
    verdict = verdict_of(rows, terms.tolerances)
    asked = _asked(terms)
    beyond = scope.beyond(sides[0]).filter(asked), scope.beyond(sides[1]).filter(asked)
    left_out = (_amount(side["amount"].to_list()) for side in beyond)
    totals = verdict.totals() | dict(zip(("ledger_not_compared", "invoice_not_compared"), left_out, strict=True))
    missing = rows.filter(pl.col("cause") == MISSING_IN_LEDGER)
    findings = [
        *ungoverned.findings(*owners, missing, terms.currency),
        *notes.findings(compared, beyond, days.filter(asked), scope, terms.currency),
        *levelled[2],
    ]
    credits_, told = _prepaid(days, terms)
    return Reconciliation(
        rows,
        _by_cause(rows),
        verdict.providers,
        credits_,
        totals,
        verdict,
        _quality(ledger, terms),
        (*findings, *told),
        terms.currency,
    )


def _quality(ledger: pl.LazyFrame, terms: Terms) -> Quality:
    whole = ledger if terms.period is None else ledger.filter(terms.period.holds())
    return quality_of(rollup(whole, {}, (SPEND, REQUESTS)).collect(engine="streaming"), terms.basis)


def _amount(pico: Sequence[int]) -> Decimal:
    return amount_of(sum(pico))


def _by_day(ledger: pl.LazyFrame, timezone: str) -> pl.DataFrame:
    """Return provider, day, amount of the whole ledger; null is a day whose cost nobody knows."""
    day = calendar_start(timezone).dt.convert_time_zone(timezone).dt.date()
    known = pl.when(pl.col("cost").count() > 0).then(pl.col("cost").sum())
    sums = ledger.group_by("provider", day=day).agg(amount=known)
    return sums.sort("provider", "day").collect(engine="streaming")


def _billed(invoice: pl.LazyFrame, days: pl.DataFrame) -> pl.LazyFrame:
    """Return the invoice's rows that have an amount."""
    billed = invoice.filter(pl.col("cost").is_not_null())
    providers = billed.select(pl.col("provider").unique()).collect()["provider"].to_list()
    if not providers:
        raise SourceError(
            "the invoice has no amounts", 'Its map must name the column of amounts: reported_cost = "...".'
        )
    if "unknown" in providers and "unknown" not in days["provider"]:
        raise SourceError(
            "the invoice does not say which provider it is from",
            'Add provider = "openai" under [constants] of its map.',
        )
    return billed


def _nothing_in_common(billed: pl.LazyFrame, days: pl.DataFrame, terms: Terms) -> SourceError:
    first, last = days_named(billed, terms.timezone)
    about = f"the invoice is about {first} to {last}"
    if terms.period is not None:
        asked = f"{terms.period.first_day} to {terms.period.last_day}"
        return SourceError(
            f"{about}, none of it in the period {asked}", f"Name a period it is about: --month {first:%Y-%m}."
        )
    known = days["day"].sort().to_list()
    span = f"{known[0]} to {known[-1]}" if known else "no day at all"
    return SourceError(
        f"{about}, the inputs about {span}: no month in common", "Give the logs of the invoice's months."
    )


def _asked(terms: Terms) -> pl.Expr:
    """Return the condition that a line's day is in the period asked for."""
    if terms.period is None:
        return pl.lit(value=True)
    return pl.col("day").is_between(terms.period.first_day, terms.period.last_day)


def _some_unmeasured(invoice: pl.DataFrame) -> bool:
    return not invoice.filter((pl.col("nature") == USAGE) & (pl.col("unmeasured") > 0)).is_empty()


def _with_list_amounts(lines: pl.DataFrame, ledger: pl.LazyFrame, timezone: str) -> pl.DataFrame:
    """Add what each line of the ledger costs at list price; null where it has none."""
    listed = lines_of(ledger.with_columns(cost=pl.col("list_cost")), timezone, billed=False)
    amounts = listed.filter(pl.col("unpriced") == 0).select(*PLACES, listed_amount="amount")
    return lines.join(amounts, on=list(PLACES), how="left", nulls_equal=True)


def _with_unseen(lines: pl.DataFrame, billed: pl.LazyFrame, unseen: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """Add how much of each line of the invoice is of keys and projects that the ledger has no row of."""
    if unseen.is_empty():
        return lines
    by_owner = billed.join(unseen.lazy(), on=["provider", "api_key", "project"], how="semi", nulls_equal=True).filter(
        pl.col("record_kind") != "credit"
    )
    parts = lines_of(by_owner, timezone, billed=True)
    amounts = parts.select(*PLACES, unseen_amount="amount", unseen_quantity="quantity")
    return lines.join(amounts, on=list(PLACES), how="left", nulls_equal=True)


def _on(rows: pl.LazyFrame, scope: Scope, timezone: str) -> pl.LazyFrame:
    """Return the rows of the days that are compared."""
    day = calendar_start(timezone).dt.convert_time_zone(timezone).dt.date()
    days = scope.calendar.filter(~pl.col("outside")).select("provider", "day").lazy()
    return rows.with_columns(day=day).join(days, on=["provider", "day"], how="semi").drop("day")


def _entries(pairs: Sequence[Pair], grains: Mapping[str, int]) -> list[Entry]:
    return [entry for pair in pairs for entry in explain(pair, grains.get(str(pair.key["provider"]), 0))]


def _rows(entries: Sequence[Entry], currency: str) -> pl.DataFrame:
    """Return the entries as rows, the largest difference first."""
    records = [
        {
            **{name: entry.pair.key[name] for name in _NAMED},
            "month": entry.month.month,
            "ledger": entry.ledger,
            "invoice": entry.invoice,
            "difference": entry.difference,
            "cause": entry.cause,
            "ledger_quantity": entry.month.ledger.quantity if entry.month.ledger.lines else None,
            "invoice_quantity": entry.month.invoice.quantity if entry.month.invoice.lines else None,
            "note": notes.note(entry, currency),
        }
        for entry in entries
    ]
    frame = pl.DataFrame(records, schema=_ROWS, orient="row")
    keys = ("provider", "month", *_NAMED[1:], "cause")
    is_matched = pl.col("difference") == 0
    return frame.sort(
        is_matched,
        pl.col("difference").abs(),
        pl.col("ledger"),
        *keys,
        descending=[False, True, True, *(False for _ in keys)],
        nulls_last=True,
    ).with_columns(to_money(pl.col(name)).alias(name) for name in _MONEY_COLUMNS)


def _by_cause(rows: pl.DataFrame) -> pl.DataFrame:
    sums = rows.group_by("cause").agg(difference=pl.col("difference").sum().cast(MONEY), rows=pl.len().cast(pl.Int64))
    order = pl.DataFrame({"cause": list(CAUSES), "place": range(len(CAUSES))})
    return sums.join(order, on="cause").sort("place").drop("place")


def _prepaid(days: pl.DataFrame, terms: Terms) -> tuple[pl.DataFrame | None, list[Finding]]:
    if not terms.prepaid:
        return None, []
    last: Any = days["day"].max()
    as_of: date = last + timedelta(days=1)
    credits_ = prepaid.draw_down(days, terms.prepaid, as_of)
    return credits_, list(prepaid.findings(credits_, days, as_of, terms.currency))
