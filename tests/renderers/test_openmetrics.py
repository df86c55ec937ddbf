"""A report as OpenMetrics: names, units, labels that tell rows apart, and nothing a log could break."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from finopsctl.renderers import Screen, renderer_for_extension, renderer_named
from finopsctl.renderers.openmetrics import exposition, families, gauge
from finopsctl.results.report import Column, Context, Long, Report, Table
from finopsctl.results.units import Unit
from renderers.nasty import NASTY

MONEY = pl.Decimal(38, 12)
_LABEL = r'[a-z_][a-z0-9_]*="(?:[^"\\]|\\\\|\\"|\\n)*"'
SAMPLE = re.compile(rf"[a-z_][a-z0-9_]*(?:\{{{_LABEL}(?:,{_LABEL})*\}})? -?[0-9.]+")
"""One line of a sample: a name, escaped labels, a plain number, no time."""


def samples(frame: pl.DataFrame, *columns: Column, subject: str = "x", currency: str = "USD") -> list[str]:
    lines = exposition(families(Table("Rows", frame, columns), subject, currency)).decode().splitlines()
    return [line for line in lines if not line.startswith("#")]


def report(frame: pl.DataFrame, currency: str = "USD") -> Report:
    table = Table("Spend by team", frame, (Column("team", "Team"), Column("spend", "Spend", Unit.USD)))
    return Report("attribution", "", (table,), context=Context({"currency": currency}))


def money(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema_overrides={"spend": MONEY})


def test_a_document_is_help_type_unit_samples_and_the_end() -> None:
    frame = money({"team": "search", "spend": Decimal("12.50")}, {"team": None, "spend": Decimal(3)})

    assert renderer_named("openmetrics").render(report(frame), Screen()).decode() == (
        "# HELP finopsctl_attribution_spend_usd Spend by team: Spend\n"
        "# TYPE finopsctl_attribution_spend_usd gauge\n"
        "# UNIT finopsctl_attribution_spend_usd usd\n"
        'finopsctl_attribution_spend_usd{team="search"} 12.5\n'
        "finopsctl_attribution_spend_usd 3\n"
        "# EOF\n"
    )


def test_another_currency_is_in_the_name() -> None:
    text = renderer_named("openmetrics").render(report(money({"team": "a", "spend": Decimal(1)}), "EUR"), Screen())

    assert b'finopsctl_attribution_spend_eur{team="a"} 1\n' in text
    assert b"usd" not in text


def test_what_is_unknown_is_absent_and_not_zero() -> None:
    frame = pl.DataFrame({"team": ["a", "b", "c", "d"], "requests": [None, float("nan"), float("inf"), 0.0]})

    assert samples(frame) == ['finopsctl_x_requests{team="d"} 0']


def test_days_and_milliseconds_are_seconds() -> None:
    """1.5 days are 129,600 s; 250 ms are 0.25 s."""
    frame = pl.DataFrame({"days_to_exhaustion": [1.5], "latency_ms": [250]})

    assert samples(frame, Column("latency_ms", "Latency", Unit.MILLISECONDS)) == [
        "finopsctl_x_time_to_exhaustion_seconds 129600",
        "finopsctl_x_latency_seconds 0.25",
    ]


def test_grades_and_results_are_numbers_and_other_words_are_absent() -> None:
    words = ["good", "ok", "warning", "critical", "exhausted", "pass", "waived", "fail", "too_early", None]
    frame = pl.DataFrame({"rule": [str(at) for at in range(10)], "status": words})

    assert [line.split()[-1] for line in samples(frame)] == ["0", "1", "2", "3", "4", "0", "1", "3"]


def test_a_row_that_says_its_unit_has_its_subject_in_the_name() -> None:
    frame = pl.DataFrame(
        {
            "kpi": ["cost_per_request", "cache_hit_rate", "days_to_exhaustion"],
            "team": ["a", None, "b"],
            "value": [0.02, 0.25, 2.0],
            "unit": ["usd", "ratio", "days"],
        }
    )

    assert samples(frame, Column("value", "Value", Unit.MIXED), subject="kpi") == [
        'finopsctl_cost_per_request_usd{team="a"} 0.02',
        "finopsctl_cache_hit_rate_ratio 0.25",
        'finopsctl_time_to_exhaustion_seconds{team="b"} 172800',
    ]


def fared(value: float, bound: str, severity: str, status: str, rule: str = "cost (1)") -> dict[str, Any]:
    result = "pass" if status == "pass" else "fail"
    row = {"rule": rule, "severity": severity, "value": value, "result": result, "team": "a", "unit": "usd"}
    return {**row, "bound": bound, "status": status}


def test_a_check_whose_verdict_changes_stays_one_series() -> None:
    """Below its warning of $3 it is held against max, above it against warn, as a warning."""
    today, tomorrow = fared(2.0, "max", "critical", "pass"), fared(4.0, "warn", "warning", "warning")
    found = [
        samples(pl.DataFrame([row]), Column("value", "Value", Unit.MIXED), subject="check") for row in (today, tomorrow)
    ]
    series = [[line.rpartition(" ")[0] for line in lines] for lines in found]

    assert series[0] == series[1]
    assert found[1] == [
        'finopsctl_check_value_usd{rule="cost (1)",team="a"} 4',
        'finopsctl_check_result{rule="cost (1)",team="a"} 3',
        'finopsctl_check_status{rule="cost (1)",team="a"} 2',
    ]


def test_two_rules_whose_names_differ_in_signs_only_are_two_series() -> None:
    frame = pl.DataFrame([fared(2.0, "max", "critical", "fail"), fared(3.0, "max", "critical", "fail", "cost [1]")])

    assert samples(frame, Column("value", "Value", Unit.MIXED), subject="check")[:2] == [
        'finopsctl_check_value_usd{rule="cost (1)",team="a"} 2',
        'finopsctl_check_value_usd{rule="cost [1]",team="a"} 3',
    ]


def test_a_day_is_a_label_only_where_names_do_not_tell_rows_apart() -> None:
    """2026-10-02T00:00Z is 1,790,899,200 s after 1970."""
    budgets = pl.DataFrame({"budget": ["a"], "exhaustion_date": [date(2026, 10, 2)], "limit": [5]})
    days = pl.DataFrame({"day": [date(2026, 10, 1), date(2026, 10, 2)], "requests": [1, 2]})

    assert samples(budgets) == [
        'finopsctl_x_exhaustion_date_timestamp_seconds{budget="a"} 1790899200',
        'finopsctl_x_limit{budget="a"} 5',
    ]
    assert samples(days) == ['finopsctl_x_requests{day="2026-10-01"} 1', 'finopsctl_x_requests{day="2026-10-02"} 2']


def test_a_moment_has_the_unit_of_its_seconds() -> None:
    frame = pl.DataFrame({"budget": ["a"], "end": [date(2026, 10, 2)]})

    assert b"# UNIT finopsctl_x_end_timestamp_seconds seconds\n" in exposition(families(Table("Rows", frame, ()), "x"))


def test_rows_that_are_alike_are_numbered_so_that_no_series_stands_twice() -> None:
    frame = pl.DataFrame({"team": ["a", "a"], "at": [datetime(2026, 10, 1, tzinfo=UTC)] * 2, "requests": [1, 2]})

    assert samples(frame) == [
        'finopsctl_x_requests{team="a",at="2026-10-01T00:00:00Z",row="1"} 1',
        'finopsctl_x_requests{team="a",at="2026-10-01T00:00:00Z",row="2"} 2',
    ]


def test_prose_is_no_label() -> None:
    frame = pl.DataFrame({"rule": ["a"], "message": ["long"], "why": ["longer"], "value": [1]})

    assert samples(frame, Column("why", "Why", long=Long.WRAP)) == ['finopsctl_x_value{rule="a"} 1']


def test_the_rest_of_a_cut_table_says_for_how_many_it_stands() -> None:
    frame = pl.DataFrame({"team": ["a", None], "requests": [5, 2], "other": [None, 3]})

    assert samples(frame) == ['finopsctl_x_requests{team="a"} 5', 'finopsctl_x_requests{other="3"} 2']


def test_endings_that_mean_something_else_are_not_used() -> None:
    assert samples(pl.DataFrame({"count": [2], "line_total": [3]})) == [
        "finopsctl_x_count_value 2",
        "finopsctl_x_line_total_value 3",
    ]


def test_names_from_logs_are_escaped() -> None:
    team = 'a"b\\c\n::error::d {{ x }} \x1b[31m'
    frame = pl.DataFrame({"team": [team], "tag:a b-c": ["v"], "requests": [1]})

    assert samples(frame) == [
        'finopsctl_x_requests{team="a\\"b\\\\c\\\\n::error::d {{ x }} \\\\x1b[31m",tag_a_b_c="v"} 1'
    ]


def test_one_series_stands_once_though_two_tables_tell_it() -> None:
    one, other = gauge("records", "Records", 5), gauge("records", "Records", 7)

    assert exposition([one, other]).decode().count("finopsctl_records ") == 3  # HELP, TYPE and a sample
    assert b"finopsctl_records 5\n" in exposition([gauge("records", "Records", 5), gauge("records", "Records", 7)])


def test_a_report_without_tables_is_an_empty_exposition() -> None:
    assert renderer_named("openmetrics").render(Report("x", "", ()), Screen()) == b"# EOF\n"


def test_the_ending_prom_chooses_it() -> None:
    assert renderer_for_extension(".prom") is renderer_named("openmetrics")


def test_every_line_of_the_nasty_report_is_a_sample_or_a_comment() -> None:
    lines = renderer_named("openmetrics").render(NASTY, Screen()).decode().splitlines()

    assert [line for line in lines if not line.startswith(("# HELP ", "# TYPE ", "# UNIT ", "# EOF"))]
    assert [line for line in lines if not line.startswith("# ") and not SAMPLE.fullmatch(line)] == []
    assert lines[-1] == "# EOF"


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (Debian package prometheus) is not installed")
def test_prometheus_parses_the_nasty_report() -> None:
    document = renderer_named("openmetrics").render(NASTY, Screen())
    done = subprocess.run(["promtool", "check", "metrics"], input=document, capture_output=True, check=False)

    assert b"error while linting" not in done.stderr
    assert done.returncode in {0, 3}, done.stderr  # 3: it would name some column otherwise


def test_two_dimensions_whose_names_come_to_one_label_both_keep_their_values() -> None:
    frame = money(
        {"tag:a.b": "x", "tag:a-b": "y", "tag:a_b": "z", "tag:日本": "j", "tag:語": None, "spend": Decimal(1)},
        {"tag:a.b": "w", "tag:a-b": "y", "tag:a_b": "z", "tag:日本": None, "tag:語": "k", "spend": Decimal(2)},
    )

    assert samples(frame) == [
        'finopsctl_x_spend_usd{tag_a_b="x",tag_a_b_2="y",tag_a_b_3="z",tag="j"} 1',
        'finopsctl_x_spend_usd{tag_a_b="w",tag_a_b_2="y",tag_a_b_3="z",tag_2="k"} 2',
    ]


def test_what_is_no_number_is_absent_as_what_is_unknown_is() -> None:
    frame = pl.DataFrame({"team": ["a", "b", "c", "d"], "rate": [0.5, float("nan"), float("inf"), None]})

    assert samples(frame) == ['finopsctl_x_rate{team="a"} 0.5']
