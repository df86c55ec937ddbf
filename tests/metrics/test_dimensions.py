"""Dimensions: names, calendar periods in a time zone, tags."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from finopsctl.errors import ConfigError, SourceError
from finopsctl.metrics.dimensions import (
    DIMENSIONS,
    catalogue,
    dimension,
    longest_bucket,
    parse,
    refuse_longer_buckets,
)
from ledgers import ledger

CLOSED_LIST = (
    "environment team user customer project feature endpoint workload api_key provider model requested_model "
    "canonical_model model_tier service_tier region source record_kind trace_id token_class cost_type prompt_version "
    "plan meter hour day week month quarter year"
)


def values(name: str, table: str, timezone: str = "UTC", **constants: object) -> list[str | None]:
    frame = ledger(table, **constants).select(dimension(name).expr(timezone).alias("it")).collect()
    return frame["it"].to_list()


def test_the_list_of_dimensions_is_closed() -> None:
    assert {d.name for d in DIMENSIONS} == set(CLOSED_LIST.split())


def test_several_names_are_read_in_order_and_once() -> None:
    assert [d.name for d in parse("model, team,model")] == ["model", "team"]


@pytest.mark.parametrize(("alias", "name"), [("use_case", "feature"), ("tenant", "customer"), ("product", "project")])
def test_other_spellings_answer_to_the_ledgers_name(alias: str, name: str) -> None:
    assert dimension(alias).name == name


def test_an_unknown_dimension_names_the_nearest_one() -> None:
    with pytest.raises(ConfigError, match="unknown dimension 'tema'") as caught:
        parse("tema")

    assert "team" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hour", "2026-10-01T23:00:00Z"),
        ("day", "2026-10-01"),
        ("week", "2026-W40"),
        ("month", "2026-10"),
        ("quarter", "2026-Q4"),
        ("year", "2026"),
    ],
)
def test_calendar_periods_are_written_as_iso_writes_them(name: str, text: str) -> None:
    assert values(name, "day\n1T23:30") == [text]


@pytest.mark.parametrize(("name", "text"), [("hour", "2026-10-02T05:00:00+05:30"), ("day", "2026-10-02")])
def test_a_request_falls_on_the_local_day(name: str, text: str) -> None:
    """23:30 UTC on 1 October is 05:00 on 2 October in India."""
    assert values(name, "day\n1T23:30", "Asia/Kolkata") == [text]


@pytest.mark.parametrize(("name", "text"), [("day", "2026-10-01"), ("month", "2026-10")])
def test_a_bucket_of_a_day_keeps_its_utc_date_in_every_time_zone(name: str, text: str) -> None:
    """Midnight UTC is the evening before in New York; the bucket is 1 October's all the same."""
    end = datetime(2026, 10, 2, tzinfo=UTC)

    assert values(name, "day\n1", "America/New_York", charge_period_end=end) == [text]


def test_the_last_iso_week_of_a_year_belongs_to_the_year_of_its_thursday() -> None:
    start = datetime(2027, 1, 1, 12, tzinfo=UTC)

    assert values("week", "requests\n1", charge_period_start=start) == ["2026-W53"]


@pytest.mark.parametrize(
    ("first_month", "quarter", "year"),
    [(10, "FY2027-Q1", "FY2027"), (11, "FY2026-Q4", "FY2026"), (7, "FY2027-Q2", "FY2027"), (2, "FY2027-Q3", "FY2027")],
)
def test_fiscal_quarters_are_counted_from_the_month_the_year_starts_in(
    first_month: int, quarter: str, year: str
) -> None:
    """1 October 2026: the first day of a year from October, the last quarter of one from November."""
    row = ledger("day\n1")
    found = row.select(d.expr("UTC").alias(d.name) for d in parse("quarter,year", first_month)).collect()

    assert found.row(0) == (quarter, year)


def test_a_fiscal_quarter_is_grouped_by_the_day_it_begins() -> None:
    """31 March lies in the quarter that begins on 1 February, whatever day of a shorter month it would shift to."""
    row = ledger("requests\n1", charge_period_start=datetime(2026, 3, 31, 12, tzinfo=UTC))

    assert row.select(dimension("quarter", 2).key("UTC")).collect().item() == date(2026, 2, 1)


def test_a_tag_is_read_by_its_exact_name() -> None:
    tags = '{"a.b":"dotted","it\'s":"quoted","n":7}'

    found = [values(f"tag:{name}", "requests\n1", tags=tags) for name in ("a.b", "it's", "n", "absent")]

    assert found == [["dotted"], ["quoted"], ["7"], [None]]


def test_a_daily_bucket_is_not_put_into_an_hour() -> None:
    rows = ledger("day record_kind\n1 usage", charge_period_end=datetime(2026, 10, 2, tzinfo=UTC))
    longest = longest_bucket(rows).collect().item()

    with pytest.raises(SourceError, match="cannot be split by hour"):
        refuse_longer_buckets(parse("hour"), longest)


def test_a_daily_bucket_is_fine_by_day() -> None:
    refuse_longer_buckets(parse("day,month"), timedelta(days=1))


def test_a_request_that_took_two_hours_is_no_bucket() -> None:
    rows = ledger("day\n1", charge_period_end=datetime(2026, 10, 1, 2, tzinfo=UTC))

    assert longest_bucket(rows).collect().item() is None


def test_the_report_lists_every_dimension_and_tags() -> None:
    names = catalogue().tables[0].frame["dimension"].to_list()

    assert set(names) == {*CLOSED_LIST.split(), "tag:NAME"}
