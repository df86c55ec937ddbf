from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from finopsctl.errors import SourceError
from finopsctl.sources import SOURCES, InputFile, detect, probe
from shared import DATA, EXAMPLES, needs_shared

if TYPE_CHECKING:
    from pathlib import Path

EXPECTED = {
    "openai_costs.json": "openai-costs",
    "openai_dashboard_cost.csv": "openai-cost-csv",
    "openai_usage_audio_speeches.json": "openai-usage",
    "openai_usage_completions.json": "openai-usage",
    "openai_usage_embeddings.json": "openai-usage",
    "openai_usage_images.json": "openai-usage",
    "costs.json": "openai-costs",
    "usage_audio_speeches.json": "openai-usage",
    "usage_audio_transcriptions.json": "openai-usage",
    "usage_code_interpreter_sessions.json": "openai-usage",
    "usage_completions.json": "openai-usage",
    "usage_embeddings.json": "openai-usage",
    "usage_file_search_calls.json": "openai-usage",
    "usage_images.json": "openai-usage",
    "usage_moderations.json": "openai-usage",
    "usage_vector_stores.json": "openai-usage",
    "usage_web_search_calls.json": "openai-usage",
    "anthropic_analytics_usage_report.json": "anthropic-analytics-usage",
    "anthropic_claude_code_usage.json": "anthropic-claude-code-report",
    "anthropic_console_cost.csv": "anthropic-console-cost",
    "anthropic_console_tokens.csv": "anthropic-console-tokens",
    "anthropic_cost_report.json": "anthropic-cost",
    "anthropic_usage_report.json": "anthropic-usage",
}
OURS = [source for source in SOURCES if source.family in ("openai-admin", "anthropic-admin")]
FILES = [
    path
    for folder in (EXAMPLES / "formats", *sorted((DATA / "fixtures").glob("*/")))
    if folder.is_dir()
    for path in sorted(folder.iterdir())
]


@needs_shared
def test_every_example_of_these_formats_is_there() -> None:
    assert {path.name for path in FILES} >= set(EXPECTED)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_is_taken_for_its_own_format_and_for_no_other(path: Path) -> None:
    try:
        look = probe(InputFile(path, path.name))
    except SourceError:
        assert path.name not in EXPECTED
        return
    found = detect(look)
    sure = [s.name for s in OURS if look.shape in {*s.shapes, "jsonl"} and s.score(look) >= 0.5]

    assert sure == ([EXPECTED[path.name]] if path.name in EXPECTED else [])
    if path.name in EXPECTED:
        assert found is not None
        assert found.name == EXPECTED[path.name]


@pytest.mark.parametrize("family", ["openai-admin", "anthropic-admin"])
def test_of_several_reports_of_one_kind_the_order_is_plain(family: str) -> None:
    order = {s.name: s.precedence for s in OURS if s.family == family}

    assert (
        order
        == {
            "openai-admin": {"openai-usage": 0, "openai-usage-csv": 1, "openai-costs": 0, "openai-cost-csv": 1},
            "anthropic-admin": {
                "anthropic-usage": 0,
                "anthropic-console-tokens": 1,
                "anthropic-analytics-usage": 2,
                "anthropic-claude-code-report": 3,
                "anthropic-cost": 0,
                "anthropic-console-cost": 1,
                "anthropic-analytics-cost": 2,
            },
        }[family]
    )


@pytest.mark.parametrize("source", [s for s in OURS if "json" in s.shapes], ids=lambda s: s.name)
def test_the_export_call_follows_pages_and_names_its_key_by_variable(source: object) -> None:
    call = getattr(source, "export", "")

    assert "next_page" in call
    assert "$OPENAI_ADMIN_KEY" in call or "$ANTHROPIC_ADMIN_KEY" in call


@pytest.mark.parametrize(
    "metadata",
    [
        {"start_time": 1, "end_time": 2, "results": [{"num_model_requests": 1}]},
        {"starting_at": "2026-11-02", "results": [{"uncached_input_tokens": 1}]},
        {"date": "2026-11-02", "model_breakdown": [{"estimated_cost": 1}]},
    ],
)
def test_a_log_that_quotes_a_report_is_not_taken_for_it(tmp_path: Path, metadata: dict[str, object]) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps({"id": "a", "metadata": metadata}) + "\n", encoding="utf-8")
    look = probe(InputFile(path, path.name))

    assert [s.name for s in OURS if s.score(look) > 0] == []
