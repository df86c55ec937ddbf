"""Rules on where requests go: cheaper models, the batch tier, machines of one's own."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.analyses.whatif import Scenario, parsing
from finopsctl.ledger.conditions import fits
from finopsctl.metrics.measures import SELF_HOSTED
from finopsctl.recommendations.advice import Advice, Confidence, Effort
from finopsctl.recommendations.targets import CHEAPER, cheaper_model
from finopsctl.recommendations.wording import limited, workload
from finopsctl.results.wording import counted, money

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from finopsctl.recommendations.signals import Signals

PREMIUM, STANDARD, BUDGET = "premium", "standard", "budget"


def premium_models(signals: Signals) -> Iterator[Advice]:
    """Swap premium models for the next tier's where they take more than their share of spend."""
    limits = signals.question.thresholds
    share = _share(signals, pl.col("model_tier") == PREMIUM)
    if share is None or share <= limits.premium_share:
        return
    for large in signals.large():
        for row in signals.of(large):
            if row["model_tier"] != PREMIUM or is_simple(row, signals):
                continue
            said = f"Premium models take {share:.1%} of spend (limit {limits.premium_share:.0%})"
            yield from _swap(signals, row, CHEAPER[PREMIUM], "premium_models", said)


def simple_requests(signals: Signals) -> Iterator[Advice]:
    """Swap models of the upper tiers for a budget model where requests are short and answers shorter."""
    for large in signals.large():
        for row in signals.of(large):
            if row["model_tier"] not in CHEAPER or not is_simple(row, signals):
                continue
            read, written = (row[name] / row["served_requests"] for name in ("input", "output"))
            said = (
                f"{counted(row['served_requests'], 'request')} read {read:,.0f} and write {written:,.0f} tokens each "
                f"on a {row['model_tier']} model"
            )
            yield from _swap(signals, row, (BUDGET,), "simple_requests", said)


def is_simple(row: Mapping[str, Any], signals: Signals) -> bool:
    """Return whether a slice's requests ask for little: short prompts, short answers."""
    limits, requests = signals.question.thresholds, row["served_requests"] or 0
    if not requests or not row["output"]:
        return False
    return bool(
        row["input"] <= limits.simple_input_tokens * requests
        and row["output"] <= limits.simple_output_tokens * requests
    )


def _swap(signals: Signals, row: Mapping[str, Any], tiers: tuple[str, ...], rule: str, said: str) -> Iterator[Advice]:
    since = signals.quality.start
    if row["model"] is None or since is None:
        return
    prices = signals.question.prices
    target = cheaper_model(prices.resolver, row, tiers, prices.at or since, signals.slices)
    if target is None:
        return
    place = signals.place(row, model=True)
    text = limited(f"{row['model']}={target}", place)
    yield Advice(
        rule,
        "model choice",
        f"Move {workload(signals, row)} from {row['model']} to {target}",
        Confidence.ESTIMATED,
        Effort.MEDIUM,
        f"{said}; the same tokens on {target}, if it does the work as well",
        ("whatif", "--swap", text),
        place,
        Scenario(swaps=(parsing.swap(text),)),
    )


def batch_tier(signals: Signals) -> Iterator[Advice]:
    """Send what can wait a day through the batch tier where the price list has one."""
    limits = signals.question.thresholds
    for row in signals.large():
        place = signals.place(row)
        whole = row.get("feature") is not None and fits(str(row["feature"]), limits.batch_features)
        requests = row["instant"] if whole else row["waiting"]
        if not requests:
            continue
        why = "its feature can wait" if whole else f"they are of the classes {' and '.join(limits.batch_workloads)}"
        text = limited("batch", place) if whole else f"{limited('batch', place)}:{_waiting(signals)}"
        yield Advice(
            "batch_tier",
            "batch",
            f"Send {workload(signals, row)} through the batch tier",
            Confidence.MEASURED,
            Effort.MEDIUM,
            f"{counted(requests, 'request')} at standard prices that need no answer at once: {why}",
            ("whatif", "--service-tier", text),
            place,
            Scenario(tiers=(parsing.tier(text),)),
        )


def _waiting(signals: Signals) -> str:
    return f"workload={','.join(signals.question.thresholds.batch_workloads)}"


def self_hosting(signals: Signals) -> Iterator[Advice]:
    """Move suitable workloads to machines of one's own where there is enough to write for them."""
    limits, currency = signals.question.thresholds, signals.question.currency
    own = (pl.col("model_tier") == SELF_HOSTED) | (pl.col("provider") == SELF_HOSTED)
    share = _share(signals, own)
    if share is None or share >= limits.self_hosted_share:
        return
    elsewhere = signals.slices.filter(~own.fill_null(value=False))
    a_day = int(elsewhere["output"].sum()) // signals.days
    if a_day < limits.self_hosted_tokens:
        return
    spend = signals.monthly(Decimal(elsewhere["spend"].sum()))
    said = (
        f"Models of one's own take {share:.1%} of spend (target {limits.self_hosted_share:.0%}); others write "
        f"{a_day:,} output tokens a day for {money(spend, currency)} a month, self-hosting may pay from "
        f"{limits.self_hosted_tokens:,}"
    )
    figures = limits.self_host
    yield Advice(
        "self_hosting",
        "self-hosting",
        "Move suitable workloads to models of one's own",
        Confidence.ESTIMATED,
        Effort.HIGH,
        said if figures else f"{said}; what a machine costs and writes is not configured",
        ("whatif", "--self-host", figures) if figures else ("kpi", "--kpi", "self_hosted_savings"),
        change=Scenario(self_host=parsing.self_host(figures)) if figures else None,
        stake=spend,
    )


def _share(signals: Signals, which: pl.Expr) -> float | None:
    """Return the share of spend of some slices; None without spend."""
    whole = Decimal(signals.slices["spend"].sum())
    part = Decimal(signals.slices.filter(which.fill_null(value=False))["spend"].sum())
    return float(part / whole) if whole > 0 else None
