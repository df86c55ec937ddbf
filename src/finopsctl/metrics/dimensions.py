"""What figures can be split by: a closed list of ledger columns, tags and calendar periods.

Calendar periods are cut in the report's time zone. A row of a day or longer keeps its UTC calendar date in every
time zone: providers cut their daily buckets in UTC, and a bucket cannot be moved.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.errors import ConfigError, SourceError, nearest
from finopsctl.ledger.conditions import SYNONYMS, TAG, tag_value
from finopsctl.ledger.period import is_day_bucket
from finopsctl.ledger.schema import LEDGER
from finopsctl.results.report import Column, Report, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

UNTAGGED = "(untagged)"
TOKEN_CLASS = "token_class"  # noqa: S105 - a kind of token, not a secret

_START, _END = pl.col("charge_period_start"), pl.col("charge_period_end")


@dataclass(frozen=True, slots=True, eq=False)
class Dimension:
    """One thing figures can be split by.

    Args:
        name: Its name on the command line and in JSON.
        title: Its heading.
        meaning: One line for the documentation.
        key: The expression to group by, for a time zone; null where the ledger does not know.
        text: Turns that key into the text shown; identity for text columns.
        null_label: What null is called on screen.
        grain: The longest bucket that still belongs to one value; None: any.
    """

    name: str
    title: str
    meaning: str
    key: Callable[[str], pl.Expr]
    text: Callable[[pl.Expr], pl.Expr] | None = None
    null_label: str = UNTAGGED
    grain: timedelta | None = None

    def expr(self, timezone: str) -> pl.Expr:
        """Return the text of each ledger row's value, null where the ledger does not know."""
        return self.shown(self.key(timezone))

    def shown(self, key: pl.Expr) -> pl.Expr:
        """Return the text of a column that was grouped by ``key``."""
        return self.text(key) if self.text else key

    @property
    def column(self) -> Column:
        """How a report shows it."""
        return Column(self.name, self.title, null=self.null_label)


def _column(name: str, title: str, meaning: str, null_label: str) -> Dimension:
    return Dimension(name, title, meaning, lambda _tz: pl.col(name), null_label=null_label)


def _record_kind() -> Dimension:
    meaning = "request, usage, cost or credit"
    return Dimension("record_kind", "Kind", meaning, lambda _tz: pl.col("record_kind"), lambda key: key.cast(pl.String))


def _tag(name: str) -> Dimension:
    return Dimension(f"{TAG}{name}", name, f"the tag {name}", lambda _tz: tag_value(name))


def _local_date(timezone: str) -> pl.Expr:
    if timezone == "UTC":
        return _START.dt.date()
    return pl.when(is_day_bucket()).then(_START.dt.date()).otherwise(_START.dt.convert_time_zone(timezone).dt.date())


def _local_hour(timezone: str) -> pl.Expr:
    return _START.dt.convert_time_zone(timezone).dt.truncate("1h")


def _hour_text(key: pl.Expr) -> pl.Expr:
    return key.dt.strftime("%Y-%m-%dT%H:%M:%S%:z").str.replace("+00:00", "Z", literal=True)


def _quarter_text(key: pl.Expr) -> pl.Expr:
    return pl.format("{}-Q{}", key.dt.year(), key.dt.quarter())


_TIMES = (
    Dimension("hour", "Hour", "RFC 3339 hour", _local_hour, _hour_text, grain=timedelta(hours=1)),
    Dimension(
        "day", "Day", "2026-10-01", _local_date, lambda key: key.dt.strftime("%Y-%m-%d"), grain=timedelta(days=1)
    ),
    Dimension(
        "week",
        "Week",
        "ISO week, 2026-W40",
        lambda tz: _local_date(tz).dt.truncate("1w"),
        lambda key: key.dt.strftime("%G-W%V"),
        grain=timedelta(days=7),
    ),
    Dimension(
        "month",
        "Month",
        "2026-10",
        lambda tz: _local_date(tz).dt.truncate("1mo"),
        lambda key: key.dt.strftime("%Y-%m"),
        grain=timedelta(days=31),
    ),
    Dimension(
        "quarter",
        "Quarter",
        "2026-Q4",
        lambda tz: _local_date(tz).dt.truncate("1q"),
        _quarter_text,
        grain=timedelta(days=92),
    ),
)

TIME_DIMENSIONS = frozenset(d.name for d in _TIMES)

_TITLES = {"api_key": "API key", "canonical_model": "Canonical model", "user": "User", "plan": "Plan"}
_UNKNOWN = frozenset({"model", "canonical_model", "model_tier", "provider", "requested_model"})

DIMENSIONS: tuple[Dimension, ...] = (
    *(
        _column(
            c.name,
            _TITLES.get(c.name, c.name.replace("_", " ").capitalize()),
            c.meaning,
            "(unknown)" if c.name in _UNKNOWN else UNTAGGED,
        )
        for c in LEDGER
        if c.role == "dimension" and c.name not in {"record_kind", "cache_type"}
    ),
    _record_kind(),
    Dimension(
        TOKEN_CLASS, "Token class", "input, output, cache reads ...", lambda _tz: pl.lit(None), null_label="(not split)"
    ),
    *_TIMES,
)
"""Every dimension but tags, which are named ``tag:NAME``."""

_BY_NAME = {d.name: d for d in DIMENSIONS}


def dimension(name: str) -> Dimension:
    """Return the dimension called ``name``; ConfigError names the nearest one when there is none."""
    word = name.strip()
    if word.startswith(TAG) and word != TAG:
        return _tag(word.removeprefix(TAG))
    found = _BY_NAME.get(SYNONYMS.get(word, word))
    if found is None:
        raise ConfigError(f"unknown dimension '{word}'", hint=nearest(word, (*_BY_NAME, *SYNONYMS, "tag:NAME")))
    return found


def parse(names: str | Iterable[str]) -> tuple[Dimension, ...]:
    """Return the dimensions named in ``"team,model"`` (or several such texts), in order, each once."""
    texts = [names] if isinstance(names, str) else list(names)
    words = [word for text in texts for word in text.split(",") if word.strip()]
    return tuple({d.name: d for d in map(dimension, words)}.values())


def named(keys: Mapping[str, pl.Expr]) -> list[pl.Expr]:
    """Return group keys as expressions that carry their names."""
    return [expr.alias(name) for name, expr in keys.items()]


def longest_bucket(ledger: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row: ``longest`` (duration) of the rows that are not single requests."""
    aggregated = pl.col("record_kind") != "request"
    return ledger.select(longest=(_END - _START).filter(aggregated).max())


def refuse_longer_buckets(dimensions: Iterable[Dimension], longest: timedelta | None) -> None:
    """Raise SourceError when a bucket is longer than the finest calendar period asked for.

    Putting such a bucket on its first hour or day would be a guess.
    """
    for asked in dimensions:
        if asked.grain is not None and longest is not None and longest > asked.grain:
            raise SourceError(
                f"the input holds usage or cost buckets of {_words(longest)}: they cannot be split by {asked.name}",
                hint=f"Ask for a longer period than {asked.name}, or leave them out with --where record_kind=request.",
            )


def _words(length: timedelta) -> str:
    hours = length.total_seconds() / 3600
    return f"{length.days} days" if length.days > 1 else f"{hours:g} hours"


def catalogue() -> Report:
    """List every dimension with its meaning and other spellings."""
    others = {name: alias for alias, name in SYNONYMS.items()}
    rows = [(d.name, others.get(d.name), d.meaning, d.null_label) for d in DIMENSIONS]
    rows.append(("tag:NAME", None, "the value of any tag", UNTAGGED))
    frame = pl.DataFrame(
        rows, schema=dict.fromkeys(("dimension", "also", "meaning", "null_label"), pl.String), orient="row"
    )
    columns = (Column("dimension", "Dimension"), Column("also", "Also"), Column("meaning", "Meaning"))
    headline = f"{len(rows)} dimensions figures can be split by with --by and filtered by with --where."
    return Report("dimensions", headline, (Table("Dimensions", frame, columns),))
