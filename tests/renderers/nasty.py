"""The nasty report: everything a log, a price list or a quiet month can put into a document."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl

from finopsctl.results.finding import Finding, Severity
from finopsctl.results.report import Column, Context, Report, Table
from finopsctl.results.units import Direction, Unit

MONEY = pl.Decimal(38, 12)

TEAMS = [
    "support",
    "日本語チーム 😀👩‍👩‍👧",
    'pipe | "quote" `tick` <b>bold</b>',
    "[red]x[/]",
    "esc\x1b[31m\x07 \x9b2J tab\t nl\nend",
    "=cmd()|' /C calc'!A0",
    "a-very-long-team-name-that-somebody-thought-was-a-good-idea-emea-prod-eu-central-1",
    "rtl \u202etxt.exe\u202c",
    None,
    None,
]
SPEND = [
    "1000000000",
    "1243.29",
    "0.004",
    "-0.004",
    "0",
    "0.000000000001",
    "123456789.123456789012",
    "-3.1",
    "12.5",
    None,
]
MODELS = [
    "gpt-4o", "claude-sonnet-4-5-20250929", "gpt_4o_*mini*", "-2+3", "@SUM(A1)", "", "gpt-4o-mini", "o3", None, "x\ry",
]  # fmt: skip

BREAKDOWN = Table(
    "Spend by team",
    pl.DataFrame(
        {
            "team": TEAMS,
            "model": MODELS,
            "spend": [None if amount is None else Decimal(amount) for amount in SPEND],
            "share": [0.5, 0.25, 0.0004, -0.0004, 0.0, 1e-15, 0.9999, 1.0, float("nan"), None],
            "requests": [1_000_000_000, 812, 1, 0, None, 3, 4, 5, 6, 7],
            "price_per_request": [1.0, 0.002, 0.000004, None, 0.0, 2.5, 0.1, 123.456, 1e-7, None],
            "tokens": [10**12, 5, 0, None, 1, 2, 3, 4, 5, 6],
            "change": [0.25, -0.031, None, 0.0, 12.5, -1.0, 0.00001, float("inf"), 0.1, None],
            "last_seen": [datetime(2026, 10, day, 12, 30, tzinfo=UTC) for day in range(1, 10)] + [None],
            "day": [date(2026, 10, day) for day in range(1, 10)] + [None],
            "grade": ["good", "ok", "warning", "critical", None, "too_early", "exhausted", "ok", None, "ok"],
            "other": [None] * 8 + [12, None],
            "raw_ratio": [1e-7, 1e22, -0.0, 0.1, 1 / 3, 5e-324, 1e16, 123456.789, 5.0, None],
            "alerts": [[{"at": 0.8, "action": "mail \x1b"}], [], *[None] * 8],
        },
        schema_overrides={"spend": MONEY},
    ),
    (
        Column("team", "Team", null="(untagged)"),
        Column("model", "Model", priority=1),
        Column("grade", "Status", Unit.GRADE),
        Column("spend", "Spend", Unit.USD),
        Column("share", "Share of spend", Unit.SHARE, priority=2),
        Column("requests", "Requests", Unit.COUNT, priority=3),
        Column("price_per_request", "Cost per request", Unit.UNIT_PRICE, priority=4),
        Column("tokens", "Tokens", Unit.TOKENS, priority=5),
        Column("change", "Change", Unit.CHANGE, priority=1, good=Direction.DOWN),
        Column("last_seen", "Last seen", Unit.INSTANT, priority=7),
        Column("day", "Day", Unit.DATE, priority=8),
        Column("raw_ratio", "Raw ratio", Unit.FACTOR, machine_only=True),
    ),
    totals={"spend": Decimal("1123457541.813456789013"), "requests": 1_000_000_838, "tokens": 10**12 + 26},
)

SCORECARD = Table(
    "Scorecard",
    pl.DataFrame(
        {
            "kpi": ["cost_per_request", "output_per_input", "cache_hit_rate", "burn_rate", "days_left", "requests"],
            "value": [0.00412, 0.318, 0.2512, 400.0, 12.5, 48213.0],
            "unit": ["usd", "ratio", "ratio", "usd_per_day", "days", "count"],
            "change": [0.12, 0.2, 0.031, None, -0.5, 0.0],
            "grade": ["ok", None, "warning", None, "critical", "good"],
        }
    ),
    (
        Column("kpi", "KPI"),
        Column("value", "Value", Unit.MIXED),
        Column("change", "Change", Unit.CHANGE),
        Column("grade", "Grade", Unit.GRADE),
    ),
    row_units=(Unit.UNIT_PRICE, Unit.FACTOR, Unit.RATIO, Unit.USD_PER_DAY, Unit.DAYS, Unit.COUNT),
    row_good=(Direction.DOWN, Direction.NEUTRAL, Direction.UP, Direction.DOWN, Direction.UP, Direction.UP),
)

EMPTY = Table("Anomalies", BREAKDOWN.frame.clear(), BREAKDOWN.columns)

FINDINGS = (
    Finding(Severity.INFO, "duplicates", "3 records were read twice and counted once.", evidence={"records": 3}),
    Finding(
        Severity.CRITICAL,
        "unpriced",
        "2 requests of [bold]acme-xl[/] \x1b]0;owned\x07 have no price.",
        "Add it: finopsctl pricing update --from litellm",
        {"models": ["acme-xl"], "spend": Decimal("0.100000000000"), "share": float("nan")},
    ),
    *(
        Finding(
            Severity.WARNING,
            "bad_line",
            f"logs/a long folder name | with pipes/gateway-2026-10-0{line}.jsonl:{line} is not JSON: it ends early",
            evidence={"file": "logs/\udcff.jsonl", "line": line},
        )
        for line in range(1, 7)
    ),
)

HEADER = {
    "period": {
        "start": datetime(2026, 10, 1, tzinfo=UTC),
        "end": datetime(2026, 11, 1, tzinfo=UTC),
        "timezone": "UTC",
    },
    "as_of": date(2026, 11, 1),
    "currency": "USD",
    "cost_basis": "auto",
    "price_book": {"version": "2026.11.1", "checked": date(2026, 11, 1)},
    "inputs": [{"path": "logs/\x1b[2J\udcff.jsonl", "source": "litellm", "records": 10}],
    "data_quality": {"records": 10, "unattributed_share": Decimal("0.020000"), "unpriced_models": ["acme-xl"]},
}

NASTY = Report(
    "attribution",
    "Ten teams spent $1,123,457,541.81 in October 2026, 89.0% of it by one (`support`), which is *more* than "
    "<everyone> expected and 25.0% over the month before.",
    (BREAKDOWN, SCORECARD, EMPTY),
    totals={"spend": Decimal("1123457541.813456789013"), "requests": 1_000_000_838, "zero": Decimal("-0.000")},
    findings=FINDINGS,
    context=Context(
        HEADER,
        (
            "10 records from 1 file (litellm), 2026-10-01 to 2026-11-01 UTC.",
            "cost basis auto: 98.0% reported by the source, 2.0% priced by us … 1.1% has no team: see --by api_key",
        ),
    ),
)
