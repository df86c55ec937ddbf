"""What to open and how to read it: plain values, decided by the command line or by a Python caller."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from finopsctl.errors import ConfigError
from finopsctl.ledger import period as calendar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from decimal import Decimal
    from pathlib import Path

    from finopsctl.allocation.rules import Rule
    from finopsctl.ledger.period import Period

COST_BASES = ("auto", "reported", "list", "effective")
_DECEMBER = 12
_LONG_AGO = datetime(2000, 1, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PeriodWish:
    """The period options as typed; at most one way of naming a period.

    ``month``, ``quarter``, ``last`` and ``word`` exclude ``since``/``until`` and each other. Lengths and words are seen
    from the end of the data, or from ``as_of`` where that is given, so that the same question has the same answer.
    """

    since: str | None = None
    until: str | None = None
    month: str | None = None
    quarter: str | None = None
    last: str | None = None
    word: str | None = None

    def __post_init__(self) -> None:
        named = [n for n in ("month", "quarter", "last", "word") if getattr(self, n)]
        if self.since or self.until:
            named.append("since/until")
        if len(named) > 1:
            raise ConfigError(f"two periods are named ({' and '.join(named)})", "Name one.")

    @property
    def needs_now(self) -> bool:
        """Whether resolving it takes the end of the data."""
        dates = (self.since, self.until)
        return bool(self.last or self.word or (self.since and not self.until) or set(dates) & set(calendar.WORDS))

    def resolve(
        self,
        end: datetime | None,
        timezone: str,
        first: datetime | None = None,
        first_month: int = calendar.JANUARY,
    ) -> Period | None:
        """Return the period, or None for everything the inputs hold.

        Args:
            end: The first instant not seen (``needs_now``), in UTC.
            timezone: Zone of dates and days.
            first: The first instant that holds a row: where only an end is named, its day is the start.
            first_month: The month fiscal years begin with.

        Raises:
            ConfigError: When a value is no date, or the period is empty.
        """
        if self.month:
            return calendar.parse_month(self.month, timezone)
        if self.quarter:
            return calendar.parse_quarter(self.quarter, timezone, first_month)
        if self.since or self.until:
            return self._span(end, timezone, first, first_month)
        if end is None:
            return None
        if self.last:
            return calendar.parse_last(self.last, end, timezone)
        return calendar.parse_word(self.word, end, timezone, first_month) if self.word else None

    def _span(self, end: datetime | None, timezone: str, first: datetime | None, first_month: int) -> Period:
        if self.until:
            stop = _instant(self.until, end, timezone, first_month)
        else:
            stop = end or calendar.parse_instant("2101-01-01", "UTC")
        if self.since:
            start = _instant(self.since, end, timezone, first_month)
        else:
            start = calendar.day_start(first if first and first < stop else _LONG_AGO, timezone)
        if stop <= start:
            if not self.until:
                stop = calendar.day_end(start, timezone)
            else:
                raise ConfigError(f"the period from {self.since} until {self.until} is empty", "--until is exclusive.")
        return calendar.Period(start, stop, timezone)


def _instant(text: str, end: datetime | None, timezone: str, first_month: int) -> datetime:
    """Read a date, an instant, or a word such as ``yesterday`` or ``mtd``: where that begins, seen from ``end``."""
    if end is not None and text in calendar.WORDS:
        return calendar.parse_word(text, end, timezone, first_month).start
    return calendar.parse_instant(text, timezone)


@dataclass(frozen=True, slots=True)
class Request:
    """What to open and how.

    Args:
        inputs: Paths, folders, globs, ``-``, or a Prometheus to ask (``prometheus:https://host:9090``).
        source: Read every file as this source instead of detecting it.
        column_map: A ``--map`` file for CSV, JSON lines or Parquet of one's own.
        period: Which period.
        as_of: The first instant not seen, as typed.
        timezone: Zone of day boundaries.
        fiscal_year_start: The month (1 to 12) that quarters and years begin with.
        where: Filters as typed (``team=support``).
        cost_basis: One of ``COST_BASES``; None chooses ``auto``, or ``effective`` where prices are named.
        price_date: Price all usage at this date's prices, as typed.
        prices: A folder laid over the shipped price catalogue.
        contracts: A contracts file.
        litellm_config: A LiteLLM ``config.yaml`` that names deployments and prices of one's own.
        deployments: Deployment name to ``provider/model``.
        keys: A virtual-key map file.
        rules: Allocation rules, first match wins.
        currency: Report currency.
        own_currency: Of amounts in tables beside the ledger that do not say theirs; None: ``currency``.
        exchange_rates: Rows of (from, to, date, rate).
        redact: Dimensions to replace by a keyed hash.
        redact_key: The key of that hash.
        prometheus_token: The bearer token for a Prometheus among the inputs.
        strict: Bad lines and unpriced records are errors.
        outcomes: A file of outcomes, beside those found among the inputs.
        revenue: A file of revenue, beside those found among the inputs.
    """

    inputs: tuple[str, ...]
    source: str | None = None
    column_map: Path | None = None
    period: PeriodWish = field(default_factory=PeriodWish)
    as_of: str | None = None
    timezone: str = "UTC"
    where: tuple[str, ...] = ()
    cost_basis: str | None = None
    price_date: str | None = None
    prices: Path | None = None
    contracts: Path | None = None
    litellm_config: Path | None = None
    deployments: Mapping[str, str] = field(default_factory=dict)
    keys: Path | None = None
    rules: tuple[Rule, ...] = ()
    currency: str = "USD"
    own_currency: str | None = None
    exchange_rates: tuple[tuple[str, str, date, Decimal], ...] = ()
    redact: tuple[str, ...] = ()
    redact_key: str | None = None
    prometheus_token: str | None = field(default=None, repr=False)
    strict: bool = False
    fiscal_year_start: int = calendar.JANUARY
    outcomes: Path | None = None
    revenue: Path | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.fiscal_year_start <= _DECEMBER:
            raise ConfigError(f"a fiscal year cannot start in month {self.fiscal_year_start}", "Give a month, 1 to 12.")

    @property
    def prices_named(self) -> bool:
        """Whether the user asked for prices of their own choosing, so that the effective cost is what counts."""
        return bool(self.price_date or self.prices or self.contracts or self.litellm_config)

    @property
    def basis(self) -> str:
        """The cost basis in force.

        Raises:
            ConfigError: For an unknown basis, or ``reported`` together with named prices.
        """
        basis = self.cost_basis or ("effective" if self.prices_named else "auto")
        if basis not in COST_BASES:
            raise ConfigError(f"unknown cost basis '{basis}'", f"Use one of {', '.join(COST_BASES)}.")
        if basis == "reported" and self.prices_named:
            raise ConfigError(
                "--cost-basis reported takes no prices of ours", "Leave out --prices, --price-date and --contracts."
            )
        return "effective" if basis == "auto" and self.prices_named else basis
