"""Anomalies and cache savings of a report are those of the commands, to the last digit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from book_files import write
from commands import finopsctl
from two_months import records

if TYPE_CHECKING:
    from pathlib import Path

SPIKE = "2026-10-20"


@pytest.fixture(scope="module")
def eventful(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with ``log.jsonl``: two months, in them an expensive day and requests that caches served."""
    folder = tmp_path_factory.mktemp("eventful")
    dear = [{**r, "reported_cost": "90"} if _is_of(r, SPIKE, "search") else r for r in records()]
    last = records()[-2]
    exact = {**last, "record_id": "hit", "cache_hits": 1, "cache_type": "exact", "reported_cost": "0"}
    read = {**last, "record_id": "read", "input_tokens": 1_000, "cache_read_tokens": 50_000}
    write(folder / "log.jsonl", *dear, exact, read)
    return folder


def _is_of(record: dict[str, Any], day: str, team: str) -> bool:
    return record["team"] == team and str(record["charge_period_start"]).startswith(day)


def said(folder: Path, *words: str) -> dict[str, Any]:
    """Return the JSON document of a command on the log."""
    done = finopsctl(*words, "log.jsonl", "-f", "json", folder=folder)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def figure(found: dict[str, Any], name: str) -> Any:
    """Return the value of one of a report's key figures."""
    return next(row["value"] for row in found["rows"] if row["figure"] == name)


@pytest.mark.parametrize(
    ("report", "by", "words", "count"),
    [
        (("executive",), "team", ("--month", "2026-10"), 3),
        (("executive", "--as-of", "2026-11-01"), "team", ("--month", "2026-10"), 3),
        (("weekly",), "team", ("--since", "2026-10-19", "--until", "2026-10-26"), 1),
        (("daily", "--as-of", "2026-10-21"), "team", ("--as-of", "2026-10-21"), 1),
        (("daily", "--as-of", "2026-10-23"), "team", ("--as-of", "2026-10-23"), 0),
        (("engineering", "--as-of", "2026-10-21"), "feature", ("--as-of", "2026-10-21"), 1),
    ],
)
def test_anomalies_and_their_excess_are_those_of_the_command(
    eventful: Path, report: tuple[str, ...], by: str, words: tuple[str, ...], count: int
) -> None:
    """Search costs $90 instead of $3 on 20 October: an episode of that day, week and month, and of no other day.

    The month has two more, for search costs $3 from 1 October on instead of $2: of that day, and of the week.
    """
    found = said(eventful, "report", *report)
    single = said(eventful, "anomalies", "--by", by, *words)

    assert figure(found, "anomalies") == single["totals"]["episodes"] == count
    assert found["totals"]["anomaly_excess"] == single["totals"]["excess"]
    assert [(row["start"], row["excess"]) for row in found.get("anomalies", ())] == [
        (row["start"], row["excess"]) for row in single["rows"]
    ]


def test_savings_of_caches_are_those_of_the_command(eventful: Path) -> None:
    """The table by type of cache adds up to the key figure, which is the command's net saving."""
    found = said(eventful, "report", "engineering")
    single = said(eventful, "cache", "savings", "--month", "2026-10")

    totals = single["totals"]
    assert figure(found, "cache_saving") == totals["net"] > 0
    assert {row["kind"]: row["net"] for row in found["saved_by_type_of_cache"]} == {
        "prompt": totals["prompt_net"],
        "response": totals["response_net"],
    }
    saved = [row["saved_response"] or 0 for row in found["caches_by_use_case"]]
    assert sum(saved) == pytest.approx(totals["response_net"])
