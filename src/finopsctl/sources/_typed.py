"""Values brought to the types a source declares, or a reason why they cannot be.

Two ways lead here. Polars parses well-formed JSON straight into the declared types (``wire`` is what it is asked for).
What it refuses, and every CSV value, goes through the rules below: ``"10"`` and ``10.0`` are the integer 10, a struct
may come as JSON text, empty text is null. Nothing is rounded, cut or guessed.
"""

from __future__ import annotations

import io
import json
from typing import Any

import msgspec
import polars as pl

from finopsctl.ledger.schema import INSTANT, MONEY
from finopsctl.sources._source import AT, BAD

_INT64 = 2**63 - 1
_TRUE, _FALSE = frozenset({"true", "t", "1", "yes"}), frozenset({"false", "f", "0", "no"})

_TIME_FORMATS = (
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
)
_DATE_FORMATS = ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d")


def wire(dtype: pl.DataType) -> pl.DataType:
    """Return what Polars' JSON reader is asked for: times and money as text, everything else as declared."""
    if dtype in (INSTANT, MONEY):
        return pl.String()
    if isinstance(dtype, pl.Struct):
        return pl.Struct({f.name: wire(_instance(f.dtype)) for f in dtype.fields})
    if isinstance(dtype, pl.List):
        return pl.List(wire(_instance(dtype.inner)))
    return dtype


def wire_schema(raw: pl.Schema) -> pl.Schema:
    """Return ``raw`` as Polars' JSON reader is asked for it."""
    return pl.Schema({name: wire(_instance(dtype)) for name, dtype in raw.items()})


def _instance(dtype: Any) -> pl.DataType:  # noqa: ANN401 - polars gives classes and instances alike
    instance: pl.DataType = dtype() if isinstance(dtype, type) else dtype
    return instance


def instant(text: pl.Expr, *, naive: str = "UTC") -> pl.Expr:
    """Read a time from text: ISO 8601 with or without zone, a date, or an epoch number.

    Args:
        text: A String expression.
        naive: Time zone of values that name none.

    Returns:
        Datetime(us, UTC); null where the text is none of these.
    """
    zoned = [text.str.to_datetime(f, time_unit="us", time_zone="UTC", strict=False) for f in _TIME_FORMATS[:2]]
    local = [
        text.str.to_datetime(f, time_unit="us", strict=False).dt.replace_time_zone(
            naive, ambiguous="earliest", non_existent="null"
        )
        for f in _TIME_FORMATS[2:]
    ]
    dates = [
        text.str.to_date(f, strict=False).cast(pl.Datetime("us")).dt.replace_time_zone(naive, non_existent="null")
        for f in _DATE_FORMATS
    ]
    return pl.coalesce(*zoned, *(value.dt.convert_time_zone("UTC") for value in (*local, *dates)), epoch(text))


def epoch(text: pl.Expr) -> pl.Expr:
    """Read an epoch number from text; its size tells seconds from milli-, micro- and nanoseconds (1973 to 5138)."""
    number = text.cast(pl.Decimal(38, 9), strict=False)
    size = number.cast(pl.Float64).abs()
    factor = (
        pl.when(size < 1e8)
        .then(None)
        .when(size < 1e11)
        .then(1_000_000)
        .when(size < 1e14)
        .then(1_000)
        .when(size < 1e17)
        .then(1)
    )
    micros = (number * factor.cast(pl.Decimal(38, 0))).round(0).cast(pl.Int64, strict=False)
    nanos = pl.when(size.is_between(1e17, 1e20)).then((number / 1000).round(0).cast(pl.Int64, strict=False))
    return pl.coalesce(micros, nanos).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def money(text: pl.Expr) -> pl.Expr:
    """Read an amount from text, exponents allowed, exactly to 1e-12; null where it is none or does not fit."""
    return text.str.strip_chars().cast(MONEY, strict=False)


def from_wire(frame: pl.DataFrame, raw: pl.Schema) -> pl.DataFrame:
    """Turn the top-level text columns that stand for times and money into those, noting what cannot be in ``BAD``."""
    kinds = {name: dtype for name, dtype in raw.items() if dtype in (INSTANT, MONEY)}
    if not kinds:
        return frame.with_columns(pl.lit(None, pl.String).alias(BAD))
    texts = frame.select(pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name)) for name in kinds)
    values = texts.select(_column(pl.col(name), _instance(dtype))[0].alias(name) for name, dtype in kinds.items())
    whats = {name: _column(pl.col(name), _instance(dtype))[1] for name, dtype in kinds.items()}
    return frame.with_columns(values).with_columns(_reasons(texts, values, whats).alias(BAD))


def from_text(frame: pl.DataFrame, raw: pl.Schema) -> pl.DataFrame:
    """Turn a frame of text columns into the types of ``raw``; absent columns are null; reasons go to ``BAD``."""
    present = {name: _instance(dtype) for name, dtype in raw.items() if name in frame.columns}
    texts = frame.select(AT, *(_unblank(name) for name in present))
    # Text stays as it stands, spaces at its ends included; everything else is read without them.
    kept = [
        pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name)).alias(name)
        for name, dtype in present.items()
        if dtype == pl.String
    ]
    read = {name: _column(pl.col(name), dtype) for name, dtype in present.items() if dtype != pl.String}
    values = texts.select(value.alias(name) for name, (value, _) in read.items())
    reasons = _reasons(texts, values, {name: what for name, (_, what) in read.items() if what})
    before = frame[BAD] if BAD in frame.columns else pl.Series([None], dtype=pl.String).new_from_index(0, frame.height)
    absent = [pl.lit(None, dtype=dtype).alias(name) for name, dtype in raw.items() if name not in present]
    typed = frame.select(AT, *kept).with_columns(values).with_columns(*absent, before.alias(BAD))
    typed = typed.with_columns(pl.coalesce(pl.col(BAD), reasons).alias(BAD)).select(AT, *raw.names(), BAD)
    for name, dtype in present.items():
        if isinstance(dtype, pl.Struct | pl.List):
            typed = _decode(typed, name, dtype)
    return typed


def _unblank(name: str) -> pl.Expr:
    text = pl.col(name).str.strip_chars()
    return pl.when(text != "").then(text).alias(name)


def _column(text: pl.Expr, dtype: pl.DataType) -> tuple[pl.Expr, str]:
    """Do as ``parse_text`` for a whole column, where the times are nearly always all written in one way."""
    if dtype == INSTANT:
        return text.map_batches(_instants, return_dtype=INSTANT), "a time"
    return parse_text(text, dtype)


def _instants(text: pl.Series) -> pl.Series:
    """Read times as :func:`instant` does: by the format of the first one, and what that leaves by every format."""
    first = text.drop_nulls().head(1)
    if first.is_empty():
        return pl.Series(text.name, [None], dtype=INSTANT).new_from_index(0, len(text))
    guess = next((f for f in _TIME_FORMATS if not _in_format(first, f).has_nulls()), None)
    values = text.to_frame("text")
    found = _in_format(text, guess) if guess else values.select(epoch(pl.col("text"))).to_series()
    missed = found.is_null() & text.is_not_null()
    if not missed.any():
        return found
    left = values.select(instant(pl.when(missed).then(pl.col("text")))).to_series()
    return pl.select(pl.coalesce(found, left)).to_series()


def _in_format(text: pl.Series, form: str) -> pl.Series:
    if form.endswith("%#z"):
        return text.str.to_datetime(form, time_unit="us", time_zone="UTC", strict=False)
    return text.str.to_datetime(form, time_unit="us", strict=False).dt.replace_time_zone("UTC")


def _reasons(texts: pl.DataFrame, values: pl.DataFrame, whats: dict[str, str]) -> pl.Series:
    """Return, row by row, the first reason why a text could not be read, else null."""
    lost = [name for name in whats if values[name].null_count() > texts[name].null_count()]
    if not lost:
        return pl.Series([None], dtype=pl.String).new_from_index(0, texts.height)
    both = texts.select(pl.col(lost).name.prefix("text ")).hstack(values.select(lost))
    return both.select(
        pl.coalesce(why_not(name, pl.col(f"text {name}"), pl.col(name), whats[name]) for name in lost)
    ).to_series()


def parse_text(text: pl.Expr, dtype: pl.DataType) -> tuple[pl.Expr, str]:
    """Return ``text`` (no blank values) read as ``dtype``, null where it is none, and what it should have been."""
    if dtype == INSTANT:
        return instant(text), "a time"
    if dtype == MONEY:
        return money(text), "an amount"
    if dtype.is_integer():
        number = text.cast(pl.Decimal(38, 6), strict=False)
        whole = pl.when(number == number.round(0)).then(number.cast(pl.Int64, strict=False))
        return pl.coalesce(text.cast(dtype, strict=False), whole), "a whole number"
    if dtype.is_float():
        number = text.cast(dtype, strict=False)
        return pl.when(number.is_finite()).then(number), "a number"
    if dtype == pl.Boolean:
        low = text.str.to_lowercase()
        return pl.when(low.is_in(list(_TRUE))).then(True).when(low.is_in(list(_FALSE))).then(False), "true or false"
    return text, ""


LOST_ESCAPES = r"\\(?:[\\bft]|u00(?:[01]|5[cC]))"
"""What Polars does not escape again where it writes a nested object as text: backslashes and control characters.

Records with these are read one by one.
"""


def why_not(name: str, text: pl.Expr, value: pl.Expr, what: str) -> pl.Expr:
    """Return the reason where ``text`` is there and the ``value`` read from it is not, else null."""
    shown = pl.format("{}: '{}' is not {}", pl.lit(name), text.str.slice(0, 60), pl.lit(what))
    return pl.when(text.is_not_null() & value.is_null()).then(shown)


def _decode(frame: pl.DataFrame, name: str, dtype: pl.DataType) -> pl.DataFrame:
    """Turn the JSON text of a nested column into its declared type."""
    target, texts = wire(dtype), frame[name]
    lost = texts.str.contains(LOST_ESCAPES).fill_null(value=False)
    try:
        read = decoded(texts.set(lost, None), target)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        values, reasons = _decoded_one_by_one(texts, target)
    else:
        if not lost.any():
            return frame.with_columns(read)
        values, reasons = _decoded_one_by_one(texts.set(~lost, None), target)
        values = read.zip_with(~lost, values)
    return frame.with_columns(values, pl.coalesce(pl.col(BAD), reasons).alias(BAD))


def _decoded_one_by_one(texts: pl.Series, target: pl.DataType) -> tuple[pl.Series, pl.Series]:
    """Return the values of JSON texts, null where one cannot be read, and why not."""
    values: list[Any] = []
    reasons: list[str | None] = []
    for text in texts:
        try:
            values.append(coerce(text, target, texts.name))
            reasons.append(None)
        except ValueError as problem:
            values.append(None)
            reasons.append(str(problem))
    return pl.Series(texts.name, values, dtype=target, strict=False), pl.Series(reasons, dtype=pl.String)


def decoded(texts: pl.Series, target: pl.DataType) -> pl.Series:
    """Decode JSON texts by the reader of JSON lines, which (unlike json_decode) keeps any value asked for as text.

    Raises:
        polars.exceptions.PolarsError: When a text is not JSON or does not fit.
    """
    if texts.is_empty():
        return pl.Series(texts.name, [], dtype=target)
    said = _one_line_each(texts)
    if isinstance(target, pl.Struct):
        # Objects that stand alone in their lines are read several times faster than objects inside others.
        fields = pl.Schema({field.name: field.dtype for field in target.fields})
        parts = read_objects(said.fill_null("{}").str.join("\n").item().encode(), fields)
        values = parts.to_struct()
        if said.null_count():
            values = values.zip_with(said.is_not_null(), pl.Series([None], dtype=target).new_from_index(0, len(said)))
    else:
        lines = ('{"v":' + said.fill_null("null") + "}").str.join("\n")
        values = pl.read_ndjson(io.BytesIO(lines.item().encode()), schema={"v": target}).to_series()
    if len(values) != len(texts):
        raise pl.exceptions.ShapeError(f"{texts.name}: a text holds several values")
    return values.alias(texts.name)


def _one_line_each(texts: pl.Series) -> pl.Series:
    """Return texts without line breaks, blank ones null.

    Line breaks are layout; polars leaves other control characters unescaped where it writes an object as text.
    """
    if texts.str.contains(r"[\x00-\x1f]").any():
        texts = texts.str.replace_all(r"[\x00-\x1f]", " ")
    if (texts.str.head(1).is_in(["", " "])).any():
        texts = texts.set(texts.str.strip_chars() == "", None)
    return texts


def read_objects(lines: bytes, schema: pl.Schema) -> pl.DataFrame:
    """Read JSON objects, one a line, as Polars' reader of JSON lines does, but fast where structs nest deeply.

    The reader spends most of its time on structs of structs inside structs; those are read as text first and then on
    their own.

    Raises:
        polars.exceptions.PolarsError: When a line is no object or does not fit the schema.
    """
    deep = [
        (name, field)
        for name, dtype in schema.items()
        if isinstance(dtype, pl.Struct)
        for field in dtype.fields
        if isinstance(field.dtype, pl.Struct) and any(isinstance(f.dtype, pl.Struct) for f in field.dtype.fields)
    ]
    texts = {(name, field.name) for name, field in deep}
    frame = pl.read_ndjson(io.BytesIO(lines), schema={n: _with_texts(n, t, texts) for n, t in schema.items()})
    for name, field in deep:
        inner = decoded(frame[name].struct.field(field.name), _instance(field.dtype))
        frame = frame.with_columns(pl.col(name).struct.with_fields(pl.lit(inner).alias(field.name)))
    return frame


def _with_texts(name: str, dtype: pl.DataType, texts: set[tuple[str, str]]) -> pl.DataType:
    if not isinstance(dtype, pl.Struct) or not any(outer == name for outer, _ in texts):
        return dtype
    return pl.Struct({f.name: pl.String() if (name, f.name) in texts else _instance(f.dtype) for f in dtype.fields})


def coerce(value: Any, dtype: pl.DataType, path: str) -> Any:  # noqa: ANN401, PLR0911 - a JSON value; one rule a type
    """Bring one JSON value to ``dtype``.

    Raises:
        ValueError: Naming the field (``path``, dotted) and the value that does not fit.
    """
    if value is None:
        return None
    if dtype == pl.String:
        # Spelled as Polars does, so that a bad line does not change how its neighbours read.
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and not value.strip():
        return None
    if isinstance(dtype, pl.Struct | pl.List):
        return _coerce_nested(value, dtype, path)
    if dtype == pl.Boolean:
        return _coerce_boolean(value, path)
    if dtype.is_integer():
        return _coerce_integer(value, path)
    if dtype.is_float():
        return _coerce_number(value, path)
    raise TypeError(f"{path}: no rule for {dtype}")


def coerce_record(value: Any, raw: pl.Schema) -> dict[str, Any]:  # noqa: ANN401 - a JSON value
    """Bring one JSON object to the (wire) types of ``raw``; unknown keys are dropped, absent ones are null."""
    if not isinstance(value, dict):
        raise ValueError(f"an object was expected, not {_kind(value)}")  # noqa: TRY004 - data, not a call, is wrong
    return {name: coerce(value.get(name), _instance(dtype), name) for name, dtype in raw.items()}


def _coerce_nested(value: Any, dtype: pl.Struct | pl.List, path: str) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError) as problem:
            raise ValueError(f"{path}: '{value[:60]}' is not JSON") from problem
        if value is None:
            return None
    if isinstance(dtype, pl.Struct):
        if isinstance(value, dict):
            return {f.name: coerce(value.get(f.name), _instance(f.dtype), f"{path}.{f.name}") for f in dtype.fields}
        if value == []:
            return None
        raise ValueError(f"{path}: an object was expected, not {_kind(value)}")
    if isinstance(value, list):
        return [coerce(item, _instance(dtype.inner), f"{path}[]") for item in value]
    if value == {}:
        return None
    raise ValueError(f"{path}: a list was expected, not {_kind(value)}")


def _coerce_boolean(value: Any, path: str) -> bool:  # noqa: ANN401
    low = str(value).strip().lower()
    if low in _TRUE or low in _FALSE:
        return low in _TRUE
    raise ValueError(f"{path}: '{str(value)[:60]}' is not true or false")


def _coerce_integer(value: Any, path: str) -> int:  # noqa: ANN401
    number = _coerce_number(value, path) if not isinstance(value, int) or isinstance(value, bool) else value
    if number != int(number) or abs(number) > _INT64:
        raise ValueError(f"{path}: '{str(value)[:60]}' is not a whole number that can be counted")
    return int(number)


def _coerce_number(value: Any, path: str) -> float:  # noqa: ANN401
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
    except (ValueError, OverflowError):
        number = None
    if number is None or number - number != 0:
        raise ValueError(f"{path}: '{str(value)[:60]}' is not a number")
    return number


def _kind(value: Any) -> str:  # noqa: ANN401
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
