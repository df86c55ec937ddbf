"""The KPI catalogue in words: one table of all, or one KPI in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.token_classes import INPUT_COLUMNS, OUTPUT_COLUMNS, TOKEN_COLUMNS
from finopsctl.metrics.kpi import How, Kpi, RangeScale, Scale
from finopsctl.metrics.targets import target_text
from finopsctl.results.report import Column, Long, Report, Table
from finopsctl.results.units import Direction

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from finopsctl.metrics.measures import Measure

_CATALOGUE = (
    "kpi",
    "title",
    "section",
    "question",
    "formula",
    "unit",
    "target",
    "good",
    "by",
    "needs",
    "window",
    "record",
)
_GROUPS = (
    (frozenset(TOKEN_COLUMNS), "all token columns"),
    (frozenset(INPUT_COLUMNS), "all input token columns"),
    (frozenset(OUTPUT_COLUMNS), "all output token columns"),
)
_GOOD = {Direction.UP: "higher is better", Direction.DOWN: "lower is better", Direction.NEUTRAL: "neither way"}


def kpi_list(kpis: Sequence[Kpi]) -> Report:
    """List ``kpis``: formula, unit, target, what they need."""
    rows = [
        (
            k.name,
            k.title,
            k.section,
            k.question,
            k.formula,
            k.json_unit,
            _aim(k),
            _GOOD[k.good],
            k.member_of or None,
            k.needs or None,
            k.window,
            k.record or None,
        )
        for k in kpis
    ]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(_CATALOGUE, pl.String()), orient="row")
    columns = (
        Column("kpi", "KPI"),
        Column("section", "Section", priority=3),
        Column("formula", "Formula", priority=1, long=Long.WRAP),
        Column("unit", "Unit", priority=3),
        Column("target", "Target"),
    )
    return Report(
        "kpis", f"{len(kpis)} KPIs. `finopsctl explain KPI` tells more about one.", (Table("KPIs", frame, columns),)
    )


def explanation(kpi: Kpi) -> Report:
    """Say how one KPI is computed, graded and fed."""
    facts = [
        ("question", kpi.question),
        ("formula", kpi.formula),
        ("unit", kpi.json_unit),
        ("fields", ", ".join(_fields(kpi)) or None),
        ("target", _aim(kpi)),
        *(("grade", line) for line in _grades(kpi)),
        ("direction", _GOOD[kpi.good]),
        ("rows", f"one per {kpi.member_of.replace('_', ' ')}" if kpi.member_of else None),
        ("needs", kpi.needs or None),
        ("dashboard window", kpi.window),
        ("recording rule", kpi.record or None),
        ("promql", kpi.promql or None),
        ("from metrics" if kpi.promql else "not from metrics", kpi.promql_note or None),
    ]
    known = [(what, words) for what, words in facts if words]
    frame = pl.DataFrame(known, schema={"what": pl.String, "explanation": pl.String}, orient="row")
    columns = (Column("what", "What"), Column("explanation", "Explanation", long=Long.WRAP))
    return Report("explain", f"{kpi.title}: {kpi.question}", (Table(kpi.name, frame, columns),))


def _fields(kpi: Kpi) -> list[str]:
    """Return the ledger columns a KPI reads, all classes of tokens as one word."""
    found: dict[str, None] = {}
    for measure in kpi.measures:
        found |= dict.fromkeys(_columns(measure))
    if kpi.how in {How.BUDGET, How.QUANTILE, How.TRACE_QUANTILE}:
        found["cost"] = None
    if kpi.how is How.TRACE_QUANTILE:
        found["trace_id"] = None
    if kpi.effect:
        found |= dict.fromkeys(["cost", "retries" if kpi.effect == "retry_cost" else "fallbacks"])
    if kpi.member_of and kpi.how in {How.SHARE, How.OUTCOME}:
        found[kpi.member_of] = None
    if kpi.how is How.PER_USER:
        found |= dict.fromkeys(["user", "requests"])
    return list(found)


def _columns(measure: Measure) -> Iterable[str]:
    parts = frozenset(measure.amounts)
    word = next((word for group, word in _GROUPS if parts == group), None)
    return [word] if word else ["retries" if name == "retried_requests" else name for name in measure.amounts]


def _aim(kpi: Kpi) -> str | None:
    return target_text(kpi, *kpi.scale.bounds(kpi.aim)) if isinstance(kpi.scale, Scale) else None


def _grades(kpi: Kpi) -> list[str]:
    if isinstance(kpi.scale, Scale):
        steps = [f"{band.operator} {band.limit:.10g} {band.grade.value}" for band in kpi.scale.bands]
        return [", ".join([*steps, f"else {kpi.scale.rest.value}"])]
    if isinstance(kpi.scale, RangeScale):
        ranges = [f"{key} {target_text(kpi, low, high)}" for key, (low, high) in kpi.scale.ranges.items()]
        return [
            f"good inside, warning outside: {'; '.join(ranges)} (by {kpi.scale.by.replace('member', kpi.member_of)})"
        ]
    return []
