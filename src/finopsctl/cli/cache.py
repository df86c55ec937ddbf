"""``finopsctl cache``: what caching saved, what it would save by a formula, and what it would save on real prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finopsctl.cli.amounts import amount, count
from finopsctl.cli.cache_simulation import simulate
from finopsctl.cli.options import By, Common, Display, examples, option, shares

if TYPE_CHECKING:
    from finopsctl.analyses.caching import CacheSavings
    from finopsctl.books import Books
    from finopsctl.config.settings import Settings

app = typer.Typer(
    help="What caching saved, what it would save by a formula, and what it would save on real prompts.",
    no_args_is_help=True,
)


LookupCost = Annotated[
    str | None,
    option(None, "Cost of one look-up in the gateway's cache. Default: 0.", "--lookup-cost", metavar="AMOUNT"),
]
LookupOn = Annotated[
    str | None, option(None, "What look-ups are charged on: hits (the default) or all.", "--lookup-on", metavar="WHAT")
]


@shares
def savings(common: Common, by: By = None, lookup_cost: LookupCost = None, lookup_on: LookupOn = None) -> None:
    """Show what caching saved at the prices of the day: responses less look-ups, prompts less the write premium.

    The gateway's response cache and the providers' prompt caches are apart from each other; a loss is said plainly.
    """
    from finopsctl.cli.run import answer

    def analyse(books: Books, settings: Settings) -> CacheSavings:
        from finopsctl.questions.caching import savings_of

        return savings_of(books, settings)

    def at_our_prices(books: Books, settings: Settings) -> Books:
        from finopsctl.questions.caching import at_our_prices

        return at_our_prices(books, settings)

    cost = None if lookup_cost is None else amount("--lookup-cost", lookup_cost)
    answer(common, analyse, at_our_prices, by=by, lookup_cost=cost, lookup_on=lookup_on)


@shares
def estimate(
    display: Display,
    *,
    requests: Annotated[str, option(None, "How many requests.", "--requests", metavar="N")],
    cost: Annotated[str, option(None, "What one costs that reaches the provider, USD.", "--cost", metavar="C")],
    hit_rate: Annotated[str, option(None, "Share the cache answers: 0.35 or 35%.", "--hit-rate", metavar="R")],
    lookup_cost: Annotated[str, option(None, "What a look-up costs, USD.", "--lookup-cost", metavar="L")] = "0",
    lookup_on: LookupOn = None,
) -> None:
    """Estimate what a response cache would save: N C without it, N (1 - R) C and its look-ups with it."""
    from finopsctl.analyses.caching import estimate as estimated
    from finopsctl.cli.run import show_reference

    result = estimated(
        count("--requests", requests),
        amount("--cost", cost),
        amount("--hit-rate", hit_rate, share=True),
        amount("--lookup-cost", lookup_cost),
        lookup_on or "hits",
    )
    show_reference(result.report(), display)


app.command(
    "savings",
    epilog=examples(
        "cache savings sample_data --by team",
        "cache savings sample_data --by provider,model --month 2026-10 --lookup-cost 0.0001 --lookup-on all",
    ),
)(savings)
app.command(
    "estimate",
    epilog=examples(
        "cache estimate --requests 15000000 --cost 0.0084 --hit-rate 0.35 --lookup-cost 0.0001",
        "cache estimate --requests 15000000 --cost 0.0084 --hit-rate 2% --lookup-cost 0.0002 --lookup-on all",
    ),
)(estimate)
app.command(
    "simulate",
    epilog=examples(
        "cache simulate sample_data/traces/recipe_chat.txt --rule lru",
        "cache simulate sample_data/traces/recipe_chat.txt --rule anthropic --ttl 1h --model claude-sonnet-4-5",
    ),
)(shares(simulate))
