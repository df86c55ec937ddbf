"""Projections printed in planning documents, each reproduced or refuted with the reason."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

from book_files import opened
from finopsctl.allocation.pools import Pool, Rate, Sharing
from finopsctl.analyses.attribution import breakdown
from finopsctl.analyses.forecast import Change, Forecast, ForecastQuestion, Scenario, forecast
from finopsctl.metrics.dimensions import parse
from ledgers import ledger

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

UNITS = {"operations": (500_000, "0.0084"), "engineering": (300_000, "0.0112"), "marketing": (200_000, "0.0045")}
"""Requests a day and USD a request of three business units."""


def september(units: Mapping[str, tuple[int, str]] = UNITS) -> pl.LazyFrame:
    """Return a month of days that all cost the same."""
    lines = ["day team requests record_kind cost"]
    for at in range(30):
        day = date(2026, 9, 1) + timedelta(days=at)
        lines += [f"{day} {unit} {n} usage {n * Decimal(price)}" for unit, (n, price) in units.items()]
    return ledger("\n".join(lines))


def projected(horizon: str, *scenarios: Scenario, by: str = "team") -> Forecast:
    question = ForecastQuestion(
        as_of=datetime(2026, 10, 1, tzinfo=UTC), by=parse(by), horizon=horizon, scenarios=scenarios
    )
    return forecast(september(), question)


def by_unit(found: Forecast, column: str) -> dict[str, Decimal]:
    table = next(each.frame for each in found.report().tables if each.title == "By team")
    return dict(table.select("team", column).iter_rows())


def test_thirty_days_of_a_million_requests_a_day_cost_253_800() -> None:
    """500,000 x 0.0084 = 4,200 a day; 300,000 x 0.0112 = 3,360; 200,000 x 0.0045 = 900: 8,460 a day."""
    found = projected("30d")

    assert found.totals["projected"] == Decimal(253_800)
    assert found.totals["run_rate_monthly"] == Decimal(253_800)
    assert by_unit(found, "projected") == {
        "operations": Decimal(126_000),
        "engineering": Decimal(100_800),
        "marketing": Decimal(27_000),
    }


def test_the_shares_of_the_three_units_are_49_6_and_39_7_and_10_6_percent() -> None:
    """126,000 / 253,800 = 0.49645, 100,800 / 253,800 = 0.39716, 27,000 / 253,800 = 0.10638."""
    shares = by_unit(projected("30d"), "share")

    assert {unit: round(100 * float(share), 1) for unit, share in shares.items()} == {
        "operations": 49.6,
        "engineering": 39.7,
        "marketing": 10.6,
    }


def test_a_month_end_of_258_000_fits_neither_30_days_nor_31() -> None:
    """Refuted: at 8,460 a day 30 days cost 253,800 and 31 cost 262,260; 258,000 is 30.5 days, which no month has."""
    october = projected("month-end").totals["projected"]

    assert october == Decimal(262_260)
    assert Decimal(258_000) not in (october, projected("30d").totals["projected"])
    assert pytest.approx(30.5, abs=0.01) == 258_000 / 8_460
    assert 30.5 not in {monthrange(2026, month)[1] for month in range(1, 13)}


def test_380_000_a_month_by_year_end_takes_growth_that_level_spend_does_not_have() -> None:
    """ "At current growth" has to name the growth: level spend ends the year at 253,800 a month.

    To reach 380,000 in the 92 days from October on, spend has to grow by 14 % in 30 days: 1.1407 ^ (92 / 30) = 1.497 =
    380,000 / 253,800. The run rate is that of the last week of the year, half a week before its end.
    """
    growth = Scenario("380k", (Change(growth_per_month=0.1407),))
    found = projected("year-end", growth, by="")
    scenarios = next(each.frame for each in found.report().tables if each.title == "Scenarios")

    assert found.totals["run_rate_monthly"] == Decimal(253_800)
    assert float(scenarios["run_rate_monthly"][1]) == pytest.approx(380_000, rel=0.02)


def test_a_seven_day_burn_projection_is_thirty_mean_days_and_not_a_mean_of_records() -> None:
    """Refuted: an average of total cost over table rows is the mean of 3 units' days, 2,820; a day costs 8,460."""
    rows = september().select("cost").collect()["cost"].cast(pl.Float64)
    mean_row = float(rows.to_numpy().mean())
    week = forecast(
        september(), ForecastQuestion(datetime(2026, 10, 1, tzinfo=UTC), horizon="30d", method="last_7_days")
    )

    assert mean_row == pytest.approx(2_820)
    assert week.totals["projected"] == Decimal(253_800)
    assert float(week.totals["projected"]) == pytest.approx(30 * 3 * mean_row)


def test_a_request_costs_0_0084_with_its_infrastructure_and_monitoring(tmp_path: Path) -> None:
    """450 x 0.00001 + 125 x 0.00003 = 0.00825 of tokens; 1.25 s x 0.00008 = 0.0001 and 0.00005 a request are pools."""
    (tmp_path / "prices").mkdir()
    (tmp_path / "prices" / "example.toml").write_text(
        'schema = 1\nprovider = "example"\n[[model]]\nid = "writer"\n'
        "rates = [{ from = 2026-01-01, input = 10.00, output = 30.00 }]\n"
    )
    (tmp_path / "calls.csv").write_text(
        "record_id,charge_period_start,record_kind,provider,model,team,requests,input_tokens,output_tokens,latency_ms\n"
        "call,2026-10-01T09:00:00Z,request,example,writer,operations,1,450,125,1250\n"
    )
    books = opened(tmp_path / "calls.csv", prices=tmp_path / "prices")
    pools = (
        Pool("infrastructure", rate=Rate(per_second=Decimal("0.00008"))),
        Pool("monitoring", rate=Rate(per_request=Decimal("0.00005"))),
    )
    found = breakdown(books.ledger, parse("team"), sharing=Sharing(pools, books.whole_period()))
    (row,) = found.rows.select("team", "direct", "shared", "spend").rows()

    assert row == ("operations", Decimal("0.00825"), Decimal("0.00015"), Decimal("0.0084"))
