"""The planning formula of a response cache: what so many requests would cost if a share of them were answered by it.

    baseline = N C      scenario = N (1 - R) C + L x look-ups      look-ups = N R (charged on hits) or N (on all)

Break-even: charged on hits, any hit saves as long as a look-up costs less than a request; charged on all, the hit rate
must exceed L / C.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.errors import ConfigError
from finopsctl.ledger.schema import MONEY
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.report import Column, Context, Report, Table
from finopsctl.results.units import Direction, Unit
from finopsctl.results.wording import money

if TYPE_CHECKING:
    from collections.abc import Mapping

LOOKUPS = ("hits", "all")
_PICO = Decimal("1e-12")
_NO_INPUT: Mapping[str, Any] = {
    "period": None,
    "as_of": None,
    "currency": "USD",
    "cost_basis": None,
    "price_book": None,
    "inputs": [],
    "data_quality": None,
}
"""Where figures come from, of documents that rest on records: here on none."""


@dataclass(frozen=True, slots=True, eq=False)
class CacheEstimate:
    """``rows``: one row a part (requests, look-ups, total): baseline, scenario, saving.

    ``totals``: baseline, scenario, saving (Decimal(38, 12)), saving_share, break_even_hit_rate (null: no hit rate
    saves anything), and what was asked.
    """

    rows: pl.DataFrame
    totals: Mapping[str, Any]
    findings: tuple[Finding, ...] = ()

    def report(self) -> Report:
        """Return the presentable form."""
        columns = (
            Column("part", "Part"),
            Column("baseline", "Without cache", Unit.USD),
            Column("scenario", "With cache", Unit.USD),
            Column("saving", "Saving", Unit.USD, good=Direction.UP),
        )
        shown = {"part": "Total", **{name: self.totals[name] for name in ("baseline", "scenario", "saving")}}
        table = Table("Estimate", self.rows, columns, shown)
        return Report("cache-estimate", self._headline(), (table,), self.totals, self.findings, Context(_NO_INPUT))

    def _headline(self) -> str:
        totals = self.totals
        saving, share = totals["saving"], totals["saving_share"]
        said = "" if share is None else f" ({abs(share):.1%})"
        outcome = f"loses {money(-saving)}" if saving < 0 else f"saves {money(saving)}"
        limit = totals["break_even_hit_rate"]
        even = f"it pays above a hit rate of {limit:.2%}" if limit else "it pays at any hit rate"
        if limit is None:
            even = "no hit rate would pay"
        return f"{money(totals['baseline'])} becomes {money(totals['scenario'])}: the cache {outcome}{said}; {even}."


def estimate(
    requests: Decimal, cost: Decimal, hit_rate: Decimal, lookup_cost: Decimal, lookup_on: str = "hits"
) -> CacheEstimate:
    """Apply the formula, exactly.

    Args:
        requests: How many, N.
        cost: USD of one that reaches the provider, C.
        hit_rate: The share the cache answers, R, from 0 to 1.
        lookup_cost: USD of one look-up, L.
        lookup_on: Whether look-ups are charged on ``hits`` or on ``all`` requests.

    Raises:
        ConfigError: For a number that makes no sense.
    """
    _check(requests, cost, hit_rate, lookup_cost, lookup_on)
    with localcontext(prec=76):
        baseline = _money(requests * cost)
        paid = _money(requests * (1 - hit_rate) * cost)
        lookups = _money(requests * (hit_rate if lookup_on == "hits" else 1) * lookup_cost)
    scenario, nothing = paid + lookups, Decimal(0)
    parts = [("requests", baseline, paid, baseline - paid), ("look-ups", nothing, lookups, -lookups)]
    schema = {"part": pl.String(), **dict.fromkeys(("baseline", "scenario", "saving"), MONEY)}
    totals = {
        "baseline": baseline,
        "scenario": scenario,
        "saving": baseline - scenario,
        "saving_share": float((baseline - scenario) / baseline) if baseline else None,
        "break_even_hit_rate": _break_even(cost, lookup_cost, lookup_on),
        "requests": requests,
        "hit_rate": hit_rate,
        "cost": cost,
        "lookup_cost": lookup_cost,
        "lookup_on": lookup_on,
    }
    found = (_loss(baseline - scenario),) if scenario > baseline else ()
    return CacheEstimate(pl.DataFrame(parts, schema=schema, orient="row"), totals, found)


def _money(amount: Decimal) -> Decimal:
    try:
        return amount.quantize(_PICO)
    except ArithmeticError as problem:
        raise ConfigError("these figures are too large to be money", "Check --requests and --cost.") from problem


def _break_even(cost: Decimal, lookup_cost: Decimal, lookup_on: str) -> float | None:
    """Return the hit rate above which the cache saves: 0 is any; None is none."""
    if lookup_on == "hits":
        return 0.0 if lookup_cost < cost else None
    return float(lookup_cost / cost) if lookup_cost < cost else None


def _check(requests: Decimal, cost: Decimal, hit_rate: Decimal, lookup_cost: Decimal, lookup_on: str) -> None:
    if not requests >= 0 or requests != requests.to_integral_value():
        raise ConfigError(f"--requests {requests} is no number of requests", "Write a whole number, e.g. 15000000.")
    if requests >= Decimal(10) ** 18 or max(cost, lookup_cost) >= Decimal(10) ** 9:
        raise ConfigError("these figures are too large to be money", "Check --requests, --cost and --lookup-cost.")
    for option, amount in (("--cost", cost), ("--lookup-cost", lookup_cost)):
        if not amount >= 0:
            raise ConfigError(f"{option} {amount} is no cost", "Write USD of one request, e.g. 0.0084.")
    if not 0 <= hit_rate <= 1:
        raise ConfigError(f"--hit-rate {hit_rate} is not between 0 and 1", "Write a share, e.g. 0.35 or 35%.")
    if lookup_on not in LOOKUPS:
        raise ConfigError(f"look-ups cannot be charged on '{lookup_on}'", "Use hits or all.")


def _loss(saving: Decimal) -> Finding:
    message = f"The cache costs {money(-saving)} more than it saves: look-ups outweigh hits."
    return Finding(Severity.WARNING, "cache_loses_money", message, evidence={"saving": saving})
