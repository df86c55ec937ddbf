"""What a what-if says beside its figures: what they do not cover, and which levers changed nothing and why."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.analyses.whatif.beside import PRICED, UNPRICED
from finopsctl.analyses.whatif.names import idle_rates, same_models, unknown_models
from finopsctl.analyses.whatif.state import filters_of
from finopsctl.errors import nearest
from finopsctl.ledger.conditions import fits
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.wording import counted, money, some_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finopsctl.analyses.whatif.result import Outcome, WhatIf

_LEFT = ("left_out_requests", "left_out_tokens", "left_out", "period_spend")
_KINDS = {UNPRICED: "requests we have no price for", "api": "charges of the API without usage", "credit": "credits"}


def findings_of(found: WhatIf) -> tuple[Finding, ...]:
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
    yield from _not_compared(outcome, found, prefix)
    yield from _rates(outcome, found, prefix)
    if later := tally.total("later"):
        amount = money(Decimal(later) / 10**12, currency)
        text = f"{amount} of the baseline is older than any price of its model: it is taken at the scenario's date too."
        yield Finding(Severity.INFO, "priced_at_scenario_date", text)
    if retried := tally.total("retried"):
        amount = money(Decimal(retried) / 10**12, currency)
        text = f"Both sides hold retries: {amount} now, each as much as the request on record."
        yield Finding(Severity.INFO, "retries_added", text)
    if looked_up := tally.total("looked_up"):
        amount = money(Decimal(looked_up) / 10**12, currency)
        yield Finding(
            Severity.INFO, "lookups_added", f"{prefix}The look-ups given up cost {amount}: so much of the baseline."
        )
    scenario = outcome.scenario
    prefixes = [each for each in scenario.prefixes if not each.off]
    per_request = scenario.caps or prefixes or any(trim.tokens is not None for trim in scenario.trims)
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
    if images := int(tally.moves["images"].sum()):
        text = (
            f"{prefix}{counted(images, 'request')} with images {'moves' if images == 1 else 'move'}: price lists do "
            "not say which models take them."
        )
        yield Finding(Severity.INFO, "images_move", text, "Check it, or leave such requests out with a filter.")
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


def _not_compared(outcome: Outcome, found: WhatIf, prefix: str) -> Iterator[Finding]:
    """Say what the period costs that is on neither side: traffic without a price there, and what is no traffic."""
    totals, currency, left = outcome.totals, found.question.currency, outcome.tally.left
    whole = money(totals["period_spend"], currency)
    if left.height:
        names = [name or "(no model)" for name in left["model"].to_list()]
        text = (
            f"{prefix}{counted(totals['left_out_requests'], 'request')} and "
            f"{counted(totals['left_out_tokens'], 'token')} have no price under the scenario and are on neither side: "
            f"{money(totals['left_out'], currency)} of the period's {whole} ({some_of(names)})."
        )
        evidence = {"models": names, **{name: totals[name] for name in _LEFT}}
        hint = "Take a --price-date on which they have a price, or give one with --price-book."
        yield Finding(Severity.WARNING, "left_out", text, hint, evidence)
    others = outcome.beside.filter((pl.col("what") != PRICED) & (pl.col("amount") != 0))
    if others.height:
        parts = [
            f"{_KINDS.get(what, what)} {money(Decimal(amount) / 10**12, currency)}"
            for what, amount in others.select("what", "amount").iter_rows()
        ]
        text = (
            f"Of the period's {whole}, {money(totals['other_spend'], currency)} is not compared, since no scenario "
            f"prices it: {', '.join(parts)}."
        )
        evidence = {name: totals[name] for name in ("other_spend", "period_spend")}
        yield Finding(Severity.INFO, "not_compared", text, "", evidence)


def _rates(outcome: Outcome, found: WhatIf, prefix: str) -> Iterator[Finding]:
    """Say of success rates that nothing goes by, and of moves that know one of the two rates they need."""
    scenario = outcome.scenario
    known = {*found.traffic.models, *(move.target for move in scenario.moves)}
    for name in idle_rates(scenario, found.traffic):
        text = f"{prefix}no request is of {name}, and none goes there: its success rate changes nothing"
        yield Finding(Severity.WARNING, "success_rate_unused", text, nearest(name, known))
    if not scenario.success_rates:
        return
    for names, target, before, after in outcome.moves.select(
        "from", "to", "success_rate_before", "success_rate_after"
    ).iter_rows():
        if before is not None and after is None:
            text = f"{prefix}no success rate is given for {target}: what moves there is compared one for one"
            yield Finding(Severity.WARNING, "success_rate_missing", text, f"Add --success-rate {target}=0.95.")
        elif before is None and after is not None:
            text = f"{prefix}no success rate is given for all that moves to {target}: that is compared one for one"
            hint = f"Give one to each model that leaves: {names}."
            yield Finding(Severity.WARNING, "success_rate_missing", text, hint)


def _unmoved(outcome: Outcome, found: WhatIf, prefix: str) -> Iterator[Finding]:
    """Say of which levers nothing came, or not all: a name or filter that no request goes by, or no price."""
    scenario, traffic = outcome.scenario, found.traffic
    for where in filters_of((scenario,)):
        if (lost := traffic.unmet.get(where)) is not None:
            text = f"{prefix}no request passes the filter {lost.text}: what it limits changes nothing"
            yield Finding(Severity.WARNING, "filter_passes_nothing", text, lost.hint)
    host = scenario.self_host
    for name in unknown_models(host.models, traffic) if host is not None else ():
        text = f"{prefix}no request is of {name}: none goes to machines of one's own"
        yield Finding(Severity.WARNING, "nothing_moved", text, nearest(name, traffic.models))
    for number, move in enumerate(scenario.moves):
        if move.share:
            yield from _unmoved_by(number, outcome, found, prefix)


def _unmoved_by(number: int, outcome: Outcome, found: WhatIf, prefix: str) -> Iterator[Finding]:
    """Say what one swap or routing rule does not take: names nobody goes by, the same model by another name, or all."""
    moves = outcome.scenario.moves
    move, took = moves[number], number in outcome.tally.moves["_target"]
    traffic = found.traffic
    unknown = unknown_models(move.models, traffic, [before.target for before in moves[:number]])
    for name in unknown:
        text = f"{prefix}no request is of {name}: swapping it for {move.target} changes nothing"
        yield Finding(Severity.WARNING, "nothing_moved", text, nearest(name, traffic.models))
    named = [name for name in move.models if name not in unknown]
    if others := same_models(traffic, move, outcome.scenario.swaps):
        requests = sum(others.values())
        count = f" ({counted(requests, 'request')})" if requests else ""
        of = f"{', '.join(others)}{count}: the same model as {', '.join(named or move.models)} under another name"
        hint = f"Name it in the swap as well: {','.join((*named, *others))}={move.target}."
        text = f"{prefix}the swap leaves {of}."
        yield Finding(Severity.INFO, "same_model_other_name", text, hint, {"requests": others})
    explained = move.target in move.models or outcome.tally.kept.height or move.where in traffic.unmet
    went_on = any(fits(move.target, after.models) for after in moves[number + 1 :])
    if took or explained or went_on or (move.models and not named):
        return
    if named:
        text = f"{prefix}no priced request of {', '.join(named)} goes to {move.target}"
        hint = "Filters, or a model without a price at its time: --price-date prices older records."
    else:
        text = f"{prefix}no priced request goes to {move.target} by its routing rule"
        hint = "A rule before it takes them, or its limits leave none."
    yield Finding(Severity.WARNING, "nothing_moved", text, hint)
