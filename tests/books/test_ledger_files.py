"""Tests of the ledger on disk."""

from __future__ import annotations

import json
import os
import shutil
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

from book_files import content, opened, total, write
from finopsctl.books import PeriodWish, Request
from finopsctl.books.ledger_files import MANIFEST, write_parquet, write_partitions
from finopsctl.errors import ConfigError, SourceError, UnreadableError
from finopsctl.ledger.schema import LEDGER_SCHEMA
from shared import EXAMPLES, needs_shared

if TYPE_CHECKING:
    from pathlib import Path

    from finopsctl.books import Books

SEPTEMBER = {"record_id": "s", "charge_period_start": "2026-09-30T23:59:59Z", "reported_cost": "1"}
OCTOBER = {"record_id": "o", "charge_period_start": "2026-10-01T00:00:00Z", "reported_cost": "2"}


def bring_in(folder: Path, *inputs: Path | str, **options: object) -> list[str]:
    """Bring a partitioned ledger up to date; return what was said, without the inputs' folders."""
    said = write_partitions(Request(tuple(map(str, inputs)), **options), folder)  # type: ignore[arg-type]
    return [line.rsplit("/", 1)[-1] for line in said]


def parts(folder: Path) -> list[str]:
    return sorted(path.parent.name for path in folder.glob("*/*.parquet"))


def asked(folder: Path) -> Books:
    return opened(folder)


def test_a_ledger_file_has_exactly_the_ledgers_columns(tmp_path: Path) -> None:
    books = opened(write(tmp_path / "log.jsonl", SEPTEMBER, OCTOBER))
    write_parquet(books.ledger.drop("cost"), tmp_path / "ledger.parquet")

    assert pl.read_parquet_schema(tmp_path / "ledger.parquet") == dict(LEDGER_SCHEMA)


def test_a_ledger_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    books = opened(write(tmp_path / "in" / "log.jsonl", OCTOBER))
    with pytest.raises(ConfigError, match="cannot write"):
        write_parquet(books.ledger.drop("cost"), tmp_path / "none" / "ledger.parquet")

    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_each_month_has_a_file_and_together_they_are_the_log(tmp_path: Path) -> None:
    log = write(tmp_path / "log.jsonl", SEPTEMBER, OCTOBER)
    said = bring_in(tmp_path / "ledger", log)

    assert said == ["log.jsonl: 2 records in 2 months"]
    assert parts(tmp_path / "ledger") == ["month=2026-09", "month=2026-10"]
    assert content(asked(tmp_path / "ledger")).equals(content(opened(log)))


def test_doing_it_twice_reads_nothing_and_changes_nothing(tmp_path: Path) -> None:
    log = write(tmp_path / "log.jsonl", SEPTEMBER, OCTOBER)
    bring_in(tmp_path / "ledger", log)
    before = {path: path.read_bytes() for path in (tmp_path / "ledger").rglob("*") if path.is_file()}

    assert bring_in(tmp_path / "ledger", log) == ["log.jsonl: unchanged, 2 records"]
    assert {path: path.read_bytes() for path in (tmp_path / "ledger").rglob("*") if path.is_file()} == before


def test_a_file_that_grew_replaces_its_rows(tmp_path: Path) -> None:
    log = write(tmp_path / "log.jsonl", SEPTEMBER)
    bring_in(tmp_path / "ledger", log)
    write(log, OCTOBER)

    assert bring_in(tmp_path / "ledger", log) == ["log.jsonl: 1 records in 1 months"]
    assert parts(tmp_path / "ledger") == ["month=2026-10"]
    assert total(asked(tmp_path / "ledger")) == Decimal(2)


def test_a_copy_is_known_by_its_content_and_not_read(tmp_path: Path) -> None:
    log = write(tmp_path / "log.jsonl", OCTOBER)
    copy = tmp_path / "copy.jsonl"
    shutil.copy(log, copy)
    bring_in(tmp_path / "ledger", log)

    assert bring_in(tmp_path / "ledger", copy) == ["log.jsonl, 1 records"]
    assert total(asked(tmp_path / "ledger")) == Decimal(2)


def test_a_file_that_became_a_copy_of_another_leaves_none_of_its_old_rows(tmp_path: Path) -> None:
    one, two = write(tmp_path / "one.jsonl", SEPTEMBER), write(tmp_path / "two.jsonl", OCTOBER)
    bring_in(tmp_path / "ledger", one, two)
    write(one, OCTOBER)
    bring_in(tmp_path / "ledger", one, two)

    assert total(asked(tmp_path / "ledger")) == Decimal(2)


def test_a_touched_file_is_unchanged(tmp_path: Path) -> None:
    log = write(tmp_path / "log.jsonl", OCTOBER)
    bring_in(tmp_path / "ledger", log)
    os.utime(log, (1, 1))

    assert bring_in(tmp_path / "ledger", log) == ["log.jsonl: unchanged, 1 records"]


def test_a_changed_file_named_another_way_still_replaces_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = write(tmp_path / "log.jsonl", SEPTEMBER)
    bring_in(tmp_path / "ledger", log)
    write(log, OCTOBER)
    monkeypatch.chdir(tmp_path)
    bring_in(tmp_path / "ledger", "log.jsonl")

    assert total(asked(tmp_path / "ledger")) == Decimal(2)


def test_a_new_month_is_added_to_what_is_there(tmp_path: Path) -> None:
    one = write(tmp_path / "logs" / "09.jsonl", SEPTEMBER)
    bring_in(tmp_path / "ledger", one.parent)
    write(tmp_path / "logs" / "10.jsonl", OCTOBER)

    assert bring_in(tmp_path / "ledger", one.parent) == [
        "09.jsonl: unchanged, 1 records",
        "10.jsonl: 1 records in 1 months",
    ]
    assert total(asked(tmp_path / "ledger")) == Decimal(3)


def test_a_ledger_inside_the_folder_of_its_inputs_is_no_input_of_its_own(tmp_path: Path) -> None:
    write(tmp_path / "log.jsonl", OCTOBER)
    bring_in(tmp_path / "ledger", tmp_path)

    assert bring_in(tmp_path / "ledger", tmp_path) == ["log.jsonl: unchanged, 1 records"]


def test_other_prices_price_everything_again(tmp_path: Path) -> None:
    log = write(tmp_path / "log.jsonl", {"record_id": "x", "model": "gpt-4o", "input_tokens": 1_000_000})
    bring_in(tmp_path / "ledger", log)

    assert bring_in(tmp_path / "ledger", log, price_date="2024-06-01") == ["log.jsonl: 1 records in 1 months"]
    assert total(asked(tmp_path / "ledger")) == Decimal(5)


def test_a_run_that_was_cut_short_leaves_no_rows_that_count_twice(tmp_path: Path) -> None:
    """A part that no input stands behind is swept by the next run."""
    log = write(tmp_path / "log.jsonl", OCTOBER)
    bring_in(tmp_path / "ledger", log)
    (part,) = (tmp_path / "ledger").glob("*/*.parquet")
    shutil.copy(part, part.with_name("0123456789abcdef.parquet"))
    bring_in(tmp_path / "ledger", log)

    assert [path.name for path in (tmp_path / "ledger").glob("*/*.parquet")] == [part.name]


def test_a_file_no_source_knows_is_passed_over_and_named(tmp_path: Path) -> None:
    write(tmp_path / "logs" / "log.jsonl", OCTOBER)
    (tmp_path / "logs" / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    said = bring_in(tmp_path / "ledger", tmp_path / "logs")

    assert said == ["other.csv: no source knows this format (csv with a, b)", "log.jsonl: 1 records in 1 months"]


def test_a_damaged_file_stops_the_run_and_what_was_done_stays(tmp_path: Path) -> None:
    write(tmp_path / "logs" / "a.jsonl", OCTOBER)
    (tmp_path / "logs" / "b.parquet").write_bytes(b"PAR1")
    with pytest.raises(UnreadableError, match=r"b\.parquet"):
        bring_in(tmp_path / "ledger", tmp_path / "logs")


def test_a_log_without_charges_is_no_reason_to_stop(tmp_path: Path) -> None:
    write(tmp_path / "logs" / "log.jsonl", OCTOBER)
    (tmp_path / "logs" / "quiet.csv").write_text("charge_period_start,input_tokens\n", encoding="utf-8")

    assert bring_in(tmp_path / "ledger", tmp_path / "logs")[1] == "quiet.csv: 0 records in 0 months"


@needs_shared
def test_tables_of_keys_and_teams_are_used_and_not_read_as_charges(tmp_path: Path) -> None:
    for name in ("litellm_spendlogs.jsonl", "litellm_team_table.csv", "litellm_verification_token.csv"):
        shutil.copy(EXAMPLES / "formats" / name, tmp_path / name)
    bring_in(tmp_path / "ledger", tmp_path)

    assert content(asked(tmp_path / "ledger")).equals(content(opened(tmp_path / "litellm_spendlogs.jsonl")))


def test_bad_lines_are_said(tmp_path: Path) -> None:
    log = write(tmp_path / "log.jsonl", OCTOBER, {"input_tokens": -1})

    assert bring_in(tmp_path / "ledger", log) == ["log.jsonl: 1 records in 1 months, 1 bad lines set aside"]
    with pytest.raises(SourceError, match="could not be read"):
        bring_in(tmp_path / "other", log, strict=True)


def test_a_folder_that_holds_other_things_is_refused(tmp_path: Path) -> None:
    log = write(tmp_path / "log.jsonl", OCTOBER)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(ConfigError, match="something else"):
        bring_in(tmp_path / "home", log)
    with pytest.raises(ConfigError, match="something else"):
        bring_in(log, log)

    assert [path.name for path in (tmp_path / "home").iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"inputs": [{"path": "x"}]}', '{"inputs": 3}'])
def test_a_damaged_memory_is_said_and_not_guessed(tmp_path: Path, text: str) -> None:
    log = write(tmp_path / "log.jsonl", OCTOBER)
    bring_in(tmp_path / "ledger", log)
    (tmp_path / "ledger" / MANIFEST).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="damaged"):
        bring_in(tmp_path / "ledger", log)


@pytest.mark.parametrize(
    "options", [{"where": ("team=a",)}, {"as_of": "2026-10-02"}, {"period": PeriodWish(month="2026-10")}]
)
def test_a_partitioned_ledger_is_never_a_part_of_the_inputs(tmp_path: Path, options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="holds everything"):
        bring_in(tmp_path / "ledger", write(tmp_path / "log.jsonl", OCTOBER), **options)

    assert not (tmp_path / "ledger").exists()


def test_the_manifest_is_json_with_a_schema(tmp_path: Path) -> None:
    bring_in(tmp_path / "ledger", write(tmp_path / "log.jsonl", OCTOBER))
    manifest = json.loads((tmp_path / "ledger" / MANIFEST).read_text(encoding="utf-8"))

    assert manifest["schema"] == 1
    assert [entry["records"] for entry in manifest["inputs"]] == [1]
