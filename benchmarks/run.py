"""Measure finopsctl against DuckDB on the same work in the same run, and print the table of docs/performance.md.

    python benchmarks/run.py [--quick] [--only ingest|ledger|finance|levers|pricing|start]

Every figure is a whole process (interpreter start, imports, work), the best of three runs (one for the long ones);
memory is the peak of anonymous memory, sampled. Inputs are generated once into benchmarks/data.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

sys.path.insert(0, str(Path(__file__).parent))

from generate import bucket_rows, improvable_rows, ledger_rows, spend_logs

DATA = Path(os.environ.get("FINOPSCTL_BENCH_DATA", Path(__file__).parent / "data"))
FINOPSCTL = [sys.executable, "-m", "finopsctl"]

DUCK_COPY = "COPY (SELECT * FROM read_json_auto('{logs}')) TO '{out}' (FORMAT parquet)"
# The same answer and the same data-quality figures as `attribution --by team` gives.
DUCK_ATTRIBUTION = """
SELECT team, sum(coalesce(reported_cost, effective_cost)) AS spend, sum(requests) AS requests,
       sum(coalesce(input_tokens,0) + coalesce(cache_read_tokens,0) + coalesce(cache_write_tokens,0)
         + coalesce(cache_write_1h_tokens,0) + coalesce(audio_input_tokens,0) + coalesce(image_input_tokens,0)
         + coalesce(output_tokens,0) + coalesce(reasoning_tokens,0) + coalesce(audio_output_tokens,0)
         + coalesce(image_output_tokens,0)) FILTER (WHERE coalesce(cache_hits,0) = 0) AS tokens,
       count(*) AS records, count(*) FILTER (WHERE reported_cost IS NULL AND effective_cost IS NULL) AS unpriced,
       list(DISTINCT model) FILTER (WHERE reported_cost IS NULL AND effective_cost IS NULL) AS unpriced_models,
       sum(reported_cost) AS reported, count(*) FILTER (WHERE service_tier IS NULL) AS no_tier,
       min(charge_period_start)::VARCHAR AS first, max(charge_period_start)::VARCHAR AS last
FROM '{ledger}' GROUP BY team ORDER BY spend DESC
"""
# What the scorecard rests on: sums by the dimensions its KPIs have members of and by what each row knows (the coverage
# of every figure), spend per user, exact quantiles, and what retries and fallbacks cost.
DUCK_KPI = """
CREATE TEMP TABLE rollup AS
SELECT model_tier, provider, team,
       (reported_cost IS NULL AND effective_cost IS NULL)::INT + 2 * (requests IS NULL)::INT + 4 * (errors IS NULL)::INT
     + 8 * (retries IS NULL)::INT + 16 * (fallbacks IS NULL)::INT + 32 * (cache_hits IS NULL)::INT
     + 64 * (task_successes IS NULL)::INT + 128 * (reported_cost IS NULL)::INT + 256 * (service_tier IS NULL)::INT
     + 512 * ("user" IS NULL)::INT + 1024 * (coalesce(cache_hits, 0) = 0)::INT + 2048 * (cache_read_tokens IS NULL)::INT
     + 4096 * (coalesce(input_tokens, cache_read_tokens, cache_write_tokens, cache_write_1h_tokens, audio_input_tokens,
                        image_input_tokens) IS NULL)::INT
     + 8192 * (coalesce(output_tokens, reasoning_tokens, audio_output_tokens, image_output_tokens) IS NULL)::INT
     + 16384 * (record_kind IN ('request', 'usage'))::INT AS knows,
       CASE WHEN reported_cost IS NULL AND effective_cost IS NULL THEN model END AS unpriced_model,
       sum(coalesce(reported_cost, effective_cost)) AS spend, sum(requests) AS requests,
       sum(errors) AS errors, sum(least(retries, requests)) AS retries, sum(fallbacks) AS fallbacks,
       sum(cache_hits) AS hits, sum(input_tokens) AS input, sum(cache_read_tokens) AS cache_read,
       sum(cache_write_tokens) AS cache_write, sum(cache_write_1h_tokens) AS cache_write_1h,
       sum(audio_input_tokens) AS audio, sum(image_input_tokens) AS image, sum(output_tokens) AS output,
       sum(reasoning_tokens) AS reasoning, sum(audio_output_tokens) AS audio_out, sum(image_output_tokens) AS image_out,
       sum(tasks) AS tasks, sum(task_successes) AS successes, sum(reported_cost) AS reported, count(*) AS records,
       min(charge_period_start)::VARCHAR AS first, max(charge_period_start)::VARCHAR AS last
FROM '{ledger}' GROUP BY ALL;
CREATE TEMP TABLE users AS
SELECT "user", sum(coalesce(reported_cost, effective_cost)) AS spend, sum(requests) AS requests
FROM '{ledger}' WHERE "user" IS NOT NULL GROUP BY "user";
SELECT sum(coalesce(reported_cost, effective_cost) / requests * retries) FILTER (WHERE retries > 0),
       sum(coalesce(reported_cost, effective_cost) / requests * fallbacks) FILTER (WHERE fallbacks > 0)
FROM '{ledger}' WHERE retries > 0 OR fallbacks > 0;
SELECT quantile_cont(coalesce(reported_cost, effective_cost)::DOUBLE, [0.5, 0.95, 0.99]),
       sum(coalesce(reported_cost, effective_cost)), count(*)
FROM '{ledger}' WHERE record_kind = 'request' AND requests = 1;
SELECT * FROM rollup; SELECT count(*), sum(spend) FROM users
"""
# What the bridge and the forecast rest on: one aggregate each; what follows is arithmetic on a few hundred rows.
DUCK_CELLS = """
SELECT team, provider, canonical_model, service_tier, charge_period_start >= TIMESTAMPTZ '{middle}' AS later,
       sum(coalesce(reported_cost, effective_cost)) AS spend, sum(requests), sum(retries), sum(cache_hits),
       sum(input_tokens), sum(cache_read_tokens), sum(cache_write_tokens), sum(cache_write_1h_tokens),
       sum(audio_input_tokens), sum(image_input_tokens), sum(output_tokens), sum(reasoning_tokens),
       sum(audio_output_tokens), sum(image_output_tokens), sum(list_input_cost), sum(list_cache_read_cost),
       sum(list_cache_write_cost), sum(list_output_cost), sum(list_other_cost), count(*), count(requests),
       count(reported_cost), count(list_cost), count(retries), count(cache_hits)
FROM '{ledger}' WHERE charge_period_start >= TIMESTAMPTZ '{first}' AND charge_period_start < TIMESTAMPTZ '{last}'
GROUP BY ALL
"""
DUCK_DAYS = """
SELECT team, date_trunc('day', charge_period_start)::VARCHAR AS day,
       sum(coalesce(reported_cost, effective_cost)) AS spend, count(*) AS records, sum(requests) AS requests,
       count(*) FILTER (WHERE reported_cost IS NULL AND effective_cost IS NULL) AS unpriced,
       sum(reported_cost) AS reported, count(*) FILTER (WHERE service_tier IS NULL) AS no_tier
FROM '{ledger}' GROUP BY ALL
"""
# What anomaly detection rests on: the amounts of every hour by group and by what contributors are named by.
DUCK_HOURS = """
CREATE TEMP TABLE hours AS
SELECT team, date_trunc('hour', charge_period_start)::VARCHAR AS hour, feature, model, source,
       sum(coalesce(reported_cost, effective_cost)) AS spend, sum(requests), count(requests), sum(cache_hits),
       sum(coalesce(input_tokens,0) + coalesce(output_tokens,0)), count(*)
FROM '{ledger}' GROUP BY ALL
"""
# What recommendations look for signals in; playing the changes found is not in it.
DUCK_WORKLOADS = """
SELECT team, feature, provider, model, sum(coalesce(reported_cost, effective_cost)) AS spend, sum(requests),
       sum(least(retries, requests)), sum(cache_hits), sum(input_tokens), sum(cache_read_tokens), sum(output_tokens),
       sum(requests) FILTER (WHERE workload IN ('batch', 'eval')), quantile_disc(output_tokens, 0.95)
FROM '{ledger}' GROUP BY ALL
"""
PRICE = """
import polars as pl
from finopsctl.ledger.schema import LEDGER_SCHEMA
from finopsctl.pricing import catalog
from finopsctl.pricing.models import Resolver
from finopsctl.pricing.rating import rated
resolver, total = Resolver(catalog.load()), 0
for batch in pl.scan_parquet('{ledger}').collect_batches(chunk_size=200_000):
    total += rated(batch, resolver).frame['list_cost'].sum()
print(total)
"""
DUCK_PRICE = """
SELECT sum((coalesce(input_tokens,0) * i + coalesce(cache_read_tokens,0) * c + coalesce(output_tokens,0) * o)::HUGEINT)
FROM '{ledger}' l ASOF JOIN (SELECT * FROM (VALUES {prices}) AS v(model, start, i, c, o)) p
  ON p.model = l.model AND l.charge_period_start >= p.start
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """One process: wall seconds, processor seconds, peak anonymous memory in MiB."""

    wall: float
    cpu: float
    memory: float


def measure(command: list[str], runs: int) -> Measured:
    """Run a command and return its fastest run."""
    return min((_once(command) for _ in range(runs)), key=lambda m: m.wall)


def _once(command: list[str]) -> Measured:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src")}
    before = os.times()
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, _anonymous(process.pid))
        time.sleep(0.005)
    wall, after = time.perf_counter() - start, os.times()
    if process.returncode:
        assert process.stderr is not None
        raise SystemExit(f"{' '.join(command)[:200]} failed:\n{process.stderr.read().decode()}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Measured(wall, cpu, peak)


def _anonymous(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    lines = [line for line in status.splitlines() if line.startswith("RssAnon")]
    return int(lines[0].split()[1]) / 1024 if lines else 0.0


def duck(sql: str) -> list[str]:
    """Return the command that has DuckDB run some statements, results fetched."""
    code = f"import duckdb\nc = duckdb.connect()\nfor s in {sql!r}.split(';'):\n    c.execute(s).fetchall()"
    return [sys.executable, "-c", code]


def row(name: str, ours: list[str], theirs: list[str], runs: int = 3) -> None:
    """Measure both and print one line of the table."""
    base, own = measure(theirs, runs), measure(ours, runs)
    cells = (
        name,
        f"{own.wall / base.wall:.2f}x",
        f"{own.cpu / base.cpu:.2f}x",
        f"{own.memory:,.0f} MiB",
        f"{base.memory:,.0f} MiB",
    )
    print(f"| {' | '.join(cells)} |", flush=True)
    print(f"  {name}: {own.wall:.2f} s against {base.wall:.2f} s", file=sys.stderr)


def ingest(*, quick: bool) -> None:
    """Spend logs to a priced ledger, beside DuckDB's COPY of the same lines to Parquet."""
    for lines, runs in ((200_000, 3),) if quick else ((200_000, 3), (2_000_000, 1)):
        logs = spend_logs(DATA / f"logs-{lines}.jsonl", lines)
        out = DATA / "out.parquet"
        ours = [*FINOPSCTL, "normalize", str(logs), "-o", str(out), "-q"]
        row(
            f"NDJSON to priced ledger, {lines:,} lines",
            ours,
            duck(DUCK_COPY.format(logs=logs, out=DATA / "duck.parquet")),
            runs,
        )


def ledger(*, quick: bool) -> None:
    """Questions to a Parquet ledger, beside DuckDB answering the same."""
    for rows in (1_000_000,) if quick else (10_000_000, 20_000_000):
        path = _normalized(rows)
        attribution = [*FINOPSCTL, "attribution", str(path), "--by", "team", "-f", "json"]
        row(f"attribution --by team, {rows:,} rows", attribution, duck(DUCK_ATTRIBUTION.format(ledger=path)))
        row(
            f"kpi (whole scorecard), {rows:,} rows",
            [*FINOPSCTL, "kpi", str(path), "-f", "json"],
            duck(DUCK_KPI.format(ledger=path)),
        )


def finance(*, quick: bool) -> None:
    """The bridge between two months and the forecast, beside DuckDB's aggregates that they rest on."""
    path = _normalized(1_000_000 if quick else 10_000_000)
    variance = [*FINOPSCTL, "variance", str(path), "--by", "team", "--month", "2026-10", "-f", "json"]
    cells = DUCK_CELLS.format(ledger=path, first="2026-09-01", middle="2026-10-01", last="2026-11-01")
    row("variance --by team, two of three months", variance, duck(cells))
    forecast = [*FINOPSCTL, "forecast", str(path), "--by", "team", "-f", "json"]
    row("forecast --by team", forecast, duck(DUCK_DAYS.format(ledger=path)))


def levers(*, quick: bool) -> None:
    """Anomalies by the hour and recommendations, beside the aggregates of DuckDB that they rest on."""
    path = bucket_rows(DATA / "hours.parquet")
    for grain in ("hour",) if quick else ("hour", "day"):
        ours = [*FINOPSCTL, "anomalies", str(path), "--by", "team", "--grain", grain, "-f", "json"]
        theirs = DUCK_HOURS.replace("'hour'", f"'{grain}'").format(ledger=path)
        row(f"anomalies --by team --grain {grain}, 400 groups, 864,000 buckets", ours, duck(theirs))
    busy = DATA / "improvable-1000000.parquet"
    if not busy.exists():
        raw = improvable_rows(DATA / "improvable-raw.parquet", ledger_rows(DATA / "raw-levers.parquet", 1_000_000))
        subprocess.run([*FINOPSCTL, "normalize", str(raw), "-o", str(busy), "-q"], check=True)
        raw.unlink()
    ours = [*FINOPSCTL, "recommend", str(busy), "--floor", "1", "-f", "json"]
    row("recommend (about 300 changes), 1,000,000 rows", ours, duck(DUCK_WORKLOADS.format(ledger=busy)), 1)


def _normalized(rows: int) -> Path:
    path = DATA / f"ledger-{rows}.parquet"
    if not path.exists():
        raw = ledger_rows(DATA / f"raw-{rows}.parquet", rows)
        subprocess.run([*FINOPSCTL, "normalize", str(raw), "-o", str(path), "-q"], check=True)
        raw.unlink()
    return path


def pricing(*, quick: bool) -> None:
    """List prices for every row, beside DuckDB's ASOF join over a price list of the same models."""
    from generate import MODELS

    path = _normalized(1_000_000 if quick else 10_000_000)
    prices = ", ".join(f"('{m}', TIMESTAMPTZ '2020-01-01', {i}, {c}, {o})" for _, m, i, c, o in MODELS)
    ours = [sys.executable, "-c", PRICE.format(ledger=path)]
    row("price every row (tiers, bands, windows, parts)", ours, duck(DUCK_PRICE.format(ledger=path, prices=prices)), 1)


def start(*, quick: bool) -> None:
    """Start-up of --help, beside a bare interpreter that imports DuckDB."""
    del quick
    row("finopsctl --help", [*FINOPSCTL, "--help"], [sys.executable, "-c", "import duckdb"], 5)


BENCHMARKS: dict[str, Callable[..., None]] = {
    "ingest": ingest,
    "ledger": ledger,
    "finance": finance,
    "levers": levers,
    "pricing": pricing,
    "start": start,
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small inputs only")
    parser.add_argument("--only", choices=BENCHMARKS, help="one group")
    options = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print("| work | wall, DuckDB = 1 | CPU, DuckDB = 1 | peak memory | DuckDB's |\n|---|---|---|---|---|", flush=True)
    for name, benchmark in BENCHMARKS.items():
        if options.only in (None, name):
            benchmark(quick=options.quick)


if __name__ == "__main__":
    main()
