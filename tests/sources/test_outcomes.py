"""Outcomes and revenue files: recognised by their columns, every row counted once, what cannot be counted named."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from book_files import opened, write
from finopsctl.errors import SourceError
from finopsctl.sources import SIDE_TABLES, InputFile, detect, probe
from shared import EXAMPLES, needs_shared

if TYPE_CHECKING:
    from finopsctl.books import Books

SAMPLE = Path(__file__).parents[2] / "sample_data"
OUTCOMES = "day,use_case,outcomes,successes,alternative_cost\n"
REVENUE = "customer,month,amount,currency\n"


def put(folder: Path, text: str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def books(folder: Path, *tables: Path, **options: Any) -> Books:
    charges = write(folder / "ledger.jsonl", {"record_id": "a", "reported_cost": "1", "feature": "ticket"})
    return opened(charges, *tables, **options)


def detected(path: Path) -> str | None:
    found = detect(probe(InputFile(path, path.name)))
    return found.name if found else None


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("day,use_case,outcomes", "outcomes"),
        ("date,feature,team,successes,alternative_cost", "outcomes"),
        ("trace_id,outcomes", "outcomes"),
        ("customer,month,amount,currency", "revenue"),
        ("customer_id,start,end,revenue,plan", "revenue"),
        ("Customer,Month,AMOUNT,Currency", "revenue"),
        ("Day,Use_Case,Outcomes", "outcomes"),
        ("Day,Use_Case,Outcomes,Input_Tokens", None),
        ("charge_period_start,feature,requests,outcomes", "ledger"),
        ("timestamp,use_case,model,input_tokens,output_tokens,task_success", "event"),
        ("day,use_case,model,outcomes", None),
        ("customer,amount", None),
        ("month,amount,currency", None),
    ],
)
def test_a_file_is_known_by_columns_that_only_such_a_table_has(tmp_path: Path, header: str, name: str | None) -> None:
    assert detected(put(tmp_path, header + "\n" + ",".join("1" for _ in header.split(",")) + "\n")) == name


def test_the_case_of_column_names_does_not_matter(tmp_path: Path) -> None:
    """A CSV out of a spreadsheet and JSON lines out of another system; ``outcomes`` wins over ``OUTCOMES``."""
    sheet = put(tmp_path, "Day,Use_Case,OUTCOMES,outcomes\n2026-10-01,ticket,9,2\n", "sheet.csv")
    lines = put(tmp_path, '{"Month": "2026-10", "CUSTOMER": "acme", "Revenue": 12.5}\n', "paid.jsonl")
    tables = books(tmp_path, sheet, lines).side_tables

    assert tables["outcomes"].select("feature", "outcomes").rows() == [("ticket", 2)]
    assert tables["revenue"].select("customer", "amount").rows() == [("acme", Decimal("12.5"))]


def test_json_lines_and_parquet_are_known_too(tmp_path: Path) -> None:
    lines = put(tmp_path, '{"day": "2026-10-01", "use_case": "ticket", "outcomes": 2}\n', "o.jsonl")
    pl.DataFrame({"customer": ["a"], "month": ["2026-10"], "amount": [Decimal("2.40")]}).write_parquet(
        tmp_path / "r.parquet"
    )

    found = books(tmp_path, lines, tmp_path / "r.parquet").side_tables
    assert found["outcomes"]["outcomes"].to_list() == [2]
    assert found["revenue"]["amount"].to_list() == [Decimal("2.40")]


@needs_shared
def test_no_example_of_another_format_is_taken_for_one_of_these_tables() -> None:
    files = [p for p in (EXAMPLES / "formats").rglob("*") if p.is_file()]
    own = {table.name for table in SIDE_TABLES if table.finish}

    taken = []
    for path in files:
        try:
            taken += [path.name] if detected(path) in own else []
        except SourceError:
            continue
    assert taken == []


def test_of_the_sample_company_only_its_own_two_files_are_taken_for_them() -> None:
    files = [p for p in SAMPLE.rglob("*") if p.is_file() and p.suffix in {".csv", ".json", ".jsonl", ".gz", ".txt"}]

    assert sorted(p.name for p in files if detected(p) in {"outcomes", "revenue"}) == ["outcomes.csv", "revenue.csv"]


def test_a_bad_cell_sets_its_row_aside_with_file_line_and_reason(tmp_path: Path) -> None:
    good, bad = "2026-10-01,ticket,3,2,4.50\n", "2026-10-02,ticket,x,2,4.50\n2026-10-03,ticket,1,2,4.50\n"
    timeless = "gestern,ticket,1,1,\n,ticket,1,1,\n"
    found = books(tmp_path, put(tmp_path, OUTCOMES + good + bad + timeless))

    assert found.side_tables["outcomes"]["outcomes"].to_list() == [3]
    assert found.bad_lines == 4
    said = [f.message.rpartition("table.csv")[2] for f in found.findings if f.code == "bad_line"]
    assert said == [
        "#3: outcomes: 'x' is not a whole number",
        "#4: successes: 2 is more than outcomes: 1",
        "#5: time: 'gestern' is not a time",
        "#6: it has no time and no trace_id",
    ]


def test_strict_refuses_a_bad_row_of_a_table(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="1 records could not be read"):
        books(tmp_path, put(tmp_path, OUTCOMES + "2026-10-01,ticket,3,2,\n2026-10-02,ticket,x,2,\n"), strict=True)


def test_equal_rows_of_one_file_all_count_and_the_same_file_twice_counts_once(tmp_path: Path) -> None:
    """Two equal rows are two outcomes; a copy of the file brings neither again, and its third row is new."""
    twice = "2026-10-01,ticket,1,1,\n" * 2
    first = put(tmp_path, OUTCOMES + twice, "a.csv")
    second = put(tmp_path, OUTCOMES + twice + "2026-10-02,ticket,1,0,\n", "b.csv")
    found = books(tmp_path, first, second)

    assert found.side_tables["outcomes"]["outcomes"].sum() == 3
    assert {i.path.rpartition("/")[2]: i.duplicates for i in found.inputs}["b.csv"] == 2


def test_of_rows_with_one_id_the_last_counts(tmp_path: Path) -> None:
    rows = "id,day,use_case,outcomes,successes\nT1,2026-10-01,ticket,1,0\nT1,2026-10-01,ticket,1,1\n"

    assert books(tmp_path, put(tmp_path, rows)).side_tables["outcomes"]["successes"].to_list() == [1]


def test_counts_are_one_unless_given_and_success_may_be_true_or_false(tmp_path: Path) -> None:
    rows = "date,use_case,success,outcomes\n2026-10-01,ticket,true,\n2026-10-01,ticket,false,\n2026-10-01,ticket,,\n"
    table = books(tmp_path, put(tmp_path, rows), outcomes=None).side_tables["outcomes"]

    assert table["outcomes"].to_list() == [1, 1, 1]
    assert table["successes"].to_list() == [1, 0, None]


@pytest.mark.parametrize(
    ("said", "start", "end"),
    [
        ("2026-10-05", "2026-10-05", "2026-10-06"),
        ("20261005", "2026-10-05", "2026-10-06"),
        ("2026-10", "2026-10-01", "2026-11-01"),
        ("2026Q4", "2026-10-01", "2027-01-01"),
        ("2026-Q1", "2026-01-01", "2026-04-01"),
        ("2026", "2026-01-01", "2027-01-01"),
    ],
)
def test_a_period_is_a_day_month_quarter_or_year(tmp_path: Path, said: str, start: str, end: str) -> None:
    table = books(tmp_path, put(tmp_path, f"{REVENUE}a,{said},1,USD\n")).side_tables["revenue"]

    assert [str(table[name][0])[:10] for name in ("charge_period_start", "charge_period_end")] == [start, end]


def test_start_and_end_are_half_open_and_must_both_be_there(tmp_path: Path) -> None:
    rows = "customer,start,end,amount\na,2026-10-01,2026-10-31,30\nb,2026-10-01,,30\nc,2026-10-01,2026-10-01,30\n"
    found = books(tmp_path, put(tmp_path, rows))

    assert found.side_tables["revenue"]["customer"].to_list() == ["a"]
    assert [f.message.rpartition(": ")[2] for f in found.findings if f.code == "bad_line"] == [
        "it has a start and no end",
        "it ends before it starts (ends are exclusive)",
    ]


def test_amounts_keep_every_digit(tmp_path: Path) -> None:
    table = books(tmp_path, put(tmp_path, REVENUE + "a,2026-10,123456789.123456789012,usd\n")).side_tables["revenue"]

    assert table["amount"].to_list() == [Decimal("123456789.123456789012")]
    assert table["currency"].to_list() == ["USD"]


def test_a_named_file_that_lacks_columns_is_refused_with_what_is_missing(tmp_path: Path) -> None:
    path = put(tmp_path, "when,what\n2026-10-01,ticket\n")

    with pytest.raises(SourceError) as refused:
        books(tmp_path, outcomes=path)
    assert "lacks a time" in refused.value.message
    assert "use_case" in refused.value.message
    assert "finopsctl sources outcomes" in refused.value.hint


def test_a_named_file_needs_no_column_that_only_outcomes_have(tmp_path: Path) -> None:
    """day and use_case alone are not detected as outcomes, but one row is one outcome where the user says so."""
    path = put(tmp_path, "day,use_case\n2026-10-01,ticket\n2026-10-01,ticket\n")

    assert detected(path) is None
    assert books(tmp_path, outcomes=path).side_tables["outcomes"]["outcomes"].to_list() == [1, 1]


def test_a_file_named_and_among_the_inputs_is_read_once(tmp_path: Path) -> None:
    path = put(tmp_path, OUTCOMES + "2026-10-01,ticket,3,2,\n")
    found = books(tmp_path, path, outcomes=path)

    assert found.side_tables["outcomes"]["outcomes"].to_list() == [3]
    assert [i.source for i in found.inputs].count("outcomes") == 1


def test_a_file_of_which_no_row_can_be_read_stops_the_work(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="none of its 1 rows could be read as outcomes"):
        books(tmp_path, put(tmp_path, OUTCOMES + "never,ticket,3,2,\n"))


def test_a_revenue_file_given_as_outcomes_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path, REVENUE + "bakery,2026-10,5,USD\n")

    with pytest.raises(SourceError, match="it looks like revenue"):
        books(tmp_path, outcomes=path)


def test_redacted_customers_still_join_their_revenue(tmp_path: Path) -> None:
    path = put(tmp_path, REVENUE + "bakery,2026-10,5,USD\n")
    write(tmp_path / "usage.jsonl", {"record_id": "a", "reported_cost": "1", "customer": "bakery"})
    found = opened(tmp_path / "usage.jsonl", path, redact=("customer",), redact_key="salt")

    hidden = found.ledger.collect()["customer"].to_list()
    assert found.side_tables["revenue"]["customer"].to_list() == hidden
    assert "bakery" not in hidden


def test_amounts_in_another_currency_are_converted_at_the_rate_of_their_day(tmp_path: Path) -> None:
    """EUR 10 at 1.20 is USD 12; pounds have no rate and are unknown."""
    from datetime import date

    path = put(tmp_path, REVENUE + "a,2026-10,10,EUR\nb,2026-10,10,GBP\nc,2026-10,10,\n")
    rates = (("EUR", "USD", date(2026, 9, 1), Decimal("1.2")),)
    table = books(tmp_path, path, exchange_rates=rates).table("revenue")

    assert table is not None
    assert table["amount"].to_list() == [Decimal(12), None, Decimal(10)]
