"""Budgets from configuration: ``[[budget]]`` tables, in finopsctl.toml or in a file of their own (``--budgets``).

Any dimension may limit what a budget is for (``team = "support"``); without one it is global.
"""

# No ``from __future__ import annotations``: the reader of settings needs the field types as types.
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

from finopsctl.config.declarations import Context, Problem, key
from finopsctl.config.files import read
from finopsctl.config.tables import element
from finopsctl.errors import ConfigError, nearest
from finopsctl.ledger.conditions import SYNONYMS, TAG
from finopsctl.metrics.budgets import Alert, Budget
from finopsctl.metrics.dimensions import DIMENSIONS, TIME_DIMENSIONS, TOKEN_CLASS, dimension

_KEYS = ("name", "limit", "period", "from", "alerts")
_SCOPES = frozenset(known.name for known in DIMENSIONS) - TIME_DIMENSIONS - {TOKEN_CLASS}


def _scope(name: str) -> str:
    is_tag = name.startswith(TAG) and name != TAG
    if not is_tag and SYNONYMS.get(name, name) not in _SCOPES:
        hint = nearest(name, (*_KEYS, *_SCOPES, *SYNONYMS))
        raise ConfigError(f"'{name}' is neither a key of a budget nor a dimension it can be limited to", hint)
    return dimension(name).name


@dataclass(frozen=True, slots=True)
class AlertTable:
    """One entry of ``alerts``: what to do when a share of the limit is used."""

    at: Decimal = field(metadata=key("Share of the limit, e.g. 0.8 for 80 %.", minimum=0))
    action: str = field(default="", metadata=key("What to do then."))

    def __post_init__(self) -> None:
        if self.at > 10:
            raise ConfigError(
                f"an alert at {self.at} means {self.at * 100} %", f"Write {self.at / 100} for {self.at} %."
            )


@dataclass(frozen=True, slots=True)
class BudgetTable:
    """``[[budget]]``: a limit on spend."""

    limit: Decimal = field(metadata=key("How much may be spent in a period, in the report's currency.", minimum=0))
    period: str = field(
        default="month",
        metadata=key(
            "month, quarter, year or a number of days such as 30d.", pattern=r"month|quarter|year|[1-9]\d{0,3}d"
        ),
    )
    scope: Mapping[str, str] = field(
        default_factory=dict,
        metadata=key("Dimensions it is limited to (value or glob); none: everything.", rest=True, check=_scope),
    )
    start: date | None = field(default=None, metadata=key("First day it applies.", name="from"))
    alerts: tuple[AlertTable, ...] | None = field(
        default=None, metadata=key("Shares of the limit at which something is to be done; by default 0.8 and 0.95.")
    )
    name: str = field(default="", metadata=key("What it is called in reports; by default its dimensions' values."))

    def budget(self, timezone: str) -> Budget:
        """Return the budget the table describes; its periods begin at midnight in ``timezone``."""
        scope = {_scope(name): value for name, value in self.scope.items()}
        plain = Budget(self.name or "/".join(scope.values()) or "global", self.limit)
        alerts = sorted(self.alerts or (), key=lambda alert: alert.at)
        return Budget(
            plain.name,
            self.limit,
            self.period,
            scope,
            self.start,
            plain.alerts if self.alerts is None else tuple(Alert(float(alert.at), alert.action) for alert in alerts),
            timezone,
        )


def load(path: Path, timezone: str = "UTC") -> tuple[Budget, ...]:
    """Read the budgets of a TOML file that holds ``[[budget]]`` tables and nothing else.

    Raises:
        ConfigError: For a file that cannot be read, an unknown key, a missing limit, or two budgets of one name.
    """
    table = dict(read(path))
    entries = table.pop("budget", None)
    if not isinstance(entries, list):
        raise ConfigError(f"{path}: no [[budget]] in it", "Write [[budget]] and limit = 5000.")
    if table:
        raise ConfigError(f"{path}: {next(iter(table))}: unknown key", "A budgets file holds [[budget]] tables only.")
    problems: list[Problem] = []
    context = Context(str(path), path.parent, problems)
    tables = [element(BudgetTable, entry, context, (f"budget[{at}]",)) for at, entry in enumerate(entries)]
    if problems:
        raise problems[0].error()
    return told_apart((table.budget(timezone) for table in tables), str(path))


def told_apart(budgets: Iterable[Budget], place: str) -> tuple[Budget, ...]:
    """Return ``budgets``; ConfigError when two share a name, so that a report could not tell them apart."""
    found = tuple(budgets)
    names = [budget.name for budget in found]
    twin = next((name for name in names if names.count(name) > 1), None)
    if twin is not None:
        raise ConfigError(f"{place}: two budgets are called '{twin}'", "Give each a name of its own: name = ...")
    return found
