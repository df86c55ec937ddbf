"""How far the other figures can be trusted."""

from __future__ import annotations

from finopsctl.metrics import measures as m
from finopsctl.metrics import promql as q
from finopsctl.metrics.kpi import How, Kpi, Scale
from finopsctl.results.units import Direction, Unit

_SECTION = "Data quality"
_SPEND = q.increase(q.SPEND)
_NONE_IS_GOOD = Scale.of("<= 0 good", "warning")

UNATTRIBUTED_SHARE = Kpi(
    name="unattributed_share",
    title="Unattributed spend",
    question="What share of spend has no team?",
    formula="spend without a team / spend",
    section=_SECTION,
    unit=Unit.RATIO,
    good=Direction.DOWN,
    numerator=m.UNOWNED_SPEND,
    denominator=m.SPEND,
    scale=_NONE_IS_GOOD,
    needs="records with a cost",
    promql=q.quotient(q.or_none(q.increase(q.SPEND, where=f"team{q.UNKNOWN}"), _SPEND), _SPEND),
    promql_note="before allocation rules and key maps, which metrics do not see",
)

UNPRICED_SHARE = Kpi(
    name="unpriced_share",
    title="Unpriced requests",
    question="What share of requests has no cost?",
    formula="requests without a cost / requests",
    section=_SECTION,
    unit=Unit.RATIO,
    good=Direction.DOWN,
    numerator=m.UNPRICED_REQUESTS,
    denominator=m.REQUESTS,
    scale=_NONE_IS_GOOD,
    needs="records with a request count",
    promql_note="a request without a price adds nothing to the counter of spend and is not told apart",
)

DUPLICATE_SHARE = Kpi(
    name="duplicate_share",
    title="Duplicate records",
    question="What share of the records read was there already?",
    formula="duplicates dropped / (records + duplicates dropped)",
    section=_SECTION,
    unit=Unit.RATIO,
    good=Direction.DOWN,
    how=How.DUPLICATES,
    scale=_NONE_IS_GOOD,
    needs="a check for duplicates: a single Parquet ledger is distinct by contract and not checked (inspect does)",
    promql_note="metrics hold no records",
)

KPIS: tuple[Kpi, ...] = (UNATTRIBUTED_SHARE, UNPRICED_SHARE, DUPLICATE_SHARE)
