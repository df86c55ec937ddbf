"""``finopsctl whatif``: what the same traffic would cost under another model, price, length, tier or cache."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finopsctl.cli.options import By, Common, Top, option
from finopsctl.errors import ConfigError

if TYPE_CHECKING:
    from finopsctl.analyses.whatif import WhatIf
    from finopsctl.books import Books
    from finopsctl.config.settings import Settings
    from finopsctl.config.whatif_scenarios import Planned

EXAMPLES = """Examples:

  finopsctl whatif sample_data --month 2026-10 --swap gpt-4o=gpt-4o-mini --by team

  finopsctl whatif sample_data --service-tier batch:team=data-science --trim-input 30% --cap-output 400
"""

_MODELS, _TOKENS, _CACHES, _REST = "Other models", "Other lengths", "Other caches", "Other prices and machines"


Swap = Annotated[
    list[str] | None,
    option(
        _MODELS,
        "Model A's requests go to B: gpt-4o=gpt-4o-mini:0.5:team=data.",
        "--swap",
        metavar="A=B[:SHARE][:FILTER]",
    ),
]
Route = Annotated[
    list[str] | None,
    option(_MODELS, "Routing rule; the first that matches takes a request.", "--route", metavar="B[:SHARE][:FILTER]"),
]
ServiceTier = Annotated[
    list[str] | None,
    option(
        _MODELS, "batch, flex ... where the price list has a price for it.", "--service-tier", metavar="TIER[:FILTER]"
    ),
]
TokenFactor = Annotated[
    list[str] | None,
    option(_MODELS, "Tokens B counts per token logged: 1.1 or 1.0..1.2.", "--token-factor", metavar="B=F"),
]
OutputFactor = Annotated[
    list[str] | None,
    option(_MODELS, "Output B writes per token logged: 1.2 or 1.0..1.4.", "--output-factor", metavar="B=F"),
]
SuccessRate = Annotated[
    list[str] | None,
    option(_MODELS, "Share of tasks solved: then equal successes are compared.", "--success-rate", metavar="A=R,B=R"),
]
KeepCache = Annotated[
    bool, typer.Option("--keep-cache", help="Prompt caches stay warm after a swap.", rich_help_panel=_MODELS)
]
TrimInput = Annotated[
    list[str] | None,
    option(_TOKENS, "Shorter prompts: 30%, or 2000 tokens at most.", "--trim-input", metavar="P[:FILTER]"),
]
CapOutput = Annotated[
    list[str] | None, option(_TOKENS, "At most N output tokens a request.", "--cap-output", metavar="N[:FILTER]")
]
RetriesOption = Annotated[
    list[str] | None,
    option(_TOKENS, "Share of today's retries that remains: 0 removes them.", "--retries", metavar="P[:FILTER]"),
]
HitRate = Annotated[
    list[str] | None,
    option(
        _CACHES,
        "Share of requests a response cache would serve; off: no cache.",
        "--cache-hit-rate",
        metavar="R[:FILTER]",
    ),
]
CacheCost = Annotated[str | None, option(_CACHES, "Cost of one look-up. Default: 0.", "--cache-cost", metavar="USD")]
CacheLookups = Annotated[
    str, typer.Option("--cache-lookups", metavar="ON", help="Look-ups paid on hits or on all.", rich_help_panel=_CACHES)
]
PromptCache = Annotated[
    list[str] | None,
    option(
        _CACHES,
        "Shares of input a provider's cache reads and writes; on: as where it is in use; off: none.",
        "--prompt-cache",
        metavar="READ[/WRITE][:FILTER]",
    ),
]
PriceBook = Annotated[
    Path | None, option(_REST, "The scenario's prices, laid over the others.", "--price-book", metavar="DIR")
]
SelfHostOption = Annotated[
    str | None,
    option(
        _REST,
        "cost-per-hour=9.96,tokens-per-second=1500,utilization=0.6[,model=A][:FILTER].",
        "--self-host",
        metavar="FIGURES",
    ),
]
ScenariosFile = Annotated[
    Path | None, option(_REST, "Scenarios (TOML) to compare side by side.", "--scenarios", metavar="FILE")
]


def whatif(
    common: Common,
    *,
    swap: Swap = None,
    route: Route = None,
    service_tier: ServiceTier = None,
    token_factor: TokenFactor = None,
    output_factor: OutputFactor = None,
    success_rate: SuccessRate = None,
    keep_cache: KeepCache = False,
    trim_input: TrimInput = None,
    cap_output: CapOutput = None,
    retries: RetriesOption = None,
    cache_hit_rate: HitRate = None,
    cache_cost: CacheCost = None,
    cache_lookups: CacheLookups = "hits",
    prompt_cache: PromptCache = None,
    price_book: PriceBook = None,
    self_host: SelfHostOption = None,
    scenarios: ScenariosFile = None,
    by: By = None,
    top: Top = None,
) -> None:
    """Price the same requests again under a scenario: other models, tiers, prices, lengths or caches.

    --price-date and --price-book are the scenario's; --prices, --contracts and --litellm-config are both sides'.
    """
    from finopsctl.analyses.whatif import Scenario, parsing
    from finopsctl.cli.run import answer
    from finopsctl.config.whatif_scenarios import Planned, load, lookups_on_all

    on_all = lookups_on_all(cache_lookups)
    if not cache_hit_rate and cache_cost is not None:
        raise ConfigError("--cache-cost needs a hit rate", "Add --cache-hit-rate 0.35.")
    scenario = Scenario(
        routes=tuple(parsing.route(text) for text in route or ()),
        swaps=tuple(parsing.swap(text) for text in swap or ()),
        tiers=tuple(parsing.tier(text) for text in service_tier or ()),
        trims=tuple(parsing.trim(text) for text in trim_input or ()),
        caps=tuple(parsing.cap(text) for text in cap_output or ()),
        prefixes=tuple(parsing.prefix(text) for text in prompt_cache or ()),
        hits=tuple(parsing.hits(text, cache_cost, on_all=on_all) for text in cache_hit_rate or ()),
        retries=tuple(parsing.retries(text) for text in retries or ()),
        token_factors=parsing.spans(token_factor or (), "--token-factor"),
        output_factors=parsing.spans(output_factor or (), "--output-factor"),
        success_rates=parsing.rates(success_rate or ()),
        keep_cache=keep_cache,
        self_host=None if self_host is None else parsing.self_host(self_host),
    )
    typed = Planned(scenario, common.price_date, price_book)
    planned = load(scenarios) if scenarios is not None else (typed,)
    _check(typed, common, from_file=scenarios is not None)

    def analyse(books: Books, settings: Settings) -> WhatIf:
        from finopsctl.questions.whatif import whatif_of

        return whatif_of(books, settings, planned, compare=scenarios is not None)

    def narrowed(books: Books, _settings: Settings) -> Books:
        from finopsctl.questions.whatif import priced_by_us

        return priced_by_us(books, dated=common.price_date is not None)

    answer(common, analyse, narrowed, by=by, top=top)


def _check(typed: Planned, common: Common, *, from_file: bool) -> None:
    """Raise for a scenario without levers, or levers beside a file of scenarios."""
    nothing = typed.scenario.is_empty and typed.price_date is None and typed.price_book is None
    if from_file and not nothing:
        raise ConfigError("levers are given beside a file of scenarios", "Write them into the file as one more.")
    if not from_file and nothing:
        raise ConfigError("no scenario is given", "For example --swap gpt-4o=gpt-4o-mini, or --scenarios FILE.")
    if common.cost_basis == "reported":
        raise ConfigError(
            "both sides of a scenario are priced by us, so there is no reported basis", "Use effective or list."
        )
