"""The gateway's month as LiteLLM writes it: spend logs, logging payloads, the daily team table, teams and keys.

Column and field names are LiteLLM's own (``litellm/proxy/schema.prisma``, ``litellm/types/utils.py``).
"""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from company import CUSTOMERS, KEYS, TEAMS, digest, team_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gateway import Call


def json_lines(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return one compact object a line."""
    return "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)


def csv_text(rows: Sequence[Mapping[str, Any]], delimiter: str = ",") -> str:
    """Return a header of all names in the rows, and the rows; what one lacks is empty."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def spend_log(call: Call) -> dict[str, Any]:
    """Return a row of ``LiteLLM_SpendLogs``."""
    return {
        "request_id": call.id,
        "call_type": "aretrieve_batch" if call.batch else ("aembedding" if not call.limit else "acompletion"),
        "api_key": call.key.token,
        "spend": float(call.spend),
        "total_tokens": call.prompt + call.output,
        "prompt_tokens": call.prompt,
        "completion_tokens": call.output,
        "startTime": _iso(call.at),
        "endTime": _iso(call.end),
        "request_duration_ms": round(call.seconds * 1000),
        "completionStartTime": _iso(_first_token(call)),
        "model": call.model,
        "model_group": call.model,
        "custom_llm_provider": call.provider,
        "user": call.user,
        "metadata": _metadata(call),
        "cache_hit": "None" if call.batch else str(call.hit),
        "request_tags": [f"env:{call.key.environment}", f"feature:{call.feature}"],
        "team_id": call.key.team_id,
        "end_user": call.customer,
        "session_id": call.session or None,
        "status": "failure" if call.failed else "success",
        "proxy_server_request": {"max_tokens": call.limit} if call.limit else {},
    }


def spend_log_csv(calls: Iterable[Call]) -> str:
    """Return spend logs as Postgres copies them out: JSON as text, times in UTC without saying so."""
    rows = []
    for call in calls:
        row = spend_log(call)
        texts = {name: json.dumps(value) for name, value in row.items() if isinstance(value, dict | list)}
        times = {name: row[name].removesuffix("Z").replace("T", " ") for name in row if name.endswith("Time")}
        rows.append(row | texts | times)
    return csv_text(rows)


def standard_payload(call: Call) -> dict[str, Any]:
    """Return the same request as a StandardLoggingPayload."""
    return {
        "id": call.id,
        "trace_id": call.session or call.id,
        "call_type": "aretrieve_batch" if call.batch else ("aembedding" if not call.limit else "acompletion"),
        "response_cost": float(call.spend),
        "saved_cache_cost": 0.0,
        "status": "failure" if call.failed else "success",
        "custom_llm_provider": call.provider,
        "total_tokens": call.prompt + call.output,
        "prompt_tokens": call.prompt,
        "completion_tokens": call.output,
        "startTime": call.at.timestamp(),
        "endTime": call.end.timestamp(),
        "completionStartTime": _first_token(call).timestamp(),
        "model": call.model,
        "model_group": call.model,
        "model_map_information": {"model_map_key": call.model, "model_map_value": None},
        "metadata": {
            "user_api_key_hash": call.key.token,
            "user_api_key_alias": call.key.alias,
            "user_api_key_team_id": call.key.team_id or None,
            "user_api_key_team_alias": call.key.team,
            "user_api_key_user_id": call.user,
            "user_api_key_end_user_id": call.customer or None,
            "spend_logs_metadata": _labels(call),
            "requester_custom_headers": {"x-team": call.header} if call.header else {},
            "usage_object": _usage(call),
        },
        "cache_hit": None if call.batch else call.hit,
        "request_tags": [f"env:{call.key.environment}", f"feature:{call.feature}"],
        "end_user": call.customer,
        "model_parameters": {"max_tokens": call.limit} if call.limit else {},
        "hidden_params": _batch_counts(call),
    }


def daily_team_spend(calls: Iterable[Call]) -> str:
    """Return ``LiteLLM_DailyTeamSpend``: the same calls, a row a day, team, key and model."""
    rows: dict[str, dict[str, Any]] = {}
    for call in calls:
        name = f"{call.at.date()} {call.key.alias} {call.model}"
        row = rows.setdefault(name, _daily_row(call, name))
        requests, failed = (sum(call.batch), call.batch[1]) if call.batch else (1, int(call.failed))
        for column, amount in (
            ("prompt_tokens", call.prompt),
            ("completion_tokens", call.output),
            ("cache_read_input_tokens", call.read),
            ("cache_creation_input_tokens", call.write + call.write_1h),
            ("spend", call.spend),
            ("api_requests", requests),
            ("successful_requests", requests - failed),
            ("failed_requests", failed),
            ("total_response_time_ms", round(call.seconds * 1000)),
            ("timed_requests", 1),
        ):
            row[column] = row.get(column, 0) + amount
    return csv_text([row | {"spend": float(row["spend"])} for row in rows.values()])


def team_table(spend: Mapping[str, Any]) -> str:
    """Return ``LiteLLM_TeamTable``; ``spend`` is what each team has spent since its budget began."""
    rows = [
        {
            "team_id": team_id(team),
            "team_alias": team,
            "organization_id": "",
            "max_budget": budget,
            "soft_budget": budget * 0.8,
            "spend": float(spend.get(team, 0)),
            "budget_duration": "1mo",
            "budget_reset_at": "2026-11-01 00:00:00",
            "blocked": "f",
        }
        for team, budget in TEAMS.items()
    ]
    return csv_text(rows)


def key_table(spend: Mapping[str, Any]) -> str:
    """Return ``LiteLLM_VerificationToken``; ``spend`` is that of each key since its budget began."""
    rows = [
        {
            "token": key.token,
            "key_name": f"sk-...{key.token[-4:]}",
            "key_alias": key.alias,
            "spend": float(spend.get(key.alias, 0)),
            "user_id": key.users[0] if len(key.users) == 1 else "",
            "team_id": key.team_id,
            "metadata": json.dumps({"tags": [f"env:{key.environment}"]}),
            "blocked": "f",
        }
        for key in KEYS.values()
    ]
    return csv_text(rows)


def _daily_row(call: Call, name: str) -> dict[str, Any]:
    return {
        "id": f"daily-{digest(name, 12)}",
        "team_id": call.key.team_id,
        "date": str(call.at.date()),
        "api_key": call.key.token,
        "model": call.model,
        "model_group": call.model,
        "custom_llm_provider": call.provider,
        "endpoint": "/v1/embeddings" if not call.limit and not call.batch else "/v1/chat/completions",
        "created_at": f"{call.at.date()} 00:10:00",
        "updated_at": f"{call.at.date()} 23:59:00",
    }


def _metadata(call: Call) -> dict[str, Any]:
    error = {"error_code": "503", "error_class": "ServiceUnavailableError", "llm_provider": call.provider}
    found = {
        "user_api_key_alias": call.key.alias,
        "user_api_key_team_id": call.key.team_id or None,
        "user_api_key_team_alias": call.key.team,
        "user_api_key_user_id": call.user,
        "spend_logs_metadata": _labels(call),
        "status": "failure" if call.failed else "success",
        "error_information": error if call.failed else None,
        "attempted_retries": call.retries,
        "attempted_fallbacks": int(call.model != call.asked),
        "original_model_group": call.asked,
        "usage_object": _usage(call),
        "cost_breakdown": {name: float(amount) for name, amount in call.parts.items()},
    }
    if call.header:
        found["requester_custom_headers"] = {"x-team": call.header}
    return found | _batch_counts(call)


def _batch_counts(call: Call) -> dict[str, int]:
    if not call.batch:
        return {}
    return {"batch_successful_requests": call.batch[0], "batch_failed_requests": call.batch[1]}


def _labels(call: Call) -> dict[str, str]:
    labels = {"workload": call.workload}
    if call.prompt_version:
        labels["prompt_version"] = call.prompt_version
    if call.customer:
        labels["plan"] = CUSTOMERS[call.customer]
    return labels


def _usage(call: Call) -> dict[str, Any]:
    written = call.write + call.write_1h
    inside: dict[str, Any] = {"cached_tokens": call.read}
    if written:
        lifetimes = {"ephemeral_5m_input_tokens": call.write, "ephemeral_1h_input_tokens": call.write_1h}
        inside |= {"cache_creation_tokens": written, "cache_creation_token_details": lifetimes}
    return {
        "prompt_tokens": call.prompt,
        "completion_tokens": call.output,
        "total_tokens": call.prompt + call.output,
        "prompt_tokens_details": inside,
        "completion_tokens_details": {"reasoning_tokens": call.thinking},
    }


def _first_token(call: Call) -> datetime:
    """Interactive calls stream; LiteLLM writes the end of the others as the time of their first token."""
    streamed = call.workload == "interactive" and call.output and not (call.hit or call.failed)
    return call.at + (call.end - call.at) / 6 if streamed else call.end


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
