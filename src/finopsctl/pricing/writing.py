"""Appending a price update to price files, and showing it.

Only ``[[model]]`` tables at the end and lines at the end of a ``rates`` list are added; see ``pricing.price_text``. A
model that the folder does not hold itself (it is laid over our catalogue) is copied there whole, new lines included.
"""

from __future__ import annotations

import tomllib
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING

from finopsctl.errors import ConfigError, PricingError
from finopsctl.pricing.price_file import parse
from finopsctl.pricing.price_text import entry, with_lines, with_models
from finopsctl.pricing.update import NEW_MODEL, Update
from finopsctl.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from finopsctl.pricing.book import Fee, Model, PriceBook, ProviderPrices, RateLine
    from finopsctl.pricing.update import Change

_PER = 1_000_000
_BUDGET_BELOW, _PREMIUM_FROM = 500_000, 6_000_000


def edited(update: Update, book: PriceBook, folder: Path) -> dict[Path, str]:
    """Return the new text of every price file of ``folder`` that the update touches; nothing is written.

    Raises:
        PricingError: a file that cannot be added to safely.
    """
    files = {_provider(path): path for path in sorted(folder.glob("*.toml")) if not path.name.startswith("contracts")}
    texts: dict[Path, str] = {}
    for provider, group in groupby(update.changes, key=lambda change: change.provider):
        prices = book.providers[provider]
        path = files.get(provider, folder / f"{provider}.toml")
        text = path.read_bytes().decode("utf-8") if path.exists() else _header(prices)
        text = _added(text, list(group), prices, update.as_of)
        parse(tomllib.loads(text, parse_float=Decimal), str(path))
        texts[path] = text
    return texts


def write(texts: Mapping[Path, str]) -> None:
    """Replace each file at once: beside its name first, then renamed.

    Raises:
        PricingError: the folder cannot be written to.
    """
    for path, text in texts.items():
        try:
            write_whole(path, text.encode("utf-8"))
        except ConfigError as problem:
            raise PricingError(problem.message, hint="Keep prices in a folder of your own: --prices DIR.") from None


def _provider(path: Path) -> str:
    try:
        return str(tomllib.loads(path.read_bytes().decode("utf-8")).get("provider", ""))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise PricingError(f"{path}: not a readable price file: {problem}") from None


def _header(prices: ProviderPrices) -> str:
    return f'schema = 1\nprovider = "{prices.provider}"\ncurrency = "USD"\nper = 1_000_000\n'


def _added(text: str, changes: Sequence[Change], prices: ProviderPrices, as_of: date) -> str:
    document = tomllib.loads(text, parse_float=Decimal)
    per = int(document.get("per", _PER))
    inclusive = "at_least" in text and "over" not in text
    here = {model["id"] for model in document.get("model", []) if "rates" in model}
    models = []
    for name, group in groupby(changes, key=lambda change: change.model):
        parts = list(group)
        new = [line for change in parts for line in change.lines]
        entries = [entry(line, per, inclusive=inclusive, announced=line.start.date() > as_of) for line in new]
        if parts[0].kind == NEW_MODEL:
            models.append(_new_model(parts[0], new, entries, prices, as_of))
        elif name in here:
            text = with_lines(text, name, entries)
        else:
            models.append(_copied(prices.models[name], entries, per, inclusive=inclusive))
    return with_models(text, models) if models else text


def _new_model(
    change: Change, lines: Sequence[RateLine], entries: list[dict[str, object]], prices: ProviderPrices, as_of: date
) -> dict[str, object]:
    candidate = change.candidate
    kind = candidate.kind or ("chat" if any("output" in line.rates for line in lines) else "embedding")
    source = (prices.urls[0] if prices.urls else None) or candidate.source
    fields: dict[str, object | None] = {
        "id": change.model,
        "kind": kind,
        "tier": _tier(kind, lines[0].rates.get("input", 0)),
        "context": candidate.context,
        "rates": [{key: value for key, value in item.items() if key != "checked"} for item in entries],
        "source": source,
        "checked": as_of,
        "note": "Tier set by price, first day by the last comparison where the list gave none: review.",
    }
    return {key: value for key, value in fields.items() if value is not None}


def _tier(kind: str, input_rate: int) -> str:
    if kind == "embedding":
        return "embedding"
    if input_rate < _BUDGET_BELOW:
        return "budget"
    return "standard" if input_rate < _PREMIUM_FROM else "premium"


def _copied(model: Model, added: list[dict[str, object]], per: int, *, inclusive: bool) -> dict[str, object]:
    own = [entry(line, per, inclusive=inclusive) for line in model.rates]
    for item in own:
        for key in ("source", "checked"):
            if item.get(key) == getattr(model, key):
                item.pop(key, None)
    fields: dict[str, object | None] = {
        "id": model.id,
        "match": list(model.match) or None,
        "kind": model.kind,
        "tier": model.tier,
        "context": model.context,
        "rates": [*own, *added],
        "fees": [_fee(fee) for fee in model.fees] or None,
        "uplift": {u.region: {"factor": u.factor, "from": u.start} if u.start else u.factor for u in model.uplift or ()}
        or None,
        "source": model.source,
        "checked": model.checked,
        "note": model.note or None,
    }
    return {key: value for key, value in fields.items() if value is not None}


def _fee(fee: Fee) -> dict[str, object]:
    price = (Decimal(fee.pico) / 10**12).normalize()
    fields = {
        "from": fee.start.date(),
        "unit": fee.unit,
        "per": 1,
        "price": Decimal(f"{price:f}"),
        "free_per_day": fee.free_per_day,
        "note": fee.note or None,
    }
    return {key: value for key, value in fields.items() if value is not None}
