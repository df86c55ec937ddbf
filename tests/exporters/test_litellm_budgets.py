"""Budgets written for a LiteLLM proxy, and what of them it cannot enforce."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import yaml

from finopsctl.errors import ConfigError
from finopsctl.exporters.litellm_budgets import REQUESTS, exported
from finopsctl.metrics.budgets import Alert, Budget, GatewayTerms
from pricing.price_lists import litellm

TERMS = GatewayTerms(("gpt-4o", "claude-sonnet-4-5"), 200_000, 1000)
EVERY_KIND = (
    Budget("all", Decimal("125.5")),
    Budget("openai", Decimal(50), "1d", {"provider": "openai"}),
    Budget("support", Decimal(5000), scope={"team": "support"}, terms=TERMS),
    Budget("bot", Decimal(5), "7d", {"api_key": 'bot: "prod" #1'}, terms=TERMS),
    Budget("u-1", Decimal(5), "24h", {"user": "u-1"}, terms=TERMS),
    Budget("bakery", Decimal(5), "30d", {"customer": "bäckerei"}, starts=date(2026, 10, 1), terms=TERMS),
)


def document(*budgets: Budget) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(exported(budgets)[0])
    return found


def request(budget: Budget) -> dict[str, Any]:
    (found,) = document(budget)[REQUESTS]
    return dict(found)


def left_out(*budgets: Budget) -> list[str]:
    return [finding.message for finding in exported(budgets)[1] if finding.code == "budget_not_exported"]


def test_a_budget_for_everything_is_the_proxys_own() -> None:
    assert document(Budget("all", Decimal("125.5"))) == {
        "litellm_settings": {"max_budget": 125.5, "budget_duration": "1mo"}
    }


def test_a_limit_of_zero_on_everything_is_not_written_as_no_limit_at_all() -> None:
    """The proxy checks spend against ``max_budget`` only where that is above 0."""
    assert left_out(Budget("all", Decimal(0))) == [
        "Budget all is left out: LiteLLM takes a limit of 0 on everything for no limit at all."
    ]


def test_a_providers_budget_is_a_setting_of_the_router_under_litellms_name() -> None:
    found = document(Budget("g", Decimal(50), "1d", {"provider": "google"}))

    assert found["router_settings"]["provider_budget_config"] == {"gemini": {"budget_limit": 50, "time_period": "1d"}}


def test_a_teams_budget_is_a_request_with_its_models_and_rates() -> None:
    """The first alert, at 80 % of 5,000, is the soft budget."""
    assert request(Budget("support", Decimal(5000), scope={"team": "support"}, terms=TERMS)) == {
        "path": "/team/new",
        "body": {
            "team_alias": "support",
            "max_budget": 5000,
            "budget_duration": "1mo",
            "soft_budget": 4000,
            "models": ["gpt-4o", "claude-sonnet-4-5"],
            "tpm_limit": 200000,
            "rpm_limit": 1000,
        },
    }


def test_a_hard_stop_is_what_the_gateway_refuses_at() -> None:
    budget = Budget(
        "s", Decimal(100), scope={"team": "s"}, alerts=(Alert(0.5),), terms=GatewayTerms(hard_stop=Decimal("1.2"))
    )

    assert (request(budget)["body"]["max_budget"], request(budget)["body"]["soft_budget"]) == (120, 50)


@pytest.mark.parametrize(
    ("budget", "why"),
    [
        (Budget("q", Decimal(1), "quarter"), "LiteLLM resets budgets after days or a month, not a quarter"),
        (Budget("y", Decimal(1), "year"), "not a year"),
        (Budget("f", Decimal(1), scope={"feature": "chat"}), "LiteLLM's configuration has no limit by feature"),
        (Budget("t", Decimal(1), scope={"team": "s*"}), "is a pattern"),
        (Budget("tm", Decimal(1), scope={"team": "s", "model": "m"}), "no limit on team and model together"),
    ],
)
def test_what_litellm_cannot_enforce_is_left_out_with_the_reason(budget: Budget, why: str) -> None:
    text, _ = exported([budget])

    assert why in left_out(budget)[0]
    assert f"# {left_out(budget)[0]}" in text
    assert yaml.safe_load(text) is None


def test_a_second_budget_of_one_team_is_left_out() -> None:
    daily = Budget("daily", Decimal(1), "1d", {"team": "s"})

    assert left_out(Budget("s", Decimal(9), scope={"team": "s"}), daily) == [
        "Budget daily is left out: team s has one budget, and an earlier one is it."
    ]


def test_thirty_days_from_a_date_are_said_to_become_calendar_months() -> None:
    budget = Budget("s", Decimal(9), "30d", {"team": "s"}, starts=date(2026, 10, 5))
    text, findings = exported([budget])

    assert request(budget)["body"]["budget_duration"] == "30d"
    assert [finding.code for finding in findings] == ["budget_changed"]
    assert "# Budget s starts anew on the 1st of a month there: LiteLLM takes 30d for a calendar month." in text


def test_budgets_in_another_currency_are_refused() -> None:
    with pytest.raises(ConfigError, match="in EUR and LiteLLM counts USD"):
        exported([Budget("all", Decimal(1), currency="EUR")])


def test_one_budget_in_another_currency_is_left_out() -> None:
    text, findings = exported(
        [Budget("all", Decimal(1)), Budget("eu", Decimal(2), scope={"team": "eu"}, currency="EUR")]
    )

    assert "eu" in findings[0].message
    assert "its limit is in EUR" in findings[0].message
    assert yaml.safe_load(text)["litellm_settings"]["max_budget"] == 1


@pytest.mark.filterwarnings("ignore")  # what litellm imports warns of itself
@pytest.mark.slow
def test_litellm_reads_what_is_written_as_its_own_models_say() -> None:
    """Configuration, router settings and every body; no key of theirs is unknown to them, every duration is usable."""
    litellm()
    from litellm.proxy import _types as theirs
    from litellm.proxy.common_utils.timezone_utils import budget_duration_error
    from litellm.router import Router
    from litellm.types.utils import BudgetConfig

    bodies = {
        "/team/new": theirs.NewTeamRequest,
        "/key/generate": theirs.GenerateKeyRequest,
        "/user/new": theirs.NewUserRequest,
        "/customer/new": theirs.NewCustomerRequest,
    }
    found = document(*EVERY_KIND)
    config = theirs.ConfigYAML(**found)
    provider = BudgetConfig(**found["router_settings"]["provider_budget_config"]["openai"])

    assert set(found) - {REQUESTS} <= set(theirs.ConfigYAML.model_fields)
    assert config.litellm_settings == {"max_budget": 125.5, "budget_duration": "1mo"}
    # The proxy hands router_settings to the router's constructor.
    assert set(found["router_settings"]) <= set(Router.get_valid_args())
    assert (provider.max_budget, provider.budget_duration) == (50, "1d")
    assert len(found[REQUESTS]) == 4
    for each in found[REQUESTS]:
        model, body = bodies[each["path"]], each["body"]
        read = model(**body).model_dump()

        assert set(body) <= set(model.model_fields)
        assert {key: read[key] for key in body} == body
        assert budget_duration_error(body["budget_duration"]) is None
    assert budget_duration_error("1mo") is None
    assert budget_duration_error("3mo") is not None, "quarters can be exported now"
