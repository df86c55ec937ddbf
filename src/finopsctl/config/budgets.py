"""Budgets from configuration: ``[[budget]]`` tables, in finopsctl.toml or in a file of their own (``--budgets``).

Any dimension may limit what a budget is for (``team = "support"``); without one it is global.
"""

# No ``from __future__ import annotations``: the reader of settings needs the field types as types.
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from finopsctl.config.declarations import key
from finopsctl.config.table_files import elements_of, entries_of, refuse_twins
from finopsctl.errors import ConfigError, nearest
from finopsctl.ledger.conditions import SYNONYMS, TAG
from finopsctl.metrics.budgets import Alert, Budget, GatewayTerms, checked_period
from finopsctl.metrics.dimensions import DIMENSIONS, METER, TIME_DIMENSIONS, TOKEN_CLASS, dimension

_KEYS = ("name", "limit", "currency", "period", "from", "alerts", "hard-stop", "models", "tpm-limit", "rpm-limit")
CURRENCY = r"[A-Z]{3}"
"""An ISO 4217 code."""

_SCOPES = frozenset(known.name for known in DIMENSIONS) - TIME_DIMENSIONS - {TOKEN_CLASS, METER}


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

    limit: Decimal = field(metadata=key("How much may be spent in a period.", minimum=0))
    period: str = field(
        default="month",
        metadata=key(
            "month, quarter, year or a number of days such as 30d; 24h, 2w and 1mo are understood.",
            pattern=r"month|quarter|year|[1-9]\d{0,3}[dwh]|1mo|3mo|12mo|1y",
            check=checked_period,
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
    hard_stop: Decimal | None = field(
        default=None,
        metadata=key(
            "Share of the limit from which on a gateway refuses requests, by default 1; an alert, too.", minimum=0
        ),
    )
    currency: str | None = field(
        default=None,
        metadata=key("Of the limit (ISO 4217); by default the one files or the environment set.", pattern=CURRENCY),
    )
    models: tuple[str, ...] = field(
        default=(), metadata=key("For `budget export`: the only models the gateway lets through.")
    )
    tpm_limit: int | None = field(default=None, metadata=key("For `budget export`: tokens per minute.", minimum=1))
    rpm_limit: int | None = field(default=None, metadata=key("For `budget export`: requests per minute.", minimum=1))
    name: str = field(default="", metadata=key("What it is called in reports; by default its dimensions' values."))

    def __post_init__(self) -> None:
        if self.hard_stop is not None and not 0 < self.hard_stop <= 10:
            raise ConfigError(f"a hard stop at {self.hard_stop} of the limit", "Write 1.2 for 120 %.")

    def budget(self, timezone: str, currency: str = "USD") -> Budget:
        """Return the budget the table describes.

        Args:
            timezone: Whose midnight begins its periods.
            currency: Of its limit, where the table does not say.
        """
        scope = {_scope(name): value for name, value in self.scope.items()}
        name = self.name or "/".join(scope.values()) or "global"
        terms = GatewayTerms(self.models, self.tpm_limit, self.rpm_limit, self.hard_stop or Decimal(1))
        unit = self.currency or currency
        plain = Budget(name, self.limit, self.period, scope, self.start, timezone=timezone, terms=terms, currency=unit)
        return replace(plain, alerts=self._ladder(plain.alerts))

    def _ladder(self, usual: Iterable[Alert]) -> tuple[Alert, ...]:
        """Return the alerts, lowest first; a hard stop is one unless its level is among them."""
        given = list(usual) if self.alerts is None else [Alert(float(alert.at), alert.action) for alert in self.alerts]
        if self.hard_stop is not None and float(self.hard_stop) not in {alert.at for alert in given}:
            given.append(Alert(float(self.hard_stop), "hard stop"))
        return tuple(sorted(given, key=lambda alert: alert.at))


def load(path: Path, timezone: str = "UTC", currency: str = "USD") -> tuple[Budget, ...]:
    """Read the budgets of a TOML file that holds ``[[budget]]`` tables and nothing else.

    Args:
        path: The file.
        timezone: Whose midnight begins periods.
        currency: Of limits that do not name theirs.

    Raises:
        ConfigError: For a file that cannot be read, an unknown key, a missing limit, or two budgets of one name.
    """
    entries = entries_of(path, "budget", example="Write [[budget]] and limit = 5000.", holder="A budgets file")
    tables = elements_of(path, "budget", BudgetTable, entries)
    return with_own_names((table.budget(timezone, currency) for table in tables), str(path))


def with_own_names(budgets: Iterable[Budget], place: str) -> tuple[Budget, ...]:
    """Return ``budgets``; ConfigError when two share a name, so that a report could not tell them apart."""
    found = tuple(budgets)
    names = (budget.name for budget in found)
    refuse_twins(names, "budgets", place, "Give each a name of its own: name = ...")
    return found
