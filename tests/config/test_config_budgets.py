"""Budgets from configuration and from a file of their own."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from finopsctl.config.budgets import load
from finopsctl.config.settings import load as load_settings
from finopsctl.errors import ConfigError
from finopsctl.metrics.budgets import Alert, Budget, GatewayTerms


def _file(folder: Path, text: str) -> Path:
    path = folder / "budgets.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_budget_without_dimensions_is_global_with_the_usual_alerts(tmp_path: Path) -> None:
    (budget,) = load(_file(tmp_path, "[[budget]]\nlimit = 250000"))

    assert budget == Budget("global", Decimal(250000), alerts=(Alert(0.8), Alert(0.95)))


def test_any_dimension_limits_a_budget_and_names_it(tmp_path: Path) -> None:
    text = """
[[budget]]
team = "support"
"tag:tier" = "gold"
use_case = "chat"
limit = 5000.50
period = "30d"
from = 2026-01-01
alerts = [{ at = 1.0, action = "stop" }, { at = 0.5, action = "tell" }]
"""
    (budget,) = load(_file(tmp_path, text), "Asia/Kolkata")

    assert budget == Budget(
        "support/gold/chat",
        Decimal("5000.50"),
        "30d",
        {"team": "support", "tag:tier": "gold", "feature": "chat"},
        date(2026, 1, 1),
        (Alert(0.5, "tell"), Alert(1.0, "stop")),
        "Asia/Kolkata",
    )


def test_an_empty_list_of_alerts_means_none(tmp_path: Path) -> None:
    (budget,) = load(_file(tmp_path, "[[budget]]\nlimit = 1\nalerts = []"))

    assert budget.alerts == ()


def test_a_budget_may_say_what_a_gateway_is_to_enforce(tmp_path: Path) -> None:
    text = """
[[budget]]
team = "support"
limit = 5000
period = "1mo"
hard-stop = 1.2
models = ["gpt-4o", "gpt-4o-mini"]
tpm-limit = 200000
rpm_limit = 1000
alerts = [{ at = 0.5 }]
"""
    (budget,) = load(_file(tmp_path, text))

    assert budget.terms == GatewayTerms(("gpt-4o", "gpt-4o-mini"), 200_000, 1000, Decimal("1.2"))
    assert budget.alerts == (Alert(0.5), Alert(1.2, "hard stop"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("period = '36h'", r"'36h' is no period of a budget"),
        ("period = 'fortnight'", "period"),
        ("limit = -1", "limit"),
        ("hard-stop = 120", "a hard stop at 120 of the limit"),
        ("rpm-limit = 0", "rpm-limit"),
        ("model-limit = 5", "neither a key of a budget nor a dimension"),
    ],
)
def test_a_term_that_makes_no_sense_is_refused(tmp_path: Path, line: str, message: str) -> None:
    limit = "" if line.startswith("limit") else "limit = 1\n"
    with pytest.raises(ConfigError, match=message):
        load(_file(tmp_path, f"[[budget]]\n{limit}{line}"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[budget]]\nlimit = 1\n[[budget]]\nlimit = 2", "two budgets are called 'global'"),
        ("[[budget]]\nname = 'x'", r"budget\[0\]\.limit: is missing"),
        ("limit = 1", r"no \[\[budget\]\] in it"),
        ("top = 1\n[[budget]]\nlimit = 1", "top: unknown key"),
    ],
)
def test_a_broken_budgets_file_is_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load(_file(tmp_path, text))

    assert "budgets.toml" in caught.value.message


def test_a_budgets_file_is_used_instead_of_the_tables(tmp_path: Path) -> None:
    _file(tmp_path, "[[budget]]\nname = 'file'\nlimit = 1")
    config = tmp_path / "finopsctl.toml"
    config.write_text("[[budget]]\nname = 'table'\nlimit = 2")
    environ = {"HOME": str(tmp_path)}
    tables = load_settings(config=config, environ=environ, start=tmp_path, flags={})
    file = load_settings(config=config, environ=environ, start=tmp_path, flags={"budgets": Path("budgets.toml")})

    assert [budget.name for budget in tables.all_budgets(tmp_path)] == ["table"]
    assert [budget.name for budget in file.all_budgets(tmp_path)] == ["file"]


@pytest.mark.parametrize(
    ("file", "environ", "flags", "limits"),
    [
        ("", {}, {}, ["USD", "SEK"]),
        ("", {}, {"currency": "EUR"}, ["USD", "SEK"]),
        ('currency = "GBP"', {}, {"currency": "EUR"}, ["GBP", "SEK"]),
        ('currency = "GBP"', {"FINOPSCTL_CURRENCY": "JPY"}, {"currency": "EUR"}, ["JPY", "SEK"]),
    ],
)
def test_a_limit_is_in_the_currency_of_its_table_or_of_files_and_environment_but_not_of_a_flag(
    tmp_path: Path, file: str, environ: dict[str, str], flags: dict[str, str], limits: list[str]
) -> None:
    tables = "[[budget]]\nlimit = 5\n[[budget]]\nteam = 'a'\nlimit = 5\ncurrency = 'SEK'\n"
    (tmp_path / "finopsctl.toml").write_text(f"{file}\n{tables}", "utf-8")
    (tmp_path / "budgets.toml").write_text(tables, "utf-8")
    settings = load_settings(config=tmp_path / "finopsctl.toml", environ=environ, start=tmp_path, flags=flags)
    named = load_settings(
        config=tmp_path / "finopsctl.toml",
        environ=environ,
        start=tmp_path,
        flags={**flags, "budgets": tmp_path / "budgets.toml"},
    )

    assert [budget.currency for budget in settings.all_budgets()] == limits
    assert [budget.currency for budget in named.all_budgets(tmp_path)] == limits


@pytest.mark.parametrize("odds", ["[0.5, 0.2]", "[0, 0.5]", "[0.2, 1.5]"])
def test_odds_that_cannot_be_thresholds_are_refused(tmp_path: Path, odds: str) -> None:
    (tmp_path / "finopsctl.toml").write_text(f"[kpi]\noverrun = {odds}\n", "utf-8")

    with pytest.raises(ConfigError, match=r"do not rise|a range is needed"):
        load_settings(config=tmp_path / "finopsctl.toml", environ={}, start=tmp_path, flags={})


def test_thresholds_of_odds_reach_the_grading(tmp_path: Path) -> None:
    (tmp_path / "finopsctl.toml").write_text("[kpi]\noverrun = [0.1, 0.3]\n", "utf-8")
    found = load_settings(config=tmp_path / "finopsctl.toml", environ={}, start=tmp_path, flags={})

    assert found.kpi_settings().overrun == (0.1, 0.3)
