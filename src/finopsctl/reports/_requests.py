"""What single requests cost, how large they are, how caches, models and retries do: by use case and by model."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.schema import MONEY
from finopsctl.metrics.measures import ratio
from finopsctl.questions.breakdown import breakdown_of
from finopsctl.questions.caching import at_our_prices, savings_of
from finopsctl.questions.request_sizes import request_sizes_of
from finopsctl.questions.scorecard import scorecard_of
from finopsctl.reports._figures import Figure
from finopsctl.reports._parts import Part, first_rows, lacks, notable, without_blanks
from finopsctl.results.report import Chart, ChartKind, Column, Table
from finopsctl.results.units import Direction, Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from finopsctl.reports._scene import Scene

_QUANTILES = ("cost_per_request_p50", "cost_per_request_p95", "cost_per_request_p99")
_COSTS = ("cost_per_request", *_QUANTILES, "success_rate")
_RELIABILITY = ("success_rate", "retry_rate", "fallback_rate")
_USE_CASE = Column("feature", "Use case", null="(untagged)")


def by_use_case(scene: Scene, names: Sequence[str]) -> pl.DataFrame:
    """Return KPIs of each use case, a column each, with spend and requests where they say it; most spend first."""
    rows = scorecard_of(scene.books, replace(scene.settings, by=("feature",)), tuple(names)).rows
    own = rows.filter(pl.col("member_of").is_null())
    values = own.pivot("kpi", index="feature", values="value", maintain_order=True)
    missing = [pl.lit(None, pl.Float64).alias(name) for name in names if name not in values.columns]
    amounts = own.filter(kpi="cost_per_request").select("feature", spend="numerator", requests="denominator")
    joined = values.with_columns(missing).join(amounts, on="feature", how="left", nulls_equal=True)
    counts = joined.with_columns(pl.col("requests").cast(pl.Int64))
    return counts.sort("spend", "feature", descending=[True, False], nulls_last=True)


def costs(scene: Scene) -> Part:
    """Return what a request costs by use case, its success rate beside it."""
    frame = by_use_case(scene, _COSTS).filter(pl.col("requests") > 0)
    if frame.is_empty():
        return lacks("cost per request by use case", "records that count requests and have a cost")
    columns = (
        _USE_CASE,
        Column("spend", "Spend", Unit.USD),
        Column("requests", "Requests", Unit.COUNT, 3),
        Column("cost_per_request", "Mean", Unit.UNIT_PRICE, 1),
        Column("cost_per_request_p50", "P50", Unit.UNIT_PRICE),
        Column("cost_per_request_p95", "P95", Unit.UNIT_PRICE),
        Column("cost_per_request_p99", "P99", Unit.UNIT_PRICE, 2),
        Column("success_rate", "Success", Unit.SHARE, 1),
    )
    basis = "Of records that count requests; quantiles of single requests."
    table = Table("Cost per request by use case", frame, columns, basis=basis)
    return Part(tables=(first_rows(table, scene.top),))


def features(scene: Scene) -> Part:
    """Return what each feature costs, with how often it succeeds."""
    settings = replace(scene.compared, by=("feature",))
    spent = breakdown_of(scene.books, settings, "spend")
    rates = by_use_case(scene, ("cost_per_request", "success_rate", "cost_per_successful_task"))
    beside = rates.select("feature", "cost_per_request", "success_rate", "cost_per_successful_task")
    frame = spent.rows.join(beside, on="feature", how="left", nulls_equal=True, maintain_order="left")
    compared = "change" in frame.columns
    has_tasks = frame["cost_per_successful_task"].is_not_null().any()
    columns = (
        _USE_CASE,
        Column("spend", "Spend", Unit.USD),
        Column("share", "Share", Unit.SHARE),
        *((Column("change", "Change", Unit.CHANGE, 2, good=Direction.DOWN, null="new"),) if compared else ()),
        Column("cost_per_request", "Per request", Unit.UNIT_PRICE, 1),
        *((Column("cost_per_successful_task", "Per successful task", Unit.UNIT_PRICE, 3),) if has_tasks else ()),
        Column("success_rate", "Success", Unit.SHARE, 1),
    )
    chart = Chart(ChartKind.BARS, "feature", "spend")
    table = Table("Cost per feature", frame, columns, chart=chart)
    return Part(tables=(first_rows(table, scene.top),))


def sizes(scene: Scene) -> Part:
    """Return token sizes of requests against their baseline and their limits."""
    found = request_sizes_of(scene.books, scene.compared)
    if found.rows.is_empty():
        return lacks("token sizes of requests", "logs of single requests with their tokens")
    limits = found.rows["max_output_tokens"]
    lost: tuple[Part, ...] = ()
    if limits.is_null().all():
        needs = "no log says max_output_tokens; write [max-output-tokens] into the configuration"
        lost = (lacks("output tokens against their limit", needs),)
    has_baseline = found.rows["baseline"].is_not_null().any()
    against = f"baseline: P95 {scene.when_before}" if has_baseline else "no single requests before to compare with"
    basis = f"Single requests that a provider served; {against}."
    shown = replace(without_blanks(found.table(), "baseline", "change", "limit_from"), basis=basis)
    return Part(tables=(first_rows(shown, scene.top),), findings=tuple(f for part in lost for f in part.findings))


def caches(scene: Scene) -> Part:
    """Return hit rates by use case, and beside them what the caches saved, by type of cache."""
    rates = by_use_case(scene, ("cost_per_request", "cache_hit_rate", "prompt_cache_read_share"))
    found = savings_of(at_our_prices(scene.books, scene.settings), replace(scene.settings, by=("feature",)))
    saved = _saved(found.rows)
    frame = rates.join(saved, on="feature", how="full", nulls_equal=True, coalesce=True)
    known = pl.any_horizontal(
        pl.col(n).is_not_null() for n in ("cache_hit_rate", "prompt_cache_read_share", "saved_response", "saved_prompt")
    )
    shown = frame.filter(known).select(
        "feature", "requests", "cache_hit_rate", "saved_response", "prompt_cache_read_share", "saved_prompt"
    )
    if shown.is_empty():
        return lacks("cache hit rates", "logs that say cache hits, or tokens read from a prompt cache")
    columns = (
        _USE_CASE,
        Column("cache_hit_rate", "Hit rate", Unit.SHARE),
        Column("saved_response", "Saved by response cache", Unit.USD, 1),
        Column("prompt_cache_read_share", "Prompt cache share", Unit.SHARE, 1),
        Column("saved_prompt", "Saved by prompt cache", Unit.USD),
    )
    order = shown.sort(pl.sum_horizontal("saved_response", "saved_prompt"), "feature", descending=[True, False])
    basis = "Savings at our prices, net of look-ups and of the premium for writes."
    table = Table("Caches by use case", order, columns, basis=basis)
    figure = Figure(
        "cache_saving", "Saved by caches", found.totals["net"], good=Direction.UP, basis="at our prices, net"
    )
    return Part((figure,), (first_rows(table, scene.top), *_by_type(found.rows)), notable(found.findings))


def _saved(rows: pl.DataFrame) -> pl.DataFrame:
    """Return what each use case saved, a column for each kind of cache."""
    sums = rows.group_by("feature", "kind").agg(pl.when(pl.col("net").is_not_null().any()).then(pl.col("net").sum()))
    kinds = {
        kind: sums.filter(kind=kind).select("feature", pl.col("net").alias(f"saved_{kind}"))
        for kind in ("response", "prompt")
    }
    joined = kinds["response"].join(kinds["prompt"], on="feature", how="full", nulls_equal=True, coalesce=True)
    return joined.with_columns(pl.col("saved_response", "saved_prompt").cast(MONEY))


def _by_type(rows: pl.DataFrame) -> tuple[Table, ...]:
    """Return what each type of cache saved: exact, semantic, a provider's prompt cache."""
    if rows.is_empty():
        return ()
    frame = (
        rows.group_by("kind", "cache_type")
        .agg(pl.col("requests").sum(), pl.col("net").sum().cast(MONEY))
        .sort("net", "kind", "cache_type", descending=[True, False, False], nulls_last=True)
    )
    columns = (
        Column("kind", "Cache"),
        Column("cache_type", "Type", null="(not said)"),
        Column("requests", "Requests served", Unit.COUNT),
        Column("net", "Saved", Unit.USD, good=Direction.UP),
    )
    nulls = ["" if kind == "prompt" else "(not said)" for kind in frame["kind"]]
    title, basis = "Saved by type of cache", "At our prices, net of look-ups and of the premium for writes."
    return (Table(title, frame, columns, row_nulls={"cache_type": nulls}, basis=basis),)


def routing(scene: Scene) -> Part:
    """Return which models serve the requests, with their share of requests and of spend."""
    found = breakdown_of(scene.books, replace(scene.settings, by=("model_tier", "model")), "requests")
    whole = found.totals["requests"]
    used = found.rows.filter(pl.col("requests") > 0)
    if not whole or used.is_empty():
        return lacks("the routing of models", "records that count requests")
    frame = used.with_columns(request_share=ratio(pl.col("requests"), pl.lit(whole)))
    columns = (
        Column("model", "Model", null="(unknown)"),
        Column("model_tier", "Tier", priority=1, null="(unknown)"),
        Column("requests", "Requests", Unit.COUNT),
        Column("request_share", "Of requests", Unit.SHARE),
        Column("spend", "Spend", Unit.USD),
        Column("share", "Of spend", Unit.SHARE, 1),
    )
    chart = Chart(ChartKind.BARS, "model", "requests")
    table = Table("Model routing", frame, columns, basis="Of records that count requests.", chart=chart)
    return Part(tables=(first_rows(table, scene.top),))


def reliability(scene: Scene) -> Part:
    """Return success, retries and fallbacks, with what they cost."""
    rows = scorecard_of(scene.books, scene.compared, _RELIABILITY).rows
    own = rows.filter(pl.col("member_of").is_null() & pl.col("value").is_not_null())
    if own.is_empty():
        return lacks("success, retry and fallback rates", "logs that say which requests failed")
    compared = "previous" in own.columns and own["previous"].is_not_null().any()
    before = (Column("previous", "Before", Unit.MIXED, 2), Column("change", "Change", Unit.CHANGE, 1))
    columns = (
        Column("title", "Rate"),
        Column("value", "Value", Unit.MIXED),
        *(before if compared else ()),
        Column("target", "Target", priority=1),
        Column("usd_effect", "Costs", Unit.USD, null=""),
        Column("coverage", "Of spend", Unit.SHARE, 3),
        Column("grade", "Grade", Unit.GRADE),
    )
    basis = "A retry pays for its request again; a fallback may cost more than the model asked for, or less."
    return Part(tables=(Table("Reliability", own, columns, basis=basis),))
