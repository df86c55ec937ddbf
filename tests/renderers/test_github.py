"""Workflow commands, comments and summaries: what GitHub shows, and what no name can make it do."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from finopsctl.errors import ConfigError
from finopsctl.renderers import Screen, renderer_named
from renderers.checks import NASTY, report, waiver_expired
from renderers.nasty import NASTY as OTHER_REPORT

COMMAND = re.compile(r"::(error|warning) file=([^,:]*),line=(\d+),title=([^:,]*)::(.*)")


def lines(*subjects: str, **more: str) -> list[str]:
    """Return the document's lines."""
    return renderer_named("github").render(report(*subjects, **more), Screen()).decode().split("\n")[:-1]


def commands(*subjects: str, **more: str) -> list[tuple[str, ...]]:
    """Return the parts of the commands, the escapes of which are undone."""
    found = [COMMAND.fullmatch(line) for line in lines(*subjects, **more)[1:]]
    return [tuple(map(unescaped, match.groups())) for match in found if match]


def unescaped(text: str) -> str:
    """Undo the escapes, as the runner does."""
    for escape, letter in {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"}.items():
        text = text.replace(escape, letter)
    return text


def test_a_failure_is_an_error_on_the_line_of_its_rule() -> None:
    assert lines("a") == [
        "Failed: a.",
        "::error file=policy.toml,line=7,title=cost%2C per%3A request (a)::Cost of a: 100%25.",
    ]


@pytest.mark.parametrize(
    ("result", "severity", "kinds"),
    [("fail", "critical", ["error"]), ("fail", "warning", ["warning"]), ("no_data", "critical", ["warning"]),
     ("waived", "critical", []), ("pass", "critical", [])],
)  # fmt: skip
def test_what_needs_no_one_is_not_annotated(result: str, severity: str, kinds: list[str]) -> None:
    assert [kind for kind, *_ in commands("a", result=result, severity=severity)] == kinds


def test_a_finding_on_a_line_is_a_warning_with_its_hint_on_a_line_of_its_own() -> None:
    document = replace(report(), findings=(waiver_expired(),), headline="Passed.")

    assert renderer_named("github").render(document, Screen()).decode().splitlines() == [
        "Passed.",
        "::warning file=policy.toml,line=40,title=waiver expired::The waiver of 'x' expired.%0ARemove it.",
    ]


def test_ten_are_annotated_and_the_rest_is_counted() -> None:
    many = lines(*(f"team-{at}" for at in range(13)))

    assert sum(line.startswith("::") for line in many) == 10
    assert many[-1].startswith("3 more are not annotated")


def test_errors_come_before_warnings_whatever_the_rows() -> None:
    warning, error = report("w", severity="warning"), report("e")
    table = warning.tables[0]
    both = replace(warning, tables=(replace(table, frame=table.frame.vstack(error.tables[0].frame)),))

    assert [line[:5] for line in renderer_named("github").render(both, Screen()).decode().splitlines()[1:]] == [
        "::err",
        "::war",
    ]


@pytest.mark.parametrize("name", NASTY)
def test_no_name_begins_a_command_or_ends_one(name: str) -> None:
    told = lines(name)

    assert len(told) == 2
    assert not told[0].lstrip().startswith("::")
    assert "##[" not in told[0]
    assert COMMAND.fullmatch(told[1])
    assert "\x1b" not in "".join(told)


def test_a_headline_that_begins_with_a_name_is_no_command() -> None:
    document = replace(report(), headline="::error::x spent it all.")

    assert renderer_named("github").render(document, Screen()).decode() == ": :error::x spent it all.\n"


@pytest.mark.parametrize("name", ["github", "gitlab", "junit"])
def test_a_report_whose_rows_belong_to_no_line_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=f"the format {name} is for rows that belong to a line") as raised:
        renderer_named(name).render(OTHER_REPORT, Screen())

    assert raised.value.hint.startswith(f"Use finopsctl check -f {name}")


def comment(*subjects: str, kind: str = "comment") -> str:
    """Return the body of a comment, or a summary."""
    return renderer_named(f"github-{kind}").render(report(*subjects), Screen()).decode()


def test_a_comment_begins_with_the_marker_it_is_found_by() -> None:
    assert comment("a").startswith("<!-- finopsctl-check -->\n### FinOps policy\n\nFailed: a.\n\n| Rule")
    assert not comment("a", kind="summary").startswith("<!--")


@pytest.mark.parametrize("kind", ["comment", "summary"])
def test_no_name_breaks_a_row_opens_a_tag_or_mentions_anyone(kind: str) -> None:
    text = comment(*NASTY, kind=kind)
    rows = [line for line in text.split("\n") if line.startswith("|")]
    bare = text.replace("@<!-- -->", "").replace("#<!-- -->", "").removeprefix("<!-- finopsctl-check -->")

    assert len(rows) == len(NASTY) + 2
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {5}
    assert not re.search(r"<(?!!-- -->)", bare)
    assert not re.search(r"[@#]\w", text)
    assert "\x1b" not in text


@pytest.mark.parametrize(("kind", "most"), [("comment", 65_536), ("summary", 1_048_576)])
def test_what_is_too_long_is_cut_at_a_row_and_counted(kind: str, most: int) -> None:
    """A row is some 650 bytes: 100 fit a comment or nearly so, 2,000 fit neither."""
    text = comment(*(f"{at:05d}-{'x' * 600}-日本" for at in range(2_000)), kind=kind)
    shown = sum(line.startswith("| cost") for line in text.split("\n"))

    assert most * 0.95 < len(text.encode()) <= most
    assert text.endswith(f"{shown:,} of 2,000 rows are shown: more are too long for this place.\n")


def test_a_comment_that_is_too_long_without_any_row_is_cut_at_a_line() -> None:
    findings = tuple(replace(waiver_expired(), message=f"{at} {'x' * 1_000}") for at in range(100))
    document = replace(report("a"), findings=findings)
    text = renderer_named("github-comment").render(document, Screen()).decode()

    assert len(text.encode()) <= 65_536
    assert "The rest is left out: it is too long for this place.\n" in text
