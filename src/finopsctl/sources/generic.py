"""CSV, JSON or Parquet of one's own, read through a map: which of its columns is which ledger column.

A map is a TOML file (``--map FILE.toml``)::

    [columns]                      # ledger column = "their column" (dotted path into nested JSON)
    charge_period_start = "TIMESTAMP"
    input_tokens = "ContextTokens"
    "tag:region" = "Region"        # a tag of that name
    [constants]                    # ledger column = value
    provider = "openai"
    requests = 1
    [options]
    tokens = "inclusive"           # input and output are totals; cached, audio, reasoning ... are parts of them
    cost_unit = "usd"              # usd | cents | micros | nanos: what amounts are counted in
    timezone = "UTC"               # of times without one
    timestamp_format = "%d.%m.%Y %H:%M"   # optional; without it ISO 8601, dates and epoch numbers are understood

Only mapped columns are read. Values that do not fit are set aside with their place, never guessed.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import polars as pl

from finopsctl.errors import ConfigError, nearest, reason_of
from finopsctl.ledger.schema import INSTANT, LEDGER_SCHEMA, MONEY
from finopsctl.ledger.token_classes import INPUT_COLUMNS, OUTPUT_COLUMNS, TOKEN_COLUMNS
from finopsctl.sources._kind import kind_and_requests, unknown_cost_type, unknown_kind
from finopsctl.sources._labels import merged_tags
from finopsctl.sources._parts import overdrawn, remainder
from finopsctl.sources._source import AT, BAD, FLAG, Source
from finopsctl.sources._typed import instant, parse_text, why_not

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from finopsctl.sources._probe import Probe

_TAG = "tag:"
_MAPPABLE = tuple(name for name in LEDGER_SCHEMA if name not in ("source", "origin"))
_MEASURES = (*TOKEN_COLUMNS, "requests", "reported_cost", "consumed_quantity")
_DECIMALS = {"usd": 0, "cents": 2, "micros": 6, "nanos": 9}
_OPTIONS = {"tokens": "inclusive", "cost_unit": "usd", "timezone": "UTC", "timestamp_format": ""}


@dataclass(frozen=True, slots=True, eq=False)
class ColumnMap:
    """What a map file says.

    Args:
        name: The map file, for messages.
        columns: Ledger column (or ``tag:NAME``) to the file's column, or a dotted path into nested JSON.
        constants: Ledger column to its value on every row, as text.
        inclusive: Whether input and output tokens are totals that contain the other classes of their direction.
        cost_unit: What amounts are counted in: usd, cents, micros or nanos.
        timezone: IANA zone of times that name none.
        timestamp_format: How times are written (strftime); empty for the usual forms.
    """

    name: str
    columns: Mapping[str, str]
    constants: Mapping[str, str] = field(default_factory=dict)
    inclusive: bool = True
    cost_unit: str = "usd"
    timezone: str = "UTC"
    timestamp_format: str = ""


def load_map(path: Path) -> ColumnMap:
    """Read a map file.

    Raises:
        ConfigError: When it cannot be read, names something unknown, or has no column for the time.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as problem:
        raise ConfigError(f"{path}: {reason_of(problem)}", "Check the path given to --map.") from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ConfigError(f"{path}: no valid TOML ({problem})", "`finopsctl sources generic` shows a map.") from problem
    return column_map(document, str(path))


def column_map(document: Mapping[str, Any], name: str) -> ColumnMap:
    """Return a map from its parsed document; ``name`` is for messages.

    Raises:
        ConfigError: As for :func:`load_map`.
    """
    for key in document:
        if key not in ("columns", "constants", "options"):
            raise ConfigError(f"{name}: unknown table [{key}]", nearest(key, ("columns", "constants", "options")))
    columns = _table(document, "columns", name)
    constants = _table(document, "constants", name)
    for key in (*columns, *constants):
        if key not in _MAPPABLE and not (key.startswith(_TAG) and len(key) > len(_TAG)):
            raise ConfigError(f"{name}: '{key}' is no ledger column", nearest(key, _MAPPABLE))
        if key in columns and key in constants:
            raise ConfigError(f"{name}: '{key}' has both a column and a constant", "Keep one of the two.")
    for key, value in columns.items():
        if not isinstance(value, str) or not value:
            raise ConfigError(
                f"{name}: [columns] {key} must name a column, in quotes", f'Write {key} = "Their column".'
            )
    if "charge_period_start" not in (*columns, *constants):
        raise ConfigError(
            f"{name}: no column is named for charge_period_start, the time of a record",
            'Add charge_period_start = "Their time column" under [columns].',
        )
    if not {*columns, *constants} & set(_MEASURES):
        raise ConfigError(f"{name}: nothing to count is named", f"Name one of {', '.join(_MEASURES)} under [columns].")
    return ColumnMap(name, columns, _constants(constants, name), **_options(_table(document, "options", name), name))


def _table(document: Mapping[str, Any], key: str, name: str) -> dict[str, Any]:
    table = document.get(key, {})
    if not isinstance(table, dict):
        raise ConfigError(f"{name}: [{key}] must be a table", f"Write [{key}] on a line of its own.")
    return table


def _constants(table: Mapping[str, Any], name: str) -> dict[str, str]:
    texts = {}
    for key, value in table.items():
        if not isinstance(value, str | int | float | date | datetime):
            raise ConfigError(f"{name}: [constants] {key} must be text, a number or a date", "Give one value.")
        text = value.isoformat() if isinstance(value, date) else str(value)
        if key in LEDGER_SCHEMA and key != "record_kind":
            fits, what = parse_text(pl.lit(text), LEDGER_SCHEMA[key])
            if pl.select(fits).item() is None:
                raise ConfigError(
                    f"{name}: [constants] {key} = {value!r} is not {what or 'text'}", "Correct the value."
                )
        texts[key] = text
    return texts


def _options(table: Mapping[str, Any], name: str) -> dict[str, Any]:
    for key, value in table.items():
        if key not in _OPTIONS:
            raise ConfigError(f"{name}: unknown option '{key}'", nearest(key, _OPTIONS))
        if not isinstance(value, str):
            raise ConfigError(f"{name}: [options] {key} must be text", f'Write {key} = "...".')
    options = {**_OPTIONS, **table}
    for key, allowed in (("tokens", ("inclusive", "exclusive")), ("cost_unit", tuple(_DECIMALS))):
        if options[key] not in allowed:
            raise ConfigError(f"{name}: {key} = '{options[key]}' is none of {', '.join(allowed)}", "Use one of these.")
    _check_times(options["timezone"], options["timestamp_format"], name)
    return {
        "inclusive": options["tokens"] == "inclusive",
        "cost_unit": options["cost_unit"],
        "timezone": options["timezone"],
        "timestamp_format": options["timestamp_format"],
    }


def _check_times(timezone: str, timestamp_format: str, name: str) -> None:
    try:
        ZoneInfo(timezone)
    except (KeyError, ValueError, OSError) as problem:  # not found; no such name can be; the name of a folder
        raise ConfigError(
            f"{name}: unknown time zone '{timezone}'", "Use an IANA name such as Europe/Berlin."
        ) from problem
    if timestamp_format and not _reads_what_it_writes(timestamp_format):
        raise ConfigError(
            f"{name}: timestamp_format '{timestamp_format}' cannot tell a day",
            "Use strftime codes, e.g. %Y-%m-%d %H:%M:%S.",
        )


def _reads_what_it_writes(pattern: str) -> bool:
    moment = pl.Series([datetime(2026, 11, 1, 10, 30, tzinfo=UTC)])
    try:
        written = moment.dt.strftime(pattern).to_frame("t")
        read = written.select(_formatted(pl.col("t"), pattern, "UTC")).to_series()
    except pl.exceptions.PolarsError:
        return False
    return bool((read.dt.date() == moment.dt.date()).all()) and read.null_count() == 0


def source(mapping: ColumnMap) -> Source:
    """Return the source that reads files by ``mapping``; its ``score`` is 1 where a file has the mapped columns."""
    return replace(
        SOURCE,
        title=f"Columns mapped by {mapping.name}",
        score=lambda look: 0.0 if _absent(look, mapping) else 1.0,
        adapt=lambda look: _adapt(look, mapping),
    )


def _absent(look: Probe, mapping: ColumnMap) -> list[str]:
    """Return the mapped columns that a file lacks; of JSON, where keys may be left out, only if it lacks them all."""
    known = look.names if look.shape in ("csv", "parquet") else look.names | {k for r in look.records for k in r}
    absent = [path for path in mapping.columns.values() if path not in known and path.split(".")[0] not in known]
    strict = look.shape in ("csv", "parquet") or len(absent) == len(mapping.columns)
    return absent if strict else []


def _adapt(look: Probe, mapping: ColumnMap) -> Source:
    absent = _absent(look, mapping)
    if absent:
        raise ConfigError(
            f"{mapping.name}: the input has no column '{absent[0]}'", nearest(absent[0], look.names or {"(none)"})
        )
    flat = look.names if look.shape in ("csv", "parquet") else {key for record in look.records for key in record}
    paths = {path: (path,) if path in flat else tuple(path.split(".")) for path in mapping.columns.values()}
    leaves = {path: _leaf(keys) for path, keys in paths.items()}
    return replace(
        source(mapping),
        raw=_raw(tuple(paths.values()), mapping.name),
        to_ledger=lambda frame: _to_ledger(frame, mapping, leaves),
        adapt=None,
    )


def _raw(paths: tuple[tuple[str, ...], ...], name: str) -> pl.Schema:
    tree: dict[str, Any] = {}
    for keys in paths:
        node = tree
        for key in keys[:-1]:
            node = node.setdefault(key, {})
            if node is None:
                break
        if node is None or node.get(keys[-1]):
            raise ConfigError(
                f"{name}: '{'.'.join(keys)}' and a path above or below it are both mapped", "Map one of the two."
            )
        node[keys[-1]] = None
    return pl.Schema({key: _dtype(below) for key, below in tree.items()})


def _dtype(node: Mapping[str, Any] | None) -> pl.DataType:
    return pl.String() if node is None else pl.Struct({key: _dtype(below) for key, below in node.items()})


def _leaf(keys: tuple[str, ...]) -> pl.Expr:
    value = pl.col(keys[0])
    for key in keys[1:]:
        value = value.struct.field(key)
    text = value.str.strip_chars()
    return pl.when(text != "").then(text)


def _to_ledger(frame: pl.LazyFrame, mapping: ColumnMap, leaves: Mapping[str, pl.Expr]) -> pl.LazyFrame:
    texts = {name: leaves[path] for name, path in mapping.columns.items()}
    texts |= {name: pl.lit(text) for name, text in mapping.constants.items()}
    values, reasons = {}, []
    for name, text in texts.items():
        if name in LEDGER_SCHEMA and name not in ("record_kind", "tags"):
            values[name], what = _value(name, text, mapping)
            if what:
                shown = f"{name} ({mapping.columns[name]})" if name in mapping.columns else name
                reasons.append(why_not(shown, text, values[name], what))
    if "cost_type" in values:
        values["cost_type"] = values["cost_type"].str.to_lowercase()
        reasons.append(unknown_cost_type(values["cost_type"]))
    kind = texts.get("record_kind", pl.lit(None, pl.String))
    labels = {name: text for name, text in texts.items() if name == "tags" or name.startswith(_TAG)}
    typed = frame.select(
        AT,
        pl.coalesce(pl.lit(None, pl.String), unknown_kind(kind), *reasons).alias(BAD),
        kind.alias("record_kind"),
        **values,
        __labels=_tags(labels),
    )
    return _completed(typed, mapping)


def _tags(labels: Mapping[str, pl.Expr]) -> pl.Expr:
    if not labels:
        return pl.lit(None, pl.String)
    named = [text.alias(name.removeprefix(_TAG) if name != "tags" else "__own") for name, text in labels.items()]
    return merged_tags(named, own="__own" if "tags" in labels else None)


def _completed(frame: pl.LazyFrame, mapping: ColumnMap) -> pl.LazyFrame:
    """Make token classes disjoint, and fill in the kind of record."""
    names = frame.collect_schema().names()
    changes: dict[str, pl.Expr] = {"tags": pl.col("__labels")}
    remarks = []
    for total, *parts in (INPUT_COLUMNS, OUTPUT_COLUMNS) if mapping.inclusive else ():
        present = {part: pl.col(part) for part in parts if part in names}
        if total in names and present:
            changes[total] = remainder(pl.col(total), list(present.values()))
            remarks.append(overdrawn(total, pl.col(total), present))
    if remarks:
        changes[FLAG] = pl.coalesce(*remarks)
    end = pl.col("charge_period_end") if "charge_period_end" in names else pl.lit(None, INSTANT)
    requests = pl.col("requests") if "requests" in names else pl.lit(None, pl.Int64)
    changes["record_kind"], changes["requests"] = kind_and_requests(pl.col("record_kind"), requests, end)
    return frame.with_columns(**changes).drop("__labels")


def _value(name: str, text: pl.Expr, mapping: ColumnMap) -> tuple[pl.Expr, str]:
    """Return a ledger column read from text, and what it should have been where it is not."""
    dtype = LEDGER_SCHEMA[name]
    if dtype == INSTANT:
        if mapping.timestamp_format and name in mapping.columns:
            return _formatted(text, mapping.timestamp_format, mapping.timezone), "a time in timestamp_format"
        return instant(text, naive=mapping.timezone), "a time"
    if dtype == MONEY:
        return _amount(text, _DECIMALS[mapping.cost_unit]), "an amount"
    value, what = parse_text(text, dtype)
    if dtype.is_integer() and name not in TOKEN_COLUMNS:
        flag, _ = parse_text(pl.when(text.str.contains(r"(?i)^(true|false|yes|no)$")).then(text), pl.Boolean())
        value = pl.coalesce(value, flag.cast(pl.Int64))
    return value, what


def _amount(text: pl.Expr, decimals: int) -> pl.Expr:
    # Units of 10^-decimals USD with 12-decimals decimals have the same integer inside as USD with 12: 1e-12 USD each.
    pico = text.cast(pl.Decimal(38, 12 - decimals), strict=False).to_physical()
    return (
        (pico.cast(pl.Decimal(38, 0)) * pl.lit("1e-12").cast(MONEY)).cast(MONEY)
        if decimals
        else parse_text(text, MONEY)[0]
    )


def _formatted(text: pl.Expr, pattern: str, timezone: str) -> pl.Expr:
    if "%z" in pattern or "%#z" in pattern or "%:z" in pattern:
        return text.str.to_datetime(pattern, time_unit="us", time_zone="UTC", strict=False)
    local = pl.coalesce(
        text.str.to_datetime(pattern, time_unit="us", strict=False),
        text.str.to_date(pattern, strict=False).cast(pl.Datetime("us")),
    )
    return local.dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")


def _unmapped(_look: Probe) -> Source:
    raise ConfigError(
        "the source generic needs a map of its columns", "Pass --map FILE.toml; `finopsctl sources generic` shows one."
    )


SOURCE = Source(
    name="generic",
    title="CSV, JSON or Parquet of one's own, by a map of its columns (--map)",
    family="generic",
    shapes=("csv", "jsonl", "json", "parquet"),
    raw=pl.Schema({}),
    score=lambda _look: 0.0,
    to_ledger=lambda frame: frame,
    export="""\
finopsctl kpi FILE --map map.toml    # where map.toml is, for example:
[columns]
charge_period_start = "TIMESTAMP"
input_tokens = "ContextTokens"
output_tokens = "GeneratedTokens"
[constants]
provider = "openai"
model = "gpt-4o"
requests = 1
[options]
tokens = "inclusive"\
""",
    adapt=_unmapped,
)
