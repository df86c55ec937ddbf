from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from report_files import read_content, read_path
from shared import EXAMPLES, needs_shared

if TYPE_CHECKING:
    from pathlib import Path

HEADER = (
    "start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,quantity,quantity_unit,line_item,"
    "user_id,api_key_id,project_id,organization_id,project_name,organization_name,user_email,api_source"
)
TIMES = "1793577600,1793664000,2026-11-02T00:00:00+00:00,2026-11-03T00:00:00+00:00"


@needs_shared
def test_a_day_without_costs_is_no_record_and_the_other_is_six_cents() -> None:
    """1 November is all blanks; 2 November is 24,000 input tokens for 0.06 USD, printed with thirty decimals."""
    done = read_path(EXAMPLES / "formats/openai_dashboard_cost.csv")
    row = done.row()

    assert done.faults.bad == done.faults.odd == 0
    assert (row["reported_cost"], row["billing_currency"], row["record_kind"]) == (Decimal("0.06"), "USD", "cost")
    assert (row["model"], row["consumed_quantity"], row["consumed_unit"]) == ("gpt-4o-2024-08-06", 24000.0, "tokens")
    assert (row["project"], row["api_key"], row["origin"]) == ("proj_test", "key_test", "openai_dashboard_cost.csv#3")
    assert row["charge_period_start"] == datetime(2026, 11, 2, tzinfo=UTC)


def test_the_short_header_of_earlier_exports_is_read(tmp_path: Path) -> None:
    """Tab-separated, ungrouped, without quantities: 0.895874 USD on the first day, nothing on the second."""
    header = (
        "start_time end_time start_time_iso end_time_iso amount_value amount_currency line_item project_id"
        " organization_id organization_name"
    )
    first = [*TIMES.split(","), "0.8958740000000000", "usd", "", "", "org-a", "Personal"]
    second = [*TIMES.split(","), *[""] * 6]
    done = read_content(tmp_path, "\n".join("\t".join(row) for row in (header.split(), first, second)))

    assert done.source == "openai-cost-csv"
    assert done.values("reported_cost") == [Decimal("0.895874")]
    assert done.values("consumed_unit") == [None]


@pytest.mark.parametrize(
    "iso", ["2026-11-02T00:00:00+00:00", "2026-11-02T00:00:00Z", "2026-11-02T00:00:00", "2026-11-02"]
)
def test_times_with_or_without_an_offset_are_utc(tmp_path: Path, iso: str) -> None:
    text = f"start_time_iso,amount_value,amount_currency\n{iso},1,usd\n"

    assert read_content(tmp_path, text).values("charge_period_start") == [datetime(2026, 11, 2, tzinfo=UTC)]


def test_refunds_and_other_currencies_are_kept_apart(tmp_path: Path) -> None:
    rows = [
        f'{TIMES},{value},{currency},,,"gpt-4o, output",,,,,,,,' for value, currency in [("-0.5", "usd"), ("2", "eur")]
    ]
    done = read_content(tmp_path, "\n".join([HEADER, *rows]))

    assert done.values("record_kind") == ["credit", "cost"]
    assert done.values("reported_cost") == [Decimal("-0.5"), Decimal(2)]
    assert done.values("billing_currency") == ["USD", "EUR"]


def test_an_amount_that_is_none_is_set_aside(tmp_path: Path) -> None:
    done = read_content(tmp_path, f"{HEADER}\n{TIMES},abc,usd{',' * 11}\n{TIMES},1,usd{',' * 11}\n")

    assert done.values("reported_cost") == [Decimal(1)]
    assert done.bad == ["amount: 'abc' is not an amount"]


def test_the_person_is_named_by_id_and_by_address_only_without_one(tmp_path: Path) -> None:
    rows = [
        f"{TIMES},1,usd,,,,user-a,,,,,,a@example.com,",
        f"{TIMES},1,usd,,,,,,,,,,b@example.com,",
    ]
    done = read_content(tmp_path, "\n".join([HEADER, *rows]))

    assert done.values("user") == ["user-a", "b@example.com"]
    assert not any("example.com" in (tags or "") for tags in done.values("tags"))
