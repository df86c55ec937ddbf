"""Tests of opening the books: real data to the digit, and the same records however they are put into files."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from book_files import codes, content, lines, opened, record, total, write
from finopsctl.books import InputSummary, PeriodWish
from finopsctl.errors import ConfigError, NoChargesError, SourceError
from shared import DATA, EXAMPLES, needs_shared

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from finopsctl.books import Books

AZURE_MAP = """
[columns]
charge_period_start = "TIMESTAMP"
input_tokens = "ContextTokens"
output_tokens = "GeneratedTokens"
[constants]
provider = "openai"
model = "gpt-4o"
requests = 1
[options]
tokens = "inclusive"
cost_unit = "usd"
timezone = "UTC"
"""
CLAUDE_RATES = {
    "claude-opus-4-6": "input = 5, output = 25, cache_read = 0.5, cache_write = 6.25, cache_write_1h = 10",
    "claude-haiku-4-5": "input = 1, output = 5, cache_read = 0.1, cache_write = 1.25, cache_write_1h = 2",
    "claude-sonnet-4-5": "input = 3, output = 15, cache_read = 0.3, cache_write = 3.75, cache_write_1h = 6",
}
RECORDS = [
    {"record_id": f"r{i}", "team": team, "input_tokens": 100 * i, "reported_cost": f"0.{i:012}"}
    for i, team in enumerate(["a", "b", None, "a", "c"], 1)
]
RECORDS_TOTAL = Decimal("0.000000000015")
"""1 + 2 + 3 + 4 + 5 pico-dollars."""


@pytest.fixture
def claude_prices(tmp_path: Path) -> Path:
    """The golden prices of the data set's README, from long before its first record."""
    folder = tmp_path / "prices"
    folder.mkdir()
    models = [
        f'[[model]]\nid = "{name}"\nrates = [{{ from = 2020-01-01, service_tier = "standard", {rates} }}]\n'
        for name, rates in CLAUDE_RATES.items()
    ]
    (folder / "anthropic.toml").write_text('schema = 1\nprovider = "anthropic"\n' + "\n".join(models), encoding="utf-8")
    return folder


def summaries(books: Books) -> dict[str, tuple[int | None, int | None]]:
    return {i.path.rsplit("/", 1)[-1]: (i.records, i.duplicates) for i in books.inputs}


@needs_shared
def test_a_real_claude_code_log_costs_12_225731_dollars(claude_prices: Path) -> None:
    """305 lines, of which 149 are earlier lines of a message: 156 messages, 12.225731 USD (and 20 cents of a micro)."""
    books = opened(DATA / "claude_code_one", prices=claude_prices)

    assert total(books) == Decimal("12.2257312")
    assert books.duplicates == 149
    assert content(books).height == 156


@needs_shared
def test_the_azure_trace_as_gpt_4o_costs_47_608895_dollars(tmp_path: Path) -> None:
    """18,059,974 x 2.50 / 1M + 245,896 x 10.00 / 1M = 45.149935 + 2.45896 = 47.608895."""
    mapping = tmp_path / "map.toml"
    mapping.write_text(AZURE_MAP, encoding="utf-8")
    books = opened(DATA / "azure_llm_2023_code", column_map=mapping, price_date="2026-11-01")

    assert total(books) == Decimal("47.608895")
    assert content(books).height == 8819


@needs_shared
def test_the_focus_sample_adds_up_to_its_published_sums() -> None:
    books = opened(DATA / "focus_sample")

    assert total(books, "reported_cost") == Decimal("20.52022672899")
    assert total(books, "effective_cost") == Decimal("14.97651418586")
    assert total(books, "list_cost") == Decimal("20.39090575119")
    assert total(books) == Decimal("20.52022672899")


@needs_shared
def test_one_log_as_lines_api_answer_and_database_dump_is_counted_once() -> None:
    names = ("litellm_spendlogs.jsonl", "litellm_spendlogs_api.json", "litellm_spendlogs_pgcopy.csv")
    books = opened(*(EXAMPLES / "formats" / name for name in names))

    assert total(books) == Decimal("0.011025")
    assert (content(books).height, books.duplicates) == (3, 6)


def test_the_same_file_under_two_names_counts_once_and_the_copy_is_named(tmp_path: Path) -> None:
    one = write(tmp_path / "one.jsonl", *RECORDS)
    two = write(tmp_path / "two.jsonl", *RECORDS)
    books = opened(one, two)

    assert total(books) == RECORDS_TOTAL
    assert content(books).equals(content(opened(one)))
    assert books.duplicates == 5
    assert sorted(d for _, d in summaries(books).values() if d is not None) == [0, 5]
    (finding,) = [f for f in books.findings if f.code == "duplicates"]
    assert finding.evidence["count"] == 5


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    path = write(tmp_path / "one.jsonl", *RECORDS)

    assert opened(path, path).inputs == (InputSummary(str(path), "ledger", 5),)


def test_dropped_records_are_counted_for_the_input_and_not_for_the_log_it_was_made_from(tmp_path: Path) -> None:
    """A ledger's rows say they come from gateway.log: it is the ledger file that repeats them."""
    rows = [{**each, "source": "litellm", "origin": f"gateway.log:{i}"} for i, each in enumerate(RECORDS)]
    books = opened(write(tmp_path / "a.jsonl", *rows), write(tmp_path / "b.jsonl", *rows))

    assert sorted(summaries(books).values()) == [(5, 0), (5, 5)]


def test_of_two_records_with_one_id_the_one_with_more_tokens_counts_in_either_order(tmp_path: Path) -> None:
    """A streamed message: 2 output tokens in its first line, 187 in its last."""
    first = write(tmp_path / "first.jsonl", {"record_id": "m", "output_tokens": 2})
    last = write(tmp_path / "last.jsonl", {"record_id": "m", "output_tokens": 187})

    for order in ((first, last), (last, first)):
        assert content(opened(*order))["output_tokens"].to_list() == [187]


def test_equal_records_without_an_id_in_one_file_all_count_and_a_copy_of_the_file_adds_none(tmp_path: Path) -> None:
    twice = [{"reported_cost": "0.25", "input_tokens": 7}] * 2
    one, two = write(tmp_path / "one.jsonl", *twice), write(tmp_path / "two.jsonl", *twice)

    assert total(opened(one)) == Decimal("0.50")
    assert total(opened(one, two)) == Decimal("0.50")


def test_one_id_in_two_families_is_two_records(tmp_path: Path) -> None:
    one = write(tmp_path / "one.jsonl", {"record_id": "x", "source": "litellm", "reported_cost": "1"})
    two = write(tmp_path / "two.jsonl", {"record_id": "x", "source": "openai-usage", "reported_cost": "2"})

    assert total(opened(one, two)) == Decimal(3)


def compressed(folder: Path, how: str) -> Path:
    text = lines(*(record(**each) for each in RECORDS)).encode()
    pack: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.compress,
        "zstd": lambda data: pa.compress(data, "zstd", asbytes=True),
        "mark": lambda data: b"\xef\xbb\xbf" + data,
        "crlf": lambda data: data.replace(b"\n", b"\r\n"),
        "no last newline": lambda data: data.rstrip(b"\n"),
        "blank lines": lambda data: b"\n" + data.replace(b"\n", b"\n\n"),
        "array": lambda data: b"[" + data.strip().replace(b"\n", b",\n") + b"]",
        "gzip of zstd's name": gzip.compress,
    }
    path = folder / ("log.jsonl.zst" if how == "gzip of zstd's name" else "log.jsonl")
    path.write_bytes(pack[how](text))
    return path


@pytest.mark.parametrize(
    "how",
    ["gzip", "zstd", "mark", "crlf", "no last newline", "blank lines", "array", "gzip of zstd's name"],
)
def test_the_same_records_in_another_wrapping_are_the_same_rows(tmp_path: Path, how: str) -> None:
    plain = write(tmp_path / "plain" / "log.jsonl", *RECORDS)

    assert content(opened(compressed(tmp_path, how))).equals(content(opened(plain)))


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_order_repetition_and_files_do_not_change_what_is_counted(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("law")
    whole = opened(write(folder / "whole.jsonl", *RECORDS))
    dealt = data.draw(st.permutations(RECORDS + data.draw(st.lists(st.sampled_from(RECORDS), max_size=4))))
    places = data.draw(st.lists(st.integers(0, 2), min_size=len(dealt), max_size=len(dealt)))
    files = [
        write(folder / f"part{n}.jsonl", *mine)
        for n in range(3)
        if (mine := [each for each, place in zip(dealt, places, strict=True) if place == n])
    ]
    books = opened(*data.draw(st.permutations(files)))

    assert content(books).equals(content(whole))
    assert total(books) == RECORDS_TOTAL
    assert books.whole_period() == whole.whole_period()
    assert books.duplicates == len(dealt) - len(RECORDS)
    assert sum(i.records or 0 for i in books.inputs) == len(dealt)


def test_a_large_input_is_the_same_however_many_parts_it_is_spooled_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "log.jsonl", *RECORDS)
    copy = write(tmp_path / "copy.jsonl", *RECORDS)
    whole = content(opened(path))
    monkeypatch.setattr("finopsctl.books.spool.PART_ROWS", 2)

    assert content(opened(path, copy)).equals(whole)


def test_a_folder_is_read_with_the_files_below_it_and_without_hidden_or_other_ones(tmp_path: Path) -> None:
    write(tmp_path / "a" / "x.jsonl", RECORDS[0])
    write(tmp_path / "b" / "c" / "y.json", RECORDS[1])
    write(tmp_path / ".hidden" / "z.jsonl", RECORDS[2])
    write(tmp_path / ".w.jsonl", RECORDS[3])
    write(tmp_path / "notes.txt", RECORDS[4])

    assert summaries(opened(tmp_path)) == {"x.jsonl": (1, 0), "y.json": (1, 0)}


def test_a_folder_that_links_to_itself_is_read_once(tmp_path: Path) -> None:
    write(tmp_path / "x.jsonl", RECORDS[0])
    (tmp_path / "again").symlink_to(tmp_path)

    assert summaries(opened(tmp_path)) == {"x.jsonl": (1, 0)}


def test_a_glob_is_read_with_what_it_matches(tmp_path: Path) -> None:
    for number, each in enumerate(RECORDS):
        write(tmp_path / f"{number}.jsonl", each)

    assert summaries(opened(tmp_path / "[01].jsonl")) == {"0.jsonl": (1, 0), "1.jsonl": (1, 0)}


def test_a_pipe_is_read_though_it_can_be_read_only_once(tmp_path: Path) -> None:
    import os
    from threading import Thread

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    source = lines(*(record(**each) for each in RECORDS))
    writer = Thread(target=lambda: pipe.write_text(source, encoding="utf-8"))
    writer.start()
    books = opened(pipe)
    writer.join()

    assert total(books) == RECORDS_TOTAL


def test_a_tables_owners_reach_the_log_beside_it(tmp_path: Path) -> None:
    key = "9f2c" * 16
    log = {"request_id": "r", "call_type": "acompletion", "api_key": key, "spend": 0.5, "prompt_tokens": 1}
    log |= {"startTime": "2026-11-02T09:15:04Z", "model": "gpt-4o", "custom_llm_provider": "openai"}
    (tmp_path / "log.jsonl").write_text(json.dumps(log), encoding="utf-8")
    tables = EXAMPLES / "formats"
    if not tables.is_dir():
        pytest.skip("the example files are not beside this checkout")
    books = opened(tmp_path, tables / "litellm_verification_token.csv", tables / "litellm_team_table.csv")

    assert set(books.side_tables) == {"litellm-keys", "litellm-teams"}
    assert [i.source for i in books.inputs if i.source != "litellm"] == ["litellm-keys", "litellm-teams"]


def test_tables_alone_are_no_charges() -> None:
    tables = EXAMPLES / "formats"
    if not tables.is_dir():
        pytest.skip("the example files are not beside this checkout")
    with pytest.raises(SourceError, match="only tables"):
        opened(tables / "litellm_team_table.csv")


def test_a_forced_source_is_not_detected(tmp_path: Path) -> None:
    """The ledger's own records hold no LiteLLM field, so none of them can be read as such."""
    with pytest.raises(SourceError, match="could be read"):
        opened(write(tmp_path / "log.jsonl", *RECORDS), source="litellm")


def test_an_unknown_source_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        opened(write(tmp_path / "log.jsonl", *RECORDS), source="litelm")

    assert "litellm" in caught.value.hint


def test_the_source_generic_uses_the_map_it_is_given(tmp_path: Path) -> None:
    mapping = tmp_path / "map.toml"
    mapping.write_text('[columns]\ncharge_period_start = "when"\nreported_cost = "usd"\n', encoding="utf-8")
    log = tmp_path / "mine.csv"
    log.write_text("when,usd\n2026-10-01,1.25\n", encoding="utf-8")

    assert total(opened(log, column_map=mapping, source="generic")) == Decimal("1.25")


def test_a_map_beside_files_of_a_known_format_is_used_only_where_it_fits(tmp_path: Path) -> None:
    mapping = tmp_path / "map.toml"
    mapping.write_text('[columns]\ncharge_period_start = "when"\nreported_cost = "usd"\n', encoding="utf-8")
    (tmp_path / "mine.csv").write_text("when,usd\n2026-10-01,1.25\n", encoding="utf-8")
    known = write(tmp_path / "known.jsonl", {"reported_cost": "2"})

    assert total(opened(tmp_path / "mine.csv", known, column_map=mapping)) == Decimal("3.25")


def test_a_format_without_charges_is_no_bug_but_an_input_problem(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("charge_period_start,input_tokens\n", encoding="utf-8")
    with pytest.raises(NoChargesError, match=r"log\.csv"):
        opened(tmp_path / "log.csv")


def test_a_log_without_charges_beside_one_with_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("charge_period_start,input_tokens\n", encoding="utf-8")
    write(tmp_path / "log.jsonl", *RECORDS)

    assert codes(opened(tmp_path)) == ["no_records"]


def test_strict_refuses_bad_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "log.jsonl", RECORDS[0], {"input_tokens": -5})

    assert opened(path).bad_lines == 1
    with pytest.raises(SourceError, match=r"1 records could not be read; first .*log\.jsonl:2"):
        opened(path, strict=True)


def test_the_data_ends_with_the_last_day_that_holds_a_row(tmp_path: Path) -> None:
    """The last row is of 31 October 23:30 UTC, which is 1 November in Berlin."""
    path = write(tmp_path / "log.jsonl", {"charge_period_start": "2026-10-31T23:30:00Z", "reported_cost": "1"})

    assert opened(path).as_of.isoformat() == "2026-11-01T00:00:00+00:00"
    assert opened(path, timezone="Europe/Berlin").as_of.isoformat() == "2026-11-01T23:00:00+00:00"


def test_rows_at_or_after_as_of_are_not_seen(tmp_path: Path) -> None:
    days = [{"charge_period_start": f"2026-10-0{day}T00:00:00Z", "reported_cost": "1"} for day in (1, 2, 3)]

    assert total(opened(write(tmp_path / "log.jsonl", *days), as_of="2026-10-03")) == Decimal(2)


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({"month": "2026-10"}, 1),
        ({"quarter": "2026Q4"}, 3),
        ({"since": "2026-10-31"}, 3),
        ({"since": "2026-10-31", "until": "2026-11-02"}, 2),
        ({"until": "20261102"}, 2),
        ({"last": "2d"}, 1),
        ({"word": "mtd"}, 2),
        ({"word": "yesterday"}, 0),
    ],
)
def test_periods_are_half_open(tmp_path: Path, wish: dict[str, str], expected: int) -> None:
    """One dollar each at the start of 31 October, 1 November and 3 November."""
    days = ["2026-10-31", "2026-11-01", "2026-11-03"]
    log = write(tmp_path / "log.jsonl", *({"charge_period_start": day, "reported_cost": "1"} for day in days))

    assert content(opened(log, period=PeriodWish(**wish))).height == expected


def test_an_unknown_time_zone_is_said_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Mars"):
        opened(tmp_path / "missing.jsonl", timezone="Mars/Olympus")


def test_keyed_owners_stay_with_their_records_in_every_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner of a record does not move to its neighbour when the rows are spooled and duplicates dropped."""
    monkeypatch.setattr("finopsctl.books.spool.PART_ROWS", 3)
    rows: list[dict[str, Any]] = [
        {"record_id": f"r{i}", "api_key": f"k{i % 3}", "reported_cost": "1"} for i in range(9)
    ]
    log = write(tmp_path / "log.jsonl", *rows, *rows[::2])
    keys = tmp_path / "keys.csv"
    keys.write_text("api_key,team\nk0,zero\nk1,one\n", encoding="utf-8")
    owners = content(opened(log, keys=keys)).select("record_id", "team").rows()

    assert dict(owners) == {f"r{i}": ("zero", "one", None)[i % 3] for i in range(9)}


def test_a_ledger_can_be_asked_after_its_books_are_gone(tmp_path: Path) -> None:
    ledger = opened(write(tmp_path / "log.jsonl", *RECORDS)).ledger
    amount = ledger.filter(team="a").select("cost").sum()

    assert amount.collect().item() == Decimal("0.000000000005")


def test_nothing_is_left_behind_when_books_and_ledger_are_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    books = opened(write(tmp_path / "log.jsonl", *RECORDS))
    assert list((tmp_path / "scratch").iterdir())

    del books
    assert not list((tmp_path / "scratch").iterdir())
