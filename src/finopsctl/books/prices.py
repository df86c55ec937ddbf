"""Pricing on the way in: which prices are in force for a request, and each part of the ledger rated with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.ledger.period import parse_instant
from finopsctl.pricing import catalog, contract, litellm_config
from finopsctl.pricing.explain import explain
from finopsctl.pricing.models import Resolver
from finopsctl.pricing.problems import Tally
from finopsctl.pricing.rating import rated

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from finopsctl.books.request import Request
    from finopsctl.pricing.book import PriceBook
    from finopsctl.pricing.contract import Contract
    from finopsctl.results.finding import Finding

_PRICED = tuple(f"list_{part}cost" for part in ("", "input_", "cache_read_", "cache_write_", "output_", "other_"))
_SAID_ELSEWHERE = frozenset({"unpriced", "standard_tier_assumed"})


@dataclass(slots=True, eq=False)
class Pricer:
    """Rates parts of a ledger with one price book and remembers what it met.

    Args:
        book: The prices.
        resolver: Names to prices, kept across parts.
        price_at: Price everything as of this instant instead of its own; None for the dated prices.
        contracts: Applied after list price.
        keeps: Whether costs that a source already carries (a ledger, FOCUS) stay.
    """

    book: PriceBook
    resolver: Resolver
    price_at: datetime | None
    contracts: Sequence[Contract]
    keeps: bool
    tally: Tally = field(default_factory=Tally)

    @classmethod
    def of(cls, request: Request) -> Pricer:
        """Return the pricer that a request's price options describe.

        Raises:
            PricingError: When a price, contract or LiteLLM file cannot be used.
        """
        book = price_book(request)
        deployments = dict(request.deployments)
        if request.litellm_config:
            gateway = litellm_config.read(request.litellm_config)
            book, deployments = catalog.overlay(book, gateway.prices), {**gateway.deployments, **deployments}
        price_at = parse_instant(request.price_date, request.timezone) if request.price_date else None
        contracts = contract.load(request.contracts) if request.contracts else ()
        return cls(book, Resolver(book, deployments), price_at, contracts, not request.prices_named)

    def price(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return ledger rows with list and effective cost."""
        result = rated(rows, self.resolver, price_at=self.price_at, contracts=self.contracts)
        self.tally += result.tally
        if not self.keeps or (rows["list_cost"].null_count() == rows["effective_cost"].null_count() == rows.height):
            return result.frame
        had_list, had_effective = rows["list_cost"].is_not_null(), rows["effective_cost"].is_not_null()
        return result.frame.with_columns(
            *(pl.when(had_list).then(rows[name]).otherwise(pl.col(name)).alias(name) for name in _PRICED),
            effective_cost=pl.when(had_effective)
            .then(rows["effective_cost"])
            .when(had_list)
            .then(rows["list_cost"])
            .otherwise("effective_cost"),
        )

    def explain(self, rows: pl.DataFrame) -> list[dict[str, Any]]:
        """Return the arithmetic of a few ledger rows; see ``pricing.explain``."""
        return explain(rows, self.resolver, price_at=self.price_at, contracts=self.contracts)

    @property
    def band_unknown(self) -> int:
        """How many buckets were priced in the lowest context band for want of knowing theirs."""
        return self.tally.band_unknown

    def findings(self) -> tuple[Finding, ...]:
        """Return what a reader must know about the pricing, apart from the coverage every report states."""
        return tuple(finding for finding in self.tally.findings() if finding.code not in _SAID_ELSEWHERE)


def price_book(request: Request) -> PriceBook:
    """Return the shipped catalogue with the request's own folder laid over it."""
    return catalog.load([request.prices]) if request.prices else _shipped()


@cache
def _shipped() -> PriceBook:
    return catalog.load()
