"""What cache savings are asked: at whose prices, by which dimensions, at what cost of a look-up."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from finopsctl.analyses.caching import PricesInForce, SavingsQuestion
from finopsctl.analyses.caching import savings as saved
from finopsctl.books.cost import with_cost
from finopsctl.books.prices import Pricer
from finopsctl.errors import ConfigError
from finopsctl.metrics.dimensions import parse
from finopsctl.pricing.currency import ExchangeRate

if TYPE_CHECKING:
    from finopsctl.analyses.caching import CacheSavings
    from finopsctl.books import Books
    from finopsctl.config.settings import Settings


def at_our_prices(books: Books, settings: Settings) -> Books:
    """Return the books with what their records cost at our prices: what a source reports says nothing of what-ifs.

    Raises:
        ConfigError: When the reported cost is asked for.
    """
    if settings.cost_basis == "reported":
        raise ConfigError(
            "what caching saved is worked out from prices, which no source reports", "Use --cost-basis list."
        )
    basis = "list" if settings.cost_basis == "list" else "effective"
    request = replace(books.request, cost_basis=basis)
    return replace(books, request=request, rows=with_cost(books.rows, request))


def savings_of(books: Books, settings: Settings) -> CacheSavings:
    """Answer from opened books and settings.

    Args:
        books: The open books, at our prices (:func:`at_our_prices`).
        settings: Dimensions, and what a look-up costs.
    """
    request = books.request
    pricer = Pricer.of(request)
    prices = PricesInForce(
        pricer.resolver,
        pricer.price_at,
        pricer.contracts,
        f"{request.basis}_cost",
        request.currency,
        tuple(ExchangeRate(*entry) for entry in request.exchange_rates),
    )
    question = SavingsQuestion(
        by=parse(settings.by, settings.fiscal_year_start),
        lookup_cost=settings.lookup_cost,
        lookup_on=settings.lookup_on,
        timezone=settings.tz,
        basis=request.basis,
        currency=request.currency,
    )
    return saved(books.ledger, question, prices)
