r"""The price catalogue: dated list prices in TOML, one file a provider, laid over one another and compiled exactly.

**The format.** One file is one provider as the ledger names it (``openai``, ``vertex_ai``, ``self-hosted``). Money is
written as a decimal, dates as TOML dates (midnight UTC) or instants with a zone; nothing is quoted. An unknown key,
a rate that is not a whole number of pico-units per token, and two lines for one (from, service tier, threshold,
window) are errors that name file, model and key.

File keys::

    schema = 1                      # required
    provider = "openai"             # required
    name = "OpenAI"                 # for people
    currency = "USD"                # of every rate and fee in the file; anything else needs `exchange`
    per = 1_000_000                 # rates are per this many tokens
    strip = ["openai/"]             # routing prefixes removed from logged names before they are looked up
    snapshot = '-\d{4}-\d{2}-\d{2}$'  # regex: a dated suffix; a snapshot not listed itself is its undated model
    urls = ["https://..."]          # where the provider publishes prices
    resell = ["azure"]              # providers whose files may say `like = "openai/..."`; documentation only
    note = "..."
    uplift = { regional = 1.10 }    # of every model in the file that has no `uplift` of its own
    fees = [ ... ]                  # fees of every model in the file that lists none for the unit, and of no model
    exchange = [ { from = 2026-01-01, usd = 0.14 } ]  # one unit of `currency` in USD, dated; with another currency

``[[model]]`` keys::

    id = "gpt-4o-2024-08-06"        # the exact billed name
    match = ["gpt-4o-2024-11-20"]   # other names with the same price list; `*`, `?` and `[..]` are glob patterns
    kind = "chat"                   # chat, embedding, rerank, audio, image, video, moderation, completion, other
    tier = "standard"               # budget, standard, premium, self-hosted, embedding (a report's grouping)
    context = 128_000               # tokens
    rates = [ ... ]                 # price lines, below
    fees = [ ... ]                  # fees per use, below
    uplift = { ... }                # factor by region, below; `{}` switches the file's off
    like = "anthropic/claude-x"     # a reseller: the maker's price lines, whole history (a model or a dated alias);
                                    #   tier, kind, context too unless given; fees and uplift are not taken over.
                                    #   Own `rates` replace the maker's lines of the service tiers they mention
    tiers = ["standard", "batch"]   # with `like`: the maker's service tiers this reseller sells; default: all
    capacity = [ ... ]              # self-hosted: from, pool, gpu, gpus, price_per_gpu_hour, hours, overhead, allocate
    source = "https://..."          # the provider's page
    checked = 2026-11-22            # the day a person or `pricing update` last compared it
    note = "..."

A price line (one element of ``rates``): a price change adds lines and never edits them. All lines of one service
tier with one ``from`` are a version; it replaces the version before it *as a whole*, so a new ``from`` without an
``over`` line ends that band, and one without a ``window`` line ends that window::

    from = 2026-07-09               # required; in force from this instant on
    service_tier = "standard"       # standard (default), batch, flex, priority, fast, ...
    over = 272_000                  # the line holds where all input tokens together exceed this ...
    at_least = 200_000              # ... or reach this (xAI); the whole request bills at it
    window = "peak"                 # the line holds inside this clock window
    input, cache_read, cache_write, cache_write_1h, output, reasoning,
    audio_input, image_input, audio_output, image_output    # rates; cache_write: 5 minutes, or the only kind
    announced = true                # not in force yet when written, may be cancelled
    source, checked, note           # where they differ from the model's

A class without a rate is unpriced, except ``reasoning`` (bills as ``output``) and ``image_input`` (as ``input``).

A fee line (one element of ``fees``; matched by ``consumed_unit``)::

    from = 2026-02-17, unit = "web_search", per = 1000, price = 10.00, free_per_day = 1500, note = "..."

``free_per_day`` is kept for reference: no single row knows how much of a day's allowance is left, so every use bills.

``uplift`` multiplies every token rate of rows whose region matches; the first matching key counts, at most one::

    uplift = { data_residency = 1.10 }                                  # factor
    uplift = { regional = { factor = 1.10, from = 2025-09-29 } }        # dated: 1 before that
    uplift = { "us-gov*" = 1.20, regional = 1.10 }                      # a glob on the region itself

Names with a meaning: ``regional`` and ``data_residency`` (any region but a global one), ``data_zone`` (us, eu, and
names that begin with data zone), ``inference_geo_us`` (us). More by ``[region.NAME]`` with ``match = ["eu", "eu-*"]``
and optionally ``except = [...]``. The region is the one in the model's name where it has one (``us.``, ``eu.``,
``global.`` on Bedrock; ``azure/eu/...``), else the row's ``region``; letters in lower case, blanks and ``_`` as ``-``.
A row without either has no uplift, nor has a global one (global, global-standard, not_available, default).
An uplifted rate is rounded to a whole pico-USD per token, half to even: it is a list price like any other.

``[window.peak]``: a clock window, evaluated on the request's start::

    tz = "Asia/Shanghai", weekdays = [1, 2, 3, 4, 5] (Monday 1; default all),
    hours = ["09:00-12:00", "14:00-18:00"] (half-open, local; "22:00-06:00" passes midnight and belongs to the day it
    begins on), except = ["2026-10-01..2026-10-07", "2026-12-25"] (local days, both ends included)

``[[alias]]``: what a moving name meant, when (a model of the same file)::

    name = "gpt-4o"
    to = [ { from = 2024-05-13, model = "gpt-4o-2024-05-13" }, { from = 2024-10-02, model = "gpt-4o-2024-08-06" } ]

**Layers.** A later folder's model replaces the earlier one of the same provider and id, its alias the one of the same
name, its file keys those it gives; what it does not mention stays.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.errors import PricingError
from finopsctl.pricing.book import PRICES_SCHEMA, RATE_KEYS, Model, PriceBook, ProviderPrices
from finopsctl.pricing.lint import lint
from finopsctl.pricing.price_file import parse
from finopsctl.pricing.price_values import document_of
from finopsctl.pricing.timeline import versions
from finopsctl.pricing.views import diff, listing, show
from finopsctl.results.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = [
    "Model",
    "PriceBook",
    "catalogue_folder",
    "compile_book",
    "diff",
    "lint",
    "listing",
    "load",
    "overlay",
    "read",
    "show",
]


def catalogue_folder() -> Path:
    """Return the folder of the price files that come with the program.

    A wheel carries them as package data; a checkout has them at its top, beside ``src``.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "data" / "pricing", package.parents[1] / "pricing"):
        if folder.is_dir():
            return folder
    raise PricingError("the price catalogue is missing from this installation", hint="Reinstall finopsctl.")


def load(folders: Sequence[Path] = (), *, base: Path | None = None) -> PriceBook:
    """Load our catalogue with the price files of ``folders`` laid over it, the last one on top.

    Args:
        folders: Folders of ``*.toml`` price files, or single price files; a ``contracts*.toml`` is not read.
        base: Folder at the bottom; default: ``catalogue_folder()``.

    Raises:
        PricingError: a folder or file that cannot be read, or breaks the format; names file, model and key.
    """
    bottom = catalogue_folder() if base is None else base
    return compile_book(prices for folder in (bottom, *folders) for prices in _read_folder(Path(folder)))


def read(path: Path) -> ProviderPrices:
    """Read one price file."""
    document = document_of(path, "Name a readable price file.", "Compare it with a file of the catalogue.")
    return parse(document, str(path))


def overlay(book: PriceBook, layers: Iterable[ProviderPrices]) -> PriceBook:
    """Lay more prices over a book, e.g. the custom prices of a LiteLLM configuration."""
    return compile_book((*book.providers.values(), *layers))


def compile_book(layers: Iterable[ProviderPrices]) -> PriceBook:
    """Lay price files over one another in order and compile their lines."""
    providers: dict[str, ProviderPrices] = {}
    for layer in layers:
        below = providers.get(layer.provider)
        providers[layer.provider] = layer if below is None else _laid_over(below, layer)
    models = tuple(model for name in sorted(providers) for model in providers[name].models.values())
    prices = pl.DataFrame(list(_rows(providers, models)), schema=PRICES_SCHEMA, orient="row")
    return PriceBook(
        version=_version(providers, prices),
        checked=prices["checked"].cast(pl.Date).max(),  # type: ignore[arg-type]
        providers=MappingProxyType(providers),
        models=models,
        prices=prices,
        findings=(*(f for p in providers.values() for f in p.findings), *_dangling(providers)),
    )


def _read_folder(folder: Path) -> Iterator[ProviderPrices]:
    if folder.is_file():
        yield read(folder)
        return
    if not folder.is_dir():
        raise PricingError(
            f"{folder}: no such folder of price files", hint="Name a folder that holds *.toml price files."
        )
    for path in sorted(folder.glob("*.toml")):
        if not path.name.startswith("contracts"):
            yield read(path)


def _laid_over(below: ProviderPrices, layer: ProviderPrices) -> ProviderPrices:
    if layer.currency != below.currency and layer.models:
        raise PricingError(
            f"{layer.origin}: prices are in {layer.currency}, those of {below.origin} in {below.currency}",
            hint=f"Write both in {below.currency}.",
        )
    return replace(
        below,
        name=layer.name or below.name,
        strip=tuple(dict.fromkeys((*below.strip, *layer.strip))),
        snapshot=layer.snapshot or below.snapshot,
        urls=layer.urls or below.urls,
        windows=MappingProxyType({**below.windows, **layer.windows}),
        regions=MappingProxyType({**below.regions, **layer.regions}),
        exchange=layer.exchange or below.exchange,
        uplift=layer.uplift or below.uplift,
        fees=layer.fees or below.fees,
        models=MappingProxyType({**below.models, **layer.models}),
        aliases=MappingProxyType(
            {**{k: v for k, v in below.aliases.items() if k not in layer.models}, **layer.aliases}
        ),
        findings=(*below.findings, *layer.findings),
    )


def _rows(providers: Mapping[str, ProviderPrices], models: Iterable[Model]) -> Iterator[tuple[object, ...]]:
    for model in models:
        for version in versions(providers, model.provider, model.id):
            for line in version.lines:
                yield (
                    model.provider,
                    model.id,
                    version.service_tier,
                    version.start,
                    line.min_ctx,
                    line.window and line.window.partition(":")[2],
                    *(line.rates.get(key) for key in RATE_KEYS),
                    line.source or model.source,
                    line.checked or model.checked,
                )


def _dangling(providers: Mapping[str, ProviderPrices]) -> Iterator[Finding]:
    for prices in providers.values():
        for model in prices.models.values():
            maker, _, name = (model.like or "").partition("/")
            if (
                model.like is not None
                and not model.rates
                and (maker not in providers or name not in providers[maker].known())
            ):
                yield _missing(
                    "like_unknown", f"{model.origin}: model {model.id}: like '{model.like}' is not listed", model.id
                )
        for alias in prices.aliases.values():
            for _, target in alias.segments:
                if target not in prices.models:
                    yield _missing(
                        "alias_unknown", f"{alias.origin}: alias {alias.name}: '{target}' is not listed", alias.name
                    )


def _missing(code: str, message: str, name: str) -> Finding:
    return Finding(
        Severity.CRITICAL,
        code,
        f"{message}; it stays unpriced.",
        "Correct the name, or list that model.",
        {"name": name},
    )


def _version(providers: Mapping[str, ProviderPrices], prices: pl.DataFrame) -> str:
    content = [
        [
            *(p.provider, p.strip, p.snapshot.pattern if p.snapshot else None, repr(p.windows), repr(p.regions)),
            *(repr(p.uplift), repr(p.fees), sorted(repr(alias.segments) + name for name, alias in p.aliases.items())),
            sorted([m.id, m.match, m.tier, m.kind, m.like, repr(m.uplift), repr(m.fees)] for m in p.models.values()),
        ]
        for _, p in sorted(providers.items())
    ]
    digest = hashlib.sha256(json.dumps(content, default=str).encode())
    keys = ["provider", "model", "service_tier", "from", "min_ctx", "window"]
    digest.update(prices.drop("source", "checked").sort(keys, nulls_last=True).write_csv().encode())
    return digest.hexdigest()[:12]
