"""Writes the sample company's files anew: ``python sample_data/generate.py [FOLDER]``.

Seeded and free of clocks: the same bytes each time. Needs nothing but Python.
"""

from __future__ import annotations

import gzip
import io
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import business
import elsewhere
import gateway
import gateway_files
import invoicing
import metrics
import september
import traces

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED = 2026
LOST_DAY = date(2026, 10, 18)
"""The table of spend logs was being moved: that Sunday is in the daily table only."""
OVERLAP = 12
"""How many of a week's last records the next week's export repeats."""


def files() -> Iterator[tuple[str, bytes]]:
    """Yield the name and content of every file."""
    calls = gateway.october(Random(SEED))
    yield from _gateway_files(calls)
    openai, anthropic = september.openai(Random(SEED + 1)), september.anthropic(Random(SEED + 2))
    embeddings = [use for use in openai if use.model.startswith("text-embedding")]
    completions = [use for use in openai if use not in embeddings]
    rest = {
        "openai_usage_completions.json": september.openai_usage(completions, "completions"),
        "openai_usage_embeddings.json": september.openai_usage(embeddings, "embeddings"),
        "openai_costs.json": september.openai_costs(openai),
        "anthropic_usage.json": september.anthropic_usage(anthropic),
        "anthropic_cost.json": september.anthropic_costs(anthropic),
        "claude_code/oven-firmware.jsonl": september.claude_code(Random(SEED + 3)),
        "voice_assistant_events.csv": elsewhere.voice_events(Random(SEED + 4)),
        "azure_focus.csv": elsewhere.azure_bill(Random(SEED + 5)),
        "maps/kiosk_calls.txt": elsewhere.kiosk_export(Random(SEED + 6)),
        "outcomes.csv": business.outcomes(Random(SEED + 20)),
        "revenue.csv": business.revenue(),
        "traces/recipe_chat.txt": traces.recipe_chat(Random(SEED + 40)),
        "metrics/prometheus_2026-10-14.txt": metrics.range_query(calls),
        "invoices/openai_2026-10.txt": invoicing.openai_invoice(Random(SEED + 9), calls),
    }
    yield from ((name, text.encode()) for name, text in rest.items())


def _gateway_files(calls: list[gateway.Call]) -> Iterator[tuple[str, bytes]]:
    def days(first: int, last: int) -> list[gateway.Call]:
        return [call for call in calls if first <= call.at.day <= last]

    first, third = days(1, 7), [call for call in days(15, 21) if call.at.date() != LOST_DAY]
    second, fourth = first[-OVERLAP:] + days(8, 14), days(22, 28)
    spend, by_key = Counter[str](), Counter[str]()
    for call in calls:
        spend[call.key.team or ""] += call.spend  # type: ignore[assignment]
        by_key[call.key.alias] += call.spend  # type: ignore[assignment]
    logs = gateway_files.json_lines
    texts = {
        "litellm_spend_logs_2026-10-01.jsonl": logs(map(gateway_files.spend_log, first)),
        "litellm_spend_logs_2026-10-08.jsonl.gz": logs(map(gateway_files.spend_log, second)),
        "litellm_spend_logs_2026-10-15.csv": gateway_files.spend_log_csv(third),
        "litellm_spend_logs_2026-10-22.jsonl.gz": logs(map(gateway_files.spend_log, fourth)),
        "litellm_standard_logging_2026-10-29.jsonl": logs(map(gateway_files.standard_payload, days(29, 31))),
        "litellm_daily_team_spend_2026-10-15.csv": gateway_files.daily_team_spend(days(15, 21)),
        "litellm_team_table.csv": gateway_files.team_table(spend),
        "litellm_verification_token.csv": gateway_files.key_table(by_key),
    }
    for name, text in texts.items():
        yield name, _gzipped(text.encode()) if name.endswith(".gz") else text.encode()


def _gzipped(content: bytes) -> bytes:
    """Compress without a time or a name in the header, so that the bytes are the same each time."""
    target = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=target, mtime=0) as stream:
        stream.write(content)
    return target.getvalue()


def main(folder: Path) -> None:
    """Write every file below ``folder``."""
    for name, content in files():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        print(f"{len(content):>9,}  {name}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
