"""Levers as people type them: ``gpt-4o=gpt-4o-mini:0.5:feature=chat``, ``30%``, ``batch:team=data``.

A lever's text ends in filters, each behind a colon; before them a share may stand: ``0.5``, ``50%``, ``1``.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from finopsctl.analyses.whatif.levers import Cap, Hits, Move, Prefix, Retries, SelfHost, Span, Tier, Trim
from finopsctl.errors import ConfigError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_FILTER = r"(?:tag:)?\w[\w.-]*\s*(?:!=|!~|=|~)"
_SHARE = re.compile(r"(?:\d+(?:\.\d+)?%|0?\.\d+|[01](?:\.\d+)?)")
_VERSION = re.compile(r"v\d+")
_DIGITS = 6
_HOST_KEYS = ("cost-per-hour", "tokens-per-second", "utilization", "overhead", "model")


def swap(text: str) -> Move:
    """Read ``A=B[:SHARE][:FILTER]...``; several models to leave are separated by commas."""
    left, equals, right = text.partition("=")
    models = tuple(name.strip() for name in left.split(",") if name.strip())
    if not equals or not models or not right.strip():
        raise ConfigError(f"cannot read the swap '{text}'", "Write --swap gpt-4o=gpt-4o-mini, or =gpt-4o-mini:0.5.")
    target, share, where = _target(right)
    return Move(target, models, share, where)


def route(text: str) -> Move:
    """Read ``MODEL[:SHARE][:FILTER]...``."""
    target, share, where = _target(text)
    return Move(target, (), share, where)


def tier(text: str) -> Tier:
    """Read ``batch[:FILTER]...``."""
    name, where = _with_filters(text)
    if not name:
        raise ConfigError(f"no service tier in '{text}'", "Write --service-tier batch or batch:feature=reports.")
    return Tier(name.lower(), where)


def trim(text: str) -> Trim:
    """Read ``30%``, ``0.3`` or ``2000`` (tokens a request), and filters."""
    value, where = _with_filters(text)
    if _is_count(value):
        return Trim(tokens=int(value), where=where)
    return Trim(share=share_of(value, "--trim-input"), where=where)


def cap(text: str) -> Cap:
    """Read ``200[:FILTER]...``: tokens a request."""
    value, where = _with_filters(text)
    if not value.isdecimal():
        raise ConfigError(f"'{value}' is not a number of output tokens", "Write --cap-output 200.")
    return Cap(int(value), where)


def prefix(text: str) -> Prefix:
    """Read ``on``, ``off``, ``READ`` or ``READ/WRITE`` (shares of the input), and filters."""
    value, where = _with_filters(text)
    if value == "off":
        return Prefix(Decimal(0), Decimal(0), where, off=True)
    read, _, write = value.partition("/")
    if read == "on":
        return Prefix(None, None, where)
    shares = share_of(read, "--prompt-cache"), share_of(write, "--prompt-cache") if write else None
    if shares[0] + (shares[1] or 0) > 1:
        raise ConfigError(
            f"'{value}' reads and writes more than the whole input", "The two shares add up to 1 at most."
        )
    return Prefix(shares[0], shares[1], where)


def hits(text: str, lookup: str | None, *, on_all: bool = False) -> Hits:
    """Read ``35%[:FILTER]...`` or ``off[:FILTER]...`` and what a look-up costs in USD."""
    value, where = _with_filters(text)
    cost = _number(lookup or "0", "--cache-cost")
    if value == "off":
        return Hits(Decimal(0), cost, on_all, where, off=True)
    return Hits(share_of(value, "--cache-hit-rate"), cost, on_all, where)


def retries(text: str) -> Retries:
    """Read ``0``, ``50%[:FILTER]...``: the share of today's retries that remains; more than 1 is more of them."""
    value, where = _with_filters(text)
    kept = _number(value.removesuffix("%"), "--retries") / (100 if value.endswith("%") else 1)
    return Retries(kept, where)


def self_host(text: str) -> SelfHost:
    """Read ``cost-per-hour=2.49,tokens-per-second=1500,utilization=0.6``, further ``overhead`` and ``model``."""
    value, where = _with_filters(text, after=":")
    given: dict[str, str] = {}
    for item in value.split(","):
        name, equals, figure = item.partition("=")
        key = name.strip().replace("_", "-")
        if key not in _HOST_KEYS or not equals:
            raise ConfigError(f"--self-host: cannot read '{item.strip()}'", nearest(key, _HOST_KEYS))
        given[key] = figure.strip()
    return hosted(given, where)


def hosted(given: Mapping[str, str], where: tuple[str, ...] = ()) -> SelfHost:
    """Return self-hosting from its figures as text, by key."""
    for key in _HOST_KEYS[:2]:
        if key not in given:
            raise ConfigError(
                f"self-hosting needs {key}", "Write cost-per-hour=2.49,tokens-per-second=1500,utilization=0.6."
            )
    figures = {key: _number(given[key], f"self-host {key}") for key in _HOST_KEYS[:2]}
    busy = share_of(given.get("utilization", "1"), "self-host utilization")
    if not busy or not all(figures.values()):
        raise ConfigError("a machine that costs nothing or writes nothing has no break-even", "Give figures above 0.")
    return SelfHost(
        figures["cost-per-hour"],
        figures["tokens-per-second"],
        busy,
        _number(given.get("overhead", "0"), "self-host overhead"),
        where,
        (given["model"],) if "model" in given else (),
    )


def spans(texts: Iterable[str], option: str) -> dict[str, Span]:
    """Read ``B=1.1`` and ``B=1.0..1.2``, several with commas."""
    return {name: span_of(value, option) for name, value in _pairs(texts, option)}


def span_of(text: str, option: str) -> Span:
    """Read ``1.1`` or ``1.0..1.2``."""
    low, dots, high = text.partition("..")
    first = _number(low, option)
    span = Span(first, _number(high, option) if dots else first)
    if span.low <= 0 or span.high < span.low:
        raise ConfigError(f"{option}: '{text}' is not a factor", "Write 1.1, or a range: 1.0..1.2.")
    return span


def rates(texts: Iterable[str], option: str = "--success-rate") -> dict[str, Decimal]:
    """Read ``A=0.97,B=0.93``."""
    found = {name: share_of(value, option) for name, value in _pairs(texts, option)}
    for name, rate in found.items():
        if not rate:
            raise ConfigError(f"{option}: {name} never succeeds", "A rate is above 0.")
    return found


def share_of(text: str, option: str) -> Decimal:
    """Read ``0.3`` or ``30%``, from 0 to 1."""
    word = text.strip()
    value = _number(word.removesuffix("%"), option, word) / (100 if word.endswith("%") else 1)
    if value > 1:
        raise ConfigError(f"{option}: {word} is more than all", "Write 0.3 or 30%.")
    return value


def _pairs(texts: Iterable[str], option: str) -> list[tuple[str, str]]:
    found = []
    for item in (part for text in texts for part in text.split(",") if part.strip()):
        name, equals, value = item.partition("=")
        if not equals:
            raise ConfigError(f"{option}: cannot read '{item.strip()}'", f"Write {option} gpt-4o-mini=1.1.")
        found.append((name.strip(), value.strip()))
    return found


def _number(text: str, option: str, shown: str = "") -> Decimal:
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        value = Decimal("nan")
    if not value.is_finite() or value < 0:
        raise ConfigError(f"{option}: '{shown or text.strip()}' is not a number from 0 on", "Write 0.3 or 30%.")
    return value


def _is_count(text: str) -> bool:
    return text.isdecimal() and int(text) > 1


def _target(text: str) -> tuple[str, Decimal, tuple[str, ...]]:
    name, where = _with_filters(text)
    head, colon, last = name.rpartition(":")
    if colon and _SHARE.fullmatch(last) and not (last in {"0", "1"} and _VERSION.search(head[-4:])):
        return head.strip(), share_of(last, "the share of a swap"), where
    if colon and re.fullmatch(r"-?[\d.]+%?", last) and not last.isdecimal():
        raise ConfigError(f"'{last}' is not a share of requests", "Write 0.5 or 50%.")
    return name, Decimal(1), where


def _with_filters(text: str, after: str = ":") -> tuple[str, tuple[str, ...]]:
    """Split a lever's text into its value and the filters behind it."""
    value, *filters = re.split(rf"(?<!:tag){after}(?={_FILTER})", text.strip())
    return value.strip(), tuple(part.strip() for part in filters)
