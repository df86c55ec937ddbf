"""GitLab's code quality report: its fields, fingerprints that stay, and names that do nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import polars as pl
import pytest

from finopsctl.renderers import Screen, renderer_named
from renderers.checks import NASTY, report, waiver_expired

SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1, "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]+$"},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": "^(?!\\./|/)."},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}
"""The fields that docs.gitlab.com/ci/testing/code_quality asks for."""


def issues(*subjects: str, **more: str) -> list[dict[str, Any]]:
    """Return the document, which is as GitLab wants it."""
    return checked(renderer_named("gitlab").render(report(*subjects, **more), Screen()))


def checked(document: bytes) -> list[dict[str, Any]]:
    """Return a document that is as GitLab wants it."""
    found: list[dict[str, Any]] = json.loads(document)
    jsonschema.validate(found, SCHEMA)
    return found


@pytest.mark.parametrize(
    ("result", "severity", "told"),
    [("fail", "critical", ["critical"]), ("fail", "warning", ["minor"]), ("no_data", "critical", ["info"]),
     ("waived", "critical", []), ("pass", "critical", [])],
)  # fmt: skip
def test_what_fails_is_an_issue_as_bad_as_its_rule(result: str, severity: str, told: list[str]) -> None:
    assert [each["severity"] for each in issues("a", result=result, severity=severity)] == told


def test_an_issue_is_on_the_line_of_its_rule() -> None:
    (found,) = issues("a")

    assert found["location"] == {"path": "policy.toml", "lines": {"begin": 7}}
    assert (found["check_name"], found["description"]) == ("cost, per: request", "Cost of a: 100%.")


def test_a_fingerprint_stays_while_value_and_line_move_and_differs_by_group() -> None:
    before = report("a", "b")
    table = before.tables[0]
    later = table.frame.with_columns(value=pl.lit(9), line=pl.lit(30, pl.Int64), message=pl.lit("Cost of a: 900%."))
    moved = checked(renderer_named("gitlab").render(replace(before, tables=(replace(table, frame=later),)), Screen()))
    first = issues("a", "b")

    assert [each["fingerprint"] for each in moved] == [each["fingerprint"] for each in first]
    assert first[0]["fingerprint"] != first[1]["fingerprint"]


def test_two_groups_of_one_name_have_fingerprints_of_their_own() -> None:
    assert len({each["fingerprint"] for each in issues("a", "a")}) == 2


def test_a_doubt_about_a_rule_is_an_issue_too() -> None:
    document = replace(report(), findings=(waiver_expired(),))
    (found,) = checked(renderer_named("gitlab").render(document, Screen()))

    assert found["description"] == "The waiver of 'x' expired. Remove it."


def test_nothing_wrong_is_an_empty_list() -> None:
    assert issues("a", result="pass") == []


def test_no_name_reaches_gitlab_with_control_characters() -> None:
    assert len(issues(*NASTY)) == len(NASTY)
