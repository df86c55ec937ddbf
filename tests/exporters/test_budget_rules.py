"""Budgets as rules: spend since the period began, whichever period, and the alert of each level.

Prometheus' tests begin at 1970-01-01T00:00Z. One USD an hour: 31 days of January are 744 USD.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from exporters.promtools import NASTY, alert, checked, evaluates, kpis, needs_promtool, value
from finopsctl.exporters import _budget_rules as budget_rules
from finopsctl.exporters._yaml import document
from finopsctl.exporters.dialects import GENERIC, LITELLM
from finopsctl.exporters.prometheus_rules import rules
from finopsctl.metrics.budgets import Alert, Budget
from finopsctl.metrics.kpi import Scale

if TYPE_CHECKING:
    from pathlib import Path

    from finopsctl.exporters.dialects import Dialect

SPENT = "finopsctl:budget_spend_usd"
HOURLY_DOLLAR = {"litellm_spend_metric_total": "0+1x900"}
THE_11TH, THE_21ST = date(1970, 1, 11), date(1970, 1, 21)
UTILIZATION = Scale.of("< 0.70 good", "<= 0.90 warning", "critical")


def budget(period: str = "month", **more: Any) -> Budget:
    return Budget(more.pop("name", "all"), Decimal(str(more.pop("limit", 1000))), period, **more)


def only(*budgets: Budget) -> str:
    """Return the rules of budgets alone, so that days are soon evaluated."""
    recording = [rule for one in budgets for rule in budget_rules.recording_rules(one, LITELLM)]
    alerts = [rule for one in budgets for rule in budget_rules.alert_rules(one, UTILIZATION)]
    groups = [{"name": "budgets", "rules": recording}, {"name": "alerts", "rules": alerts}]
    return document({"groups": [group for group in groups if group["rules"]]})


@needs_promtool
@pytest.mark.parametrize(
    ("one", "at", "spent"),
    [
        (budget(), "240h", 240),  # ten days of January
        (budget(), "744h", 744),  # midnight ends January
        (budget(), "792h", 48),  # two days of February
        (budget("quarter"), "792h", 792),  # January to March
        (budget("quarter", fiscal_year_start=2), "792h", 48),  # February to April
        (budget("year"), "792h", 792),
        (budget("year", fiscal_year_start=2), "792h", 48),
        (budget("10d", starts=THE_11TH), "792h", 72),  # 11 and 21 January, then 31: three days
        (budget("7d"), "792h", 168),  # looks back
        (budget(starts=THE_21ST), "600h", 120),  # five days since it began
        (budget("10d", resets=date(1970, 1, 1)), "264h", 24),  # eleventh day: the second period
    ],
    ids=lambda what: what.period if isinstance(what, Budget) else str(what),
)
def test_what_is_spent_since_the_period_began(one: Budget, at: str, spent: int, tmp_path: Path) -> None:
    labels = 'budget="all", scope="global"'

    evaluates(only(one), tmp_path, "1h", HOURLY_DOLLAR, value(SPENT, at, (f"{SPENT}{{{labels}}}", spent)))


@needs_promtool
def test_a_budget_that_has_not_begun_has_spent_nothing_that_is_known(tmp_path: Path) -> None:
    evaluates(only(budget(starts=THE_21ST)), tmp_path, "1h", HOURLY_DOLLAR, value(SPENT, "240h"))


@needs_promtool
def test_a_team_is_found_by_its_name_or_its_id_and_counts_once(tmp_path: Path) -> None:
    """The series of a team whose id is its name fits both ways; 1 + 2 + 4 an hour, 8 of another team: 70 in 10 h."""
    series = {
        'litellm_spend_metric_total{team="search",team_alias="search"}': "0+1x20",
        'litellm_spend_metric_total{team="t-1",team_alias="search"}': "0+2x20",
        'litellm_spend_metric_total{team="search",team_alias="Search and Find"}': "0+4x20",
        'litellm_spend_metric_total{team="t-2",team_alias="support"}': "0+8x20",
    }
    found = (f'{SPENT}{{budget="search", team="search"}}', 70.0)
    share = ('finopsctl:budget_used_ratio{budget="search", team="search"}', 0.7)

    evaluates(
        only(budget(name="search", limit=100, scope={"team": "search"})),
        tmp_path,
        "1h",
        series,
        value(SPENT, "10h", found),
        value("finopsctl:budget_used_ratio", "10h", share),
    )


@needs_promtool
@pytest.mark.parametrize(
    ("scope", "spent"),
    [
        ({"model": "gpt-4*"}, 10),
        ({"team": ""}, 20),  # whoever has none
        ({"team": "*"}, 10),  # whoever has one
        ({"provider": "self-hosted"}, 20),  # LiteLLM has a dozen names for it
        ({"provider": "openai", "team": "search"}, 10),
    ],
    ids=str,
)
def test_scopes_are_matched_as_the_ledger_matches_them(scope: dict[str, str], spent: int, tmp_path: Path) -> None:
    series = {
        'litellm_spend_metric_total{model="gpt-4o",api_provider="openai",team="t-1",team_alias="search"}': "0+1x20",
        'litellm_spend_metric_total{model="llama",api_provider="hosted_vllm",team="None",team_alias="None"}': "0+2x20",
    }
    asked = f"sum({SPENT})"

    evaluates(only(budget(scope=scope)), tmp_path, "1h", series, value(asked, "10h", ("{}", spent)))


@needs_promtool
def test_each_level_is_an_alert_as_bad_as_the_scale_says_with_its_action(tmp_path: Path) -> None:
    """At 1 USD an hour, 100 h: half of 200 is reached (good: an info), 80 % and the whole are not."""
    levels = (Alert(0.5, "optimize"), Alert(0.8), Alert(1, "ask {{ the }} boss"))
    labels = {"severity": "info", "budget": "all", "level": "0.5", "scope": "global"}
    said = {
        "summary": "Budget all has reached 50 % of its limit",
        "description": "100.00 of 200 USD are spent (month). An estimate from the gateway's counters, not a bill. "
        "Do: optimize.",
        "action": "optimize",
    }
    one = budget(limit=200, alerts=levels)

    evaluates(only(one), tmp_path, "1h", HOURLY_DOLLAR, alert("FinopsBudget", "100h"), alert("FinopsBudget", "99h"))
    evaluates(
        only(replace(one, limit=Decimal(198))),
        tmp_path,
        "1h",
        HOURLY_DOLLAR,
        alert("FinopsBudget", "100h", (labels, said | {"description": said["description"].replace("200", "198")})),
    )


def test_severities_come_from_the_scale_of_utilization() -> None:
    one = budget(alerts=[Alert(0.5), Alert(0.8), Alert(0.95)])

    severities = [rule["labels"]["severity"] for rule in budget_rules.alert_rules(one, UTILIZATION)]
    assert severities == ["info", "warning", "critical"]


@needs_promtool
def test_a_budget_of_nothing_is_an_alarm_once_something_is_spent(tmp_path: Path) -> None:
    one = budget(limit=0, alerts=[Alert(1)])
    labels = {"severity": "critical", "budget": "all", "level": "1", "scope": "global"}
    said = {
        "summary": "Budget all has reached 100 % of its limit",
        "description": "3.00 of 0 USD are spent (month). An estimate from the gateway's counters, not a bill.",
    }

    evaluates(only(one), tmp_path, "1h", {"litellm_spend_metric_total": "0+0x20"}, alert("FinopsBudget", "10h"))
    evaluates(only(one), tmp_path, "1h", HOURLY_DOLLAR, alert("FinopsBudget", "3h", (labels, said)))


@needs_promtool
def test_a_nasty_name_is_harmless_and_finds_its_series(tmp_path: Path) -> None:
    """5 USD in 5 h of the team with that very name; its alert says the name as it is, on one line."""
    one = budget(name=NASTY, limit=4, scope={"team": NASTY}, alerts=[Alert(1, NASTY)])
    text = rules(kpis(), [one], LITELLM)[0]
    name = NASTY.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    series = {f'litellm_spend_metric_total{{team_alias="{name}"}}': "0+1x20"}
    plain = " ".join(NASTY.split())
    labels = {"severity": "critical", "budget": NASTY, "team": NASTY, "level": "1"}
    said = {
        "summary": f"Budget {plain} has reached 100 % of its limit",
        "description": "5.00 of 4 USD are spent (month). An estimate from the gateway's counters, not a bill. "
        f"Do: {plain}.",
        "action": plain,
    }

    checked(text, tmp_path)
    assert not [line for line in text.splitlines() if line.lstrip().startswith("::")]
    evaluates(only(one), tmp_path, "1h", series, alert("FinopsBudget", "5h", (labels, said)))


@pytest.mark.parametrize(
    ("one", "dialect", "why"),
    [
        (budget(currency="EUR"), LITELLM, "its limit is in EUR and the gateway counts USD"),
        (budget(scope={"feature": "chat"}), LITELLM, "the metrics have no label for feature"),
        (budget(scope={"customer": "acme"}), GENERIC, "the metrics have no label for customer"),
    ],
)
def test_a_budget_that_metrics_cannot_follow_is_left_out_and_said_to_be(one: Budget, dialect: Any, why: str) -> None:
    text, found = rules(kpis(), [one], dialect)

    assert f"# budget all is left out: {why}." in text
    assert [finding.code for finding in found] == ["budget_not_exported"]
    assert "finopsctl-budgets" not in [group["name"] for group in yaml.safe_load(text)["groups"]]


def test_another_time_zone_is_said_to_count_in_utc() -> None:
    text, _ = rules(kpis(), [budget(timezone="Asia/Kolkata")], LITELLM)

    assert "# budget all begins its periods at midnight UTC here, not in Asia/Kolkata." in text


@needs_promtool
@pytest.mark.parametrize("dialect", [LITELLM, GENERIC], ids=["litellm", "generic"])
def test_several_budgets_are_no_duplicate_rules_to_promtool(dialect: Dialect, tmp_path: Path) -> None:
    """Whatever they are called, and with a limit of nothing among them."""
    names = (NASTY, "日本語 チーム {{ template }}", 'quo"te \\ back', "regex.+(x", "yes")
    teams = [budget(name=name, scope={"team": name}) for name in names]
    others = [budget(name="zero", limit=0), budget(name="nobody", scope={"team": ""}), budget("7d", name="week")]

    text, _ = rules(kpis(), [*teams, *others], dialect)

    assert "SUCCESS" in checked(text, tmp_path)
