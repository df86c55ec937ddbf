"""Tests of attempts that a gateway logged as records of their own: one request of a client counts once."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from book_files import codes, lines, opened, total

if TYPE_CHECKING:
    from pathlib import Path

    from finopsctl.books import Books

FAILED = {"status": "failure"}
ANSWERED = {"response_cost": 0.5, "prompt_tokens": 100, "completion_tokens": 20, "startTime": 1793610906.0}
LIBRARY: dict[str, Any] = {"metadata": {}}


def payload(name: str, call: str, **fields: Any) -> dict[str, Any]:
    """Return what LiteLLM's loggers write of one attempt."""
    start = fields.pop("startTime", 1793610904.0)
    return {
        "id": name,
        "trace_id": f"trace-of-{call}",
        "session_id": "",
        "litellm_call_id": call,
        "call_type": "acompletion",
        "response_cost": 0.0,
        "status": "success",
        "custom_llm_provider": "openai",
        "model": "gpt-4o",
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "startTime": start,
        "endTime": start + 1,
        "model_map_information": {},
        "metadata": {"user_api_key_hash": "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b"},
        **fields,
    }


def spend_log(name: str, call: str, start: str, **fields: Any) -> dict[str, Any]:
    """Return one record of the spend logs, a second long."""
    return {
        "request_id": name,
        "call_type": "acompletion",
        "spend": 0.0,
        "startTime": f"2026-10-01T00:00:{start}Z",
        "endTime": f"2026-10-01T00:01:{start}Z",
        "model": "gpt-4o",
        "custom_llm_provider": "openai",
        "prompt_tokens": 10,
        "completion_tokens": 1,
        "metadata": {},
        "litellm_call_id": call,
        **fields,
    }


def log(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text(lines(*records), encoding="utf-8")
    return path


def counts(books: Books) -> tuple[int, int]:
    """Return requests and errors."""
    return books.ledger.select(pl.col("requests").sum(), pl.col("errors").sum()).collect().row()


def test_a_failed_attempt_before_the_answer_is_no_failed_request(tmp_path: Path) -> None:
    """The proxy's router fell back: one request that the client saw succeed, for 0.50."""
    books = opened(log(tmp_path / "a.jsonl", payload("1", "c", **FAILED), payload("2", "c", **ANSWERED)))

    assert (counts(books), total(books)) == ((1, 0), Decimal("0.5"))
    assert codes(books) == ["attempts"]


@pytest.mark.parametrize("turned", [False, True])
def test_attempts_in_files_of_their_own_are_settled_in_any_order(tmp_path: Path, turned: bool) -> None:  # noqa: FBT001
    first, second = (payload("1", "c", **FAILED), payload("2", "c", **ANSWERED))[:: -1 if turned else 1]

    assert counts(opened(log(tmp_path / "a.json", first), log(tmp_path / "b.json", second))) == (1, 0)


def test_a_request_of_which_every_attempt_failed_has_failed_once(tmp_path: Path) -> None:
    """In the library each attempt has a call id of its own; the trace is drawn for the request."""
    tries = [payload(f"{n}", f"c{n}", trace_id="t", startTime=1793610900.0 + n, **FAILED, **LIBRARY) for n in range(3)]

    assert counts(opened(log(tmp_path / "a.jsonl", *tries))) == (1, 1)


def test_two_requests_of_one_session_stay_two(tmp_path: Path) -> None:
    """A session sets the trace of all its requests: the client saw the first one fail."""
    session = {"trace_id": "s", "session_id": "s"}
    proxy = (payload("1", "c1", **session, **FAILED), payload("2", "c2", **session, **ANSWERED))
    library = (payload("3", "c3", **session, **FAILED, **LIBRARY), payload("4", "c4", **session, **ANSWERED, **LIBRARY))

    assert counts(opened(log(tmp_path / "a.jsonl", *proxy, *library))) == (4, 2)


def test_a_failure_after_the_answer_is_what_the_client_saw(tmp_path: Path) -> None:
    rows = (spend_log("1", "c", "10"), spend_log("2", "c", "20", status="failure"))

    assert counts(opened(log(tmp_path / "a.jsonl", *rows))) == (2, 1)


def test_spend_logs_and_payloads_of_one_request_are_settled_together(tmp_path: Path) -> None:
    """The answer stands in both logs, the failed attempt only among the payloads: one request, no error."""
    attempts = log(tmp_path / "a.jsonl", payload("1", "c", **FAILED), payload("2", "c", **ANSWERED))
    spend = log(tmp_path / "b.jsonl", spend_log("2", "c", "30", startTime="2026-11-02T09:15:06Z", endTime=None))

    assert counts(opened(attempts, spend)) == (1, 0)


def test_a_billed_attempt_of_the_spend_logs_costs_but_is_no_request(tmp_path: Path) -> None:
    """LiteLLM writes an attempt that failed half-way beside its request: 0.20 + 0.50 for one request."""
    rows = (
        spend_log("r-attempt-0", "c-attempt-0", "10", spend=0.2, metadata={"attempted_retries": 2}),
        spend_log("r", "c", "20", spend=0.5, metadata={"attempted_retries": 1}),
    )
    books = opened(log(tmp_path / "a.jsonl", *rows))

    assert (counts(books), total(books)) == ((1, 0), Decimal("0.7"))
    assert books.ledger.select(pl.col("retries").sum()).collect().item() == 1
