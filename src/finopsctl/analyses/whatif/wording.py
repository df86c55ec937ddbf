"""What a what-if says in one sentence: what its levers are, what they save, and how many requests move."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from finopsctl.results.wording import counted, money

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    percent = "" if share is None else f" ({abs(share):,.1%})"
    if saving > 0:
        said = f"save{'' if several else 's'} {money(saving, currency)} of {of}{percent}"
    elif saving < 0:
        said = f"cost{'' if several else 's'} {money(-saving, currency)} more than {of}{percent}"
    else:
        said = f"change{'' if several else 's'} nothing of {of}"
    band = _band(totals, currency)
    if found.question.compare:
        first = f"{what} {'saves most' if saving > 0 else 'comes first'} of {len(found.outcomes)}"
        return f"{first}: it {said}{band}{_without(best, currency)}."
    return f"{what} {said}{band}{_monthly(best, currency)}{_moving(best)}{_pays(best)}{_without(best, currency)}."


def _band(totals: Mapping[str, Any], currency: str) -> str:
    """Return between what and what it saves; of what costs more whichever factor holds: what it costs."""
    if "saving_low" not in totals:
        return ""
    low, high = totals["saving_low"], totals["saving_high"]
    costs = totals["saving"] < 0 and high <= 0
    low, high = (-high, -low) if costs else (low, high)
    what = "a saving between" if low < 0 else "between"
    return f", {what} {money(low, currency)} and {money(high, currency)}"


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
    parts += ["provider prompt caching"] if any(not p.off for p in scenario.prefixes) else []
    parts += ["giving up prompt caches"] if any(p.off for p in scenario.prefixes) else []
    parts += [f"a response cache with {h.rate:.0%} hits" for h in scenario.hits if not h.off]
    parts += ["giving up the response cache"] if any(h.off for h in scenario.hits) else []
    parts += ["fewer retries" if all(r.kept <= 1 for r in scenario.retries) else "another retry rate"] * bool(
        scenario.retries
    )
    parts += ["self-hosting"] if scenario.self_host is not None else []
    parts += ["other prices"] if scenario.prices is not None and not parts else []
    text = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    text = f"together, {text}" if len(parts) > 1 else text
    return f"{text[0].upper()}{text[1:]}", len(parts) > 1 or parts[0] in _PLURAL


def _monthly(outcome: Outcome, currency: str) -> str:
    """Return what that is in 30 days, where the records are of fewer or more."""
    saving, monthly = outcome.totals["saving"], outcome.totals["monthly_saving"]
    return f", {money(abs(monthly), currency)} a month at this rate" if saving and monthly != saving else ""


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


def _without(outcome: Outcome, currency: str) -> str:
    left = outcome.totals["left_out"]
    return f"; {money(left, currency)} more has no price there and is not compared" if left else ""


def _break_even(host: Hosting) -> str:
    even, has = int(host.break_even or 0), int(host.output_per_day)
    return f"a node pays from {even:,} output tokens a day, this traffic writes {has:,}"
