"""What a page says about its figures: period, prices, inputs, coverage, in the words of the report's context."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from finopsctl.renderers._format import format_value, is_null
from finopsctl.results.units import Unit
from finopsctl.results.wording import some_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from finopsctl.renderers._format import Notation

_INPUTS = 12  # named on a page; the JSON in it names all


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing the figures rest on, in one line or several."""

    label: str
    texts: tuple[str, ...]


def facts_of(header: Mapping[str, Any], notation: Notation) -> list[Fact]:
    """Return what a report's context states, in the order people ask; nothing for what it does not state."""
    facts = [*_origin(header, notation), *_coverage(header.get("data_quality") or {}, notation)]
    return [Fact(label, tuple(notation.text(text) for text in texts)) for label, *texts in facts if all(texts)]


def period_words(header: Mapping[str, Any]) -> str:
    """Return the period from its first to its last day and the zone they are of; "" without one."""
    period = header.get("period") or {}
    start, end = period.get("start"), period.get("end")
    if not isinstance(start, date) or not isinstance(end, date):
        return ""
    zone = str(period.get("timezone") or "UTC")
    first, last = _local(start, zone), _local(end, zone)
    if isinstance(last, datetime) or isinstance(first, datetime):
        return f"{_moment(first)} to before {_moment(last)} ({zone})"
    return f"{first} to {last - timedelta(days=1)} ({zone})"


def as_of_words(header: Mapping[str, Any]) -> str:
    """Return the first instant the figures do not see; "" where the report says none."""
    as_of = header.get("as_of")
    zone = str((header.get("period") or {}).get("timezone") or "UTC")
    return _moment(_local(as_of, zone)) if isinstance(as_of, date) else ""


def _local(moment: date, zone: str) -> date:
    """Return a moment in a time zone; one that is midnight there as that day."""
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        return moment
    try:
        here = moment.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        return moment
    return here if here.hour or here.minute or here.second else here.date()


def _moment(moment: date) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if isinstance(moment, datetime) else moment.isoformat()


def _origin(header: Mapping[str, Any], notation: Notation) -> Iterator[tuple[str, ...]]:
    yield "Period", period_words(header)
    yield "As of", as_of_words(header)
    yield "Currency", str(header.get("currency") or "")
    yield "Cost basis", str(header.get("cost_basis") or ""), *_split(header.get("data_quality") or {}, notation)
    prices = header.get("price_book") or {}
    checked = f", checked {prices['checked']}" if prices.get("checked") else ""
    yield "Prices", f"catalogue {prices['version']}{checked}" if prices.get("version") else ""
    inputs = header.get("inputs") or ()
    named = [_input(file, notation) for file in inputs[:_INPUTS]]
    left = len(inputs) - len(named)
    yield "Inputs", *(named or [""]), *([f"and {left:,} more"] if left > 0 else [])


def _split(quality: Mapping[str, Any], notation: Notation) -> Iterator[str]:
    """Yield how much money came from which basis, where there is more than one."""
    split = {name: amount for name, amount in (quality.get("spend_by_basis") or {}).items() if amount}
    if len(split) > 1:
        yield from (f"{format_value(amount, Unit.USD, notation)} {name}" for name, amount in split.items())


def _input(file: Mapping[str, Any], notation: Notation) -> str:
    records = format_value(file.get("records"), Unit.COUNT, notation)
    about = [text for text in (str(file.get("source") or ""), f"{records} records" if records else "") if text]
    return f"{file.get('path')} ({', '.join(about)})" if about else str(file.get("path"))


def _coverage(quality: Mapping[str, Any], notation: Notation) -> Iterator[tuple[str, ...]]:
    counts = (("Records", "records"), ("Bad lines", "bad_lines"), ("Duplicates dropped", "duplicates"))
    for label, key in counts:
        value = quality.get(key)
        yield label, "" if is_null(value) else format_value(value, Unit.COUNT, notation)
    if quality.get("unpriced_requests") is not None:
        yield "Unpriced, in no amount", *_unpriced(quality, notation)
    if "unattributed_share" in quality:
        share = format_value(quality["unattributed_share"], Unit.SHARE, notation)
        yield "Without a team", f"{share} of spend" if share else ""
    aside = sum(int(entry.get("records") or 0) for entry in quality.get("set_aside") or ())
    yield "Of the same traffic, set aside", f"{aside:,} records" if aside else ""
    unconverted = quality.get("unconverted")
    yield "Billed in a currency without a rate", f"{unconverted:,} records" if unconverted else ""


def _unpriced(quality: Mapping[str, Any], notation: Notation) -> Iterator[str]:
    requests = format_value(quality["unpriced_requests"], Unit.COUNT, notation)
    tokens = format_value(quality.get("unpriced_tokens"), Unit.TOKENS, notation)
    yield f"{requests} requests" + (f", {tokens} tokens" if tokens else "")
    if models := quality.get("unpriced_models"):
        yield some_of(models)
