"""A report made of names that would do something where a renderer let them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import polars as pl

from finopsctl.results.finding import Finding, Severity
from finopsctl.results.report import Chart, ChartKind, Column, Context, Look, Report, Table
from finopsctl.results.units import Unit

NAMES = (
    "<!channel>",
    "<!here|here>",
    "<@U012AB3CD>",
    "<https://evil.example|click>",
    "https://evil.example/",
    "*bold* _slant_ ~gone~ `code`",
    "```\nend of the block\n```",
    ":tada: :warning:",
    "> quoted",
    "&lt;!channel&gt;",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "]]></p><ac:structured-macro ac:name='html'>",
    "{{ 7 * 7 }} {% raw %}",
    "::error::owned",
    "=cmd()|' /C calc'!A0",
    "| x |",
    "esc\x1b[31m\x07 \x9b2J",
    "Bcc: thief@evil.example\r\n\r\nnew body",
    "rtl \u202etxt.exe\u202c",
    "not a character \ufffe \uffff",
)

FIGURES = Table(
    "Key figures",
    pl.DataFrame(
        {
            "figure": ["Spend", *NAMES[:4]],
            "value": [1234.5, 0.25, 3.0, None, 0.004],
            "grade": ["good", "warning", "critical", None, "ok"],
        }
    ),
    (Column("figure", "Figure"), Column("value", "Value", Unit.USD), Column("grade", "Status", Unit.GRADE)),
    basis="Reported cost of <October>.",
    look=Look.FIGURES,
)

BY_NAME = Table(
    "Spend by <name>",
    pl.DataFrame({"name": NAMES, "spend": [Decimal(at) for at in range(len(NAMES))], "grade": ["ok"] * len(NAMES)}),
    (Column("name", "Name"), Column("spend", "Spend", Unit.USD), Column("grade", "Status", Unit.GRADE)),
    totals={"spend": Decimal(sum(range(len(NAMES))))},
)

BY_DAY = Table(
    "Spend by day",
    pl.DataFrame({"day": [datetime(2026, 10, day, tzinfo=UTC) for day in range(1, 31)], "spend": [1.5] * 30}),
    (Column("day", "Day", Unit.DATE), Column("spend", "Spend", Unit.USD)),
    chart=Chart(ChartKind.LINES, "day", "spend"),
    look=Look.CHART,
)


def untrusted(*tables: Table) -> Report:
    """Return the report, of these tables or of all of the above."""
    return Report(
        "weekly",
        f"{NAMES[0]} spent $210.00, {NAMES[5]}.",
        tables or (FIGURES, BY_NAME, BY_DAY),
        findings=tuple(
            Finding(severity, "named", f"{name} has no price.", f"Ask {name}.")
            for severity, name in zip((Severity.CRITICAL, Severity.WARNING, Severity.INFO), NAMES[::5], strict=False)
        ),
        context=Context({"currency": "USD", "as_of": datetime(2026, 11, 2, tzinfo=UTC)}, NAMES),
        title=f"Weekly report of {NAMES[18]} {NAMES[0]}",
    )
