"""A baseline: what an earlier ``check`` or ``kpi`` found, from its JSON document."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finopsctl.config.policy_kinds import KpiRule
from finopsctl.errors import ConfigError
from finopsctl.policy.limits import exact

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from finopsctl.config.policy import Rule
    from finopsctl.ledger.period import Period
    from finopsctl.policy.measured import Group
    from finopsctl.policy.naming import Figure

CHECK, KPI = "finopsctl/check/1", "finopsctl/kpi/1"
_MAKE = "Make one with: finopsctl check LOGS -f json -o baseline.json"
_UNITS = ((1, 1, "day"), (7, 7, "week"), (28, 31, "month"), (89, 92, "quarter"), (365, 366, "year"))
_ALIKE = 0.1  # other periods may differ in length by so much

_Key = tuple[str, str, frozenset[tuple[str, "str | None"]]]


@dataclass(frozen=True, slots=True)
class Baseline:
    """Earlier values.

    Args:
        place: The file they come from.
        schema: ``finopsctl/check/1`` or ``finopsctl/kpi/1``.
        rows: As in the document.
        currency: Of their amounts.
        days: How many days they are of; None: the document does not say.
    """

    place: str
    schema: str
    rows: Sequence[Mapping[str, Any]]
    currency: str
    days: int | None

    def values(self) -> Mapping[_Key, Decimal]:
        """Return the values by rule (of a scorecard: KPI), measure and group."""
        read = _of_check if self.schema == CHECK else _of_kpi
        found = (read(row) for row in self.rows if _is_number(row.get("value")))
        return {key: value for key, value in found if value is not None}


@dataclass(frozen=True, slots=True)
class Before:
    """The earlier values as rules ask for them."""

    schema: str
    values: Mapping[_Key, Decimal]

    def value(self, rule: Rule, figure: Figure, group: Group) -> Decimal | None:
        """Return what a group of a rule had; None: the baseline does not have it.

        A scorecard knows nothing of a rule's filters and period: it is no baseline of a rule that has them.
        """
        dims = frozenset(group.dims.items())
        if self.schema == CHECK:
            return self.values.get((rule.name, figure.name, dims))
        if not isinstance(rule.ask, KpiRule) or rule.terms.where or rule.terms.last:
            return None
        return self.values.get((rule.ask.kpi, figure.name, dims))


def parse(text: str, place: str) -> Baseline:
    """Read a JSON document of ``check`` or ``kpi``.

    Raises:
        ConfigError: When it is none.
    """
    try:
        document = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as problem:
        raise ConfigError(f"{place}: no JSON: {problem}", _MAKE) from problem
    schema = document.get("schema") if isinstance(document, dict) else None
    rows = document.get("rows") if isinstance(document, dict) else None
    if schema not in {CHECK, KPI} or not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        said = f"a document of {schema}" if isinstance(schema, str) else "no document of finopsctl"
        raise ConfigError(f"{place}: a baseline is a document of {CHECK} or {KPI}, and this is {said}", _MAKE)
    return Baseline(place, schema, rows, str(document.get("currency")), _days(document.get("period")))


def compared(baseline: Baseline, period: Period, currency: str) -> Before:
    """Return the baseline for figures of a period.

    Raises:
        ConfigError: When its amounts are in another currency, or it is of another length of time.
    """
    if baseline.currency != currency:
        message = f"{baseline.place}: its amounts are in {baseline.currency}, and these in {currency}"
        raise ConfigError(message, f"Make it anew with --currency {currency}.")
    days = baseline.days
    if days is not None and not _is_alike(days, period.days):
        message = f"{baseline.place}: it is of {_span(days)}, and this is of {_span(period.days)}: they do not compare"
        raise ConfigError(message, "Name a period of the same length, e.g. --month, or make the baseline anew.")
    return Before(baseline.schema, baseline.values())


def _of_check(row: Mapping[str, Any]) -> tuple[_Key, Decimal | None]:
    by = row.get("by")
    dims = _dims({str(name): row.get(str(name)) for name in by} if isinstance(by, list) else {})
    return (str(row.get("rule")), str(row.get("measure")), dims), exact(row["value"])


_SCORECARD = frozenset(
    (
        *("kpi", "title", "member", "value", "unit", "grade", "target", "numerator", "denominator", "coverage"),
        *("usd_effect", "previous", "change", "member_of", "target_low", "target_high", "budget", "user_type"),
    )
)


def _of_kpi(row: Mapping[str, Any]) -> tuple[_Key, Decimal | None]:
    """Read a row of a scorecard: its dimensions come between its title and its member."""
    names = list(row)
    between = names[names.index("title") + 1 : names.index("member")] if {"title", "member"} <= set(names) else []
    dims = {name: row[name] for name in between if name not in _SCORECARD}
    if row.get("member_of"):
        dims[str(row["member_of"])] = row.get("member")
    name = str(row.get("kpi"))
    return (name, name, _dims(dims)), exact(row["value"])


def _dims(values: Mapping[str, Any]) -> frozenset[tuple[str, str | None]]:
    return frozenset((name, None if value is None else str(value)) for name, value in values.items())


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def _days(period: object) -> int | None:
    """Return how many days a document's period has."""
    if not isinstance(period, dict):
        return None
    try:
        start, end = (datetime.fromisoformat(str(period[name])) for name in ("start", "end"))
    except (KeyError, ValueError):
        return None
    return max(round((end - start).total_seconds() / 86_400), 1)


def _is_alike(one: int, other: int) -> bool:
    named = [next((name for low, high, name in _UNITS if low <= days <= high), "") for days in (one, other)]
    return (named[0] == named[1] != "") or abs(one - other) <= _ALIKE * max(one, other)


def _span(days: int) -> str:
    return next((f"a {name}" for low, high, name in _UNITS if low <= days <= high), f"{days} days")
