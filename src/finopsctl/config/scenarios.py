"""Scenario files of the forecast: ``[[scenario]]`` tables with the changes they stand for."""

# No ``from __future__ import annotations``: the reader of settings needs the field types as types.
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

from finopsctl.analyses.forecast.scenarios import Change, Scenario
from finopsctl.config.declarations import key
from finopsctl.config.table_files import elements_of, entries_of, refuse_twins
from finopsctl.errors import ConfigError, nearest
from finopsctl.ledger.conditions import SYNONYMS, TAG
from finopsctl.metrics.dimensions import DIMENSIONS, TIME_DIMENSIONS, TOKEN_CLASS, dimension

_KNOWN = frozenset(known.name for known in DIMENSIONS) - TIME_DIMENSIONS - {TOKEN_CLASS}
_LEAST_GROWTH, _MOST_GROWTH = Decimal(-1), Decimal(5)


def _filter(name: str) -> str:
    if not (name.startswith(TAG) and name != TAG) and SYNONYMS.get(name, name) not in _KNOWN:
        raise ConfigError(f"a change cannot be limited by '{name}'", nearest(name, (*_KNOWN, *SYNONYMS)))
    return dimension(name).name


@dataclass(frozen=True, slots=True)
class ChangeTable:
    """``[[scenario.change]]``: one thing that changes."""

    start: date | None = field(
        default=None, metadata=key("First day it holds; by default the first forecast.", name="from")
    )
    end: date | None = field(default=None, metadata=key("First day it no longer holds.", name="to"))
    where: Mapping[str, str] = field(
        default_factory=dict, metadata=key("Dimensions it is limited to: value, glob, or several with commas.")
    )
    factor: Decimal = field(default=Decimal(1), metadata=key("What spend is multiplied by.", minimum=0))
    growth_per_month: Decimal = field(default=Decimal(0), metadata=key("Growth in 30 days: 0.1 for 10 %."))
    add_per_day: Decimal = field(default=Decimal(0), metadata=key("Amount added to each day."))

    def __post_init__(self) -> None:
        for name in self.where:
            _filter(name)
        _check_growth(self.growth_per_month)
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise ConfigError(f"a change from {self.start} to {self.end} never holds", "Swap the dates.")

    def change(self) -> Change:
        """Return what the analysis takes."""
        where = {
            _filter(name): tuple(text.strip() for text in texts.split(",") if text.strip())
            for name, texts in self.where.items()
        }
        growth, added = float(self.growth_per_month), float(self.add_per_day)
        return Change(self.start, self.end, where, float(self.factor), growth, added)


@dataclass(frozen=True, slots=True)
class ScenarioTable:
    """``[[scenario]]``: what may happen."""

    name: str = field(metadata=key("What it is called in reports."))
    growth: Decimal = field(default=Decimal(0), metadata=key("Growth of all spend in 30 days."))
    users_growth: Decimal = field(
        default=Decimal(0), metadata=key("Growth of users in 30 days, each spending what users spend now.")
    )
    change: tuple[ChangeTable, ...] = field(default=(), metadata=key("What changes, when, for whom."))

    def __post_init__(self) -> None:
        _check_growth(self.growth)
        _check_growth(self.users_growth)
        if not (self.growth or self.users_growth or self.change):
            raise ConfigError(
                f"scenario '{self.name}' changes nothing", "Write growth = 0.1, or a [[scenario.change]] below it."
            )

    def scenario(self) -> Scenario:
        """Return what the analysis takes."""
        overall = [Change(growth_per_month=float(rate)) for rate in (self.growth, self.users_growth) if rate]
        return Scenario(self.name, (*overall, *(table.change() for table in self.change)))


def _check_growth(rate: Decimal) -> None:
    if rate <= _LEAST_GROWTH:
        raise ConfigError(f"spend cannot shrink by {-rate * 100:f} % a month", "Write -0.1 for 10 % less.")
    if rate >= _MOST_GROWTH:
        raise ConfigError(f"a growth of {rate} means {rate * 100:f} % a month", f"Write {rate / 100:f} for {rate:f} %.")


def load(path: Path) -> tuple[Scenario, ...]:
    """Read the scenarios of a TOML file that holds ``[[scenario]]`` tables and nothing else.

    Raises:
        ConfigError: For a file that cannot be read, an unknown key, a growth that cannot be, or two of one name.
    """
    example = 'Write [[scenario]], name = "growth" and growth = 0.1.'
    entries = entries_of(path, "scenario", example=example, holder="A scenario file")
    tables = elements_of(path, "scenario", ScenarioTable, entries)
    refuse_twins((table.name for table in tables), "scenarios", path)
    return tuple(each.scenario() for each in tables)
