"""Reading the values of a price or contract file: amounts, dates, words, each error naming file, model and key."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Any

from finopsctl.errors import PricingError, reason_of
from finopsctl.errors import nearest as nearest_word
from finopsctl.results.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_NOISE = Decimal("1e-12")
_PICO = Decimal(10) ** 12
_MAX_RATE = 2**53


def document_of(path: Path, readable: str, valid: str = "") -> dict[str, Any]:
    """Return the TOML document in a file, with exact decimal numbers.

    Args:
        path: The file.
        readable: What to do when it cannot be read.
        valid: What to do when it is no TOML.

    Raises:
        PricingError: naming the file.
    """
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8"), parse_float=Decimal)
    except OSError as problem:
        raise PricingError(f"{path}: {reason_of(problem)}", hint=readable) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise PricingError(f"{path}: not valid TOML: {problem}", hint=valid) from None


class Place:
    """Where in a file we are, for messages; collects findings that do not stop the work."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[Finding] = []

    def error(self, where: str, message: str, hint: str = "") -> PricingError:
        """Return the error for the entry ``where``."""
        spot = f"{self.file}: {where}: " if where else f"{self.file}: "
        return PricingError(spot + message, hint=hint)

    def keys(self, where: str, table: Mapping[str, Any], known: Iterable[str]) -> None:
        """Refuse a key that is not known."""
        allowed = frozenset(known)
        for key in table:
            if key not in allowed:
                raise self.error(where, f"unknown key '{key}'", nearest_word(key, allowed))


def instant(place: Place, where: str, table: Mapping[str, Any]) -> datetime:
    """Return ``table["from"]`` as an instant: a date is its midnight UTC, a time must name its zone."""
    value = table.get("from")
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise place.error(where, f"from {value} has no zone", "Append Z for UTC.")
        if value.microsecond:
            raise place.error(where, f"from {value} is finer than a second", "Whole seconds, please.")
        return value.astimezone(UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    if value is None:
        raise place.error(where, "from is missing", "Add the day the price came into force: `from = 2026-11-01`.")
    raise place.error(where, f"from is {value!r}, not a date", "Write it as 2026-11-01, without quotes.")


def pico(place: Place, where: str, value: object, per: int, key: str) -> int:
    """Return a price in whole pico-units for one token or use; float noise is rounded and noted in ``place``."""
    exact = amount(place, where, value, key) * _PICO / per
    whole = exact.to_integral_value(ROUND_HALF_EVEN)
    if exact != whole:
        if abs(exact - whole) > max(exact, Decimal(1)) * _NOISE:
            raise place.error(
                where,
                f"{key} = {value} is {exact.normalize():f} pico-units per token, not a whole number",
                "A price has at most 6 decimals per million tokens: check for a typing error or the wrong `per`.",
            )
        place.findings.append(
            Finding(
                Severity.INFO,
                "rate_rounded",
                f"{place.file}: {where}: {key} = {value} carries float noise; used {whole * per / _PICO:f}.",
                evidence={"file": place.file, "key": key, "value": str(value)},
            )
        )
    if whole > _MAX_RATE:
        raise place.error(where, f"{key} = {value} is out of range", "Check `per`.")
    return int(whole)


def amount(place: Place, where: str, value: object, key: str) -> Decimal:
    """Return a number that is a price: finite and not negative."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise place.error(where, f"{key} = {value!r} is not a number", "Write the price without quotes.")
    number = Decimal(value)
    if not number.is_finite() or number < 0:
        raise place.error(where, f"{key} = {value} is not a price", "A price is zero or more.")
    return number


def text(place: Place, where: str, table: Mapping[str, Any], key: str) -> str:
    """Return a required text."""
    value = table.get(key)
    if not isinstance(value, str) or not value:
        raise place.error(where, f"{key} is missing" if value is None else f"{key} = {value!r} is not text")
    return value


def words(place: Place, where: str, table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return a list of texts; absent is empty."""
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise place.error(where, f"{key} is not a list of texts", f'Write `{key} = ["..."]`.')
    return tuple(value)


def count(place: Place, where: str, value: object, key: str) -> int:
    """Return a positive whole number."""
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise place.error(where, f"{key} = {value!r} is not a positive whole number")
    return value


def tables(place: Place, where: str, table: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """Return a list of tables; absent is empty."""
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise place.error(where, f"{key} is not a list of tables", f"Write `[[{key}]]` or `{key} = [ {{ ... }} ]`.")
    return value
