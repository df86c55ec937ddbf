"""What a KPI is: a formula, a unit, a target and a scale that grades its value.

A scale is written the way people read it: ``("< 0.005 good", "<= 0.01 ok", "<= 0.05 warning", "critical")``; the
first band a value fits decides, the last one takes the rest. Whether an edge belongs to the band is said by the band.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.errors import ConfigError, nearest
from finopsctl.metrics.where import matches
from finopsctl.results.units import Direction, Grade, Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from finopsctl.metrics.measures import Measure

_BAND = re.compile(r"(?P<operator><=|>=|<|>)\s*(?P<limit>-?[0-9.]+(?:e-?\d+)?)\s+(?P<grade>\w+)")
_NULL_GRADE = pl.lit(None, dtype=pl.String)
_FINE = (Grade.GOOD, Grade.OK)


class How(StrEnum):
    """How a KPI's value comes about."""

    RATIO = "ratio"  # numerator / (denominator / per), over rows that know both
    SHARE = "share"  # a member's part of the whole
    QUANTILE = "quantile"  # of the cost of single requests
    TRACE_QUANTILE = "trace_quantile"  # of the cost of traces: all records with one trace_id
    PER_USER = "per_user"  # spend / distinct users, by type of user
    PER_DAY = "per_day"  # spend / whole days elapsed
    BUDGET = "budget"  # from budgets and the spend they limit
    SELF_HOSTED = "self_hosted"  # own machines against an API price for the same tokens
    OUTCOME = "outcome"  # spend / outcomes of a use case
    DUPLICATES = "duplicates"  # from what the readers dropped


@dataclass(frozen=True, slots=True)
class Band:
    """One step of a scale: values that stand in ``operator`` relation to ``limit`` get ``grade``."""

    operator: str
    limit: float
    grade: Grade

    def fits(self, value: pl.Expr) -> pl.Expr:
        """Tell whether ``value`` is in the band, given that no earlier band took it."""
        match self.operator:
            case "<":
                return value < self.limit
            case "<=":
                return value <= self.limit
            case ">":
                return value > self.limit
            case _:
                return value >= self.limit


@dataclass(frozen=True, slots=True)
class Scale:
    """Bands in order, and the grade of whatever fits none of them."""

    bands: tuple[Band, ...]
    rest: Grade

    @classmethod
    def of(cls, *steps: str) -> Scale:
        """Read bands such as ``"< 0.005 good"``; the last step is the grade of the rest.

        Raises:
            ConfigError: A step that is not OPERATOR NUMBER GRADE, or an unknown grade.
        """
        if not steps:
            raise ConfigError(
                "a scale needs at least the grade of its last band", hint="For example '< 0.3 good', 'warning'."
            )
        return cls(tuple(_band(step) for step in steps[:-1]), _grade(steps[-1]))

    def with_limits(self, limits: Sequence[float]) -> Scale:
        """Return the scale with other limits, in the order of its bands; ConfigError when their number differs."""
        if len(limits) != len(self.bands):
            have = ", ".join(f"{b.limit:g}" for b in self.bands)
            raise ConfigError(
                f"a scale of {len(self.bands)} limits cannot take {len(limits)}", hint=f"Limits are now {have}."
            )
        bands = zip(self.bands, limits, strict=True)
        return Scale(tuple(replace(band, limit=float(limit)) for band, limit in bands), self.rest)

    def times(self, rate: float) -> Scale:
        """Return the scale for values in a currency of which one unit of its own buys ``rate``."""
        return self.with_limits([band.limit * rate for band in self.bands])

    def grade(self, value: pl.Expr) -> pl.Expr:
        """Return the grade of each value as text, null for null."""
        chain = pl.lit(self.rest.value)
        for band in reversed(self.bands):
            chain = pl.when(band.fits(value)).then(pl.lit(band.grade.value)).otherwise(chain)
        return pl.when(value.is_not_null()).then(chain).otherwise(_NULL_GRADE)

    def bounds(self, grade: Grade) -> tuple[float | None, float | None]:
        """Return the lowest and the highest value that is ``grade`` or better; None: no bound."""
        fine = [i for i, band in enumerate(self.bands) if band.grade in _FINE[: _FINE.index(grade) + 1]]
        if not fine:
            return None, None
        edge = self.bands[fine[-1]]
        if edge.operator.startswith(">"):
            return edge.limit, None
        return (self.bands[fine[0] - 1].limit if fine[0] else None), edge.limit


@dataclass(frozen=True, slots=True)
class RangeScale:
    """Expected ranges, edges included, by a key: inside is good, outside a warning, no range no grade.

    Args:
        by: The row's column that holds the key: a dimension, or ``member``.
        ranges: Lowest and highest expected value by key; None: no bound on that side.
        globs: Patterns that translate the column's values into keys (``support-*`` -> ``chat``).
        by_glob: Whether ``globs`` decide; else the column's values are the keys.
        open_high: Whether the highest value itself is outside already.
    """

    by: str
    ranges: Mapping[str, tuple[float | None, float | None]]
    globs: Mapping[str, str] = field(default_factory=dict)
    by_glob: bool = False
    open_high: bool = False

    def times(self, rate: float) -> RangeScale:
        """Return the scale for values in a currency of which one unit of its own buys ``rate``."""
        return replace(self, ranges={name: in_currency(pair, rate) for name, pair in self.ranges.items()})

    def key(self) -> pl.Expr:
        """Return the key of each row."""
        chain = _NULL_GRADE if self.by_glob else pl.col(self.by)
        for pattern, name in reversed(list(self.globs.items())):
            chain = pl.when(matches(pl.col(self.by), [pattern])).then(pl.lit(name)).otherwise(chain)
        return chain

    def low(self) -> pl.Expr:
        """Return the lowest expected value of each row."""
        return self._bound(0)

    def high(self) -> pl.Expr:
        """Return the highest expected value of each row."""
        return self._bound(1)

    def grade(self, value: pl.Expr) -> pl.Expr:
        """Return the grade of each row as text, null where there is no range or no value."""
        low, high = self.low(), self.high()
        below = value < high if self.open_high else value <= high
        inside = (value >= low).fill_null(value=True) & below.fill_null(value=True)
        graded = value.is_not_null() & (low.is_not_null() | high.is_not_null())
        word = pl.when(inside).then(pl.lit(Grade.GOOD.value)).otherwise(pl.lit(Grade.WARNING.value))
        return pl.when(graded).then(word).otherwise(_NULL_GRADE)

    def _bound(self, side: int) -> pl.Expr:
        bounds = {key: pair[side] for key, pair in self.ranges.items()}
        return self.key().replace_strict(list(bounds), list(bounds.values()), default=None, return_dtype=pl.Float64)


@dataclass(frozen=True, slots=True)
class Kpi:
    """One key figure.

    Args:
        name: snake_case name, its key everywhere.
        title: Its heading.
        question: What it answers.
        formula: How it is computed, in words and signs.
        section: The part of the catalogue it belongs to.
        unit: What its value counts.
        good: Which direction is good news.
        how: How its value comes about.
        numerator: What is divided; None where ``how`` says otherwise.
        denominator: What it is divided by.
        per: The number of denominator units the value is for (1000: per thousand).
        scale: What grades it; None: not graded.
        aim: The grade its target stands for: good, or ok.
        member_of: What its own rows are members of: a dimension, ``budget`` or ``user_type``.
        effect: The money behind it: a key of ``measures.MISHAP_COSTS``; empty: none.
        quantile: Which quantile, for ``How.QUANTILE`` and ``How.TRACE_QUANTILE``.
        needs: What to give finopsctl where the value is missing.
        window: The span dashboards show it over.
        promql: The same figure from LiteLLM's Prometheus metrics, ``$w`` for the window; empty where they lack it.
        promql_note: How that figure differs from the ledger's; where there is none, why not.
        record: The name of its recording rule among those that dashboards of AI gateways share; empty: none.
        recorded: What that rule records where it is not the KPI itself.
    """

    name: str
    title: str
    question: str
    formula: str
    section: str
    unit: Unit
    good: Direction
    how: How = How.RATIO
    numerator: Measure | None = None
    denominator: Measure | None = None
    per: int = 1
    scale: Scale | RangeScale | None = None
    aim: Grade = Grade.GOOD
    member_of: str = ""
    effect: str = ""
    quantile: float | None = None
    needs: str = ""
    window: str = "24h"
    promql: str = ""
    promql_note: str = ""
    record: str = ""
    recorded: str = ""

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The measures its value is made of."""
        return tuple(m for m in (self.numerator, self.denominator) if m is not None)

    @property
    def json_unit(self) -> str:
        """Its unit in results: usd, ratio, days, usd_per_day or count."""
        return _JSON_UNITS.get(self.unit, self.unit.value)

    @property
    def is_about_money(self) -> bool:
        """Whether its coverage is a share of spend; else of usage records."""
        return any(m.money for m in self.measures)

    @property
    def is_in_money(self) -> bool:
        """Whether its value is an amount of money, and so the limits of its scale."""
        return self.unit in _MONEY


_MONEY = {Unit.USD, Unit.UNIT_PRICE, Unit.USD_PER_DAY}
_JSON_UNITS = {Unit.UNIT_PRICE: "usd", Unit.FACTOR: "ratio", Unit.SHARE: "ratio"}


@dataclass(frozen=True, slots=True)
class UserTypes:
    """What makes a user light, moderate, heavy or power, and what each may cost in 30 days.

    A heavy user above ``power_spend`` in 30 days is taken for an automated one: power.
    """

    light_requests_per_day: float = 100
    moderate_requests_per_day: float = 1000
    power_spend: float = 500
    ranges: Mapping[str, tuple[float | None, float | None]] = field(
        default_factory=lambda: {"light": (5, 20), "moderate": (20, 100), "heavy": (100, 500), "power": (500, None)}
    )


@dataclass(frozen=True, slots=True)
class KpiSettings:
    """What configuration may change about KPIs.

    Args:
        scales: By KPI: limits (``[0.004, 0.01, 0.05]``) or whole steps (``["< 0.004 good", ..., "critical"]``).
        ranges: By KPI, then by key: lowest and highest expected value.
        workload_classes: Feature glob -> chat, code, summarization or translation, for ``token_ratio``.
        outcome_targets: Feature glob -> highest good cost per outcome.
        user_types: What makes a user light, moderate, heavy or power.
        bands: ``plain-days`` grades days_to_exhaustion by days alone; else by the period's end too.
        overrun: Odds of an overrun from which on a budget's projection is a warning, and critical.
        rate: What one unit of the currency that limits in money are in, the shipped ones too, is worth in the report's;
            None: not known, so that amounts of money are not graded.
    """

    scales: Mapping[str, Sequence[str | float]] = field(default_factory=dict)
    ranges: Mapping[str, Mapping[str, tuple[float | None, float | None]]] = field(default_factory=dict)
    workload_classes: Mapping[str, str] = field(default_factory=dict)
    outcome_targets: Mapping[str, float] = field(default_factory=dict)
    user_types: UserTypes = field(default_factory=UserTypes)
    bands: str = "period-aware"
    overrun: tuple[float, float] = (0.2, 0.5)
    rate: float | None = 1.0


def in_currency(pair: tuple[float | None, float | None], rate: float) -> tuple[float | None, float | None]:
    """Return a lowest and a highest amount at ``rate``."""
    low, high = pair
    return None if low is None else low * rate, None if high is None else high * rate


def configured(kpis: Iterable[Kpi], settings: KpiSettings) -> tuple[Kpi, ...]:
    """Return ``kpis`` with the scales and ranges of ``settings``.

    Raises:
        ConfigError: A KPI that does not exist or cannot take such a scale.
    """
    by_name = {kpi.name: kpi for kpi in kpis}
    for name in (*settings.scales, *settings.ranges):
        if name not in by_name:
            raise ConfigError(f"unknown KPI '{name}'", hint=nearest(name, by_name))
    if settings.bands not in {"period-aware", "plain-days"}:
        raise ConfigError(f"unknown bands '{settings.bands}'", hint="Use period-aware or plain-days.")
    return tuple(replace(kpi, scale=_scale(kpi, settings)) for kpi in by_name.values())


def _scale(kpi: Kpi, settings: KpiSettings) -> Scale | RangeScale | None:
    scale = kpi.scale
    if kpi.name in settings.scales:
        scale = _changed(kpi, settings.scales[kpi.name])
    if kpi.name in settings.ranges:
        if not isinstance(scale, RangeScale):
            raise ConfigError(f"{kpi.name} is not graded by ranges", hint=f"Set scales.{kpi.name} instead.")
        scale = replace(scale, ranges={**scale.ranges, **settings.ranges[kpi.name]})
    if kpi.name == "token_ratio" and isinstance(scale, RangeScale):
        scale = replace(scale, globs=settings.workload_classes, by_glob=True)
    if kpi.how is How.OUTCOME and isinstance(scale, RangeScale) and settings.outcome_targets:
        targets = settings.outcome_targets
        scale = replace(scale, ranges={g: (None, t) for g, t in targets.items()}, globs={g: g for g in targets})
    if scale is not None and kpi.is_in_money:
        scale = None if settings.rate is None else scale.times(settings.rate)
    return scale


def _changed(kpi: Kpi, steps: Sequence[str | float]) -> Scale:
    limits = [float(s) for s in steps if not isinstance(s, str)]
    if len(limits) != len(steps):
        return Scale.of(*(str(s) for s in steps))
    if not isinstance(kpi.scale, Scale):
        raise ConfigError(
            f"{kpi.name} has no limits to replace",
            hint=f"Write whole steps: scales.{kpi.name} = ['< 1 good', 'warning'].",
        )
    return kpi.scale.with_limits(limits)


def _band(step: str) -> Band:
    found = _BAND.fullmatch(step.strip())
    if found is None:
        raise ConfigError(
            f"cannot read the band '{step}'", hint="Write OPERATOR NUMBER GRADE, for example '< 0.05 good'."
        )
    return Band(found["operator"], float(found["limit"]), _grade(found["grade"]))


def _grade(word: str) -> Grade:
    name = word.strip().lower()
    if name not in set(Grade):
        raise ConfigError(f"unknown grade '{name}'", hint=nearest(name, [g.value for g in Grade]))
    return Grade(name)
