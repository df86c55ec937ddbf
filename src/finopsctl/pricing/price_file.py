"""One price file: from parsed TOML to typed prices, every error naming file, model and key.

The format is described in ``pricing.catalog``.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from finopsctl.errors import nearest
from finopsctl.pricing.book import (
    RATE_KEYS,
    Alias,
    Fee,
    Model,
    ProviderPrices,
    RateLine,
    RegionGroup,
    Uplift,
    Window,
)
from finopsctl.pricing.price_values import Place, amount, count, instant, pico, tables, text, words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FILE_KEYS = frozenset(
    [
        "schema",
        "provider",
        "name",
        "currency",
        "per",
        "strip",
        "snapshot",
        "urls",
        "resell",
        "note",
        "uplift",
        "fees",
        "exchange",
        "window",
        "region",
        "model",
        "alias",
    ]
)
MODEL_KEYS = frozenset(
    [
        "id",
        "match",
        "kind",
        "tier",
        "context",
        "rates",
        "fees",
        "uplift",
        "like",
        "tiers",
        "capacity",
        "source",
        "checked",
        "note",
    ]
)
LINE_KEYS = frozenset(
    {"from", "service_tier", "over", "at_least", "window", "announced", "source", "checked", "note", *RATE_KEYS}
)
FEE_KEYS = frozenset(["from", "unit", "per", "price", "free_per_day", "source", "checked", "note"])
CAPACITY_KEYS = frozenset(
    ["from", "pool", "gpu", "gpus", "price_per_gpu_hour", "hours", "overhead", "allocate", "note"]
)
KINDS = frozenset(["chat", "embedding", "rerank", "audio", "image", "video", "moderation", "completion", "other"])
MODEL_TIERS = frozenset(["budget", "standard", "premium", "self-hosted", "embedding"])


def parse(document: Mapping[str, Any], file: str) -> ProviderPrices:
    """Turn one parsed TOML document (``tomllib`` with ``parse_float=Decimal``) into typed prices.

    Args:
        document: The whole file.
        file: Its path, for messages.

    Raises:
        PricingError: anything the format does not allow; the message names file, model and key.
    """
    place = Place(file)
    place.keys("", document, FILE_KEYS)
    if document.get("schema") != 1:
        raise place.error("", f"schema is {document.get('schema')!r}, not 1", "Start the file with `schema = 1`.")
    per = count(place, "", document.get("per", 1_000_000), "per")
    windows = {k: _window(place, f"window {k}", v) for k, v in document.get("window", {}).items()}
    models = _models(place, document, per, windows)
    return ProviderPrices(
        provider=text(place, "", document, "provider"),
        name=document.get("name", ""),
        currency=document.get("currency", "USD").upper(),
        strip=words(place, "", document, "strip"),
        snapshot=_snapshot(place, document.get("snapshot")),
        urls=words(place, "", document, "urls"),
        windows=MappingProxyType(windows),
        regions=MappingProxyType({k: _region(place, f"region {k}", v) for k, v in document.get("region", {}).items()}),
        exchange=_exchange(place, document),
        uplift=_uplift(place, "", document.get("uplift", {})),
        fees=_fees(place, "", document.get("fees", [])),
        models=MappingProxyType(models),
        aliases=MappingProxyType(_aliases(place, document)),
        findings=tuple(place.findings),
        origin=file,
    )


def _models(place: Place, document: Mapping[str, Any], per: int, windows: Mapping[str, Window]) -> dict[str, Model]:
    models: dict[str, Model] = {}
    provider = text(place, "", document, "provider")
    for number, table in enumerate(tables(place, "", document, "model"), start=1):
        where = f"model {table.get('id', f'number {number}')}"
        model = _model(place, where, table, provider, per)
        if model.id in models:
            raise place.error(where, "is listed twice", "Put both histories into one [[model]].")
        for line in model.rates:
            if line.window is not None and line.window not in windows:
                raise place.error(where, f"unknown window '{line.window}'", nearest(line.window, windows))
        models[model.id] = model
    return models


def _model(place: Place, where: str, table: Mapping[str, Any], provider: str, per: int) -> Model:
    place.keys(where, table, MODEL_KEYS)
    source, checked = table.get("source"), table.get("checked")
    if checked is not None and type(checked) is not date:
        raise place.error(where, f"checked is {checked!r}, not a day", "Write it as 2026-11-22, without quotes.")
    lines = tuple(
        price_line(place, f"{where}, rates line {n}", line, per, (source, checked))
        for n, line in enumerate(tables(place, where, table, "rates"), start=1)
    )
    _no_overlap(place, where, lines)
    if not lines and "like" not in table and "fees" not in table:
        raise place.error(where, "has neither rates nor fees nor like", "Give it a price line, or leave it out.")
    for key, allowed in (("kind", KINDS), ("tier", MODEL_TIERS)):
        if key in table and table[key] not in allowed:
            raise place.error(where, f"unknown {key} '{table[key]}'", nearest(str(table[key]), allowed))
    capacity = tables(place, where, table, "capacity")
    for entry in capacity:
        place.keys(f"{where}, capacity", entry, CAPACITY_KEYS)
    return Model(
        provider=provider,
        id=text(place, where, table, "id"),
        kind=table.get("kind"),
        tier=table.get("tier"),
        context=count(place, where, table["context"], "context") if "context" in table else None,
        match=words(place, where, table, "match"),
        rates=lines,
        fees=_fees(place, where, table.get("fees", [])),
        uplift=_uplift(place, where, table["uplift"]) if "uplift" in table else None,
        source=source,
        checked=checked,
        note=table.get("note", ""),
        like=table.get("like"),
        tiers=words(place, where, table, "tiers"),
        capacity=tuple(MappingProxyType(dict(entry)) for entry in capacity),
        origin=place.file,
    )


def price_line(
    place: Place,
    where: str,
    table: Mapping[str, Any],
    per: int,
    inherited: tuple[str | None, date | None] = (None, None),
) -> RateLine:
    """Read one element of ``rates``; ``inherited`` is the model's source and checked day."""
    place.keys(where, table, LINE_KEYS)
    if "over" in table and "at_least" in table:
        raise place.error(where, "has both over and at_least", "Keep the one the provider's page states.")
    over = count(place, where, table["over"], "over") + 1 if "over" in table else 0
    at_least = count(place, where, table["at_least"], "at_least") if "at_least" in table else 0
    rates = {key: pico(place, where, table[key], per, key) for key in RATE_KEYS if key in table}
    if not rates:
        raise place.error(where, "has no rate", f"Known rates: {', '.join(RATE_KEYS)}.")
    return RateLine(
        start=instant(place, where, table),
        service_tier=table.get("service_tier", "standard"),
        min_ctx=over or at_least,
        window=table.get("window"),
        rates=MappingProxyType(rates),
        source=table.get("source", inherited[0]),
        checked=table.get("checked", inherited[1]),
        note=table.get("note", ""),
    )


def _no_overlap(place: Place, where: str, lines: Sequence[RateLine]) -> None:
    seen = set()
    for line in lines:
        slot = (line.start, line.service_tier, line.min_ctx, line.window)
        if slot in seen:
            when = f"{line.start:%Y-%m-%dT%H:%M:%SZ}"
            raise place.error(
                where,
                f"two price lines from {when} for {line.service_tier}, {line.min_ctx} input tokens and up"
                + (f", window {line.window}" if line.window else ""),
                "Keep the right one; a change needs a later `from`.",
            )
        seen.add(slot)


def _fees(place: Place, where: str, lines: object) -> tuple[Fee, ...]:
    fees = []
    seen = set()
    for number, table in enumerate(tables(place, where, {"fees": lines}, "fees"), start=1):
        spot = f"{where}, fees line {number}".removeprefix(", ")
        place.keys(spot, table, FEE_KEYS)
        per = count(place, spot, table.get("per", 1), "per")
        fee = Fee(
            start=instant(place, spot, table),
            unit=text(place, spot, table, "unit"),
            pico=pico(place, spot, table.get("price"), per, "price"),
            free_per_day=table.get("free_per_day"),
            note=table.get("note", ""),
        )
        if (fee.start, fee.unit) in seen:
            raise place.error(spot, f"a second fee for {fee.unit} from the same day")
        seen.add((fee.start, fee.unit))
        fees.append(fee)
    return tuple(fees)


def _uplift(place: Place, where: str, table: object) -> tuple[Uplift, ...]:
    if not isinstance(table, dict):
        raise place.error(where, "uplift is not a table", "Write `uplift = { regional = 1.10 }`.")
    uplifts = []
    for region, value in table.items():
        spot = f"{where}, uplift {region}".removeprefix(", ")
        start = None
        factor = value
        if isinstance(value, dict):
            place.keys(spot, value, ("factor", "from", "note"))
            factor = value.get("factor")
            start = instant(place, spot, value) if "from" in value else None
        factor = amount(place, spot, factor, "factor")
        if not Decimal("0.1") <= factor <= 10:
            raise place.error(spot, f"factor {factor} is out of range", "1.10 means ten per cent dearer.")
        uplifts.append(Uplift(region, factor, start))
    return tuple(uplifts)


def _window(place: Place, where: str, table: Mapping[str, Any]) -> Window:
    place.keys(where, table, ("tz", "weekdays", "hours", "except", "note"))
    tz = text(place, where, table, "tz")
    try:
        ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError):
        raise place.error(where, f"unknown time zone '{tz}'", "Use an IANA name such as Asia/Shanghai.") from None
    weekdays = tuple(table.get("weekdays", (1, 2, 3, 4, 5, 6, 7)))
    if not weekdays or any(day not in range(1, 8) for day in weekdays):
        raise place.error(where, f"weekdays {list(weekdays)} are not days", "Monday is 1, Sunday 7.")
    try:
        hours = tuple(_hours(span) for span in table.get("hours", ("00:00-00:00",)))
        exclude = tuple(_days(span) for span in table.get("except", ()))
    except (ValueError, AttributeError) as problem:
        raise place.error(where, f"{problem}", 'Hours are "09:00-12:00", days "2026-10-01..2026-10-07".') from None
    return Window(tz, weekdays, hours, exclude)


def _hours(span: str) -> tuple[time, time]:
    start, _, end = span.partition("-")
    return time.fromisoformat(start), time.fromisoformat("00:00" if end == "24:00" else end)


def _days(span: str | date) -> tuple[date, date]:
    if isinstance(span, date):
        return span, span
    first, _, last = span.partition("..")
    days = date.fromisoformat(first), date.fromisoformat(last or first)
    if days[1] < days[0]:
        raise ValueError(f"{span} ends before it begins")
    return days


def _region(place: Place, where: str, table: Mapping[str, Any]) -> RegionGroup:
    place.keys(where, table, ("match", "except"))
    return RegionGroup(words(place, where, table, "match"), words(place, where, table, "except"))


def _exchange(place: Place, document: Mapping[str, Any]) -> tuple[tuple[datetime, Decimal], ...]:
    rates = []
    for number, table in enumerate(tables(place, "", document, "exchange"), start=1):
        where = f"exchange line {number}"
        place.keys(where, table, ("from", "usd", "source", "note"))
        rates.append((instant(place, where, table), amount(place, where, table.get("usd"), "usd")))
    currency = document.get("currency", "USD").upper()
    if currency != "USD" and not rates:
        raise place.error(
            "",
            f"prices are in {currency} and there is no exchange rate",
            "Add `exchange = [ { from = DAY, usd = RATE } ]`.",
        )
    return tuple(sorted(rates))


def _aliases(place: Place, document: Mapping[str, Any]) -> dict[str, Alias]:
    aliases: dict[str, Alias] = {}
    for number, table in enumerate(tables(place, "", document, "alias"), start=1):
        where = f"alias {table.get('name', f'number {number}')}"
        place.keys(where, table, ("name", "to", "note"))
        name = text(place, where, table, "name")
        segments = []
        for segment in tables(place, where, table, "to"):
            place.keys(where, segment, ("from", "model", "note"))
            segments.append((instant(place, where, segment), text(place, where, segment, "model")))
        if not segments or len({start for start, _ in segments}) < len(segments):
            raise place.error(where, "needs segments of different `from`", 'to = [ { from = DAY, model = "..." } ]')
        if name in aliases:
            raise place.error(where, "is listed twice", "Put both into one [[alias]].")
        aliases[name] = Alias(name, tuple(sorted(segments)), place.file)
    return aliases


def _snapshot(place: Place, pattern: object) -> re.Pattern[str] | None:
    if pattern is None:
        return None
    try:
        return re.compile(str(pattern))
    except re.error as problem:
        raise place.error("", f"snapshot is not a regular expression: {problem}") from None
