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
from finopsctl.ledger.conditions import SYNONYMS, TAG, tag_text, tag_value
from finopsctl.ledger.period import JANUARY, is_day_bucket
from finopsctl.ledger.schema import LEDGER
from finopsctl.ledger.token_classes import TOKEN_COLUMNS
from finopsctl.results.report import Column, Report, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

UNTAGGED = "(untagged)"
MODEL_USAGE = "(model usage)"
"""What has no cost type: requests and usage of models, where other charges say what they are for."""

TOKEN_CLASS = "token_class"  # noqa: S105 - a kind of token, not a secret
METER = "meter"
TOKENS_METER = "tokens"
"""The meter of records that count tokens."""

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
        several: All values of a record as text (see ``conditions.values_in``), where it may have more than the first.
    """

    name: str
    title: str
    meaning: str
    key: Callable[[str], pl.Expr]
    text: Callable[[pl.Expr], pl.Expr] | None = None
    null_label: str = UNTAGGED
    grain: timedelta | None = None
    several: pl.Expr | None = None

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
    return Dimension(f"{TAG}{name}", name, f"the tag {name}", lambda _tz: tag_value(name), several=tag_text(name))


def own_unit() -> pl.Expr:
    """Return the unit of what a record counts beside tokens; null without any."""
    unit = pl.col("consumed_unit")
    return pl.when((unit != "") & (unit.str.to_lowercase() != TOKENS_METER)).then(unit)


def _meter() -> pl.Expr:
    """Return what a record counts in the first place: tokens where it has any, else its own unit."""
    tokens = pl.any_horizontal(pl.col(name) > 0 for name in TOKEN_COLUMNS).fill_null(value=False)
    counted = pl.any_horizontal(pl.col(name).is_not_null() for name in TOKEN_COLUMNS)
    of_tokens = pl.when(counted | pl.col("consumed_unit").is_not_null()).then(pl.lit(TOKENS_METER))
    return pl.when(tokens).then(pl.lit(TOKENS_METER)).otherwise(pl.coalesce(own_unit(), of_tokens))


def _local_date(timezone: str) -> pl.Expr:
    if timezone == "UTC":
        return _START.dt.date()
    return pl.when(is_day_bucket()).then(_START.dt.date()).otherwise(_START.dt.convert_time_zone(timezone).dt.date())


def _local_hour(timezone: str) -> pl.Expr:
    return _START.dt.convert_time_zone(timezone).dt.truncate("1h")


def _hour_text(key: pl.Expr) -> pl.Expr:
    return key.dt.strftime("%Y-%m-%dT%H:%M:%S%:z").str.replace("+00:00", "Z", literal=True)


def _fiscal(name: str, title: str, grain: timedelta, first_month: int) -> Dimension:
    """Return the dimension of fiscal quarters or years: its key is the day one begins."""
    is_quarter = name == "quarter"
    later = first_month - JANUARY
    early, late = f"-{later}mo", f"{later}mo"

    def first_day(timezone: str) -> pl.Expr:
        # Seen so many months earlier, a fiscal year is a calendar year.
        month = _local_date(timezone).dt.truncate("1mo")
        return month.dt.offset_by(early).dt.truncate("1q" if is_quarter else "1y").dt.offset_by(late)

    def text(key: pl.Expr) -> pl.Expr:
        shifted = key.dt.offset_by(early)
        year = shifted.dt.year() + (later > 0)
        written = pl.format("{}-Q{}", year, shifted.dt.quarter()) if is_quarter else year.cast(pl.String)
        return pl.concat_str(pl.lit("FY"), written) if later else written

    example = ("2026-Q4" if is_quarter else "2026") if not later else ("FY2027-Q1" if is_quarter else "FY2027")
    return Dimension(name, title, f"{example}; follows fiscal-year-start", first_day, text, grain=grain)


def _fiscals(first_month: int) -> tuple[Dimension, ...]:
    return (
        _fiscal("quarter", "Quarter", timedelta(days=92), first_month),
        _fiscal("year", "Year", timedelta(days=366), first_month),
    )


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
    *_fiscals(JANUARY),
)

TIME_DIMENSIONS = frozenset(d.name for d in _TIMES)

_TITLES = {"api_key": "API key", "canonical_model": "Canonical model", "user": "User", "plan": "Plan"}
_NULL_LABELS = {
    **dict.fromkeys(("model", "canonical_model", "model_tier", "provider", "requested_model"), "(unknown)"),
    "cost_type": MODEL_USAGE,
}

DIMENSIONS: tuple[Dimension, ...] = (
    *(
        _column(
            c.name,
            _TITLES.get(c.name, c.name.replace("_", " ").capitalize()),
            c.meaning,
            _NULL_LABELS.get(c.name, UNTAGGED),
        )
        for c in LEDGER
        if c.role == "dimension" and c.name not in {"record_kind", "cache_type"}
    ),
    _record_kind(),
    Dimension(
        TOKEN_CLASS, "Token class", "input, output, cache reads ...", lambda _tz: pl.lit(None), null_label="(not split)"
    ),
    Dimension(
        METER,
        "Meter",
        "tokens, or the unit of what else is counted: searches, images, seconds, GPU-hours",
        lambda _tz: _meter(),
        null_label="(no meter)",
    ),
    *_TIMES,
)
"""Every dimension but tags, which are named ``tag:NAME``."""

_BY_NAME = {d.name: d for d in DIMENSIONS}


def dimension(name: str, first_month: int = JANUARY) -> Dimension:
    """Return the dimension called ``name``; ConfigError names the nearest one when there is none.

    Args:
        name: Its name or another spelling of it.
        first_month: The month (1 to 12) that quarters and years begin with.
    """
    word = name.strip()
    if word.startswith(TAG) and word != TAG:
        return _tag(word.removeprefix(TAG))
    found = _BY_NAME.get(SYNONYMS.get(word, word))
    if found is None:
        raise ConfigError(f"unknown dimension '{word}'", hint=nearest(word, (*_BY_NAME, *SYNONYMS, "tag:NAME")))
    return next((fiscal for fiscal in _fiscals(first_month) if fiscal.name == found.name), found)


def parse(names: str | Iterable[str], first_month: int = JANUARY) -> tuple[Dimension, ...]:
    """Return the dimensions named in ``"team,model"`` (or several such texts), in order, each once.

    Args:
        names: What ``--by`` takes.
        first_month: The month (1 to 12) that quarters and years begin with.
    """
    texts = [names] if isinstance(names, str) else list(names)
    words = [word for text in texts for word in text.split(",") if word.strip()]
    return tuple({d.name: d for d in (dimension(word, first_month) for word in words)}.values())


def named(keys: Mapping[str, pl.Expr]) -> list[pl.Expr]:
    """Return group keys as expressions that carry their names."""
    return [expr.alias(name) for name, expr in keys.items()]


def longest_bucket(ledger: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row: ``longest`` (duration) of the rows that are not single requests."""
    aggregated = pl.col("record_kind") != "request"
    return ledger.select(longest=(_END - _START).filter(aggregated).max())


def longest_in(frames: Mapping[str, pl.DataFrame]) -> timedelta | None:
    """Return what the collected ``longest`` of :func:`longest_bucket` says; None where it was not asked for."""
    found = frames["longest"].item() if "longest" in frames else None
    return found if isinstance(found, timedelta) else None


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
    rows.append(("tag:NAME", None, "the value of any tag, the first where a record has several", UNTAGGED))
    frame = pl.DataFrame(
        rows, schema=dict.fromkeys(("dimension", "also", "meaning", "null_label"), pl.String), orient="row"
    )
    columns = (Column("dimension", "Dimension"), Column("also", "Also"), Column("meaning", "Meaning"))
    headline = f"{len(rows)} dimensions figures can be split by with --by and filtered by with --where."
    return Report("dimensions", headline, (Table("Dimensions", frame, columns),))
