"""OpenAI usage API pages (``/v1/organization/usage/*``): buckets of tokens and meters, without money.

One page, several pages in a row or one a line, the bare ``data`` array, or one bucket a line. All kinds of report:
completions, embeddings, moderations, images, audio_speeches, audio_transcriptions, code_interpreter_sessions,
vector_stores, file_search_calls and web_search_calls. Token arithmetic: :mod:`finopsctl.sources._openai_usage_results`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.schema import INSTANT
from finopsctl.sources._buckets import in_buckets, listed, results_of
from finopsctl.sources._openai_usage_results import MISSING, RESULT, TELLING, usage_rows
from finopsctl.sources._paged_call import paged_call
from finopsctl.sources._source import Source

if TYPE_CHECKING:
    from finopsctl.sources._probe import Probe

RAW = pl.Schema({"start_time": INSTANT, "end_time": INSTANT, "results": pl.List(pl.String())})


def score(look: Probe) -> float:
    """Score by the kind that a result names, else by the fields that only usage results have.

    A page of empty buckets could be of any report; it is taken as usage, since it counts nothing either way.
    """
    if not in_buckets(look, "start_time", "results"):
        return 0.0
    kinds = {str(result.get("object")) for result in listed(look, "results")}
    if any(kind.startswith("organization.usage.") for kind in kinds):
        return 1.0
    if look.has("amount") or look.has("line_item"):
        return 0.0
    if look.names & TELLING:
        return 0.9
    return 0.6 if look.has("object", "end_time") else 0.0


def to_ledger(raw: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row a result."""
    times = raw.rename({"start_time": "charge_period_start", "end_time": "charge_period_end"})
    return usage_rows(results_of(times, "results", RESULT))


SOURCE = Source(
    name="openai-usage",
    title="OpenAI usage API pages (all kinds of report)",
    family="openai-admin",
    buckets=True,
    shapes=("json", "jsonl"),
    raw=RAW,
    score=score,
    to_ledger=to_ledger,
    export=paged_call(
        "https://api.openai.com/v1/organization/usage/completions",
        ["Authorization: Bearer $OPENAI_ADMIN_KEY"],
        [
            "start_time=1793491200",
            "end_time=1796083200",
            "bucket_width=1d",
            "limit=31",
            *(
                f"group_by[]={name}"
                for name in ["model", "project_id", "user_id", "api_key_id", "batch", "service_tier"]
            ),
        ],
        "openai_completions.json",
    )
    + "\n# 2026-11-01 to 2026-12-01. The same for embeddings, moderations, images, audio_speeches, audio_transcriptions"
    "\n# (group_by[]=model, project_id, user_id, api_key_id), web_search_calls, file_search_calls,"
    "\n# vector_stores and code_interpreter_sessions (group_by[]=project_id).",
    envelope=("data",),
    missing=MISSING,
)
