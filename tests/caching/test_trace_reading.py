"""Traces from files: what is read, what is refused and why, and that no text survives."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from finopsctl.caching.reading import read_trace
from finopsctl.errors import NoChargesError

if TYPE_CHECKING:
    from finopsctl.caching.trace import Trace


def read(*records: dict[str, Any] | str, name: str = "t.jsonl") -> Trace:
    texts = [record if isinstance(record, str) else json.dumps(record) for record in records]
    return read_trace([f"{text}\n".encode() for text in texts], name)


def hashes(at: float, *ids: int, length: int | None = None) -> dict[str, Any]:
    tokens = 512 * len(ids) if length is None else length
    return {"timestamp": at, "input_length": tokens, "output_length": 5, "hash_ids": list(ids)}


def call(at: str, *texts: str, **more: Any) -> dict[str, Any]:
    """Return a row of LiteLLM's spend logs with 100 prompt tokens."""
    messages = [{"role": "user", "content": text} for text in texts]
    return {
        "startTime": at,
        "model": "gpt-4o",
        "prompt_tokens": 100,
        "messages": messages,
        "completion_tokens": 7,
    } | more


def test_a_trace_of_hashes_keeps_lengths_and_whole_blocks() -> None:
    (prompt,) = read(hashes(7, 1, 2, length=1000)).prompts

    assert (prompt.at, prompt.input_tokens, prompt.ends, prompt.whole) == (7, 1000, (512, 1000), 1)


def test_requests_out_of_order_are_sorted_and_said_to_be() -> None:
    trace = read(hashes(9, 1), hashes(3, 2), hashes(9, 3))

    assert [prompt.units for prompt in trace.prompts] == [(2,), (1,), (3,)]
    assert [finding.code for finding in trace.findings] == ["trace_sorted"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "t.jsonl:2: no JSON, or cut short."),
        ("[1]", "t.jsonl:2: no JSON object."),
        ("{}", "t.jsonl:2: no timestamp and no input_length and no hash_ids."),
        (
            json.dumps(hashes(0, 1, length=9000)),
            "t.jsonl:2: 1 hash id for 9,000 tokens; in blocks of 512 there must be 18.",
        ),
        (json.dumps({**hashes(0, 1), "timestamp": "noon"}), "t.jsonl:2: timestamp is no number of milliseconds."),
        (json.dumps({**hashes(0, 1), "input_length": -1}), "t.jsonl:2: input_length is no number of tokens."),
        (json.dumps({**hashes(0, 1), "hash_ids": [None]}), "t.jsonl:2: hash_ids is no list of numbers or texts."),
    ],
)
def test_a_line_that_cannot_be_used_is_named_with_its_reason_and_the_rest_is_read(line: str, reason: str) -> None:
    trace = read(hashes(0, 1), line, hashes(1, 2))

    assert (len(trace.prompts), trace.bad_lines) == (2, 1)
    assert [finding.message for finding in trace.findings] == [reason]


def test_of_many_bad_lines_the_first_few_are_shown() -> None:
    trace = read(hashes(0, 1), *["{"] * 9)

    assert trace.bad_lines == 9
    assert trace.findings[-1].message == "t.jsonl: 6 more lines could not be used."


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "t.jsonl: the file is empty"), ("hello", "t.jsonl:1: not a line of a trace: no JSON, or cut short")],
)
def test_a_file_that_is_no_trace_is_refused(text: str, message: str) -> None:
    with pytest.raises(NoChargesError, match=message):
        read(text)


def test_an_array_of_requests_is_a_trace_too() -> None:
    assert len(read(json.dumps([hashes(0, 1), hashes(1, 2)])).prompts) == 2


def test_messages_that_agree_from_the_first_on_share_a_prefix() -> None:
    """Two messages agree, the third differs; 100 tokens are divided by the messages' lengths."""
    first, second = read(
        call("2026-10-01T00:00:00Z", "aaa", "bbb", "c"), call("2026-10-01T00:00:05Z", "aaa", "bbb", "d")
    ).prompts

    assert first.units[:2] == second.units[:2]
    assert first.units[2] != second.units[2]
    assert first.ends[-1] == second.ends[-1] == 100
    assert second.at - first.at == 5000


def test_a_message_is_no_prefix_of_another_models_prompt() -> None:
    """Providers keep a cache per model."""
    first, second = read(call("2026-10-01", "aaa"), call("2026-10-02", "aaa", model="gpt-4o-mini")).prompts

    assert first.units != second.units


def test_nothing_of_a_text_is_kept() -> None:
    trace = read(call("2026-10-01", "the secret recipe"))

    assert "secret" not in repr(trace)
    assert [finding.code for finding in trace.findings] == ["approximate_trace"]


def test_standard_logging_and_prompts_inside_the_request_are_read() -> None:
    body = {"messages": [{"role": "user", "content": "hi"}]}
    seconds = read(call("x", "hi", startTime=1_793_610_904.5))
    inside = read(call("2026-10-01", messages={}, proxy_server_request=json.dumps(body)))

    assert seconds.prompts[0].at == 1_793_610_904_500
    assert len(inside.prompts) == 1


def test_requests_that_the_gateway_answered_itself_or_that_carry_no_prompt_are_left_out_and_counted() -> None:
    redacted = call("2026-10-01", "redacted-by-litellm")
    trace = read(call("2026-10-01", "a"), call("2026-10-01", "a", cache_hit="True"), call("2026-10-01"), redacted)

    assert (len(trace.prompts), trace.left_out, trace.bad_lines) == (1, 3, 0)
    assert [finding.message for finding in trace.findings][:2] == [
        "1 request left out: answered by the gateway's response cache.",
        "2 requests left out: no prompt is logged.",
    ]


def test_logs_without_any_prompt_are_refused_with_the_setting_that_brings_them() -> None:
    with pytest.raises(NoChargesError, match="no request carries a prompt") as refused:
        read(call("2026-10-01"))

    assert "store_prompts_in_spend_logs" in refused.value.hint


def test_a_file_of_two_kinds_is_read_as_what_it_begins_with() -> None:
    trace = read(hashes(0, 1), call("2026-10-01", "a"))

    assert (len(trace.prompts), trace.bad_lines) == (1, 1)
    assert "another kind of record" in trace.findings[0].message
