"""A report as a board gets it: key figures, every kind of chart, findings, what it all rests on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl

from finopsctl.results.finding import Finding, Severity
from finopsctl.results.report import Chart, ChartKind, Column, Context, Look, Report, Table
from finopsctl.results.units import Direction, Unit

DAYS = [date(2026, 10, 1) + timedelta(days=n) for n in range(61)]

FIGURES = Table(
    "Key figures",
    pl.DataFrame(
        {
            "figure": [
                "Spend",
                "Cost per request",
                "Cache hit rate",
                "Budget used",
                "Success rate",
                "Forecast to year end",
            ],
            "value": [48213.42, 0.00412, 0.2512, 1.12, None, 1_234_567.0],
            "unit": ["usd", "usd", "ratio", "ratio", "ratio", "usd"],
            "target": ["<= $50,000", "<= $0.005", ">= 30%", "< 70%", ">= 99.9%", None],
            "change": [0.12, -0.2, 0.031, 0.4, None, 0.0],
            "grade": ["ok", "good", "warning", "critical", None, "ok"],
        }
    ),
    (
        Column("figure", "Figure"),
        Column("value", "Value", Unit.MIXED),
        Column("target", "Target"),
        Column("change", "Change", Unit.CHANGE),
        Column("grade", "Grade", Unit.GRADE),
    ),
    row_units=(Unit.USD, Unit.UNIT_PRICE, Unit.RATIO, Unit.RATIO, Unit.RATIO, Unit.USD),
    row_good=(Direction.DOWN, Direction.DOWN, Direction.UP, Direction.DOWN, Direction.UP, Direction.DOWN),
    basis="October 2026 against September 2026; cost basis auto; 2.0% of spend has no team.",
    look=Look.FIGURES,
)

FORECAST = Table(
    "Where the year will end",
    pl.DataFrame(
        {
            "day": DAYS,
            "actual": [None if n in {9, 10} or n > 40 else 900 + 14.0 * n + 220 * (n % 7 < 5) for n in range(61)],
            "p50": [None if n < 40 else 1100 + 14.0 * n for n in range(61)],
            "p10": [None if n < 40 else 1100 + 14.0 * n - 9 * (n - 38) for n in range(61)],
            "p90": [None if n < 40 else 1100 + 14.0 * n + 16 * (n - 38) for n in range(61)],
        }
    ),
    (
        Column("day", "Day", Unit.DATE),
        Column("actual", "Actual", Unit.USD),
        Column("p50", "Forecast", Unit.USD),
        Column("p10", "P10", Unit.USD),
        Column("p90", "P90", Unit.USD),
    ),
    basis="Daily spend; two days of October have no data.",
    chart=Chart(ChartKind.LINES, "day", "actual", low="p10", high="p90", limit="p50"),
    look=Look.CHART,
)

TEAMS = [
    "platform", "data-science", "support", "<script>alert(1)</script>", "search & ranking", 'the "growth" team', None,
    "marketing", "a-very-long-team-name-that-somebody-thought-was-a-good-idea-emea-prod-eu-central-1", "日本語チーム",
]  # fmt: skip

BY_TEAM = Table(
    "Spend by day and team",
    pl.DataFrame(
        {
            "day": [day for day in DAYS[:31] for _ in TEAMS],
            "team": [team for _ in DAYS[:31] for team in TEAMS],
            "spend": [
                Decimal(1000 - 90 * at + (17 * n * (at + 3)) % 90) / 10 for n in range(31) for at in range(len(TEAMS))
            ],
        },
        schema_overrides={"spend": pl.Decimal(38, 12)},
    ),
    (Column("day", "Day", Unit.DATE), Column("team", "Team", null="(untagged)"), Column("spend", "Spend", Unit.USD)),
    chart=Chart(ChartKind.COLUMNS, "day", "spend", "team"),
    look=Look.CHART,
)

CHANGES = Table(
    "What changed, by team",
    pl.DataFrame(
        {
            "team": [*TEAMS, None],
            "change": [1240.5, 320.0, -44.02, 8.8, 0.0, -512.3, 12.0, None, 77.1, 0.004, 31.0],
            "share": [0.5, 0.2, -0.1, 0.01, 0.0, -0.2, 0.01, None, 0.04, 0.0, 0.02],
            "other": [None] * 10 + [14],
        }
    ),
    (
        Column("team", "Team", null="(untagged)"),
        Column("change", "Change", Unit.USD, good=Direction.DOWN),
        Column("share", "Share of change", Unit.SHARE),
    ),
    totals={"change": 1133.08},
    chart=Chart(ChartKind.BARS, "team", "change"),
)

BUDGETS = Table(
    "Budgets",
    pl.DataFrame(
        {
            "budget": ["platform", "company", "search", "support", "lab"],
            "limit": [40.0, 125_000.0, 5.0, 14.0, 0.0],
            "projected": [104.83, 102_810.0, 4.22, None, 1.0],
            "p10": [90.0, 95_000.0, 4.0, None, None],
            "p90": [120.0, 131_000.0, 4.9, None, None],
            "status": ["exhausted", "warning", "good", "too_early", "critical"],
        }
    ),
    (
        Column("budget", "Budget"),
        Column("limit", "Limit", Unit.USD),
        Column("projected", "Forecast", Unit.USD),
        Column("p10", "P10", Unit.USD),
        Column("p90", "P90", Unit.USD),
        Column("status", "Status", Unit.GRADE),
    ),
    chart=Chart(ChartKind.GAUGES, "budget", "projected", low="p10", high="p90", limit="limit"),
)

FINDINGS = (
    Finding(Severity.INFO, "duplicates", "48 records were read twice and counted once."),
    Finding(
        Severity.CRITICAL, "budget_alert", "Budget platform is 112.1% used.", "finopsctl budget export --to litellm"
    ),
    Finding(Severity.WARNING, "unpriced", "7 requests have no price: brioche", "Add prices with --prices DIR."),
)

HEADER = {
    "period": {
        "start": datetime(2026, 9, 30, 22, tzinfo=UTC),
        "end": datetime(2026, 10, 31, 23, tzinfo=UTC),
        "timezone": "Europe/Berlin",
    },
    "as_of": datetime(2026, 10, 31, 23, tzinfo=UTC),
    "currency": "EUR",
    "cost_basis": "auto",
    "price_book": {"version": "2026.11.1", "checked": date(2026, 11, 1)},
    "inputs": [
        {"path": f"logs/gateway-{n:02}.jsonl.gz", "source": "litellm", "records": 1000 + n} for n in range(1, 15)
    ],
    "data_quality": {
        "records": 48_213,
        "bad_lines": 3,
        "duplicates": 48,
        "unpriced_requests": 7,
        "unpriced_tokens": 42_681,
        "unpriced_models": ["mistral-brioche-preview"],
        "unattributed_share": Decimal("0.02"),
        "set_aside": [{"records": 401}],
        "spend_by_basis": {"reported": Decimal("40000.10"), "effective": Decimal("8213.32")},
    },
}

BOARD = Report(
    "report",
    "We spent €48,213.42 on models in October, 12.0% more than in September; one budget of five is spent.",
    (FIGURES, FORECAST, BY_TEAM, CHANGES, BUDGETS),
    totals={"spend": Decimal("48213.42")},
    findings=FINDINGS,
    context=Context(HEADER, ("48,213 records of 14 files (litellm); 48 duplicates dropped",)),
    title="Model spend in October 2026",
)

FORECAST_BY_SERIES = replace(
    FORECAST,
    frame=pl.concat(
        [
            FORECAST.frame.select("day", series=pl.lit("Actual"), spend="actual", p10=pl.lit(None), p90=pl.lit(None)),
            FORECAST.frame.select("day", series=pl.lit("Forecast"), spend="p50", p10="p10", p90="p90"),
        ],
        how="vertical_relaxed",
    ),
    columns=(Column("day", "Day", Unit.DATE), Column("series", "Series"), Column("spend", "Spend", Unit.USD)),
    chart=Chart(ChartKind.LINES, "day", "spend", "series", low="p10", high="p90"),
)
"""The same, a row a value."""
