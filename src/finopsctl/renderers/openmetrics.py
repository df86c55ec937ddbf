"""The rows of a report as gauges in the text format of OpenMetrics, which Prometheus' textfile collector reads too.

Format: https://prometheus.io/docs/specs/om/open_metrics_spec/. A column of numbers is a family of gauges, a column of
names is a label; one of days or moments is a gauge of seconds since 1970, and a label only where names do not tell the
rows apart. A family's name is ``finopsctl``, the command, the column and the base unit: ``_usd`` (another currency by
its own code), ``_ratio``, ``_seconds`` (also of days and milliseconds). Where rows are figures with units of their
own, the figure is the name: ``finopsctl_cost_per_request_usd``. What is unknown is absent: null gives no sample, and no
label. Labels say what a row is about, never how it fares: a series whose labels change is another series.
Nothing has a time of its own, so that a file may lie there for a collector. Grades and results are numbers
(:data:`GRADES`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.renderers._machine_text import instant, number
from finopsctl.renderers._visible import visible
from finopsctl.results.report import Long
from finopsctl.results.units import Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from finopsctl.renderers import Screen
    from finopsctl.results.report import Report, Table

GRADES: Mapping[str, int] = {
    "good": 0,
    "pass": 0,
    "ok": 1,
    "waived": 1,
    "warning": 2,
    "critical": 3,
    "fail": 3,
    "exhausted": 4,
}
"""What stands for a grade or a result, the higher the worse; any other word (too early to tell, no data) is absent."""

_GRADED = frozenset({"grade", "status", "result", "severity"})
_PROSE = frozenset({"title", "target", "action", "message", "evidence", "command", "unit"})
_FARES = frozenset({"bound"})  # which limit of a check has decided: it changes with the value
_FIGURES = frozenset({"kpi", "figure"})  # columns whose words are names of ours, and never a log's or a policy's
_OTHER = "other"
_ROW = "row"
_SECONDS = {Unit.DAYS: Decimal(86_400), Unit.MILLISECONDS: Decimal("0.001")}
_SUFFIX = {
    Unit.USD: "{currency}",
    Unit.UNIT_PRICE: "{currency}",
    Unit.PRICE: "{currency}",
    Unit.USD_PER_DAY: "{currency}_per_day",
    Unit.RATIO: "ratio",
    Unit.SHARE: "ratio",
    Unit.FACTOR: "ratio",
    Unit.CHANGE: "ratio",
    Unit.POINTS: "ratio",
    Unit.DAYS: "seconds",
    Unit.MILLISECONDS: "seconds",
    Unit.INSTANT: "timestamp_seconds",
}
_BY_NAME = {
    "share": Unit.SHARE,
    "cumulative_share": Unit.SHARE,
    "coverage": Unit.SHARE,
    "utilization": Unit.RATIO,
    "overrun_probability": Unit.RATIO,
    "change": Unit.CHANGE,
    "usd_effect": Unit.USD,
    "numerator": Unit.COUNT,
    "denominator": Unit.COUNT,
    "burn_rate": Unit.USD_PER_DAY,
    "burn_rate_7d": Unit.USD_PER_DAY,
    "burn_rate_24h": Unit.USD_PER_DAY,
    "days_to_exhaustion": Unit.DAYS,
    "days_to_exhaustion_7d": Unit.DAYS,
}
"""Units of columns that only machines read, which no table declares."""

_RESERVED = frozenset({"bucket", "count", "created", "info", "sum", "total"})
"""Endings that say what other kinds of metrics are made of."""

_NOT_IN_A_NAME = re.compile(r"[^a-z0-9_]+")


@dataclass(slots=True)
class Family:
    """Gauges of one name.

    Args:
        name: Its name.
        unit: The unit its name ends with; empty: it counts something.
        about: What it is, in words.
        samples: Labels and value, in order.
    """

    name: str
    unit: str
    about: str
    samples: list[tuple[Mapping[str, str], str]] = field(default_factory=list)


def render(report: Report, _screen: Screen) -> bytes:
    """Return the first table's rows as gauges; an empty exposition for a report without tables."""
    currency = str(report.context.header.get("currency") or "USD")
    tables = report.tables[:1]
    return exposition(f for table in tables for f in families(table, report.command, currency))


def exposition(found: Iterable[Family]) -> bytes:
    """Return families as a document; those of one name are one family, in the order of the first."""
    merged: dict[str, Family] = {}
    told: set[tuple[str, frozenset[tuple[str, str]]]] = set()
    for family in found:
        for labels, value in family.samples:
            series = (family.name, frozenset(labels.items()))
            if series not in told:
                told.add(series)
                one = merged.setdefault(family.name, Family(family.name, family.unit, family.about))
                one.samples.append((labels, value))
    lines = [line for family in merged.values() for line in _lines(family)]
    return ("\n".join([*lines, "# EOF"]) + "\n").encode()


def gauge(name: str, about: str, value: Decimal | float | None, unit: str = "") -> Family:
    """Return a family of one figure without labels; of an unknown one it has no sample."""
    text = _value(value)
    return Family(f"finopsctl_{name}", unit, about, [] if text is None else [({}, text)])


def families(table: Table, subject: str, currency: str = "USD") -> Iterator[Family]:
    """Yield the families of a table's rows.

    Args:
        table: The rows; text columns are labels.
        subject: What stands before a column's name, e.g. the command; empty: nothing.
        currency: That of its money (ISO 4217).
    """
    frame = table.frame
    units = _units(table)
    graded = [name for name in frame.columns if units.get(name) is Unit.GRADE or name in _GRADED]
    rows = frame.to_dicts()
    names, labels = _labels(table, rows, graded)
    parts = [subject] if subject else []
    for name, dtype in frame.schema.items():
        unit = units.get(name, Unit.COUNT)
        if name in names or name == _OTHER or (name == "severity" and "result" in frame.columns):
            continue  # of a check: how bad it is when it fails, also while it passes
        if name in graded:
            yield _grades(table, name, parts, labels)
        elif unit is Unit.MIXED and "unit" in frame.columns:
            yield from _mixed(table, name, parts, labels, currency)
        elif dtype.is_numeric() or dtype.is_temporal() or dtype == pl.Boolean:
            asked = Unit.INSTANT if dtype.is_temporal() else unit
            family = _family([*parts, name], asked, _words(table, name), currency)
            family.samples += _samples((row[name] for row in rows), labels, asked)
            yield family


def _units(table: Table) -> dict[str, Unit]:
    """Return the units of columns: as declared, else by the names that mean the same everywhere, else of money."""
    declared = {column.name: column.unit for column in table.columns if column.unit is not Unit.TEXT}
    known = {name: unit for name, unit in _BY_NAME.items() if name in table.frame.columns}
    money = {name: Unit.USD for name, dtype in table.frame.schema.items() if dtype.is_decimal()}
    return {**money, **known, **declared}


def _labels(
    table: Table, rows: Sequence[Mapping[str, Any]], graded: Sequence[str]
) -> tuple[list[str], list[dict[str, str]]]:
    """Return the columns that are labels and the labels of each row; rows that stay alike are numbered, all of them."""
    schema = table.frame.schema
    long = {column.name for column in table.columns if column.long is not Long.CUT}
    left = [name for name in schema if name not in _PROSE | _FARES and name not in graded and name not in long]
    texts = [name for name in left if isinstance(schema[name], pl.String | pl.Categorical | pl.Enum) or name == _OTHER]
    times = [name for name in left if schema[name].is_temporal()]
    for names in (texts, [*texts, *times]):
        called = _label_names(names)
        found = [{called[name]: _text(row[name]) for name in names if row[name] not in (None, "")} for row in rows]
        if len({tuple(labels.items()) for labels in found}) == len(found):
            return names, found
    return names, [{**labels, _ROW: str(at)} for at, labels in enumerate(found, 1)]


def _label_names(columns: Sequence[str]) -> dict[str, str]:
    """Return the label of each column; where a label is taken (``tag:a.b``, ``tag:a-b``), the next one is numbered."""
    found: dict[str, str] = {}
    for column in columns:
        label, at = _name(column), 1
        while label in found.values():
            at += 1
            label = f"{_name(column)}_{at}"
        found[column] = label
    return found


def _text(value: Any) -> str:  # noqa: ANN401 - a cell
    return instant(value) if isinstance(value, date | datetime) else visible(str(value))


def _mixed(
    table: Table, name: str, parts: Sequence[str], labels: Sequence[Mapping[str, str]], currency: str
) -> Iterator[Family]:
    """Yield a family a row, those of figures by the figure's name; where a name is a user's it stays a label."""
    figure = next((column for column in table.frame.columns if column in _FIGURES), None)
    suffix = [] if name == "value" else [name]
    for at, row in enumerate(table.frame.iter_rows(named=True)):
        unit = table.row_units[at] if table.row_units else _row_unit(row["unit"])
        if figure is None:
            family = _family([*parts, name], unit, _words(table, name), currency)
        else:
            family = _family([str(row[figure] or name), *suffix], unit, str(row.get("title") or row[figure]), currency)
        kept = {label: text for label, text in labels[at].items() if label != figure}
        family.samples += _samples([row[name]], [kept], unit)
        yield family


def _row_unit(word: str | None) -> Unit:
    return Unit(word) if word in set(Unit) else Unit.COUNT


def _grades(table: Table, name: str, parts: Sequence[str], labels: Sequence[Mapping[str, str]]) -> Family:
    scale = ", ".join(f"{standing} {word}" for word, standing in GRADES.items())
    family = _family([*parts, name], Unit.COUNT, f"{_words(table, name)}: {scale}", "")
    family.samples += _samples((GRADES.get(str(word)) for word in table.frame[name]), labels, Unit.COUNT)
    return family


def _words(table: Table, name: str) -> str:
    title = next((column.title for column in table.columns if column.name == name), name.replace("_", " "))
    return f"{table.title}: {title}"


def _family(parts: Sequence[str], unit: Unit, about: str, currency: str) -> Family:
    """Return an empty family; its name ends with its unit, days and milliseconds are seconds."""
    suffix = _SUFFIX.get(unit, "").format(currency=currency.lower())
    names = [_name(part) for part in parts]
    words = "_".join(names[1:] if len(names) > 1 and names[1].startswith(f"{names[0]}_") else names)
    if unit in _SECONDS:
        words = words.replace("days_to_", "time_to_").removesuffix("_ms").removesuffix("_days")
    if suffix and not words.endswith(f"_{suffix}"):
        words = f"{words}_{suffix}"
    if words.rpartition("_")[2] in _RESERVED:
        words = f"{words}_value"
    return Family(f"finopsctl_{words}", suffix.removeprefix("timestamp_"), about)


def _name(text: str) -> str:
    """Return text as part of a name or as a label: small letters, digits and underscores."""
    plain = _NOT_IN_A_NAME.sub("_", text.lower().replace(":", "_")).strip("_") or "unnamed"
    return plain if not plain[0].isdigit() else f"_{plain}"


def _samples(
    values: Iterable[Any], labels: Sequence[Mapping[str, str]], unit: Unit
) -> list[tuple[Mapping[str, str], str]]:
    found = []
    for value, own in zip(values, labels, strict=True):
        text = _value(value, _SECONDS.get(unit))
        if text is not None:
            found.append((own, text))
    return found


def _value(value: Any, factor: Decimal | None = None) -> str | None:  # noqa: ANN401 - a number of any kind
    """Return a number with all its digits; None for what is unknown or not finite."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, date):
        value = _epoch(value)
    text = number(value)
    if text != "null" and factor is not None:
        text = number(Decimal(text) * factor)
    return None if text == "null" else text


def _epoch(value: date) -> float:
    """Return a moment, or the midnight (UTC) a day begins with, in seconds since 1970."""
    moment = value if isinstance(value, datetime) else datetime.combine(value, time())
    seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return int(seconds) if seconds == int(seconds) else seconds


def _lines(family: Family) -> Iterator[str]:
    yield f"# HELP {family.name} {_escaped(visible(family.about)).replace(chr(34), chr(39))}"
    yield f"# TYPE {family.name} gauge"
    if family.unit and family.name.endswith(f"_{family.unit}"):
        yield f"# UNIT {family.name} {family.unit}"
    for labels, value in family.samples:
        inner = ",".join(f'{name}="{_quoted(text)}"' for name, text in labels.items())
        yield f"{family.name}{{{inner}}} {value}" if inner else f"{family.name} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', '\\"')
