"""Budgets and alerts as four practices describe them, each written as configuration; and one overspent month."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from finopsctl.analyses.budget import BudgetQuestion, status
from finopsctl.config.budgets import load
from finopsctl.config.settings import load as load_settings
from finopsctl.exporters.litellm_budgets import exported
from ledgers import ledger

if TYPE_CHECKING:
    from pathlib import Path

    from finopsctl.metrics.budgets import Budget
    from finopsctl.metrics.kpi import KpiSettings

END = datetime(2026, 11, 1, tzinfo=UTC)

STATUS_AND_ALERTS = """
[[budget]]
limit = 1000
alerts = [{ at = 0.80, action = "warning" }, { at = 0.95, action = "critical" }]
"""
HARD_STOP = """
[[budget]]
limit = 1000
alerts = [{ at = 0.5 }, { at = 0.8 }, { at = 1.0 }]
hard-stop = 1.2
"""
ACTIONS = """
[[budget]]
limit = 250000
alerts = [
  { at = 0.75, action = "optimize at once" },
  { at = 0.90, action = "freeze non-critical spending" },
  { at = 1.00, action = "executive approval" },
]
"""
SOFT = """
[[budget]]
limit = 1000
alerts = [{ at = 0.8, action = "soft alert" }]
"""


def budgets(folder: Path, text: str) -> tuple[Budget, ...]:
    path = folder / "budgets.toml"
    path.write_text(text, "utf-8")
    return load(path)


def standing(budget: tuple[Budget, ...], spent: str, settings: KpiSettings | None = None) -> dict[str, Any]:
    more = {} if settings is None else {"settings": settings}
    rows = status(ledger(f"day team cost\n1 a {spent}\n31 a 0"), BudgetQuestion(budget, END, **more)).rows  # type: ignore[arg-type]
    return rows.row(0, named=True)


def levels(found: dict[str, Any]) -> list[float]:
    return [alert["at"] for alert in found["alerts"]]


@pytest.mark.parametrize(
    ("spent", "state", "fired"),
    [
        ("699", "good", []),
        ("700", "warning", []),
        ("800", "warning", [0.8]),
        ("900", "warning", [0.8]),
        ("901", "critical", [0.8]),
        ("950", "critical", [0.8, 0.95]),
    ],
)
def test_status_at_70_and_90_percent_stands_apart_from_alerts_at_80_and_95(
    tmp_path: Path, spent: str, state: str, fired: list[float]
) -> None:
    """The whole month is over, so the days that are left play no part."""
    found = standing(budgets(tmp_path, STATUS_AND_ALERTS), spent)

    assert (found["status"], levels(found)) == (state, fired)


@pytest.mark.parametrize(
    ("spent", "fired"),
    [("499", []), ("500", [0.5]), ("800", [0.5, 0.8]), ("1000", [0.5, 0.8, 1.0]), ("1200", [0.5, 0.8, 1.0, 1.2])],
)
def test_alerts_at_50_80_and_100_percent_with_a_hard_stop_at_120(
    tmp_path: Path, spent: str, fired: list[float]
) -> None:
    assert levels(standing(budgets(tmp_path, HARD_STOP), spent)) == fired


def test_the_gateway_refuses_requests_from_the_hard_stop_on(tmp_path: Path) -> None:
    """120 % of 1,000; the first alert, at 50 %, is its soft budget."""
    text = HARD_STOP.replace("limit", 'team = "a"\nlimit')
    document, _ = exported(budgets(tmp_path, text))

    assert "max_budget: 1200" in document
    assert "soft_budget: 500" in document


def test_a_ladder_names_what_to_do_at_each_level(tmp_path: Path) -> None:
    found = standing(budgets(tmp_path, ACTIONS), "230000")

    assert found["alerts"] == [
        {"at": 0.75, "action": "optimize at once"},
        {"at": 0.9, "action": "freeze non-critical spending"},
    ]


def test_253_800_spent_of_250_000_is_over_by_3_800_and_has_fired_every_level(tmp_path: Path) -> None:
    """3,800 / 250,000 = 1.52 %, printed as 1.5 %; 253,800 / 250,000 = 101.52 %, printed as 101.5 %."""
    found = standing(budgets(tmp_path, ACTIONS), "253800")

    assert found["actual"] - found["limit"] == Decimal(3800)
    assert (round(found["budget_variance"], 3), round(found["utilization"], 3)) == (0.015, 1.015)
    assert (levels(found), found["status"]) == ([0.75, 0.9, 1.0], "exhausted")
    assert [alert["action"] for alert in found["alerts"]][-1] == "executive approval"


def test_a_soft_alert_at_80_percent_is_all_there_is(tmp_path: Path) -> None:
    budget = budgets(tmp_path, SOFT)

    assert (levels(standing(budget, "799")), levels(standing(budget, "999"))) == ([], [0.8])


def test_the_bands_of_the_status_are_configuration(tmp_path: Path) -> None:
    """50 / 75 instead of 70 / 90."""
    path = tmp_path / "finopsctl.toml"
    path.write_text("[kpi.scales]\nbudget_utilization = [0.5, 0.75]\n", "utf-8")
    moved = load_settings(config=path, environ={"HOME": str(tmp_path)}, start=tmp_path, flags={}).kpi_settings()
    budget = budgets(tmp_path, STATUS_AND_ALERTS)

    assert [standing(budget, spent, moved)["status"] for spent in ("499", "600", "760")] == [
        "good",
        "warning",
        "critical",
    ]


def test_a_key_limited_to_two_models_200000_tokens_and_1000_requests_a_minute(tmp_path: Path) -> None:
    """5,000 USD a month: what a practice prints as a gateway's configuration is no key LiteLLM has; this is."""
    text = """
[[budget]]
api_key = "search-prod"
limit = 5000
models = ["gpt-4o", "claude-sonnet-4-5"]
tpm-limit = 200000
rpm-limit = 1000
alerts = []
"""
    document, left_out = exported(budgets(tmp_path, text))

    assert (
        document.split("finopsctl_requests:\n")[1]
        == """\
- path: /key/generate
  body:
    key_alias: search-prod
    max_budget: 5000
    budget_duration: 1mo
    models:
    - gpt-4o
    - claude-sonnet-4-5
    tpm_limit: 200000
    rpm_limit: 1000
"""
    )
    assert left_out == ()
