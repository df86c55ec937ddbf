"""Values as machines read them: exact digits in plain notation, RFC 3339 times, JSON without surprises.

Frames become text by Polars expressions, so a ledger of millions of rows is written without Python touching a row;
single values (a report's context, totals, findings) go through :func:`encode`, which writes the same text.
A number has no exponent, no trailing zeros and no ``-0``; NaN and infinity are null. Control characters, line
separators and the invisible characters that turn text around are escaped: a JSON document shown on a terminal cannot
steer it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.renderers._visible import CONTROL_CODES

if TYPE_CHECKING:
    from finopsctl.results.report import Report

# What JSON writers leave as it is: escapes of U+007F and beyond (in UTF-16 units above the first plane).
_ESCAPES = {chr(code): json.dumps(chr(code))[1:-1] for code in sorted(CONTROL_CODES) if code >= 0x7F}
_ESCAPE_TABLE = str.maketrans(_ESCAPES)
_RFC_3339 = "%Y-%m-%dT%H:%M:%S%.fZ"


def schema_of(report: Report) -> str:
    """Return the name of a document's form, e.g. ``finopsctl/kpi/1``."""
    return f"finopsctl/{report.command}/1"


def encode(value: Any) -> str:  # noqa: ANN401 - JSON has no narrower type
    """Return one plain value (None, bool, number, text, date, sequence or mapping) as compact JSON text."""
    match value:
        case Mapping():
            return "{" + ",".join(f"{encode(str(key))}:{encode(item)}" for key, item in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(map(encode, value)) + "]"
        case _:
            return _encode_one(value)


def _encode_one(value: Any) -> str:  # noqa: ANN401
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal():
            return number(value)
        case date():
            return f'"{instant(value)}"'
        case _:
            text = json.dumps(str(value), ensure_ascii=False).translate(_ESCAPE_TABLE)
            # A file name may hold bytes that are no text; what Python writes for them is a JSON escape too.
            return text.encode("utf-8", "backslashreplace").decode()


def number(value: float | Decimal) -> str:
    """Return a number in plain notation with all its digits and no trailing zeros; ``null`` when it is not finite."""
    if isinstance(value, int):
        return str(int(value))
    if not math.isfinite(value):
        return "null"
    text = f"{value if isinstance(value, Decimal) else Decimal(repr(value)):f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text


def instant(value: date | datetime) -> str:
    """Return a date as ISO 8601, a moment as RFC 3339 in UTC; a moment without a zone is taken to be in UTC."""
    if not isinstance(value, datetime):
        return value.isoformat()
    utc = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    whole = f"{utc:%Y-%m-%dT%H:%M:%S}"
    if not utc.microsecond:
        return f"{whole}Z"
    return (
        f"{whole}.{utc.microsecond // 1000:03d}Z" if utc.microsecond % 1000 == 0 else f"{whole}.{utc.microsecond:06d}Z"
    )


def is_text(dtype: pl.DataType) -> bool:
    """Tell whether values of ``dtype`` are free text: what a log or a person may have written."""
    return isinstance(dtype, pl.String | pl.Categorical | pl.Enum)


def as_text(column: str, dtype: pl.DataType) -> pl.Expr:
    """Return ``column`` as text: numbers in plain notation, times as RFC 3339, lists as JSON; null stays null."""
    value = pl.col(column)
    if dtype.is_decimal():
        return _plain_decimal(value, dtype)
    if dtype.is_float():
        return _plain_float(value, dtype)
    if isinstance(dtype, pl.Datetime):
        return (value.dt.convert_time_zone("UTC") if dtype.time_zone else value).dt.to_string(_RFC_3339)
    if dtype.is_nested():
        return value.map_batches(_encode_series, return_dtype=pl.String())
    return value.cast(pl.String)


def json_lines(frame: pl.DataFrame) -> pl.Series:
    """Return each row of ``frame``, which has columns, as the text of one JSON object, keys in order."""
    members: list[tuple[str, pl.Expr]] = []
    together: list[pl.Expr] = []  # neighbours that polars' own JSON writer gets right
    for name, dtype in frame.schema.items():
        if dtype.is_nested() or (dtype.is_numeric() and not dtype.is_integer()):
            members += [*_written(together), (f"{encode(name)}:", as_text(name, dtype).fill_null("null"))]
            together = []
        else:
            plain = isinstance(dtype, pl.Boolean | pl.Null) or dtype.is_integer()
            together.append(pl.col(name) if plain else as_text(name, dtype).alias(name))
    members += _written(together)
    parts = [part for key, text in members for part in (pl.lit(f",{key}"), text)]
    parts[0] = pl.lit(f"{{{members[0][0]}")
    lines = frame.select(pl.concat_str(*parts, pl.lit("}"))).to_series()
    # Counting is far cheaper than looking for rare characters: text that is all ASCII has none of them.
    if (lines.str.len_bytes() != lines.str.len_chars()).any() or lines.str.contains("\x7f", literal=True).any():
        return lines.str.replace_many(list(_ESCAPES), list(_ESCAPES.values()))
    return lines


def _written(columns: Sequence[pl.Expr]) -> list[tuple[str, pl.Expr]]:
    """Return ``"name":value,"name":value`` for several columns by one expression; nothing for none."""
    if not columns:
        return []
    return [("", pl.struct(columns).struct.json_encode().str.strip_prefix("{").str.strip_suffix("}"))]


def _plain_decimal(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    text = value.cast(pl.String)
    if not (isinstance(dtype, pl.Decimal) and dtype.scale):
        return text
    return text.str.strip_chars_end("0").str.strip_suffix(".")


def _plain_float(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Write floats as their shortest digits; ``1.5e-7`` and ``1.5e+17`` are spelled out."""
    zero = pl.lit(0.0, dtype=dtype)  # also for -0.0
    text = pl.when(value == 0).then(zero).when(value.is_finite()).then(value).cast(pl.String)
    sign = text.str.extract(r"^(-?)")
    mantissa = text.str.extract(r"^-?([0-9.]+)e").str.replace(".", "", literal=True)
    exponent = text.str.extract(r"e([+-]?[0-9]+)$").str.strip_prefix("+").cast(pl.Int64)
    small = pl.concat_str(sign, pl.lit("0."), pl.lit("").str.pad_end(-exponent - 1, "0"), mantissa)
    large = pl.concat_str(sign, mantissa.str.pad_end(exponent + 1, "0"))
    return pl.when(exponent.is_null()).then(text.str.strip_suffix(".0")).when(exponent < 0).then(small).otherwise(large)


def _encode_series(values: pl.Series) -> pl.Series:
    return pl.Series(values.name, [None if value is None else encode(value) for value in values.to_list()], pl.String)
