"""Tests of bad inputs: what can be counted is, what cannot is said with its place, nothing is lost silently."""

from __future__ import annotations

import os
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from bad_inputs import BAD_LINES, GOOD, REFUSED, Bad
from book_files import codes, content, lines, opened, total, write
from finopsctl.errors import SourceError, UnreadableError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("bad", REFUSED, ids=[bad.name[:20] for bad in REFUSED])
def test_an_input_of_which_nothing_can_be_counted_is_refused_by_name(tmp_path: Path, bad: Bad) -> None:
    path = bad.put(tmp_path)
    with pytest.raises(SourceError) as caught:
        opened(path)

    assert bad.says in caught.value.message
    assert str(path) in caught.value.message
    assert caught.value.hint
    assert caught.value.exit_code == 4


@pytest.mark.parametrize("name", BAD_LINES)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_bad_line_is_set_aside_wherever_it_stands_and_the_others_count(tmp_path: Path, name: str, place: int) -> None:
    """Two good lines of 1.50 and a bad one: 3.00, one bad line, and its number in the finding."""
    line, reason = BAD_LINES[name]
    good = [lines({**GOOD, "record_id": f"r{n}"}).encode() for n in range(2)]
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"".join([*good[:place], line, *good[place:]]))
    books = opened(path)

    assert total(books) == Decimal(3)
    assert books.bad_lines == books.inputs[0].bad == 1
    (finding,) = [f for f in books.findings if f.code == "bad_line"]
    assert finding.message.startswith(f"{path}:{place + 1}: ")
    assert reason in finding.message


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"2026-10-01,-1,x", "is negative"),
        (b"2026-10-01,1", "2 fields where the header has 3"),
        (b"2026-10-01,1,x,y", "4 fields where the header has 3"),
        (b"soon,1,x", "is not a time"),
        (b"2026-10-01,1e30,x", "is not a whole number"),
        (b"2026-10-01,1,M\xfcller", "not UTF-8"),
        (b"2026-10-01,NaN,x", "is not a whole number"),
    ],
)
def test_a_bad_row_of_a_csv_is_set_aside_and_the_others_count(tmp_path: Path, row: bytes, reason: str) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(b"charge_period_start,requests,team\n2026-10-01,1,a\n" + row + b"\n2026-10-02,2,b\n")
    books = opened(path)

    assert content(books)["requests"].sum() == 3
    assert books.bad_lines == 1
    (finding,) = [f for f in books.findings if f.code == "bad_line"]
    assert finding.message.startswith(f"{path}#3: ")
    assert reason in finding.message


def test_the_rows_that_an_open_quote_took_in_are_counted_as_lost(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text('charge_period_start,requests,team\n2026-10-01,1,a\n2026-10-02,2,"b\n2026-10-03,3,c\n')
    books = opened(path)

    assert content(books)["requests"].to_list() == [1]
    assert [f.message for f in books.findings] == [
        f"{path}#3: a quote is never closed and takes in the 2 lines after it"
    ]


def test_quotes_over_several_lines_are_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text('charge_period_start,requests,team\n2026-10-01,1,"a\nb"\n2026-10-02,2,"5"" tall\n"\n')

    assert content(opened(path))["team"].sort().to_list() == ['5" tall\n', "a\nb"]


def test_of_many_bad_lines_the_first_are_shown_and_all_are_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "log.jsonl", GOOD, *({"input_tokens": -n} for n in range(1, 31)))
    books = opened(path)

    assert books.bad_lines == 30
    assert codes(books) == ["bad_line"] * 5 + ["bad_lines_more"]
    assert books.findings[-1].evidence["count"] == 25


def test_good_and_bad_lines_add_up_to_all_lines(tmp_path: Path) -> None:
    bad = b"".join(line for line, _ in BAD_LINES.values())
    path = tmp_path / "log.jsonl"
    path.write_bytes(lines(GOOD).encode() + bad + lines({**GOOD, "record_id": "other"}).encode())
    (summary,) = opened(path).inputs

    assert (summary.records, summary.bad) == (2, len(BAD_LINES))


def test_a_cut_last_line_is_one_bad_line(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(lines(GOOD) + lines(GOOD)[:25], encoding="utf-8")

    assert (total(opened(path)), opened(path).bad_lines) == (Decimal("1.5"), 1)


def test_a_document_cut_in_its_middle_gives_the_records_before_the_cut(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    path.write_text("[" + lines(GOOD).strip() + ",\n" + lines(GOOD)[:25], encoding="utf-8")

    assert (total(opened(path)), opened(path).bad_lines) == (Decimal("1.5"), 1)


def test_names_that_would_steer_a_terminal_or_a_spreadsheet_are_kept_as_they_are(tmp_path: Path) -> None:
    """They are data; what shows them makes them harmless."""
    names = ["\x1b[31mred\x1b[0m", "=cmd|' /C calc'!A0", "@SUM(1)", "</script>", "a\u202eb", "-1", "\x07"]
    path = write(tmp_path / "log.jsonl", *({"record_id": str(n), "team": name} for n, name in enumerate(names)))

    assert content(opened(path))["team"].to_list() == names


def test_a_folder_with_one_good_and_one_unknown_file_counts_the_good_and_names_the_other(tmp_path: Path) -> None:
    write(tmp_path / "good.jsonl", GOOD)
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    books = opened(tmp_path)

    assert total(books) == Decimal("1.5")
    assert [f.evidence["file"] for f in books.findings] == [str(tmp_path / "other.csv")]


def test_a_folder_of_which_nothing_is_known_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(SourceError, match=r"nothing could be read: .*other\.csv"):
        opened(tmp_path)


@pytest.mark.parametrize("name", ["cut.jsonl.gz", "short.jsonl.gz", "cut.jsonl.zst", "cut.parquet", "dangling.jsonl"])
def test_a_damaged_file_is_never_passed_over_since_it_holds_charges(tmp_path: Path, name: str) -> None:
    """Found in a folder, a format that no source knows is a finding; half a log is an error."""
    write(tmp_path / "good.jsonl", GOOD)
    next(bad for bad in REFUSED if bad.name == name).put(tmp_path)
    with pytest.raises(UnreadableError, match=name):
        opened(tmp_path)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("locked", ["", "below"])
def test_a_folder_that_may_not_be_read_is_said(tmp_path: Path, locked: str) -> None:
    write(tmp_path / "top" / "good.jsonl", GOOD)
    write(tmp_path / "top" / "below" / "good.jsonl", GOOD)
    folder = tmp_path / "top" / locked
    folder.chmod(0)
    try:
        with pytest.raises(UnreadableError, match="permission denied"):
            opened(tmp_path / "top")
    finally:
        folder.chmod(0o700)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_said_in_a_folder_too(tmp_path: Path) -> None:
    write(tmp_path / "good.jsonl", GOOD)
    write(tmp_path / "locked.jsonl", GOOD).chmod(0)
    with pytest.raises(UnreadableError, match=r"locked\.jsonl: permission denied"):
        opened(tmp_path)


def test_a_log_of_mostly_damaged_lines_loses_none_of_them_silently(tmp_path: Path) -> None:
    """One good line, then ten cut ones: not a document that breaks off, but eleven lines."""
    path = tmp_path / "log.jsonl"
    path.write_text(lines(GOOD) + (lines(GOOD)[:30] + "\n") * 10 + lines({**GOOD, "record_id": "z"}), encoding="utf-8")
    (summary,) = opened(path).inputs

    assert (summary.records, summary.bad) == (2, 10)
