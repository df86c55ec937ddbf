"""Budgets out of LiteLLM's tables: limits, periods, what they are limited to, and beside the configured ones."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from finopsctl.metrics.budgets import GATEWAY, Alert, Budget
from finopsctl.metrics.gateway_budgets import combined, from_litellm
from finopsctl.sources import SIDE_TABLES, Faults, InputFile, SideTable, probe, read_raw
from shared import EXAMPLES, needs_shared

AS_OF = datetime(2026, 10, 16, tzinfo=UTC)
RAW = {table.name: pl.Schema(table.raw) for table in SIDE_TABLES}


def table(name: str, *rows: dict[str, Any]) -> dict[str, pl.DataFrame]:
    schema = {key: dtype for key, dtype in RAW[name].items() if key != "metadata"}
    return {name: pl.DataFrame(list(rows), schema=schema)}


def team(alias: str = "support", **more: Any) -> dict[str, pl.DataFrame]:
    limit = {"max_budget": Decimal(14), "budget_duration": "1mo"}
    return table("litellm-teams", {"team_id": "t-1", "team_alias": alias, **limit, **more})


def only(tables: dict[str, pl.DataFrame]) -> Budget:
    (budget,), _ = from_litellm(tables, AS_OF)
    return budget


def test_a_team_has_its_name_its_limit_and_its_soft_budget_as_an_alert() -> None:
    """11.20 of 14 is 80 %; at 100 % LiteLLM refuses requests."""
    found = only(team(soft_budget=Decimal("11.2")))

    assert (found.name, found.limit, found.set_in) == ("support", Decimal(14), GATEWAY)
    assert found.scope == {"team": "support"}
    assert found.alerts == (
        Alert(0.8, "the gateway's soft budget"),
        Alert(1.0, "the gateway refuses requests"),
    )


@pytest.mark.parametrize(
    ("duration", "resets_at", "period", "resets"),
    [
        ("1mo", None, "month", None),
        ("monthly", None, "month", None),
        ("30d", None, "month", None),
        ("30d", datetime(2026, 11, 1, tzinfo=UTC), "month", None),
        ("30d", datetime(2026, 11, 5, tzinfo=UTC), "30d", date(2026, 11, 5)),
        ("7d", None, "7d", date(2024, 1, 1)),
        ("1w", datetime(2026, 10, 19, tzinfo=UTC), "7d", date(2026, 10, 19)),
        ("24h", None, "1d", None),
        ("1d", datetime(2026, 10, 17, tzinfo=UTC), "1d", date(2026, 10, 17)),
    ],
)
def test_litellms_durations_are_whole_days_or_calendar_months(
    duration: str, resets_at: datetime | None, period: str, resets: date | None
) -> None:
    """LiteLLM starts ``30d`` anew on the 1st of a month, ``7d`` on a Monday (1 January 2024 was one)."""
    found = only(team(budget_duration=duration, budget_reset_at=resets_at))

    assert (found.period, found.resets) == (period, resets)


def test_a_week_of_the_gateway_is_the_one_from_monday() -> None:
    """16 October 2026 is a Friday."""
    current = only(team(budget_duration="7d")).current(AS_OF)

    assert (current.first_day, current.last_day) == (date(2026, 10, 12), date(2026, 10, 18))


@pytest.mark.parametrize(
    ("duration", "code"), [(None, "budget_never_resets"), ("1h", "budget_not_followed"), ("3mo", "budget_not_followed")]
)
def test_what_has_no_period_of_days_is_a_finding(duration: str | None, code: str) -> None:
    budgets, findings = from_litellm(team(budget_duration=duration), AS_OF)

    assert budgets == ()
    assert [finding.code for finding in findings] == [code]


def test_a_team_without_a_limit_has_no_budget() -> None:
    assert from_litellm(team(max_budget=None), AS_OF) == ((), ())


def test_a_key_takes_its_limit_from_its_budget_unless_it_has_one_of_its_own() -> None:
    budgets = table("litellm-budgets", {"budget_id": "b-1", "max_budget": Decimal(7), "budget_duration": "7d"})
    keys = table(
        "litellm-keys",
        {"token": "f" * 64, "key_alias": "bot", "budget_id": "b-1"},
        {"token": "e" * 64, "key_alias": None, "budget_id": "b-1", "max_budget": Decimal(3), "budget_duration": "1mo"},
    )
    found, _ = from_litellm({**budgets, **keys}, AS_OF)

    assert [(b.name, dict(b.scope), b.limit, b.period) for b in found] == [
        ("key bot", {"api_key": "bot"}, Decimal(7), "7d"),
        (f"key {'e' * 40}", {"api_key": "e" * 64}, Decimal(3), "month"),
    ]


def test_a_temporary_increase_counts_until_it_runs_out() -> None:
    def limit(expiry: datetime) -> Decimal:
        terms = {"budget_id": "b", "max_budget": Decimal(7), "budget_duration": "1mo"}
        more = {"temp_budget_increase": Decimal(5), "temp_budget_expiry": expiry}
        keys = table("litellm-keys", {"token": "t", "key_alias": "bot", "budget_id": "b"})
        return only({**table("litellm-budgets", {**terms, **more}), **keys}).limit

    assert (limit(datetime(2026, 10, 17, tzinfo=UTC)), limit(datetime(2026, 10, 16, tzinfo=UTC))) == (
        Decimal(12),
        Decimal(7),
    )


def test_users_organizations_projects_and_the_proxy_itself_have_budgets() -> None:
    terms = {"max_budget": Decimal(1), "budget_duration": "1mo"}
    tables = {
        **table("litellm-users", {"user_id": "u-1", **terms}, {"user_id": "litellm-proxy-budget", **terms}),
        **table("litellm-budgets", {"budget_id": "b", **terms}),
        **table("litellm-organizations", {"organization_id": "o-1", "organization_alias": "North", "budget_id": "b"}),
        **table("litellm-projects", {"project_id": "p-1", "project_alias": "oven", "budget_id": "b"}),
    }
    found, _ = from_litellm(tables, AS_OF)

    assert {b.name: b.scope for b in found} == {
        "user u-1": {"user": "u-1"},
        "gateway": {},
        "organization North": {"tag:organization": "o-1"},
        "project oven": {"project": "oven"},
    }


def test_further_windows_and_limits_by_model_are_budgets_of_their_own() -> None:
    found, _ = from_litellm(
        team(
            budget_limits='[{"budget_duration": "1d", "max_budget": 2.5}]',
            model_max_budget='{"gpt-4o": {"budget_limit": 4, "time_period": "7d"}, "mini": 1.5}',
        ),
        AS_OF,
    )

    assert [(b.name, dict(b.scope), b.limit, b.period) for b in found] == [
        ("support", {"team": "support"}, Decimal(14), "month"),
        ("support (1d)", {"team": "support"}, Decimal("2.5"), "1d"),
        ("support, gpt-4o", {"team": "support", "model": "gpt-4o"}, Decimal(4), "7d"),
        ("support, mini", {"team": "support", "model": "mini"}, Decimal("1.5"), "month"),
    ]


def test_two_teams_of_one_name_are_one_team_with_both_limits() -> None:
    """The ledger shows them as one: 14 + 6."""
    limit = {"max_budget": Decimal(14), "budget_duration": "1mo", "team_alias": "support"}
    both = table("litellm-teams", {"team_id": "a", **limit}, {"team_id": "b", **limit, "max_budget": Decimal(6)})

    assert only(both).limit == 20


def test_a_configured_budget_wins_over_the_gateways_for_the_same_scope() -> None:
    mine = Budget("help desk", Decimal(12), scope={"team": "support"})
    theirs, _ = from_litellm(team(), AS_OF)
    won, said = combined([mine], theirs)
    both, _ = combined([mine], theirs, everything=True)

    assert [b.name for b in won] == ["help desk"]
    assert [b.name for b in both] == ["help desk", "support"]
    assert said[0].message == (
        "Budget help desk is $12.00 (month) in the configuration; the gateway enforces $14.00 (month)."
    )


def test_a_budget_whose_name_is_taken_says_where_it_is_set() -> None:
    theirs, _ = from_litellm(team(), AS_OF)
    both, said = combined([Budget("support", Decimal(14), scope={"team": "support"})], theirs, everything=True)

    assert [b.name for b in both] == ["support", "support (gateway)"]
    assert said == ()


@needs_shared
def test_the_example_tables_give_a_team_and_a_key_by_the_month() -> None:
    def frame(name: str) -> pl.DataFrame:
        path = EXAMPLES / "formats" / name
        file = InputFile(path, path.name)
        kind = next(t for t in SIDE_TABLES if t.score(probe(file)) > 0)
        assert isinstance(kind, SideTable)
        return pl.concat(list(read_raw(file, probe(file), kind, Faults(file.name))))

    tables = {
        "litellm-teams": frame("litellm_team_table.csv"),
        "litellm-keys": frame("litellm_verification_token.csv"),
    }
    found, _ = from_litellm(tables, AS_OF)

    assert [(b.name, b.limit, b.period) for b in found] == [
        ("Customer Support", Decimal(5000), "month"),
        ("key support-bot-prod", Decimal(100), "month"),
    ]
