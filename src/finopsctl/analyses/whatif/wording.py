"""What a what-if says in sentences: its headline, and what its figures do not cover."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.errors import nearest
from finopsctl.ledger.conditions import fits
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.wording import counted, money

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finopsctl.analyses.whatif.hosting import Hosting
    from finopsctl.analyses.whatif.levers import Scenario
    from finopsctl.analyses.whatif.result import Outcome, WhatIf

_REASONS_SHOWN = 2
_PLURAL = ("fewer retries", "other prices")


def headline(found: WhatIf) -> str:
    """Return the sentence that answers the question."""
    best = found.best if found.question.compare else found.outcomes[0]
    totals, currency = best.totals, found.question.currency
    if totals["baseline"] is None:
        return "Nothing to compare: no request has a price on both sides."
    what, several = (
        (f"The scenario '{best.scenario.name}'", False) if found.question.compare else described(best.scenario)
    )
    of = f"{money(totals['baseline'], currency)}"
    saving, share = totals["saving"], totals["saving_share"]
    percent = "" if share is None else f" ({abs(share):.1%})"
    if saving > 0:
        said = f"save{'' if several else 's'} {money(saving, currency)} of {of}{percent}"
    elif saving < 0:
        said = f"cost{'' if several else 's'} {money(-saving, currency)} more than {of}{percent}"
    else:
        said = f"change{'' if several else 's'} nothing of {of}"
    band = ""
    if "saving_low" in totals:
        low, high = (money(totals[name], currency) for name in ("saving_low", "saving_high"))
        band = f", between {low} and {high}"
    if found.question.compare:
        return f"{what} {'saves most' if saving > 0 else 'comes first'} of {len(found.outcomes)}: it {said}{band}."
    return f"{what} {said}{band}{_moving(best)}{_pays(best)}."


def described(scenario: Scenario) -> tuple[str, bool]:
    """Return what a scenario does, as the subject of a sentence, and whether that is several things."""
    parts = [f"swapping {', '.join(m.models)} for {m.target}" for m in scenario.swaps]
    parts += [f"routing to {', '.join(dict.fromkeys(m.target for m in scenario.routes))}"] if scenario.routes else []
    parts += [f"the {tier.name} tier" for tier in scenario.tiers]
    parts += [
        f"trimming prompts {f'to {t.tokens:,} tokens' if t.tokens is not None else f'by {t.share:.0%}'}"
        for t in scenario.trims
    ]
    parts += [f"capping output at {counted(c.tokens, 'token')}" for c in scenario.caps]
    parts += ["provider prompt caching"] if scenario.prefixes else []
    parts += [f"a response cache with {h.rate:.0%} hits" for h in scenario.hits]
    parts += ["fewer retries" if all(r.kept <= 1 for r in scenario.retries) else "another retry rate"] * bool(
        scenario.retries
    )
    parts += ["self-hosting"] if scenario.self_host is not None else []
    parts += ["other prices"] if scenario.prices is not None and not parts else []
    text = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    text = f"together, {text}" if len(parts) > 1 else text
    return f"{text[0].upper()}{text[1:]}", len(parts) > 1 or parts[0] in _PLURAL


def _moving(outcome: Outcome) -> str:
    totals, scenario = outcome.totals, outcome.scenario
    if not (scenario.moves or scenario.tiers or scenario.self_host):
        return ""
    moved = totals["requests_moved"]
    text = f": {counted(moved, 'request')} {'moves' if moved == 1 else 'move'}"
    kept = outcome.tally.kept
    if kept.height:
        reasons = "; ".join(str(reason) for reason in kept["reason"].head(_REASONS_SHOWN))
        more = "; ..." if kept.height > _REASONS_SHOWN else ""
        stays = totals["requests_kept"]
        text += f", {stays:,} {'stays' if stays == 1 else 'stay'} ({reasons}{more})"
    return text


def _pays(outcome: Outcome) -> str:
    totals = outcome.totals
    host = outcome.hosting
    if host is not None and host.break_even is not None:
        return f"; {_break_even(host)}"
    if outcome.scenario.success_rates and totals.get("break_even_success_rate") is not None:
        return f"; it pays from a success rate of {totals['break_even_success_rate']:.1%}"
    return ""


def _break_even(host: Hosting) -> str:
    even, has = int(host.break_even or 0), int(host.output_per_day)
    return f"a node pays from {even:,} output tokens a day, this traffic writes {has:,}"


def findings(found: WhatIf) -> tuple[Finding, ...]:
    """Return what a reader must know, in the order of the scenarios."""
    said: dict[str, Finding] = {}
    for outcome in found.outcomes:
        for finding in _of_one(outcome, found):
            said.setdefault(finding.message, finding)
    return tuple(said.values())


def _of_one(outcome: Outcome, found: WhatIf) -> Iterator[Finding]:
    currency, tally = found.question.currency, outcome.tally
    prefix = f"{outcome.scenario.name}: " if found.question.compare and outcome.scenario.name else ""
    yield from _unmoved(outcome, found, prefix)
    if later := tally.total("later"):
        amount = money(Decimal(later) / 10**12, currency)
        text = f"{amount} of the baseline is older than any price of its model: it is taken at the scenario's date too."
        yield Finding(Severity.INFO, "priced_at_scenario_date", text)
    if retried := tally.total("retried"):
        amount = money(Decimal(retried) / 10**12, currency)
        text = f"Both sides hold retries: {amount} now, each as much as the request on record."
        yield Finding(Severity.INFO, "retries_added", text)
    scenario = outcome.scenario
    per_request = scenario.caps or scenario.prefixes or any(trim.tokens is not None for trim in scenario.trims)
    if per_request and (buckets := tally.total("buckets")):
        text = (
            f"{prefix}{counted(buckets, 'record stands', 'records stand')} for several requests: what is limited "
            "is their mean length, so long ones among them are not seen."
        )
        yield Finding(Severity.INFO, "means_limited", text, "Load request logs to see each request.")
    cold = int(tally.moves.filter(pl.col("_cold"))["requests"].sum())
    if cold:
        text = (
            f"{prefix}{counted(cold, 'request')} {'goes' if cold == 1 else 'go'} to another maker: "
            "their cached tokens count as uncached."
        )
        yield Finding(Severity.INFO, "caches_start_cold", text, "--keep-cache leaves them as they are.")
    host = outcome.hosting
    if host is not None and not host.pays_within_capacity:
        text = (
            f"{prefix}a node is full at {int(host.node_output_per_day):,} output tokens a day, before it is cheaper "
            "than the API: at this price and utilization self-hosting does not pay."
        )
        yield Finding(Severity.WARNING, "self_hosting_does_not_pay", text, "", host.totals())
    if any(prefix_.write is None for prefix_ in outcome.scenario.prefixes):
        text = "Where writing to the prompt cache costs extra, all input that is not read is taken as written."
        yield Finding(Severity.INFO, "all_else_written", text, "Say less with --prompt-cache READ/WRITE.")


def _unmoved(outcome: Outcome, found: WhatIf, prefix: str) -> Iterator[Finding]:
    """Say of which moves nothing came: no request goes by that name, or none of them has a price."""
    took = set(outcome.tally.moves["_target"].to_list())
    for number, move in enumerate(outcome.scenario.moves):
        if number in took or not move.share or not move.models:
            continue
        if not any(fits(model, move.models) for model in found.models):
            text = f"{prefix}no request is of {', '.join(move.models)}: the swap to {move.target} changes nothing"
            yield Finding(Severity.WARNING, "nothing_moved", text, nearest(move.models[0], found.models))
        elif not outcome.tally.kept.height:
            text = f"{prefix}no priced request of {', '.join(move.models)} goes to {move.target}"
            hint = "Filters, or a model without a price at its time: --price-date prices older records."
            yield Finding(Severity.WARNING, "nothing_moved", text, hint)
