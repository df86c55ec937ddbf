"""What caching saved, as a report: the sentence, the table, and what a reader must know beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from finopsctl.results.finding import Finding, Severity
from finopsctl.results.report import Column, Report, Table
from finopsctl.results.units import Direction, Unit
from finopsctl.results.wording import counted, money

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from finopsctl.analyses.caching.savings import CacheSavings

_KINDS = {"response": "response caching", "prompt": "prompt caching"}


def report_of(found: CacheSavings) -> Report:
    """Return the presentable form of realised savings."""
    rows, totals = found.rows, found.totals
    typed = rows["cache_type"].null_count() < rows.height
    columns = (
        *(d.column for d in found.by),
        Column("kind", "Kind"),
        *((Column("cache_type", "Cache"),) if typed else ()),
        Column("gross", "Saved", Unit.USD, 1),
        Column("write_premium", "Write premium", Unit.USD, 1),
        Column("lookup", "Look-ups", Unit.USD, 2),
        Column("net", "Net", Unit.USD, good=Direction.UP),
        Column("requests", "Requests", Unit.COUNT, 2),
        Column("read_tokens", "Read tokens", Unit.TOKENS, 3),
        Column("written_tokens", "Written tokens", Unit.TOKENS, 3),
    )
    title = "What caching saved" + "".join(f", by {d.title.lower()}" for d in found.by[:1])
    table = Table(title, rows, columns, totals)
    return Report("cache-savings", _headline(found), (table,), totals, found.findings)


def _headline(found: CacheSavings) -> str:
    totals, currency = found.totals, found.currency
    if found.rows.is_empty():
        return "No record shows a response cache hit or tokens in a prompt cache: caching saved nothing here."
    parts = []
    if totals["hits"] or totals["lookup"]:
        parts.append(f"{counted(totals['hits'], 'cached response')} {_outcome(totals['response_net'], currency)}")
    if totals["read_tokens"] or totals["written_tokens"]:
        premium = money(totals["write_premium"], currency)
        parts.append(f"prompt caching {_outcome(totals['prompt_net'], currency)} net of {premium} for writes")
    share = totals["saving_share"]
    if share is None:
        return f"{_sentence(parts)}."
    actual, baseline = (money(totals[name], currency) for name in ("actual", "baseline"))
    compared = f"{abs(share):.1%} {'less' if share >= 0 else 'MORE'} than the {baseline} without caches"
    return f"{_sentence(parts)}: usage cost {actual}, {compared}."


def _sentence(parts: list[str]) -> str:
    text = " and ".join(parts)
    return text[:1].upper() + text[1:]


def _outcome(net: Decimal, currency: str) -> str:
    return f"LOST {money(-net, currency)}" if net < 0 else f"saved {money(net, currency)}"


def findings_of(totals: Mapping[str, Any], currency: str, *, in_buckets: int) -> tuple[Finding, ...]:
    """Return what a reader must know: a cache that loses money, and what could not be counted.

    Args:
        totals: Of the savings.
        currency: Of amounts.
        in_buckets: Response-cache hits in aggregated rows.
    """
    found = [
        Finding(
            Severity.WARNING,
            "cache_loses_money",
            f"{name[:1].upper()}{name[1:]} costs {money(-totals[f'{kind}_net'], currency)} more than it saves.",
            "`finopsctl cache simulate` shows which lifetime and breakpoints would pay."
            if kind == "prompt"
            else "Raise the hit rate, or look up only what is asked often.",
            {"kind": kind, "net": totals[f"{kind}_net"]},
        )
        for kind, name in _KINDS.items()
        if totals[f"{kind}_net"] < 0
    ]
    if totals["unpriced"]:
        message = f"{counted(totals['unpriced'], 'cached request')} without a price: what they saved is not counted."
        found.append(Finding(Severity.WARNING, "unpriced_cached", message, evidence={"requests": totals["unpriced"]}))
    if in_buckets:
        message = (
            f"{counted(in_buckets, 'cache hit')} in daily or hourly totals, whose tokens cannot be told from those of "
            "other requests: what they saved is not counted."
        )
        found.append(
            Finding(Severity.INFO, "hits_in_buckets", message, "Read the request logs instead.", {"hits": in_buckets})
        )
    return tuple(found)
