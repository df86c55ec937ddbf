"""Answers of Prometheus as buckets: differences of counters, resets, gaps, functions, and what cannot be counted."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from finopsctl.books import Request, open_books
from finopsctl.errors import SourceError
from finopsctl.sources.prometheus import SOURCE
from shared import EXAMPLES
from source_rows import detected, read_file

if TYPE_CHECKING:
    from pathlib import Path

    from finopsctl.sources import Faults

BEGIN = 1_790_812_800  # 2026-10-01T00:00Z
HOUR = 3600
WHO = {"team": "t-1", "team_alias": "search", "user": "u-1", "model": "gpt-4o", "api_provider": "openai"}


def series(name: str | None, *values: str | tuple[int, str], **labels: str) -> dict[str, Any]:
    """Return a series of hourly samples from the first of October on; a pair says another hour."""
    placed = [value if isinstance(value, tuple) else (at, value) for at, value in enumerate(values)]
    metric = {**({"__name__": name} if name else {}), **WHO, **labels}
    return {"metric": metric, "values": [[BEGIN + hour * HOUR, text] for hour, text in placed]}


def spend(*values: str | tuple[int, str], **labels: str) -> dict[str, Any]:
    return series("litellm_spend_metric_total", *values, **labels)


def rows(tmp_path: Path, *results: dict[str, Any], **more: Any) -> tuple[pl.DataFrame, Faults]:
    path = tmp_path / "answer.json"
    answer = {"status": "success", "data": {"resultType": "matrix", "result": list(results)}, **more}
    path.write_text(json.dumps(answer), "utf-8")
    return read_file(path)


def amounts(frame: pl.DataFrame) -> list[tuple[int, Decimal]]:
    """Return the hour each bucket begins with and what it cost."""
    hour = (pl.col("charge_period_start").dt.epoch("s") - BEGIN) // HOUR
    return frame.select(hour, "reported_cost").rows()


def test_a_counter_is_usage_from_one_sample_to_the_next(tmp_path: Path) -> None:
    """812.40 to 813.105 is 0.705, to 814 is 0.895."""
    frame, faults = rows(tmp_path, spend("812.4", "813.105", "814"))

    assert amounts(frame) == [(0, Decimal("0.705")), (1, Decimal("0.895"))]
    assert frame["charge_period_end"][0] == datetime(2026, 10, 1, 1, tzinfo=UTC)
    assert set(frame["record_kind"]) == {"usage"}
    assert (faults.bad, faults.odd) == (0, 0)


def test_labels_become_owner_model_and_provider(tmp_path: Path) -> None:
    labels = {"end_user": "acme", "api_key_alias": "bot", "hashed_api_key": "9f", "requested_model": "fast"}
    frame, _ = rows(tmp_path, spend("1", "2", **labels, api_provider="hosted_vllm", tag_env="prod", instance="i"))

    found = frame.row(0, named=True)
    assert {name: found[name] for name in ("team", "user", "customer", "api_key", "model", "requested_model")} == {
        "team": "search",
        "user": "u-1",
        "customer": "acme",
        "api_key": "bot",
        "model": "gpt-4o",
        "requested_model": "fast",
    }
    assert (found["provider"], found["tags"]) == ("self-hosted", '{"env": "prod"}')


def test_litellms_none_and_nothing_are_unknown(tmp_path: Path) -> None:
    frame, _ = rows(tmp_path, spend("1", "2", team="None", team_alias="None", user=""))

    assert frame.select("team", "user").row(0) == (None, None)


def test_a_lower_value_is_a_restart_and_counts_from_zero(tmp_path: Path) -> None:
    """5 to 7 is 2; then 0.42 since the restart."""
    frame, faults = rows(tmp_path, spend("5", "7", "0.42"))

    assert amounts(frame) == [(0, Decimal(2)), (1, Decimal("0.42"))]
    assert "counters that fell, as after a restart: 1" in faults.odd_examples[0][1]


def test_instances_restart_apart_and_add_up(tmp_path: Path) -> None:
    """One goes 10 to 11, the other 5 to 2 after a restart: 1 + 2."""
    frame, _ = rows(tmp_path, spend("10", "11", instance="a"), spend("5", "2", instance="b"))

    assert amounts(frame) == [(0, Decimal(3))]


def test_a_gap_is_one_long_bucket(tmp_path: Path) -> None:
    frame, faults = rows(tmp_path, spend("1", "2", (5, "9")))

    assert amounts(frame) == [(0, Decimal(1)), (1, Decimal(7))]
    assert frame["charge_period_end"][1] == datetime(2026, 10, 1, 5, tzinfo=UTC)
    assert "gaps without samples: 1" in faults.odd_examples[0][1]


def test_what_a_series_held_when_it_began_is_not_counted_and_said(tmp_path: Path) -> None:
    frame, faults = rows(tmp_path, spend("1", "1", "1"), spend((1, "40"), (2, "41"), model="o3"))

    assert amounts(frame) == [(1, Decimal(1))]
    assert "series that begin within the range: 1" in faults.odd_examples[0][1]


def test_cost_requests_and_tokens_of_a_bucket_are_one_row(tmp_path: Path) -> None:
    """1,000 in, of which 600 cached, 100 written and 50 audio: 250 plain; 300 out, 120 of them reasoning: 180."""
    tokens = {
        "input_tokens": "1000",
        "input_cached_tokens": "600",
        "input_cache_creation_tokens": "100",
        "input_audio_tokens": "50",
        "output_tokens": "300",
        "output_reasoning_tokens": "120",
        "total_tokens": "1300",
        "requests": "4",
        "cache_hits": "1",
    }
    counters = [series(f"litellm_{name}_metric_total", "0", value) for name, value in tokens.items()]
    frame, faults = rows(tmp_path, spend("0", "0.5"), *counters)

    assert frame.height == 1
    found = frame.row(0, named=True)
    assert found["reported_cost"] == Decimal("0.5")
    assert {name: found[name] for name in found if name.endswith("_tokens") and found[name]} == {
        "input_tokens": 250,
        "cache_read_tokens": 600,
        "cache_write_tokens": 100,
        "audio_input_tokens": 50,
        "output_tokens": 180,
        "reasoning_tokens": 120,
    }
    assert (found["requests"], found["cache_hits"], faults.bad) == (4, 1, 0)


def test_a_label_that_only_tokens_have_does_not_keep_them_from_their_cost(tmp_path: Path) -> None:
    """Older proxies tell the model asked for with tokens alone: 10 + 20 tokens of two such belong to one cost."""
    asked = [
        series("litellm_input_tokens_metric_total", "0", value, requested_model=name)
        for name, value in (("a", "10"), ("b", "20"))
    ]
    frame, _ = rows(tmp_path, spend("0", "1"), *asked)

    assert frame.select("reported_cost", "input_tokens", "requested_model").rows() == [(Decimal(1), 30, None)]


def test_requests_by_model_win_over_those_of_clients(tmp_path: Path) -> None:
    clients = {"__name__": "litellm_proxy_total_requests_metric_total", "team_alias": "search"}
    both = {"metric": clients, "values": [[BEGIN, "0"], [BEGIN + HOUR, "7"]]}
    frame, _ = rows(tmp_path, series("litellm_requests_metric_total", "0", "5"), both)
    alone, _ = rows(tmp_path, both)

    assert frame["requests"].to_list() == [5]
    assert alone.select("requests", "model").rows() == [(7, None)]


def test_failures_are_errors_from_their_counter_or_else_the_status(tmp_path: Path) -> None:
    name = "litellm_proxy_total_requests_metric_total"
    fine, failed = series(name, "0", "8", status_code="200"), series(name, "0", "2", status_code="500")
    counted = series("litellm_proxy_failed_requests_metric_total", "0", "3")

    assert rows(tmp_path, fine, failed)[0].select("requests", "errors").rows() == [(10, 2)]
    assert rows(tmp_path, fine, failed, counted)[0].select("requests", "errors").rows() == [(10, 3)]


def test_generic_counters_are_read_too(tmp_path: Path) -> None:
    results = [
        series("litellm_spend_total", "0", "1.5"),
        series("litellm_tokens_total", "0", "10", type="input"),
        series("litellm_tokens_total", "0", "4", type="output"),
        series("litellm_requests_total", "0", "3", status="success"),
        series("litellm_requests_total", "0", "1", status="error"),
    ]
    frame, _ = rows(tmp_path, *results)

    assert frame.select("reported_cost", "input_tokens", "output_tokens", "requests", "errors").rows() == [
        (Decimal("1.5"), 10, 4, 4, 1)
    ]


def test_a_bucket_in_which_nothing_happened_is_no_record(tmp_path: Path) -> None:
    assert rows(tmp_path, spend("1", "1", "1"))[0].height == 0


@pytest.mark.parametrize("text", ["NaN", "+Inf", "-Inf", "-1", "many"])
def test_a_sample_that_is_no_amount_is_bad_alone(text: str, tmp_path: Path) -> None:
    """The samples before and after it still differ by 3."""
    frame, faults = rows(tmp_path, spend("1", text, "4"))

    assert amounts(frame) == [(0, Decimal(3))]
    assert faults.bad_examples == [
        ("answer.json:1", f"result 1: the sample at 2026-10-01T01:00:00Z is '{text}', no amount")
    ]


def test_floats_of_a_client_library_are_rounded_to_a_pico_dollar(tmp_path: Path) -> None:
    assert amounts(rows(tmp_path, spend("0", "0.30000000000000004", "1e+00"))[0]) == [
        (0, Decimal("0.3")),
        (1, Decimal("0.7")),
    ]


def test_a_function_has_no_name_and_says_so(tmp_path: Path) -> None:
    frame, faults = rows(tmp_path, series(None, "1", "2"))

    assert frame.height == 0
    assert "it has no metric name" in faults.bad_examples[0][1]


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("increase(litellm_spend_metric_total[1h])", ("0.5", "0.25")),
        ('sum by (model) (increase(litellm_spend_metric_total{team="x"}[60m]))', ("0.5", "0.25")),
        ("sum(rate(litellm_spend_metric_total[1h])) by (model)", ("0.000138888888888889", "0.0000694444444444444")),
    ],
)
def test_an_increase_is_for_the_span_before_its_time(query: str, values: tuple[str, str], tmp_path: Path) -> None:
    """0.50 USD of the hour before midnight, 0.25 of the one after; a rate of 0.5 / 3,600 is the same."""
    frame, faults = rows(tmp_path, series(None, *values), query=query)

    assert [(hour, round(amount, 6)) for hour, amount in amounts(frame)] == [(-1, Decimal("0.5")), (0, Decimal("0.25"))]
    assert "extrapolated" in faults.odd_examples[0][1]


def test_spans_that_overlap_are_refused_rather_than_counted_twice(tmp_path: Path) -> None:
    _, faults = rows(tmp_path, series(None, "1", "2"), query="increase(litellm_spend_metric_total[2h])")

    assert faults.bad_examples[0][1] == "its spans of 7200 s overlap at steps of 3600 s: ask with step=7200"


def test_a_query_of_something_else_needs_names(tmp_path: Path) -> None:
    _, faults = rows(tmp_path, series(None, "1", "2"), query="a / b")

    assert "it has no metric name" in faults.bad_examples[0][1]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"status": "error", "errorType": "bad_data", "error": "parse error"}, "bad_data: parse error"),
        ({"status": "success", "data": {"resultType": "vector", "result": []}}, "one moment of a counter"),
        ({"status": "success", "data": {"resultType": "scalar", "result": [1, "2"]}}, "its result is a scalar"),
        ({"status": "success", "data": {"resultType": "matrix", "result": {}}}, "no list of results"),
    ],
)
def test_an_answer_without_usage_is_exit_4_and_says_why(answer: dict[str, Any], reason: str, tmp_path: Path) -> None:
    path = tmp_path / "answer.json"
    path.write_text(json.dumps(answer, indent=1), "utf-8")

    assert detected(path) == "prometheus"
    with pytest.raises(SourceError, match=reason) as raised:
        open_books(Request((str(path),)))

    assert raised.value.exit_code == 4


def test_an_unknown_metric_is_bad_alone(tmp_path: Path) -> None:
    frame, faults = rows(tmp_path, spend("1", "2"), series("up", "1", "1"), {"metric": 5, "values": []})

    assert frame.height == 1
    assert faults.bad == 2
    assert "'up' is no counter of spend" in faults.bad_examples[0][1]


def test_answers_a_line_each_are_read_and_the_same_twice_counts_once(tmp_path: Path) -> None:
    answer = {"status": "success", "data": {"resultType": "matrix", "result": [spend("1", "2", "3")]}}
    path, again = tmp_path / "answers.jsonl", tmp_path / "again.json"
    other = {"status": "success", "data": {"resultType": "matrix", "result": [spend("1", "5", model="o3")]}}
    path.write_text(f"{json.dumps(answer)}\n{json.dumps(other)}\n", "utf-8")
    again.write_text(json.dumps(answer, indent=1), "utf-8")
    books = open_books(Request((str(path), str(again))))

    assert books.rows.select(pl.col("cost").sum()).collect().item() == Decimal(6)
    assert books.duplicates == 2


def test_cost_and_tokens_asked_for_apart_both_count(tmp_path: Path) -> None:
    files = []
    for name in ("spend", "input_tokens"):
        answer = {"data": {"resultType": "matrix", "result": [series(f"litellm_{name}_metric_total", "1", "3")]}}
        files.append(tmp_path / f"{name}.json")
        files[-1].write_text(json.dumps({"status": "success", **answer}), "utf-8")
    found = open_books(Request(tuple(map(str, files)))).rows.select("reported_cost", "input_tokens").collect()

    assert found["reported_cost"].sum() == Decimal(2)
    assert found["input_tokens"].sum() == 2


def test_books_say_that_it_is_an_estimate(tmp_path: Path) -> None:
    path = tmp_path / "answer.json"
    path.write_text(
        json.dumps({"status": "success", "data": {"resultType": "matrix", "result": [spend("1", "2")]}}), "utf-8"
    )
    found = {finding.code: finding for finding in open_books(Request((str(path),))).findings}

    assert "not a bill" in found["estimate"].message
    assert SOURCE.family == "litellm"


def test_a_warning_of_prometheus_is_passed_on(tmp_path: Path) -> None:
    """Thanos answers with what it has and warns that a store is missing."""
    frame, faults = rows(tmp_path, spend("1", "2"), warnings=["store is down"])

    assert frame.height == 1
    assert faults.odd_examples == [("answer.json:1", "Prometheus warns: store is down")]


def test_nasty_labels_stay_text(tmp_path: Path) -> None:
    nasty = 'a "b" \\ {{ x }}\n::error::z'

    assert rows(tmp_path, spend("1", "2", team_alias=nasty))[0]["team"].to_list() == [nasty]


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the example files are not beside this checkout")
def test_the_example_of_a_range_query_is_read() -> None:
    """813.105 - 812.4 = 0.705, and 0.42 after the restart."""
    frame, faults = read_file(EXAMPLES / "formats/prometheus_query_range_litellm.json")

    assert frame["reported_cost"].to_list() == [Decimal("0.705"), Decimal("0.42")]
    assert frame.select("team", "api_key", "provider", "requested_model").row(0) == (
        "Customer Support",
        "support-bot-prod",
        "anthropic",
        "claude-sonnet",
    )
    assert faults.bad == 0
