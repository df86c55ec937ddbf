"""What a model's prompt tokens cost in the price catalogue: fresh, read from a cache and written to it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.errors import PricingError
from finopsctl.ledger.schema import INSTANT, RECORD_KIND, conform
from finopsctl.pricing.names import HOSTS
from finopsctl.pricing.rating import rate
from finopsctl.pricing.views import show

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from finopsctl.pricing.models import Resolver

_ONE = 1000
"""Tokens that prices are read off with: below every context band."""
_CLASSES = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens")


@dataclass(frozen=True, slots=True, eq=False)
class ModelPrices:
    """The prices of one model at one instant.

    Args:
        resolver: Of the price book.
        provider: Who bills.
        model: As it was asked for, without the provider.
        at: Whose prices hold.
        read: Price of a token read from the cache, input = 1; null: the catalogue has none.
        write: Of one written for five minutes (or the only lifetime there is).
        write_1h: Of one written for an hour.
    """

    resolver: Resolver
    provider: str
    model: str
    at: datetime
    read: Fraction | None
    write: Fraction | None
    write_1h: Fraction | None

    def of_requests(self, tokens: Sequence[int], answers: Sequence[int]) -> tuple[list[int], int]:
        """Return pico-USD per input token of each request, in the context band of its length, and of all output.

        Args:
            tokens: Input tokens of each request, in order.
            answers: Output tokens of each request.

        Raises:
            PricingError: When a request is in a band that has no price.
        """
        calls = pl.DataFrame({"input_tokens": tokens, "output_tokens": answers})
        rated = _rated(self.resolver, self.provider, self.model, self.at, calls)
        if rated["list_cost"].null_count():
            raise PricingError(f"{self.provider}/{self.model} has no price for some of the requests")
        picos = rated.select(
            each=pl.col("list_input_cost").to_physical() // pl.col("input_tokens").clip(1),
            output=pl.col("list_output_cost").to_physical(),
        )
        return picos["each"].to_list(), sum(picos["output"].to_list())


def model_prices(resolver: Resolver, name: str, at: datetime, likely: str | None = None) -> ModelPrices:
    """Look a model up like a logged name.

    Args:
        resolver: Of the price book.
        name: An id, an alias, or provider/name.
        at: Whose prices hold.
        likely: The provider that is tried first where the name names none.

    Raises:
        PricingError: No provider lists such a model, or has no price for it at that instant.
    """
    before, _, after = name.partition("/")
    named = [(before, after)] if after and before in resolver.book.providers else []
    guessed = [(likely, name)] if likely else []
    makers_first = sorted(set(_listing(resolver, name)), key=lambda provider: (provider in HOSTS, provider))
    listed = [(provider, name) for provider in makers_first]
    probe = pl.DataFrame(
        {column: [_ONE * (column == each) for each in _CLASSES] for column in _CLASSES},
        schema=dict.fromkeys(_CLASSES, pl.Int64),
    )
    for provider, model in named or [*guessed, *listed]:
        costs = _rated(resolver, provider, model, at, probe)["list_cost"].to_list()
        if costs[0]:
            read, write, write_1h = (
                None if cost is None else Fraction(cost) / Fraction(costs[0]) for cost in costs[1:]
            )
            return ModelPrices(resolver, provider, model, at, read, write, write_1h)
    show(resolver.book, name)  # raises where nothing is called so
    raise PricingError(f"'{name}' has no price on {at:%Y-%m-%d}", "See `finopsctl pricing show MODEL`.")


def _listing(resolver: Resolver, name: str) -> list[str]:
    try:
        return show(resolver.book, name)["provider"].to_list()
    except PricingError:
        return []


def _rated(resolver: Resolver, provider: str, model: str, at: datetime, calls: pl.DataFrame) -> pl.DataFrame:
    """Return requests of one model with their list costs."""
    rows = calls.select(
        pl.lit(at, dtype=INSTANT).alias("charge_period_start"),
        pl.lit("request", dtype=RECORD_KIND).alias("record_kind"),
        pl.lit(provider).alias("provider"),
        pl.lit(model).alias("model"),
        pl.lit("standard").alias("service_tier"),
        pl.lit(1, dtype=pl.Int64).alias("requests"),
        *calls.columns,
    )
    return rate(conform(rows.lazy()).collect(), resolver)
