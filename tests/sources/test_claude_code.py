"""Claude Code session logs: one message is billed once, at its last line."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from shared import DATA, EXAMPLES, needs_shared
from source_rows import detected, read_file, settled

if TYPE_CHECKING:
    from pathlib import Path

_USD_PER_MILLION = {
    "claude-opus-4-6": ("5", "25", "0.5", "6.25", "10"),
    "claude-sonnet-4-5-20250929": ("3", "15", "0.3", "3.75", "6"),
}
_CLASSES = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens")


def _bill(rows: pl.DataFrame) -> Decimal:
    return sum(
        (
            row[name] * Decimal(price) / 10**6
            for row in rows.iter_rows(named=True)
            for name, price in zip(_CLASSES, _USD_PER_MILLION[row["model"]], strict=True)
        ),
        Decimal(0),
    )


def _line(**changes: Any) -> dict[str, Any]:
    usage = {"input_tokens": 3, "output_tokens": 1, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 50}
    return {
        "type": "assistant",
        "timestamp": "2026-11-02T09:15:06.020Z",
        "sessionId": "s1",
        "uuid": "u",
        "requestId": "req_1",
        "cwd": "/home/dev/secret-client/app/",
        "gitBranch": "main",
        "version": "2.1.0",
        "isSidechain": False,
        "message": {
            "id": "msg_1",
            "model": "claude-opus-4-6",
            "content": [{"type": "text", "text": "hi"}],
            "usage": usage,
        },
        **changes,
    }


def _usage(**changes: Any) -> dict[str, Any]:
    message = _line()["message"]
    return {**message, "usage": {**message["usage"], **changes}}


def _write(path: Path, *lines: Any) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


@needs_shared
def test_a_real_session_costs_what_its_last_lines_say() -> None:
    """305 lines are 156 messages: 12.225731 USD; all lines would be 24.051388, each first one 11.514706."""
    files = sorted((DATA / "claude_code_one").glob("*.jsonl"))
    lines = pl.concat([read_file(path)[0] for path in files])
    messages = settled(lines)

    assert (lines.height, messages.height) == (305, 156)
    assert round(_bill(messages), 6) == Decimal("12.225731")
    assert round(_bill(lines), 6) == Decimal("24.051388")
    assert round(_bill(lines.unique("record_id", keep="first")), 6) == Decimal("11.514706")


@needs_shared
def test_the_example_session_is_one_message() -> None:
    """Four lines: one of a user, one partial, the full one, and a side chain's copy under another request id.

    U 2, R 16,577, W1h 341 (all of the 341 written; none for 5 minutes), O 187.
    """
    path = EXAMPLES / "formats" / "claude_code_session.jsonl"
    rows, faults = read_file(path)
    message = settled(rows).row(0, named=True)

    assert detected(path) == "claude-code"
    assert (rows.height, settled(rows).height, faults.bad) == (3, 1, 0)
    assert [message[name] for name in _CLASSES] == [2, 187, 16_577, 0, 341]
    assert message["origin"] == "claude_code_session.jsonl:3"
    assert message["project"] == "app"
    assert message["tags"] == '{"git_branch": "main", "version": "2.1.0"}'


def test_of_a_side_chain_and_the_main_chain_the_main_chain_counts(tmp_path: Path) -> None:
    """The side chain's copy has more output, and still the main chain's line is the record."""
    copy = _line(isSidechain=True, requestId="req_2", message=_usage(output_tokens=9))
    rows, _ = read_file(_write(tmp_path / "s.jsonl", copy, _line()))

    assert settled(rows)["output_tokens"].to_list() == [1]


def test_ids_that_other_servers_make_up_are_told_apart_by_request(tmp_path: Path) -> None:
    lines = [_line(message={**_usage(), "id": "chat-1"}, requestId=name) for name in ("a", "b", "b")]
    rows, _ = read_file(_write(tmp_path / "s.jsonl", *lines))

    assert settled(rows)["record_id"].to_list() == ["chat-1:a", "chat-1:b"]


def test_cache_writes_are_split_by_lifetime_not_added(tmp_path: Path) -> None:
    """50 written, 20 of them for 5 minutes and 30 for an hour; without a split all 50 are of unknown lifetime."""
    split = _usage(cache_creation={"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 30})
    rows, faults = read_file(_write(tmp_path / "s.jsonl", _line(message=split), _line()))

    assert rows.select("cache_write_tokens", "cache_write_1h_tokens").rows() == [(20, 30), (50, None)]
    assert faults.odd == 0


def test_parts_above_their_total_are_remarked(tmp_path: Path) -> None:
    split = _usage(cache_creation={"ephemeral_5m_input_tokens": 40, "ephemeral_1h_input_tokens": 30})
    _, faults = read_file(_write(tmp_path / "s.jsonl", _line(message=split)))

    assert faults.odd_examples == [
        ("s.jsonl:1", "cache_creation_input_tokens: 50 is less than its parts ephemeral_5m + ephemeral_1h = 70")
    ]


def test_messages_never_sent_and_lines_without_usage_are_no_records(tmp_path: Path) -> None:
    lines = [
        {"type": "summary", "summary": "x", "leafUuid": "u"},
        {"type": "user", "message": "text, not an object", "sessionId": "s1", "parentUuid": None},
        {"type": "progress", "data": {"type": "bash_progress", "message": 'says "usage"'}},
        _line(message={**_usage(), "model": "<synthetic>"}),
        _line(message={"id": "msg_2", "model": "claude-opus-4-6", "usage": None}),
        {"type": "result", "total_cost_usd": 1.0, "usage": {"input_tokens": 5}},
    ]
    rows, faults = read_file(_write(tmp_path / "s.jsonl", *lines, _line()))

    assert (rows.height, faults.bad) == (1, 0)


def test_a_sub_agents_message_in_a_progress_line_counts_once(tmp_path: Path) -> None:
    """The progress line carries the message with output 1; the sub-agent's own file has it with output 7."""
    carried = {"type": "assistant", "timestamp": "2026-11-02T09:15:05Z", "requestId": "req_1", "message": _usage()}
    progress = {
        "type": "progress",
        "timestamp": "2026-11-02T09:16:00Z",
        "sessionId": "s1",
        "data": {"type": "agent_progress", "message": carried},
    }
    alone, _ = read_file(_write(tmp_path / "a.jsonl", progress, {"type": "x", "sessionId": "s", "parentUuid": "p"}))
    both, _ = read_file(
        _write(tmp_path / "b.jsonl", progress, _line(isSidechain=True, message=_usage(output_tokens=7)))
    )

    assert alone.select("record_id", "trace_id", "output_tokens").rows() == [("msg_1", "s1", 1)]
    assert alone["charge_period_start"].dt.to_string("%H:%M:%S").to_list() == ["09:15:05"]
    assert settled(both)["output_tokens"].to_list() == [7]


def test_stream_json_is_read_in_its_own_spelling(tmp_path: Path) -> None:
    line = _line(session_id="s9", request_id="req_9", parent_tool_use_id=None)
    for name in ("sessionId", "requestId", "isSidechain", "cwd", "gitBranch", "version"):
        del line[name]
    path = _write(tmp_path / "s.jsonl", line)
    rows, _ = read_file(path)

    assert detected(path) == "claude-code"
    assert rows.select("record_id", "trace_id", "__rank").rows() == [("msg_1", "s9", 1)]


def test_fast_mode_searches_and_thinking_are_told(tmp_path: Path) -> None:
    """100 output tokens, 60 of them thinking: 40 visible. Two web searches are a meter of their own."""
    usage = _usage(
        output_tokens=100,
        output_tokens_details={"thinking_tokens": 60},
        service_tier="standard",
        speed="fast",
        inference_geo="us",
        server_tool_use={"web_search_requests": 2},
    )
    rows, _ = read_file(_write(tmp_path / "s.jsonl", _line(message=usage)))
    names = ("output_tokens", "reasoning_tokens", "service_tier", "region", "consumed_quantity", "consumed_unit")

    assert rows.select(names).row(0) == (40, 60, "fast", "us", 2.0, "web_search")


def test_of_the_working_directory_only_its_own_name_is_kept(tmp_path: Path) -> None:
    rows, _ = read_file(_write(tmp_path / "s.jsonl", _line(), _line(cwd="C:\\work\\shop")))

    assert rows["project"].to_list() == ["app", "shop"]
    assert "secret-client" not in str(rows.rows())


def test_a_usage_that_cannot_be_counted_is_set_aside_with_its_line(tmp_path: Path) -> None:
    rows, faults = read_file(_write(tmp_path / "s.jsonl", _line(), _line(message=_usage(input_tokens="many"))))

    assert rows.height == 1
    assert faults.bad_examples == [("s.jsonl:2", "message.usage.input_tokens: 'many' is not a number")]


def test_a_first_line_longer_than_the_probe_hides_nothing(tmp_path: Path) -> None:
    """A pasted document of 200,000 characters stands before the only message."""
    pasted = {
        "type": "user",
        "sessionId": "s1",
        "parentUuid": None,
        "message": {"role": "user", "content": "x" * 200_000},
    }
    path = _write(tmp_path / "s.jsonl", pasted, _line())
    rows, faults = read_file(path)

    assert (detected(path), rows.height, faults.bad) == ("claude-code", 1, 0)
    assert rows["origin"].to_list() == ["s.jsonl:2"]
