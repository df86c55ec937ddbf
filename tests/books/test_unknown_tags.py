"""Tags that no record has are told, with those there are; a tag that some record has is not."""

from __future__ import annotations

from typing import Any

import polars as pl

from finopsctl.books.unknown_tags import unknown_tags
from finopsctl.results.report import Report, Table

TAGGED = pl.LazyFrame({"tags": ['{"service":"search","tier":"gold"}', '{"tier":"gold"}', None, "no JSON", '["list"]']})


def asked(*tags: str, value: str | None = None) -> Report:
    frame = pl.DataFrame({tag: [value] for tag in tags}, schema=dict.fromkeys(tags, pl.String))
    return Report("attribution", "", (Table("Rows", frame, ()),))


def told(report: Report, ledger: pl.LazyFrame = TAGGED) -> list[dict[str, Any]]:
    return [dict(finding.evidence) for finding in unknown_tags(report, ledger)]


def test_a_tag_that_no_record_has_is_told_with_the_nearest_name_first() -> None:
    (found,) = unknown_tags(asked("tag:teir"), TAGGED)

    assert found.message == "No record has the tag 'teir': every record is in a group without it."
    assert (found.hint, found.evidence["known"]) == ("There are: tier, service.", ["tier", "service"])


def test_each_unknown_tag_is_told_and_a_known_one_is_not() -> None:
    """A known tag may have no value in the rows shown: its groups are then among the others."""
    assert [each["tag"] for each in told(asked("tag:nope", "tag:tier", "tag:none"))] == ["nope", "none"]


def test_a_tag_with_a_value_in_the_answer_is_not_looked_for() -> None:
    assert told(asked("tag:nope", value="x")) == []


def test_records_without_any_tag_are_told_as_such() -> None:
    (found,) = unknown_tags(asked("tag:nope"), pl.LazyFrame({"tags": [None]}, schema={"tags": pl.String}))

    assert found.hint == "No record has any tag."


def test_an_answer_without_tags_or_tables_has_nothing_to_tell() -> None:
    assert told(asked("team")) == []
    assert told(Report("kpi", "", ())) == []
