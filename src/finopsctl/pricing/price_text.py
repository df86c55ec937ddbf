"""Writing into a price file: new lines into a model's ``rates``, new models at the end, every other byte as it was.

What is written is checked: the edited text is parsed again and has to be the old document plus exactly the new
entries; otherwise nothing is changed.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import tomli_w

from finopsctl.errors import PricingError
from finopsctl.pricing.book import RATE_KEYS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from finopsctl.pricing.book import RateLine

_MODEL_HEADER = re.compile(r"^\[\[\s*model\s*\]\]", re.MULTILINE)
_ANY_HEADER = re.compile(r"^\[", re.MULTILINE)
_RATES = re.compile(r"^rates\s*=\s*\[", re.MULTILINE)
_TOKEN = re.compile(r"\"\"\".*?\"\"\"|'''.*?'''|\"(?:\\.|[^\"\\])*\"|'[^'\n]*'|#[^\n]*|[\[\]{},]", re.DOTALL)
_COLUMNS = ("from", "service_tier", "band", "window", *RATE_KEYS, "announced", "source", "checked", "note")


def entry(line: RateLine, per: int, *, inclusive: bool, announced: bool = False) -> dict[str, object]:
    """Return a price line as the mapping a file holds.

    Args:
        line: Rates in pico-USD per token.
        per: Tokens the file's rates are for.
        inclusive: Whether the file states bands as ``at_least``.
        announced: It is not in force yet.
    """
    band = {"at_least": line.min_ctx} if inclusive else {"over": line.min_ctx - 1}
    return {
        "from": line.start.date() if line.start.time() == datetime.min.time() else line.start,
        "service_tier": line.service_tier,
        **(band if line.min_ctx else {}),
        **({"window": line.window} if line.window else {}),
        **{key: _money(line.rates[key], per) for key in RATE_KEYS if key in line.rates},
        **({"announced": True} if announced else {}),
        **{key: value for key in ("source", "checked", "note") if (value := getattr(line, key))},
    }


def with_lines(text: str, model: str, entries: Sequence[Mapping[str, object]]) -> str:
    """Return ``text`` with price lines added at the end of one model's ``rates``.

    Raises:
        PricingError: the model, or a ``rates`` of its own, is not found in a form that can be added to.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    start, end = _span(text, model)
    rates = _RATES.search(text, start, end)
    if rates is None:
        raise PricingError(f"model {model} has no `rates = [` of its own to add to", hint="Add the lines by hand.")
    close, item_end, open_item = _closing(text, rates.end())
    added = newline.join(table(entries)) + newline
    line_start = text.rfind("\n", 0, close) + 1
    alone = not text[line_start:close].strip()
    place = line_start if alone else close
    head = text[:item_end] + "," + text[item_end:place] if open_item else text[:place]
    return _checked(text, head + ("" if alone else newline) + added + text[place:], model, entries)


def with_models(text: str, models: Sequence[Mapping[str, object]]) -> str:
    """Return ``text`` with ``[[model]]`` tables added at the end."""
    newline = "\r\n" if "\r\n" in text else "\n"
    body = text if text.endswith("\n") or not text else text + newline
    blocks = [newline.join(["", *model_text(model), ""]) for model in models]
    result = body + "".join(blocks)
    old, new = tomllib.loads(text, parse_float=Decimal), tomllib.loads(result, parse_float=Decimal)
    if new != {**old, "model": [*old.get("model", []), *(_plain(model) for model in models)]}:
        raise PricingError("the new models could not be written safely", hint="Add them by hand.")
    return result


def model_text(model: Mapping[str, object]) -> list[str]:
    """Return a ``[[model]]`` table as lines of text, its price lines aligned."""
    lines = ["[[model]]"]
    for key, value in model.items():
        if key in {"rates", "fees"} and isinstance(value, list):
            lines += [f"{key} = [", *table(value), "]"]
        else:
            lines.append(_pair(key, value))
    return lines


def table(entries: Sequence[Mapping[str, object]]) -> list[str]:
    """Return inline tables, one a line, their columns aligned."""
    used = [column for column in _COLUMNS if any(_cell(item, column) for item in entries)]
    used += sorted({key for item in entries for key in item} - {*_COLUMNS, "over", "at_least"})
    rows = [[_cell(item, column) for column in used] for item in entries]
    width = [max(len(row[i]) for row in rows) + 1 for i in range(len(used))]
    texts = []
    for row in rows:
        last = max(i for i, cell in enumerate(row) if cell)
        cells = [f"{cell},".ljust(width[i]) if cell else " " * width[i] for i, cell in enumerate(row[:last])]
        texts.append("  { " + " ".join([*cells, row[last]]) + " },")
    return texts


def _cell(item: Mapping[str, object], column: str) -> str:
    keys = ("over", "at_least") if column == "band" else (column,)
    return next((_pair(key, item[key]) for key in keys if key in item), "")


def _pair(key: str, value: object) -> str:
    if isinstance(value, datetime):
        return f"{key} = {value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{key} = {value:_}"
    if isinstance(value, list | tuple):
        return f"{key} = [" + ", ".join(_pair("x", part).removeprefix("x = ") for part in value) + "]"
    if isinstance(value, Mapping):
        return f"{key} = {{ " + ", ".join(_pair(_key(k), v) for k, v in value.items()) + " }"
    return f"{key} = " + tomli_w.dumps({"x": value}).strip().removeprefix("x = ")


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else tomli_w.dumps({"x": name}).strip().removeprefix("x = ")


def _money(pico: int, per: int) -> Decimal:
    exact = (Decimal(pico) * per / 10**12).normalize()
    return exact.quantize(Decimal("0.01")) if exact == exact.quantize(Decimal("0.01")) else exact


def _span(text: str, model: str) -> tuple[int, int]:
    for header in _MODEL_HEADER.finditer(text):
        following = _ANY_HEADER.search(text, header.end())
        end = following.start() if following else len(text)
        try:
            parsed = tomllib.loads(text[header.start() : end])
        except tomllib.TOMLDecodeError:
            continue
        if parsed["model"][0].get("id") == model:
            return header.start(), end
    raise PricingError(f"model {model} was not found in its file", hint="Add the lines by hand.")


def _closing(text: str, position: int) -> tuple[int, int, bool]:
    """Return where the array opened before ``position`` closes, where its last item ends, and if that lacks a comma."""
    depth, item_end, open_item = 0, position, False
    for token in _TOKEN.finditer(text, position):
        symbol = token.group()[0]
        if symbol == "]" and depth == 0:
            return token.start(), item_end, open_item
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(symbol, 0)
        if symbol == "}" and depth == 0:
            item_end, open_item = token.end(), True
        elif symbol == "," and depth == 0:
            open_item = False
    raise PricingError("a `rates` list does not end", hint="Add the lines by hand.")


def _checked(old: str, new: str, model: str, entries: Sequence[Mapping[str, object]]) -> str:
    expected = tomllib.loads(old, parse_float=Decimal)
    for candidate in expected["model"]:
        if candidate["id"] == model:
            candidate["rates"] += [_plain(item) for item in entries]
    try:
        done = tomllib.loads(new, parse_float=Decimal) == expected
    except tomllib.TOMLDecodeError:
        done = False
    if not done:
        raise PricingError(f"lines of model {model} could not be written safely", hint="Add them by hand.")
    return new


def _plain(value: Any) -> Any:  # noqa: ANN401 - any TOML value
    """Return a value as ``tomllib`` would read it back."""
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value.astimezone(UTC) if isinstance(value, datetime) else value
