"""The engineering report: what requests cost, how large they are, which models serve them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from book_files import write
from commands import finopsctl
from two_months import records

if TYPE_CHECKING:
    from pathlib import Path

    from reports.conftest import Ask


def test_a_use_case_has_its_quantiles_and_its_success_rate(ask: Ask) -> None:
    """find: 31 requests at $3; reply: 31 at $1; none failed."""
    rows = ask("report", "engineering")["cost_per_request_by_use_case"]

    assert [(row["feature"], row["spend"], row["requests"]) for row in rows] == [("find", 93, 31), ("reply", 31, 31)]
    for row, cost in zip(rows, (3, 1), strict=True):
        assert {row[f"cost_per_request_p{q}"] for q in (50, 95, 99)} == {cost}
        assert row["success_rate"] == 1


def test_key_figures_are_those_of_the_scorecard(ask: Ask) -> None:
    found = ask("report", "engineering")
    kpis = ask("kpi", "--month", "2026-10", "--compare", "previous")["rows"]

    known = {row["kpi"]: row for row in kpis if row["member"] is None}
    mine = [row for row in found["rows"] if row["figure"] in known]
    assert len(mine) >= 8
    for row in mine:
        scored = known[row["figure"]]
        assert row["value"] == pytest.approx(scored["value"], abs=1e-12)
        assert row["previous"] == pytest.approx(scored["previous"], abs=1e-12)
        assert (row["grade"], row["unit"]) == (scored["grade"], scored["unit"])


def test_tokens_a_request_stand_beside_their_baseline_and_their_limit(ask: Ask) -> None:
    """Input 1,000 -> 1,500 tokens is +50 %; output 100 of at most 400 is a quarter, as the log says."""
    rows = ask("report", "engineering")["tokens_a_request"]

    for row in rows:
        assert (row["input_tokens_p95"], row["baseline"], row["change"]) == (1500, 1000, 0.5)
        assert (row["output_tokens_p95"], row["max_output_tokens"], row["share_of_limit"]) == (100, 400, 0.25)
        assert row["limit_from"] == "log"


def test_a_team_has_a_view_of_its_own(ask: Ask) -> None:
    found = ask("report", "engineering", "--where", "team=support")

    assert found["rows"][0]["value"] == 31
    assert [row["feature"] for row in found["cost_per_request_by_use_case"]] == ["reply"]


def test_what_a_cache_saved_stands_beside_its_hit_rate_by_type(tmp_path: Path) -> None:
    """Of find's 32 requests in October one is served from an exact cache: 1/32."""
    hit = {**records()[-2], "cache_hits": 1, "cache_type": "exact", "reported_cost": "0", "record_id": "hit"}
    log = write(tmp_path / "log.jsonl", *records(), {**hit, "charge_period_start": "2026-10-31T10:00:00Z"})

    done = finopsctl("report", "engineering", log, "-f", "json", folder=tmp_path)

    assert done.returncode == 0, done.stderr
    import json

    found = json.loads(done.stdout)
    find = next(row for row in found["caches_by_use_case"] if row["feature"] == "find")
    assert find["cache_hit_rate"] == 1 / 32
    assert [(row["kind"], row["cache_type"]) for row in found["saved_by_type_of_cache"]] == [("response", "exact")]
    assert find["saved_response"] == found["saved_by_type_of_cache"][0]["net"] > 0


def test_models_share_the_requests(ask: Ask) -> None:
    (row,) = ask("report", "engineering")["model_routing"]

    assert (row["model"], row["requests"], row["request_share"], row["share"]) == ("gpt-4o", 62, 1, 1)
