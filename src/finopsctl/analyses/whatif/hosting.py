"""Self-hosting: what machines cost that write as many tokens, and from how many a day they beat the API.

    a node costs a day       hour x 24 x (1 + overhead)
    a node writes a day      tokens a second x 86,400 x utilization
    break-even a day         a node's cost a day / what the API charges for a token of output, its input included

Nodes are paid busy or idle, so the scenario pays for whole ones: as many as the day's tokens take, at least one.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from finopsctl.analyses.whatif.levers import SelfHost

_PICO = Decimal(10) ** 12
_HOURS, _SECONDS = 24, 86_400


@dataclass(frozen=True, slots=True)
class Hosting:
    """What self-hosting comes to.

    Args:
        output_per_day: Output tokens a day of the requests that move.
        node_cost_per_day: Of one node, operations included.
        node_output_per_day: What it writes at the utilization.
        nodes: How many it takes.
        days: The days seen.
        break_even: Output tokens a day from which one node is cheaper; None: nothing to compare with.
    """

    output_per_day: Decimal
    node_cost_per_day: Decimal
    node_output_per_day: Decimal
    nodes: int
    days: int
    break_even: Decimal | None

    @property
    def cost(self) -> Decimal:
        """What the nodes cost in the days seen, to a pico-dollar."""
        return (self.nodes * self.node_cost_per_day * self.days).quantize(Decimal("1e-12"))

    @property
    def pays_within_capacity(self) -> bool:
        """Whether a node reaches the break-even before it is full."""
        return self.break_even is not None and self.break_even <= self.node_output_per_day

    def totals(self) -> dict[str, Any]:
        """Return its figures as plain values."""
        return {
            "output_tokens_per_day": int(self.output_per_day),
            "break_even_output_tokens_per_day": None if self.break_even is None else int(self.break_even),
            "node_output_tokens_per_day": int(self.node_output_per_day),
            "node_cost_per_day": self.node_cost_per_day,
            "nodes": self.nodes,
            "pays_within_capacity": self.pays_within_capacity,
        }


def hosting(host: SelfHost, output: int, api_cost: Decimal, days: int) -> Hosting:
    """Work out self-hosting.

    Args:
        host: The machine.
        output: Output tokens of the requests that would move, in the days seen.
        api_cost: What those cost now.
        days: How many days those are.
    """
    a_day = host.cost_per_hour * _HOURS * (1 + host.overhead)
    writes = host.tokens_per_second * _SECONDS * host.utilization
    per_day = Decimal(output) / days
    nodes = max(int((per_day / writes).to_integral_value(ROUND_CEILING)), 1)
    even = None if not api_cost else (a_day * output / api_cost).to_integral_value(ROUND_CEILING)
    return Hosting(per_day, a_day, writes, nodes, days, even)


def spread(groups: pl.DataFrame, cost: Decimal) -> pl.DataFrame:
    """Add the nodes' cost to the scenario of groups by the output that moved; the parts add up to it exactly."""
    pico, whole = int(cost * _PICO), int(groups["hosted_output"].sum() or 0)
    if not whole:
        return groups
    written = groups["hosted_output"].to_list()
    parts = [pico * tokens // whole for tokens in written]
    largest = max(range(len(written)), key=written.__getitem__)
    parts[largest] += pico - sum(parts)
    added = pl.Series("_part", parts, dtype=pl.Int128)
    return groups.with_columns(pl.col(name) + added for name in ("scenario", "cheapest", "dearest"))
