"""How large requests are: P95 of tokens against a baseline and a limit."""

from __future__ import annotations

from typing import Any

import pytest

from finopsctl.analyses.request_sizes import SizesQuestion, request_sizes
from ledgers import ledger


def sized(table: str, before: str = "", limits: dict[str, int] | None = None) -> list[dict[str, Any]]:
    """Return the rows for the requests of a table, against those of another."""
    previous = ledger(before, requests=1) if before else None
    return request_sizes(ledger(table, requests=1), previous, SizesQuestion(limits or {})).rows.to_dicts()


def test_p95_lies_between_neighbours() -> None:
    """Of 10, 20, 30 the place is 2 x 0.95 = 1.9: 20 + 0.9 x 10 = 29."""
    (row,) = sized("feature input_tokens output_tokens\na 10 1\na 30 1\na 20 1")

    assert (row["requests"], row["input_tokens_p95"]) == (3, 29)


def test_cache_reads_are_input() -> None:
    (row,) = sized("feature input_tokens cache_read_tokens output_tokens reasoning_tokens\na 10 90 5 15")

    assert (row["input_tokens_p95"], row["output_tokens_p95"]) == (100, 20)


def test_what_no_provider_served_has_no_size() -> None:
    rows = sized("feature input_tokens output_tokens cache_hits\na 10 1 0\na 999 1 1\nb 999 1 1")

    assert [(row["feature"], row["requests"], row["input_tokens_p95"]) for row in rows] == [("a", 1, 10)]


def test_sums_of_several_requests_have_no_size() -> None:
    usage = ledger("feature input_tokens output_tokens requests record_kind\na 900 9 3 usage\na 10 1 1 request")

    (row,) = request_sizes(usage, None, SizesQuestion()).rows.to_dicts()

    assert (row["requests"], row["input_tokens_p95"]) == (1, 10)


def test_the_baseline_is_that_of_the_same_use_case() -> None:
    """a: 150 after 100 is +50 %; b is new; what no one named is a use case, too."""
    rows = sized(
        "feature input_tokens output_tokens\na 150 1\nb 7 1\n- 30 1",
        "feature input_tokens output_tokens\na 100 1\n- 60 1",
    )

    found = {row["feature"]: (row["baseline"], row["change"]) for row in rows}
    assert found == {"a": (100, 0.5), "b": (None, None), None: (60, -0.5)}


def test_a_logged_limit_goes_before_a_configured_one() -> None:
    """a logs at most 400: 200 is half of it; b is configured with 1,000; nothing is known of c."""
    rows = sized(
        "feature input_tokens output_tokens max_output_tokens\na 1 200 400\nb 1 200 -\nc 1 200 -",
        limits={"a": 50, "b*": 1000},
    )

    found = {row["feature"]: (row["max_output_tokens"], row["limit_from"], row["share_of_limit"]) for row in rows}
    assert found == {"a": (400, "log", 0.5), "b": (1000, "configuration", 0.2), "c": (None, None, None)}


def test_a_request_that_reaches_its_own_limit_is_cut_off() -> None:
    """Of three with a limit one stops at 100; the fourth has none."""
    (row,) = sized(
        "feature input_tokens output_tokens max_output_tokens\na 1 100 100\na 1 99 100\na 1 100 400\na 1 900 -"
    )

    assert row["at_limit"] == pytest.approx(1 / 3)
    assert row["max_output_tokens"] == 400


def test_no_requests_are_no_rows() -> None:
    nothing = ledger("feature input_tokens output_tokens requests\na 1 1 2")

    assert request_sizes(nothing, None, SizesQuestion({"a": 1})).rows.is_empty()
