"""The monthly report: budgets, forecast in hindsight, providers, chargeback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from reports.conftest import Ask


def test_it_is_of_the_last_month_that_is_over(ask: Ask) -> None:
    found = ask("report", "monthly", "--as-of", "2026-10-20")

    assert (found["totals"]["period_key"], found["rows"][0]["value"]) == ("2026-09", 90)


def test_a_forecast_in_hindsight_knows_only_what_came_before(ask: Ask) -> None:
    """On 1 October only $3 a day were known: 31 x 3 = $93, where $124 came: (124 - 93) / 93 = a third off."""
    rows = ask("report", "monthly")["forecast_against_actual"]

    first, middle = rows
    assert (first["origin"], first["history_days"], first["projected"], first["actual"]) == ("2026-10-01", 30, 93, 124)
    assert first["error"] == pytest.approx(1 / 3)
    assert first["inside"] == "no"
    then = ask("forecast", "--as-of", "2026-10-15")
    assert (middle["origin"], middle["projected"]) == ("2026-10-15", then["totals"]["projected"])


def test_a_forecast_needs_records_before_it(ask: Ask) -> None:
    """September is the first month there is: only its 15th has days before it."""
    rows = ask("report", "monthly", "--month", "2026-09")["forecast_against_actual"]

    assert [row["origin"] for row in rows] == ["2026-09-15"]


def test_budget_variance_is_that_of_the_command(ask: Ask) -> None:
    """Company: $124 of $200 planned is -38 %."""
    found = ask("report", "monthly", "--budgets", "budgets.toml")["budget_variance"]
    single = ask("variance", "--compare", "budget", "--budgets", "budgets.toml")["rows"]

    pairs = [(row["budget"], row["variance"]) for row in single]
    assert [(row["budget"], row["variance"]) for row in found] == pairs
    assert dict(pairs)["company"] == pytest.approx(-0.38)


def test_the_chargeback_ties_to_the_ledger(ask: Ask, tmp_path: Path) -> None:
    """$10 of shared cost by spend beside $124 of the ledger: 134 = 124 - 0 + 10, a quarter of it support's."""
    config = tmp_path / "finopsctl.toml"
    config.write_text('[[allocation.pool]]\nname = "gateway"\ncost = 10\nfrom = 2026-10-01\n', encoding="utf-8")

    found = ask("report", "monthly", "--config", str(config))
    single = ask("chargeback", "--month", "2026-10", "--config", str(config))

    totals = found["totals"]
    assert (totals["chargeback_ledger"], totals["chargeback_outside"], totals["chargeback_total"]) == (124, 10, 134)
    assert (totals["chargeback_difference"], single["totals"]["total"]) == (0, 134)
    assert found["rows"][0]["value"] == 124
    assert [(row["team"], row["shared"]) for row in found["chargeback"]] == [("search", 7.5), ("support", 2.5)]


def test_providers_go_from_month_to_month(ask: Ask) -> None:
    found = ask("report", "monthly")

    assert [(r["month"], r["provider"], r["spend"]) for r in found["spend_by_provider_and_month"]] == [
        ("2026-09", "openai", 90),
        ("2026-10", "openai", 124),
    ]
