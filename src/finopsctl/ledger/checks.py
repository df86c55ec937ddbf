"""What must be true of every ledger row, each as a named expression, and the count of rows for which it is not.

The checks hold for any source and any price book; a row that fails one shows a broken record or a bug, so that a count
of 0 is what makes a ledger fit to be added up. A comparison with an unknown value fails nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.token_classes import TOKEN_COLUMNS
from finopsctl.results.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_COUNTS = ("requests", "errors", "retries", "fallbacks", "cache_hits", "tasks", "task_successes")
_PARTS = (
    "list_input_cost",
    "list_cache_read_cost",
    "list_cache_write_cost",
    "list_output_cost",
    "list_other_cost",
)
_NEVER_NULL = ("charge_period_start", "record_kind", "record_id", "provider", "source", "origin")
_REQUEST = pl.col("record_kind") == "request"
_SERVED_FROM_CACHE = _REQUEST & (pl.col("requests") > 0) & (pl.col("cache_hits") >= pl.col("requests"))
_UNIQUE = "record_id_unique"


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """One invariant.

    Args:
        name: Stable snake_case name, the code of its finding after ``ledger_``.
        holds: True or null where a row is as it must be.
        message: What is wrong with the rows that fail, to follow "N records".
        severity: How much a failure matters.
    """

    name: str
    holds: pl.Expr
    message: str
    severity: Severity = Severity.WARNING


@dataclass(frozen=True, slots=True)
class Failure:
    """How many rows fail one check.

    Args:
        count: Rows.
        example: ``origin`` of the first of them; null when that is not known either.
    """

    count: int
    example: str | None

    def __add__(self, other: Failure) -> Failure:
        return Failure(self.count + other.count, self.example if self.example is not None else other.example)


def _each(names: Iterable[str], holds: str) -> pl.Expr:
    """Return the condition that every one of some columns is unknown or (``holds``) ``not negative`` or ``zero``."""
    values = [pl.col(name).fill_null(0) for name in names]
    return pl.all_horizontal([value >= 0 if holds == "not negative" else value == 0 for value in values])


def _within_requests(name: str) -> pl.Expr:
    return ~_REQUEST | (pl.col(name) <= pl.col("requests"))


def _parts_total() -> pl.Expr:
    return pl.sum_horizontal(pl.col(part).fill_null(0) for part in _PARTS)


CHECKS: tuple[Check, ...] = (
    Check(
        "never_null",
        pl.all_horizontal(pl.col(name).is_not_null() for name in _NEVER_NULL),
        f"lack one of {', '.join(_NEVER_NULL)}",
        Severity.CRITICAL,
    ),
    Check("tokens_not_negative", _each(TOKEN_COLUMNS, "not negative"), "count fewer than 0 tokens of a class"),
    Check("counts_not_negative", _each(_COUNTS, "not negative"), f"have one of {', '.join(_COUNTS)} below 0"),
    Check("period_in_order", pl.col("charge_period_end") >= pl.col("charge_period_start"), "end before they start"),
    Check(
        "list_parts_add_up",
        pl.all_horizontal(pl.col(part).is_null() for part in _PARTS) | (_parts_total() == pl.col("list_cost")),
        "have parts of list cost that do not add up to it",
        Severity.CRITICAL,
    ),
    Check(
        "list_cost_not_negative",
        (pl.col("list_cost") >= 0) | pl.col("record_kind").is_in(["cost", "credit"]),
        "are usage at a list cost below 0",
    ),
    Check("errors_within_requests", _within_requests("errors"), "are requests with more errors than requests"),
    Check("fallbacks_within_requests", _within_requests("fallbacks"), "are requests with more fallbacks than requests"),
    Check(
        "cache_hits_within_requests",
        _within_requests("cache_hits"),
        "are requests served from the response cache more often than they were made",
    ),
    Check(
        "successes_within_tasks",
        pl.col("task_successes") <= pl.col("tasks"),
        "have more tasks that succeeded than tasks",
    ),
    Check(
        "money_without_tokens",
        ~pl.col("record_kind").is_in(["cost", "credit"]) | _each(TOKEN_COLUMNS, "zero"),
        "are cost or credit lines that carry tokens, whose usage would count twice",
    ),
    Check(
        "cache_hits_cost_nothing",
        ~_SERVED_FROM_CACHE | (pl.col("reported_cost") == 0),
        "were served from the response cache and report a cost",
    ),
    Check(
        "quantity_has_unit",
        pl.col("consumed_quantity").is_null() | pl.col("consumed_unit").is_not_null(),
        "have a quantity without a unit",
        Severity.INFO,
    ),
)


def check(ledger: pl.LazyFrame) -> tuple[Finding, ...]:
    """Return one finding for each check that some row fails, and one when a record occurs twice.

    Args:
        ledger: All ledger columns; read once.
    """
    counted = ledger.select(*_aggregates(), _repeated().alias(_UNIQUE)).collect(engine="streaming")
    failures = _failures(counted)
    repeated = counted[_UNIQUE].item()
    unique = [_twice(repeated)] if repeated else []
    return (*findings(failures), *unique)


def failures(rows: pl.DataFrame) -> Mapping[str, Failure]:
    """Return what fails in some rows, by the check's name; those of several parts add up with ``+``."""
    return _failures(rows.lazy().select(*_aggregates()).collect())


def findings(failed: Mapping[str, Failure], where: str = "") -> tuple[Finding, ...]:
    """Return a finding for each failed check, in the order of ``CHECKS``.

    Args:
        failed: By the check's name.
        where: What the rows are of (a file), to begin the message with.
    """
    start = f"{where}: " if where else ""
    return tuple(
        Finding(
            each.severity,
            f"ledger_{each.name}",
            f"{start}{failed[each.name].count:,} records {each.message} (first: {failed[each.name].example})",
            "",
            {"check": each.name, "count": failed[each.name].count, "example": failed[each.name].example},
        )
        for each in CHECKS
        if each.name in failed
    )


def _aggregates() -> Iterable[pl.Expr]:
    for each in CHECKS:
        broken = ~each.holds.fill_null(value=True)
        yield broken.sum().alias(each.name)
        yield pl.col("origin").filter(broken).first().alias(f"{each.name} at")


def _failures(counted: pl.DataFrame) -> Mapping[str, Failure]:
    row = counted.row(0, named=True)
    return {each.name: Failure(row[each.name], row[f"{each.name} at"]) for each in CHECKS if row[each.name]}


def _repeated() -> pl.Expr:
    # 64-bit hashes instead of the texts: on ten million rows the texts would take gigabytes.
    identity = pl.struct("source", "record_id").hash()
    return pl.len().cast(pl.Int64) - identity.n_unique().cast(pl.Int64)


def _twice(count: int) -> Finding:
    return Finding(
        Severity.CRITICAL,
        f"ledger_{_UNIQUE}",
        f"{count:,} records have the id of another record of their source, and count twice",
        "Run the ledger through `finopsctl normalize` together with another input, which settles duplicates.",
        {"check": _UNIQUE, "count": count, "example": None},
    )
