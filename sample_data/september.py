"""September, before the gateway: what OpenAI and Anthropic themselves report, and one developer's agent sessions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from company import LIST_PRICES, between, digest, usd

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from random import Random

DAYS = tuple(date(2026, 9, day) for day in range(1, 31))
ANTHROPIC_SINCE = date(2026, 9, 7)
"""The first day of the company's Anthropic account: until then a developer used one of his own."""
_SNAPSHOTS = {
    "gpt-4o": "gpt-4o-2024-08-06",
    "gpt-4o batch": "gpt-4o-2024-08-06",
    "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
}


@dataclass(frozen=True, slots=True)
class Use:
    """A day's use of one model.

    Args:
        day: UTC day.
        model: Name in the price list.
        project: The provider's project or workspace.
        key: The provider's id of the API key.
        requests: Requests.
        fresh: Uncached input tokens.
        read: Tokens read from the prompt cache.
        write: Tokens written to it for 5 minutes.
        output: Output tokens.
    """

    day: date
    model: str
    project: str
    key: str
    requests: int
    fresh: int
    output: int
    read: int = 0
    write: int = 0

    @property
    def costs(self) -> dict[str, Decimal]:
        """USD by token class, of those that were used."""
        rates = LIST_PRICES[self.model]
        priced = {
            "input": (self.fresh, rates.input),
            "cached input": (self.read, rates.cache_read),
            "cache write": (self.write, rates.cache_write),
            "output": (self.output, rates.output),
        }
        return {name: usd([pair]) for name, pair in priced.items() if pair[0]}

    def tokens(self, kind: str) -> int:
        """Return the tokens behind one of ``costs``."""
        return {"input": self.fresh, "cached input": self.read, "cache write": self.write, "output": self.output}[kind]


def openai(rng: Random) -> list[Use]:
    """Return OpenAI's month: support and marketing by day, batches twice a week, embeddings each night."""
    uses = []
    for day in DAYS:
        is_weekend = day.weekday() >= 5
        asked = between(rng, 2, 4) if is_weekend else between(rng, 6, 11)
        cached = 4096 * between(rng, 0, asked // 2)
        fresh, said = asked * between(rng, 7000, 12000), asked * between(rng, 400, 800)
        uses.append(Use(day, "gpt-4o", "proj_support", "key_support", asked, fresh, said, cached))
        if not is_weekend:
            made = between(rng, 2, 5)
            said = made * between(rng, 900, 2200)
            uses.append(Use(day, "gpt-4o-mini", "proj_marketing", "key_marketing", made, made * 1500, said))
        if day.weekday() in (1, 4):
            done = between(rng, 30, 40)
            fresh, said = done * between(rng, 21000, 28000), done * between(rng, 900, 1400)
            uses.append(Use(day, "gpt-4o batch", "proj_science", "key_science", done, fresh, said))
        embedded = between(rng, 150_000, 400_000)
        uses.append(Use(day, "text-embedding-3-small", "proj_search", "key_search", 1, embedded, 0))
    return uses


def anthropic(rng: Random) -> list[Use]:
    """Return Anthropic's month: the handbook every day, code reviews on weekdays."""
    uses = []
    for day in DAYS:
        if day < ANTHROPIC_SINCE:
            continue
        asked = between(rng, 1, 2) if day.weekday() >= 5 else between(rng, 3, 5)
        fresh, said = asked * between(rng, 600, 2200), asked * between(rng, 400, 1100)
        reads = 24000 * (asked - 1)
        uses.append(Use(day, "claude-sonnet-4-5", "wrkspc_support", "apikey_support", 0, fresh, said, reads, 24000))
        if day.weekday() < 5:
            seen = between(rng, 1, 3)
            fresh, said = seen * between(rng, 8000, 20000), seen * between(rng, 1500, 4000)
            reads = 40000 * (seen - 1)
            uses.append(Use(day, "claude-opus-4-6", "wrkspc_platform", "apikey_platform", 0, fresh, said, reads, 40000))
    return uses


def openai_usage(uses: Sequence[Use], kind: str) -> str:
    """Return pages of the usage API for ``completions`` or ``embeddings``."""
    return _openai_page((day, [_openai_usage(use, kind) for use in uses if use.day == day]) for day in DAYS)


def openai_costs(uses: Sequence[Use]) -> str:
    """Return the costs API's page: the same use in money, and web searches, which no usage report here counts."""
    buckets = []
    for day in DAYS:
        lines = [_openai_cost(use, kind) for use in uses if use.day == day for kind in use.costs]
        if day.weekday() == 2:
            lines.append(_openai_line("web search tool calls", "proj_search", Decimal("0.12"), 12, "calls"))
        buckets.append((day, lines))
    return _openai_page(iter(buckets))


def anthropic_usage(uses: Sequence[Use]) -> str:
    """Return the Admin API's usage report."""
    return _anthropic_page((day, [_anthropic_usage(use) for use in uses if use.day == day]) for day in DAYS)


def anthropic_costs(uses: Sequence[Use]) -> str:
    """Return the Admin API's cost report, whose amounts are cents."""
    return _anthropic_page(
        (day, [_anthropic_cost(use, kind) for use in uses if use.day == day for kind in use.costs]) for day in DAYS
    )


def claude_code(rng: Random) -> str:
    """Return four days of agent sessions: an answer is written in two lines, of which the last is the bill."""
    lines = []
    for day in DAYS[:4]:
        session = digest(f"session {day}", 32)
        at = datetime(day.year, day.month, day.day, 9, between(rng, 0, 50), tzinfo=UTC)
        context = between(rng, 14000, 18000)
        lines.append(_session_line(session, at, "user", {"role": "user", "content": []}))
        for turn in range(between(rng, 7, 11)):
            at += timedelta(seconds=between(rng, 20, 140))
            written = context if turn == 0 else between(rng, 400, 5000)
            read = 0 if turn == 0 else context
            context += written if turn else 0
            final = between(rng, 180, 1600)
            for output in (1, final):
                message = _answer(f"{session} {turn}", output, read, written, is_hour=turn == 0)
                lines.append(_session_line(session, at, "assistant", message))
                at += timedelta(seconds=2)
    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)


def _answer(name: str, output: int, read: int, written: int, *, is_hour: bool) -> dict[str, Any]:
    usage = {
        "input_tokens": 4,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": 0 if is_hour else written,
            "ephemeral_1h_input_tokens": written if is_hour else 0,
        },
        "output_tokens": output,
        "service_tier": "standard",
    }
    said = {"role": "assistant", "type": "message", "content": []}
    return {"model": "claude-opus-4-6", "id": f"msg_{digest(name, 20)}", **said, "usage": usage}


def _session_line(session: str, at: datetime, kind: str, message: dict[str, Any]) -> dict[str, Any]:
    line = {
        "type": kind,
        "parentUuid": None,
        "isSidechain": False,
        "cwd": "/home/dev/oven-firmware",
        "sessionId": session,
        "version": "2.3.1",
        "gitBranch": "main",
        "message": message,
        "uuid": digest(f"{session} {at}", 32),
        "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    return line | ({"requestId": f"req_{digest(message['id'], 20)}"} if "id" in message else {})


def _openai_usage(use: Use, kind: str) -> dict[str, Any]:
    shared = {
        "object": f"organization.usage.{kind}.result",
        "input_tokens": use.fresh + use.read,
        "num_model_requests": use.requests,
        "project_id": use.project,
        "user_id": None,
        "api_key_id": use.key,
        "model": _SNAPSHOTS.get(use.model, use.model),
    }
    if kind == "embeddings":
        return shared
    split = {"input_cached_tokens": use.read, "input_uncached_tokens": use.fresh, "output_tokens": use.output}
    return shared | split | {"batch": use.model.endswith("batch"), "service_tier": "default"}


def _openai_cost(use: Use, kind: str) -> dict[str, Any]:
    name = ("batch | " if use.model.endswith("batch") else "") + _SNAPSHOTS.get(use.model, use.model)
    return _openai_line(f"{name}, {kind}", use.project, use.costs[kind], use.tokens(kind), "tokens")


def _openai_line(item: str, project: str, amount: Decimal, quantity: int, unit: str) -> dict[str, Any]:
    return {
        "object": "organization.costs.result",
        "amount": {"value": float(amount), "currency": "usd"},
        "line_item": item,
        "project_id": project,
        "quantity": quantity,
        "quantity_unit": unit,
    }


def _openai_page(days: Iterator[tuple[date, list[dict[str, Any]]]]) -> str:
    buckets = [
        {"object": "bucket", "start_time": _epoch(day), "end_time": _epoch(day + timedelta(days=1)), "results": results}
        for day, results in days
    ]
    return _page({"object": "page", "data": buckets})


def _anthropic_usage(use: Use) -> dict[str, Any]:
    return _anthropic_place(use) | {
        "api_key_id": use.key,
        "uncached_input_tokens": use.fresh,
        "cache_creation": {"ephemeral_1h_input_tokens": 0, "ephemeral_5m_input_tokens": use.write},
        "cache_read_input_tokens": use.read,
        "output_tokens": use.output,
        "server_tool_use": {"web_search_requests": 0},
    }


_TOKEN_TYPES = {
    "input": "uncached_input_tokens",
    "cached input": "cache_read_input_tokens",
    "cache write": "cache_creation.ephemeral_5m_input_tokens",
    "output": "output_tokens",
}


def _anthropic_cost(use: Use, kind: str) -> dict[str, Any]:
    words = {"token_type": _TOKEN_TYPES[kind], "description": f"{use.model} usage, {kind}"}
    money = {"amount": f"{use.costs[kind] * 100:f}", "currency": "USD", "cost_type": "tokens"}
    return _anthropic_place(use) | words | money


def _anthropic_place(use: Use) -> dict[str, Any]:
    return {
        "model": use.model,
        "workspace_id": use.project,
        "service_tier": "standard",
        "context_window": "0-200k",
        "inference_geo": "global",
    }


def _anthropic_page(days: Iterator[tuple[date, list[dict[str, Any]]]]) -> str:
    buckets = [
        {"starting_at": f"{day}T00:00:00Z", "ending_at": f"{day + timedelta(days=1)}T00:00:00Z", "results": results}
        for day, results in days
        if results
    ]
    return _page({"data": buckets})


def _page(page: dict[str, Any]) -> str:
    return json.dumps({**page, "has_more": False, "next_page": None}, indent=1) + "\n"


def _epoch(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
