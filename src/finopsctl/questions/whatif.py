"""What a what-if is asked: scenarios, each with the prices of its own side."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from finopsctl.analyses.whatif import Prices, WhatIfQuestion, whatif
from finopsctl.books.books import refuse_nothing
from finopsctl.books.cost import with_cost
from finopsctl.books.prices import Pricer
from finopsctl.ledger.period import parse_instant
from finopsctl.metrics.dimensions import parse
from finopsctl.pricing import catalog
from finopsctl.pricing.currency import ExchangeRate
from finopsctl.pricing.models import Resolver
from finopsctl.questions.spans import span_covered

if TYPE_CHECKING:
    from pathlib import Path

    from finopsctl.analyses.whatif import WhatIf
    from finopsctl.books import Books, Request
    from finopsctl.config.settings import Settings
    from finopsctl.config.whatif_scenarios import Planned


def priced_by_us(books: Books, *, dated: bool) -> Books:
    """Return the books with the basis both sides are priced on; a date named on the command line is the scenario's."""
    request = books.request
    basis = "list" if request.cost_basis == "list" else "effective"
    price_date = None if dated else request.price_date
    return replace(books, request=replace(request, cost_basis=basis, price_date=price_date))


def whatif_of(books: Books, settings: Settings, planned: tuple[Planned, ...], *, compare: bool) -> WhatIf:
    """Answer from opened books and settings.

    Args:
        books: The open books, of :func:`priced_by_us`.
        settings: Dimensions and top.
        planned: The scenarios.
        compare: Whether they are shown side by side.
    """
    refuse_nothing(books)
    pricer = Pricer.of(books.request)
    ours = Prices(pricer.resolver, pricer.price_at, pricer.contracts)
    question = WhatIfQuestion(
        scenarios=tuple(replace(each.scenario, prices=_prices(each, pricer, books.request)) for each in planned),
        prices=ours,
        by=parse(settings.by, settings.fiscal_year_start),
        compare=compare,
        span=span_covered(books),
        timezone=settings.tz,
        first_month=settings.fiscal_year_start,
        basis=books.request.basis,
        currency=books.request.currency,
        rates=tuple(ExchangeRate(*entry) for entry in books.request.exchange_rates),
        top=settings.top,
    )
    return whatif(with_cost(books.ledger, _as_reported(books.request)), question)


def _as_reported(request: Request) -> Request:
    return replace(request, cost_basis="reported", price_date=None, prices=None, contracts=None, litellm_config=None)


def _prices(planned: Planned, pricer: Pricer, request: Request) -> Prices | None:
    """Return the prices of a scenario's own side; None where it has none."""
    if planned.price_date is None and planned.price_book is None:
        return None
    at = pricer.price_at if planned.price_date is None else parse_instant(planned.price_date, request.timezone)
    resolver = pricer.resolver
    if planned.price_book is not None:
        book = catalog.overlay(pricer.book, (catalog.read(path) for path in _price_files(planned.price_book)))
        resolver = Resolver(book, pricer.resolver.names.deployments)
    return Prices(resolver, at, pricer.contracts)


def _price_files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(found for found in path.glob("*.toml") if not found.name.startswith("contracts"))
    return [path]
