from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finopsctl.errors import SourceError
from finopsctl.sources import InputFile, detect, probe
from report_files import FileRead, read_content, read_path
from shared import EXAMPLES, needs_shared

if TYPE_CHECKING:
    from pathlib import Path

FORMATS = EXAMPLES / "formats"
CLASSES = (
    "input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "audio_input_tokens",
    "image_input_tokens",
    "output_tokens",
    "reasoning_tokens",
    "audio_output_tokens",
    "image_output_tokens",
)


def line(**fields: Any) -> dict[str, Any]:
    return {
        "request_id": "r-1",
        "call_type": "acompletion",
        "api_key": "ab" * 32,
        "spend": 0.5,
        "total_tokens": 120,
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "startTime": "2026-11-02T09:00:00Z",
        "endTime": "2026-11-02T09:00:02Z",
        "completionStartTime": "2026-11-02T09:00:02Z",
        "model": "gpt-4o",
        "model_group": "gpt-4o",
        "custom_llm_provider": "openai",
        "api_base": "https://api.openai.com",
        "user": "u-1",
        "metadata": {},
        "cache_hit": "False",
        "request_tags": [],
        "team_id": "t-1",
        "end_user": "",
        "session_id": "s-1",
        "status": "success",
        **fields,
    }


def usage(**details: Any) -> dict[str, Any]:
    return {"usage_object": details}


def lines(*records: dict[str, Any]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def one(folder: Path, **fields: Any) -> dict[str, Any]:
    return read_content(folder, lines(line(**fields))).row()


def tokens(row: dict[str, Any]) -> dict[str, int]:
    return {name.removesuffix("_tokens"): row[name] for name in CLASSES if name in row}


def without_origin(done: FileRead) -> list[dict[str, Any]]:
    return done.rows.drop("origin").to_dicts()


@needs_shared
@pytest.mark.parametrize(
    "name", ["litellm_spendlogs.jsonl", "litellm_spendlogs_api.json", "litellm_spendlogs_pgcopy.csv"]
)
def test_every_export_of_the_table_gives_the_same_three_requests(name: str) -> None:
    """One answered request of 0.011025 USD, one from the response cache at 0, one failed at 0.

    Its 7,100 prompt tokens are 5,000 read, 2,000 written (500 of them for an hour) and 100 others.
    """
    done = read_path(FORMATS / name)
    rows = done.rows

    assert done.source == "litellm"
    assert rows["reported_cost"].to_list() == [Decimal("0.011025"), 0, 0]
    assert rows.select("requests", "errors", "cache_hits").sum().row(0) == (3, 1, 1)
    assert rows.select("retries", "fallbacks").sum().row(0) == (2, 2)
    assert tokens(rows.row(0, named=True)) == dict(
        zip(
            [name.removesuffix("_tokens") for name in CLASSES],
            [100, 5000, 1500, 500, None, None, 40, 0, None, None],
            strict=True,
        )
    )
    assert (done.faults.bad, done.faults.odd) == (0, 0)
    assert without_origin(done) == without_origin(read_path(FORMATS / "litellm_spendlogs.jsonl"))


@needs_shared
def test_a_page_of_the_second_api_holds_rows_of_the_same_kind() -> None:
    done = read_path(FORMATS / "litellm_spendlogs_v2.json")

    assert without_origin(done) == without_origin(read_path(FORMATS / "litellm_spendlogs.jsonl"))[:1]


@needs_shared
def test_who_what_and_when_are_read_from_where_the_log_keeps_them() -> None:
    """1.9 s from 09:15:04.12 to 09:15:06.02, the first token after 0.58 s; asked of gpt-4o before the fallback."""
    row = read_path(FORMATS / "litellm_spendlogs.jsonl").rows.row(0, named=True)

    assert {name: row[name] for name in ("team", "user", "customer", "feature", "environment", "api_key")} == {
        "team": "Customer Support",
        "user": "u-17",
        "customer": "acme-corp",
        "feature": "ticket_reply",
        "environment": "prod",
        "api_key": "support-bot-prod",
    }
    assert (row["provider"], row["model"], row["requested_model"]) == ("anthropic", "claude-sonnet-4-5", "gpt-4o")
    assert (row["endpoint"], row["trace_id"], row["tags"]) == ("acompletion", "sess-1", None)
    assert row["charge_period_start"] == datetime(2026, 11, 2, 9, 15, 4, 120_000, tzinfo=UTC)
    assert (row["latency_ms"], row["time_to_first_token_ms"]) == (1900.0, 580.0)
    assert row["record_kind"] == "request"


@needs_shared
def test_the_summary_is_refused_and_says_how_to_get_rows() -> None:
    with pytest.raises(SourceError, match=r"litellm_spendlogs_summary\.json: .*summary") as refused:
        read_path(FORMATS / "litellm_spendlogs_summary.json")

    assert "summarize=false" in refused.value.hint


def test_parts_are_taken_out_of_both_totals(tmp_path: Path) -> None:
    """100 in: 30 read, 10 written, 8 audio, 2 image leave 50; 20 out: 6 thought, 3 audio, 1 image leave 10."""
    inside = {"cached_tokens": 30, "cache_write_tokens": 10, "audio_tokens": 8, "image_tokens": 2}
    out = {"reasoning_tokens": 6, "audio_tokens": 3, "image_tokens": 1}
    row = one(tmp_path, metadata=usage(prompt_tokens_details=inside, completion_tokens_details=out))

    assert tokens(row) == {
        "input": 50,
        "cache_read": 30,
        "cache_write": 10,
        "audio_input": 8,
        "image_input": 2,
        "output": 10,
        "reasoning": 6,
        "audio_output": 3,
        "image_output": 1,
    }


def test_what_the_log_does_not_split_stays_unknown(tmp_path: Path) -> None:
    assert tokens(one(tmp_path)) == {"input": 100, "output": 20}


def test_cached_audio_is_counted_as_read_only(tmp_path: Path) -> None:
    """Of 40 audio tokens 30 were cached: 30 read, 10 audio, 60 text."""
    inside = {"cached_tokens": 30, "audio_tokens": 40, "cached_tokens_details": {"audio_tokens": 30}}
    row = one(tmp_path, metadata=usage(prompt_tokens_details=inside))

    assert (row["cache_read_tokens"], row["audio_input_tokens"], row["input_tokens"]) == (30, 10, 60)


def test_anthropics_own_cache_fields_count_where_the_details_are_missing(tmp_path: Path) -> None:
    row = one(tmp_path, metadata=usage(cache_read_input_tokens=60, cache_creation_input_tokens=30))

    assert tokens(row) == {"input": 10, "cache_read": 60, "cache_write": 30, "output": 20}


def test_additional_usage_values_stand_in_for_a_dropped_usage_object(tmp_path: Path) -> None:
    """60 read, 30 written, 5 of them for an hour, out of 100; 7 of 20 were thought."""
    more = {
        "cache_read_input_tokens": 60,
        "cache_creation_input_tokens": 30,
        "prompt_tokens_details": {"cache_creation_token_details": {"ephemeral_1h_input_tokens": 5}},
        "completion_tokens_details": {"reasoning_tokens": 7},
    }
    row = one(tmp_path, metadata={"additional_usage_values": more})

    assert tokens(row) == {
        "input": 10,
        "cache_read": 60,
        "cache_write": 25,
        "cache_write_1h": 5,
        "output": 13,
        "reasoning": 7,
    }


def test_parts_above_their_total_are_cut_to_it_and_remarked_on(tmp_path: Path) -> None:
    """90 read + 40 written of 100: 90 and 10 stay; 25 thought of 20: 20 stay."""
    details = {"cached_tokens": 90, "cache_write_tokens": 40}
    meta = usage(prompt_tokens_details=details)
    done = read_content(
        tmp_path,
        lines(
            line(metadata=meta),
            line(request_id="r-2", metadata=usage(completion_tokens_details={"reasoning_tokens": 25})),
        ),
    )
    first, second = done.rows.to_dicts()

    assert (first["input_tokens"], first["cache_read_tokens"], first["cache_write_tokens"]) == (0, 90, 10)
    assert (second["output_tokens"], second["reasoning_tokens"]) == (0, 20)
    assert done.faults.odd_examples[0][0] == "input:1"
    assert "prompt_tokens: 100" in done.odd[0]
    assert "cache_read + cache_write" in done.odd[0]
    assert "completion_tokens: 20" in done.odd[1]
    assert done.faults.bad == 0


def test_a_prompt_logged_without_its_cached_part_is_told_by_the_total(tmp_path: Path) -> None:
    """The total 5,120 = 100 + 20 + 5,000 says that the 5,000 read are not inside the 100."""
    done = read_content(tmp_path, lines(line(total_tokens=5120, metadata=usage(cache_read_input_tokens=5000))))

    assert tokens(done.row()) == {"input": 100, "cache_read": 5000, "output": 20}
    assert done.faults.odd == 0


@settings(max_examples=25, deadline=None)
@given(
    prompt=st.integers(0, 5000),
    completion=st.integers(0, 5000),
    parts=st.lists(st.none() | st.integers(0, 4000), min_size=7, max_size=7),
)
def test_the_classes_always_add_up_to_the_totals(
    tmp_path_factory: pytest.TempPathFactory, prompt: int, completion: int, parts: list[int | None]
) -> None:
    read, written, audio, image, thought, audio_out, image_out = parts
    inside = {"cached_tokens": read, "cache_write_tokens": written, "audio_tokens": audio, "image_tokens": image}
    out = {"reasoning_tokens": thought, "audio_tokens": audio_out, "image_tokens": image_out}
    row = one(
        tmp_path_factory.mktemp("log"),
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=prompt + completion,
        metadata=usage(prompt_tokens_details=inside, completion_tokens_details=out),
    )
    counted = tokens(row)

    assert sum(counted.get(name.removesuffix("_tokens"), 0) for name in CLASSES[:6]) == prompt
    assert sum(counted.get(name.removesuffix("_tokens"), 0) for name in CLASSES[6:]) == completion
    assert min(counted.values()) >= 0


@pytest.mark.parametrize(("said", "hits"), [("True", 1), ("true", 1), ("False", 0), ("None", 0), ("", None)])
def test_cache_hits_are_written_in_many_ways(tmp_path: Path, said: str, hits: int | None) -> None:
    assert one(tmp_path, cache_hit=said).get("cache_hits", 0) == (hits or 0)


def test_a_hit_keeps_its_tokens_at_no_cost(tmp_path: Path) -> None:
    row = one(tmp_path, request_id="x_cache_hit1793610000.12", cache_hit="True", spend=0.0)

    assert (row["cache_hits"], row["input_tokens"], row["reported_cost"], row["requests"]) == (1, 100, 0, 1)


def test_a_gateways_own_call_is_spend_but_no_request(tmp_path: Path) -> None:
    row = one(tmp_path, metadata={"internal_call_origin": "autorouter_classifier"}, status="failure")

    assert (row["requests"], row["errors"], row["reported_cost"]) == (0, 0, Decimal("0.5"))


def test_old_rows_without_status_are_failures_only_where_the_metadata_says_so(tmp_path: Path) -> None:
    done = read_content(
        tmp_path, lines(line(status=None), line(request_id="r-2", status=None, metadata={"status": "failure"}))
    )

    assert done.values("errors") == [0, 1]


def test_a_batch_counts_its_requests_at_the_batch_tier(tmp_path: Path) -> None:
    """38 answered and 2 failed requests are 40, 2 of them errors; hours of waiting are no latency."""
    row = one(
        tmp_path,
        request_id="batch_1_batch_cost",
        call_type="aretrieve_batch",
        metadata={"batch_successful_requests": 38, "batch_failed_requests": 2},
    )

    assert (row["requests"], row["errors"]) == (40, 2)
    assert (row["service_tier"], row["workload"]) == ("batch", "batch")
    assert "latency_ms" not in row


@pytest.mark.parametrize(
    ("meta", "tier"),
    [
        ({"cost_breakdown": {"service_tier": "priority"}}, "priority"),
        ({"cost_breakdown": {"service_tier": "default"}}, "standard"),
        ({"cost_breakdown": {"service_tier": "auto"}}, None),
        (usage(service_tier="flex"), "flex"),
        (usage(speed="fast", service_tier="standard"), "fast"),
        ({}, None),
    ],
)
def test_the_service_tier_is_what_was_priced(tmp_path: Path, meta: dict[str, Any], tier: str | None) -> None:
    assert one(tmp_path, metadata=meta).get("service_tier") == tier


@pytest.mark.parametrize(
    ("logged", "model", "provider"),
    [
        ("vertex_ai_beta", "gemini-2.5-pro", "vertex_ai"),
        ("gemini", "gemini-2.5-pro", "google"),
        ("azure_ai", "gpt-4o", "azure"),
        ("text-completion-openai", "gpt-3.5-turbo-instruct", "openai"),
        ("hosted_vllm", "llama", "self-hosted"),
        ("bedrock_converse", "anthropic.claude", "bedrock"),
        ("xai", "grok-4", "xai"),
        ("", "azure/gpt-4o", "azure"),
        ("", "gpt-4o", "unknown"),
    ],
)
def test_providers_have_the_ledgers_names(tmp_path: Path, logged: str, model: str, provider: str) -> None:
    assert one(tmp_path, custom_llm_provider=logged, model=model)["provider"] == provider


@pytest.mark.parametrize(
    ("api_base", "meta", "region"),
    [
        ("https://bedrock-runtime.eu-central-1.amazonaws.com/model/x", {}, "eu-central-1"),
        ("https://us-central1-aiplatform.googleapis.com/v1/projects/p", {}, "us-central1"),
        ("https://api.openai.com", {"cost_breakdown": {"data_residency": "eu"}}, "eu"),
        ("https://api.anthropic.com", usage(inference_geo="not_available"), None),
    ],
)
def test_the_region_is_the_one_priced_or_called(
    tmp_path: Path, api_base: str, meta: dict[str, Any], region: str | None
) -> None:
    assert one(tmp_path, api_base=api_base, metadata=meta).get("region") == region


def test_labels_fill_columns_and_the_rest_are_tags(tmp_path: Path) -> None:
    row = one(
        tmp_path,
        request_tags=[
            "env:dev",
            "use_case:search",
            "beta",
            "cost: center: 7",
            "User-Agent: curl",
            "User-Agent: curl/8",
        ],
        metadata={"spend_logs_metadata": {"environment": "prod", "prompt_version": 3, "squad": "blue"}},
        organization_id="org-9",
    )

    assert (row["environment"], row["feature"], row["prompt_version"]) == ("prod", "search", "3")
    assert json.loads(row["tags"]) == {
        "beta": "true",
        "cost": "center: 7",
        "env": "dev",
        "organization": "org-9",
        "squad": "blue",
        "user-agent": "curl",
    }
    assert list(json.loads(row["tags"])) == sorted(json.loads(row["tags"]))


def test_a_label_given_several_times_has_several_values(tmp_path: Path) -> None:
    """A name that stands for a column gives it the first value; the second stays a tag."""
    tags = ["squad:red", "squad:blue", "squad:red", "env:prod", "env:dev"]
    row = one(tmp_path, request_tags=tags)

    assert row["environment"] == "prod"
    assert json.loads(row["tags"]) == {"env": "dev", "squad": '["red", "blue"]'}


def test_labels_keep_tabs_and_quotes(tmp_path: Path) -> None:
    labels = {"note": 'a\tb "c" é', "feature": "chat"}
    row = one(tmp_path, metadata={"spend_logs_metadata": labels}, request_tags=["x:1\t2"])

    assert row["feature"] == "chat"
    assert json.loads(row["tags"]) == {"note": 'a\tb "c" é', "x": "1\t2"}


@pytest.mark.parametrize("address", ["203.0.113.9", "203.0.113.9:443", "2001:db8::1", "203.0.113.9, 10.0.0.1", "::1"])
def test_an_address_is_no_label(tmp_path: Path, address: str) -> None:
    meta = {"spend_logs_metadata": {"peer": address, "feature": address, "version": "1.2.3"}}
    row = one(tmp_path, metadata=meta, request_tags=[f"from:{address}", address])

    assert json.loads(row["tags"]) == {"version": "1.2.3"}
    assert "feature" not in row


def test_the_end_user_comes_before_a_customer_label(tmp_path: Path) -> None:
    label = {"spend_logs_metadata": {"tenant": "acme"}}

    assert one(tmp_path, metadata=label)["customer"] == "acme"
    assert one(tmp_path, metadata=label, end_user="globex")["customer"] == "globex"


def test_web_searches_are_a_meter(tmp_path: Path) -> None:
    row = one(tmp_path, metadata=usage(server_tool_use={"web_search_requests": 3}))

    assert (row["consumed_quantity"], row["consumed_unit"]) == (3.0, "web_search")


def test_of_a_stored_request_only_the_limit_is_kept(tmp_path: Path) -> None:
    body = {"max_tokens": 256, "messages": [{"role": "user", "content": "a secret plan"}]}
    row = one(tmp_path, proxy_server_request=body)

    assert row["max_output_tokens"] == 256
    assert "secret plan" not in str(row)


def test_a_first_line_longer_than_the_look_is_read(tmp_path: Path) -> None:
    stored = [{"role": "user", "content": 'a "long"\nprompt {} ' * 10_000}]
    done = read_content(tmp_path, lines(line(messages=stored), line(request_id="r-2", messages=stored)))

    assert done.values("record_id") == ["r-1", "r-2"]
    assert done.faults.bad == 0


def test_prompts_secrets_and_addresses_are_nowhere(tmp_path: Path) -> None:
    private = "do not keep this"
    meta = {
        "requester_ip_address": "203.0.113.9",
        "user_api_key": "sk-verysecret1234",
        "error_information": {"error_message": private},
        "spend_logs_metadata": {
            "client_ip": "203.0.113.9",
            "origin": "203.0.113.9",
            "prompt": private,
            "a": private * 40,
            "feature": private * 40,
        },
        "requester_custom_headers": {
            "x-team": "blue",
            "x-forwarded-for": "203.0.113.9",
            "x-api-key": "sk-verysecret1234",
            "Authorization": "Bearer sk-verysecret1234",
            "x-nested": {"peer": "203.0.113.9"},
        },
    }
    row = one(
        tmp_path,
        api_key="sk-verysecret1234",
        requester_ip_address="203.0.113.9",
        messages=[{"content": private}],
        response={"text": private},
        request_tags=["203.0.113.9", "peer:203.0.113.9"],
        metadata=meta,
    )

    assert private not in str(row)
    assert "203.0.113.9" not in str(row)
    assert "verysecret" not in str(row)
    assert row["api_key"] == "sk-...1234"
    assert json.loads(row["tags"]) == {"x-team": "blue"}


@pytest.mark.parametrize("shape", ["jsonl", "array", "pages", "v2", "csv", "crlf", "bom", "gz", "pretty"])
def test_the_same_rows_are_the_same_in_every_container(tmp_path: Path, shape: str) -> None:
    """Two requests of 0.25 and 0.5 USD, one with labels and cached tokens."""
    meta = {
        "user_api_key_alias": "bot",
        "spend_logs_metadata": {"feature": "chat", "x": 1},
        **usage(prompt_tokens_details={"cached_tokens": 30}, completion_tokens_details={"reasoning_tokens": 5}),
    }
    records = [line(spend=0.25, metadata=meta, request_tags=["env:prod"]), line(request_id="r-2")]
    contents: dict[str, Any] = {
        "jsonl": lines(*records),
        "array": json.dumps(records),
        "pages": lines({"data": records[:1], "total": 2}, {"data": records[1:], "total": 2}),
        "v2": {"data": records, "total": 2, "page": 1, "page_size": 50, "total_pages": 1},
        "csv": as_csv(records),
        "crlf": lines(*records).replace("\n", "\r\n"),
        "bom": b"\xef\xbb\xbf" + lines(*records).encode(),
        "gz": gzip.compress(lines(*records).encode()),
        "pretty": json.dumps(records, indent=1),
    }
    plain = read_content(tmp_path, contents["jsonl"], "plain")
    done = read_content(tmp_path, contents[shape])

    assert done.values("reported_cost") == [Decimal("0.25"), Decimal("0.5")]
    assert without_origin(done) == without_origin(plain)
    assert done.faults.bad == 0


def as_csv(records: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]), lineterminator="\n")
    writer.writeheader()
    for record in records:
        flat = {k: json.dumps(v) if isinstance(v, dict | list) else v for k, v in record.items()}
        # Postgres writes times without a zone, in UTC.
        times = {
            k: flat[k].replace("T", " ").removesuffix("Z") for k in ("startTime", "endTime", "completionStartTime")
        }
        writer.writerow(flat | times)
    return text.getvalue()


def test_an_old_dump_without_the_later_columns_is_read_by_name(tmp_path: Path) -> None:
    kept = ("request_id", "spend", "call_type", "startTime", "endTime", "model", "prompt_tokens", "api_key", "metadata")
    done = read_content(tmp_path, as_csv_of([{name: line()[name] for name in kept}]))
    row = done.row()

    assert (row["input_tokens"], row["reported_cost"], row["latency_ms"]) == (100, Decimal("0.5"), 2000.0)
    assert "cache_hits" not in row
    assert "output_tokens" not in row


def as_csv_of(records: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: json.dumps(v) if isinstance(v, dict) else v for k, v in r.items()} for r in records)
    return text.getvalue()


@pytest.mark.parametrize(
    "changed",
    [
        {"prompt_tokens": "100"},
        {"prompt_tokens": 100.0},
        {"metadata": json.dumps(usage(prompt_tokens_details={"cached_tokens": 0}))},
        {"metadata": json.dumps(usage(prompt_tokens_details={"cached_tokens": "0"}))},
        {"metadata": ""},
        {"metadata": None},
        {"metadata": "{}"},
        {"request_tags": "[]"},
        {"spend": "0.5"},
        {"spend": 5e-1},
        {"startTime": "2026-11-02 09:00:00"},
        {"startTime": "2026-11-02T10:00:00+01:00"},
        {"proxy_server_request": "{}"},
    ],
)
def test_a_field_written_in_another_way_means_the_same(tmp_path: Path, changed: dict[str, Any]) -> None:
    done = read_content(tmp_path, lines(line(), line(request_id="r-2", **changed), line(request_id="r-3")))

    assert done.faults.bad == 0
    assert done.rows.select("input_tokens", "reported_cost", "charge_period_start", "latency_ms").n_unique() == 1
    assert done.rows.height == 3


def test_metadata_that_was_dropped_leaves_unknowns_unknown(tmp_path: Path) -> None:
    record = line()
    del record["metadata"]
    row = read_content(tmp_path, lines(record)).row()

    assert (row["team"], row["errors"]) == ("t-1", 0)
    assert not {"retries", "fallbacks", "cache_read_tokens"} & set(row)


def test_a_garbage_line_is_set_aside_and_the_rest_is_read(tmp_path: Path) -> None:
    text = lines(line()) + "garbage\n" + lines(line(request_id="r-2"), line(request_id="r-3", prompt_tokens="many"))
    done = read_content(tmp_path, text)

    assert done.values("record_id") == ["r-1", "r-2"]
    assert [place for place, _ in done.faults.bad_examples] == ["input:2", "input:4"]
    assert "prompt_tokens" in done.bad[1]


def test_a_cut_last_line_is_one_bad_line(tmp_path: Path) -> None:
    done = read_content(tmp_path, lines(line(), line(request_id="r-2"))[:-40])

    assert done.values("record_id") == ["r-1"]
    assert [place for place, _ in done.faults.bad_examples] == ["input:2"]


@pytest.mark.parametrize(
    "wrong", [{"prompt_tokens": -5}, {"startTime": "soon"}, {"spend": "free"}, {"startTime": None}]
)
def test_a_record_that_cannot_be_is_set_aside(tmp_path: Path, wrong: dict[str, Any]) -> None:
    done = read_content(tmp_path, lines(line(), line(request_id="r-2", **wrong)))

    assert done.values("record_id") == ["r-1"]
    assert done.faults.bad == 1


def test_a_word_of_an_envelope_inside_a_record_envelops_nothing(tmp_path: Path) -> None:
    meta = {"spend_logs_metadata": {"data": [1, 2]}}
    done = read_content(tmp_path, lines(line(metadata=meta), line(request_id="r-2", metadata=meta)))

    assert done.values("origin") == ["input:1", "input:2"]


@needs_shared
def test_every_example_is_told_from_the_others() -> None:
    found = {}
    for path in FORMATS.glob("litellm_*"):
        source = detect(probe(InputFile(path, path.name)))
        found[path.stem] = source.name if source else None

    assert found == {
        "litellm_spendlogs": "litellm",
        "litellm_spendlogs_api": "litellm",
        "litellm_spendlogs_pgcopy": "litellm",
        "litellm_spendlogs_v2": "litellm",
        "litellm_spendlogs_summary": "litellm-summary",
        "litellm_standard_logging": "litellm-standard-logging",
        "litellm_daily_team_spend": "litellm-daily-team",
        "litellm_team_table": "litellm-teams",
        "litellm_verification_token": "litellm-keys",
    }
