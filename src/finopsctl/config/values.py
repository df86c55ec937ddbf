"""Turn raw TOML values, variables and flags into the types a declaration asks for."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from finopsctl.errors import ConfigError, nearest
from finopsctl.transport.http import is_live

if TYPE_CHECKING:
    from collections.abc import Callable

    from finopsctl.config.declarations import Context, Key

_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})


def convert(wanted: Any, raw: Any, about: Key, context: Context) -> Any:  # noqa: ANN401 - any declared type
    """Return ``raw`` as the type wanted.

    Raises:
        ConfigError: When it does not fit; the message says what is needed.
    """
    origin = get_origin(wanted)
    if origin is tuple:
        return _items(wanted, raw, about, context)
    if origin is Literal:
        return _choice(get_args(wanted), raw)
    if origin is Mapping:
        return _mapping(get_args(wanted)[1], raw, about, context)
    reader = _SCALARS[wanted]
    value = reader(raw, about, context)
    if about.check is not None:
        about.check(value)
    return value


def kind(raw: object) -> str:
    """Name what a raw value is, for messages."""
    names = {bool: "true or false", str: "text", int: "a number", Decimal: "a number", list: "a list", dict: "a table"}
    return names.get(type(raw), "a date" if isinstance(raw, date) else type(raw).__name__)


def text(raw: object, about: Key, context: Context) -> str:
    """Return ``raw`` as text; file names and globs become relative to the file that says them."""
    if about.accepts_bare and isinstance(raw, (date, int)) and not isinstance(raw, bool):
        raw = raw.isoformat() if isinstance(raw, date) else str(raw)
    if not isinstance(raw, str):
        raise ConfigError(f"text is needed, not {kind(raw)}", "Put it in quotes.")
    if about.pattern and not re.fullmatch(about.pattern, raw):
        raise ConfigError(f"'{raw}' is not understood", about.help)
    if about.is_input and raw != "-" and not is_live(raw):
        return str(context.base / Path(raw).expanduser())
    return raw


def _items(wanted: Any, raw: Any, about: Key, context: Context) -> tuple[Any, ...]:  # noqa: ANN401
    inner = get_args(wanted)
    if isinstance(raw, str) and inner[0] is not float:
        raw = _split(raw, about, context)
    if not isinstance(raw, (list, tuple)):
        raise ConfigError(f"a list is needed, not {kind(raw)}", "Write [ ... ].")
    if inner[-1] is not Ellipsis:
        return _range(raw, about, context)
    return tuple(convert(inner[0], item, about, context) for item in raw)


def _split(raw: str, about: Key, context: Context) -> list[str]:
    """Take one text for a list apart; a file name in a file is one name, a file lists several in brackets."""
    separator = os.pathsep if about.is_input and context.is_text else about.separator
    if not separator or (about.is_input and not context.is_text):
        return [raw]
    return [part.strip() for part in raw.split(separator) if part.strip()]


def _range(raw: list[Any] | tuple[Any, ...], about: Key, context: Context) -> tuple[float, ...]:
    bounds = tuple(float(item) if _is_infinite(item) else _float(item, about, context) for item in raw)
    if len(bounds) != 2 or bounds[0] > bounds[1]:
        raise ConfigError("a range is needed: [lowest, highest]", "Write for example [0.2, 0.3], or [500, inf].")
    return bounds


def _is_infinite(raw: object) -> bool:
    return isinstance(raw, (float, Decimal)) and abs(raw) == Decimal("inf")


def _mapping(wanted: Any, raw: Any, about: Key, context: Context) -> dict[str, Any]:  # noqa: ANN401
    if not isinstance(raw, Mapping):
        raise ConfigError(f"a table is needed, not {kind(raw)}", "Write { name = value }.")
    return {str(name): convert(wanted, value, about, context) for name, value in raw.items()}


def _choice(allowed: tuple[str, ...], raw: object) -> str:
    if raw not in allowed or not isinstance(raw, str):
        raise ConfigError(f"'{raw}' is not among its values", nearest(str(raw), allowed))
    return raw


def _path(raw: object, about: Key, context: Context) -> Path:
    if isinstance(raw, Path):
        return context.base / raw
    if not raw:
        raise ConfigError("a file name is needed", about.help)
    return context.base / Path(text(raw, about, context)).expanduser()


def _switch(raw: object, about: Key, context: Context) -> bool:
    if context.is_text and isinstance(raw, str) and raw.lower() in _YES | _NO:
        return raw.lower() in _YES
    if not isinstance(raw, bool):
        raise ConfigError(f"true or false is needed, not {kind(raw)}", about.help)
    return raw


def _number(raw: object, about: Key, context: Context) -> Decimal:
    if context.is_text and isinstance(raw, str):
        try:
            raw = Decimal(raw)
        except InvalidOperation:
            raise ConfigError(f"'{raw}' is no number", about.help) from None
    if isinstance(raw, float):
        raw = Decimal(repr(raw))
    if isinstance(raw, bool) or not isinstance(raw, (int, Decimal)):
        raise ConfigError(f"a number is needed, not {kind(raw)}", about.help)
    number = Decimal(raw)
    if not number.is_finite():
        raise ConfigError(f"'{raw}' is no finite number", about.help)
    if about.minimum is not None and number < about.minimum:
        raise ConfigError(f"{number} is less than {about.minimum}", about.help)
    if about.maximum is not None and number > about.maximum:
        raise ConfigError(f"{number} is more than {about.maximum}", about.help)
    return number


def _whole(raw: object, about: Key, context: Context) -> int:
    number = _number(raw, about, context)
    if number != number.to_integral_value():
        raise ConfigError(f"a whole number is needed, not {number}", about.help)
    return int(number)


def _float(raw: object, about: Key, context: Context) -> float:
    return float(_number(raw, about, context))


def _text_or_number(raw: object, about: Key, context: Context) -> str | float:
    return text(raw, about, context) if isinstance(raw, str) else _float(raw, about, context)


def _day(raw: object, about: Key, context: Context) -> date:
    return _moment(raw, about, context).date()


def _moment(raw: object, about: Key, _context: Context) -> datetime:
    if isinstance(raw, str):
        try:
            raw = datetime.fromisoformat(raw)
        except ValueError:
            raise ConfigError(f"'{raw}' is no ISO date", about.help) from None
    if isinstance(raw, datetime):
        return raw.astimezone(UTC) if raw.tzinfo else raw.replace(tzinfo=UTC)
    if isinstance(raw, date):
        return datetime.combine(raw, time(), UTC)
    raise ConfigError(f"a date is needed, not {kind(raw)}", "Write 2026-11-01, without quotes.")


_SCALARS: dict[Any, Callable[[Any, Key, Context], Any]] = {
    str: text,
    str | float: _text_or_number,
    bool: _switch,
    int: _whole,
    float: _float,
    Decimal: _number,
    Path: _path,
    date: _day,
    datetime: _moment,
}
