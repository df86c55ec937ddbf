"""Every kind of rule on records whose figures are worked out by hand: it passes, fails, is waived, or has no data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from finopsctl.config.policy_kinds import KINDS
from finopsctl.errors import ConfigError
from policies import checked, fared

if TYPE_CHECKING:
    from pathlib import Path

BUDGET = '[[budget]]\nteam = "search"\nlimit = 240\n'


def forty_days() -> list[dict[str, Any]]:
    """Return 40 days of $10 and one request by the team search, but $90 on 1 October, the 31st day.

    Of the last ten days, 1 to 10 October: $180 and 10 requests; of the ten before: $100.
    """
    first = date(2026, 9, 1)
    spent = [10] * 30 + [90] + [10] * 9
    return [
        {
            "record_id": f"r{at}",
            "charge_period_start": (first + timedelta(days=at)).isoformat(),
            "provider": "p",
            "model": "m",
            "team": "search",
            "feature": "answers",
            "reported_cost": amount,
        }
        for at, amount in enumerate(spent)
    ]


def priced() -> list[dict[str, Any]]:
    """Return one request of a million input tokens to gpt-4o, reported at $3.00; its list price is $2.50.

    At gpt-4o-mini, which is $0.15 a million, it would save $2.35 a day: $70.50 in 30 days.
    """
    tokens = {"input_tokens": 1_000_000, "output_tokens": 0}
    return [{"provider": "openai", "model": "gpt-4o", "team": "search", "reported_cost": 3, **tokens}]


@dataclass(frozen=True)
class Case:
    """One kind: what it says but for limits, its value, whom that is of, and what makes it find nothing."""

    rule: str
    value: float
    subject: str = ""
    records: Any = forty_days
    nothing: str = 'where = ["team=nobody"]'


CASES = {
    "kpi": Case('kpi = "cost_per_request"\nlast = "10d"', 18),
    "budget": Case("", 0.75, "search", nothing='budgets = ["nobody*"]'),
    "anomalies": Case('by = ["team"]\nlast = "10d"', 1, "search", nothing='rules = ["p95-cost"]'),
    "variance": Case('by = ["team"]\nlast = "10d"', 0.8, "search"),
    "price-drift": Case("", 0.2, "openai / gpt-4o", priced),
    "whatif": Case('scenario = { swap = "gpt-4o=gpt-4o-mini" }', 70.5, "", priced),
    "forbidden-models": Case('models = ["m"]\nlast = "10d"', 10, "search / m"),
    "data-quality": Case('measure = "unattributed"\nof = "project"', 1.0),
    "spend": Case('by = ["team"]\nlast = "10d"', 180, "search"),
}


def asked(tmp_path: Path, kind: str, limits: str, waiver: str = "") -> list[tuple[str, Any, Any, str]]:
    """Return the rows of one rule of a kind."""
    case = CASES[kind]
    policy = f'[[rule]]\nname = "it"\nkind = "{kind}"\n{limits}\n{case.rule}\n{waiver}'
    return fared(checked(tmp_path, policy, case.records(), config=BUDGET))


def test_every_kind_there_is_has_a_case() -> None:
    assert set(CASES) == set(KINDS)


@pytest.mark.parametrize("kind", CASES)
def test_a_value_on_its_limit_passes(tmp_path: Path, kind: str) -> None:
    case = CASES[kind]

    (row,) = asked(tmp_path, kind, f"max = {case.value}")

    assert row == (case.subject, pytest.approx(case.value), pytest.approx(case.value), "pass")


@pytest.mark.parametrize("kind", CASES)
def test_a_value_just_above_its_limit_fails(tmp_path: Path, kind: str) -> None:
    case = CASES[kind]
    limit = case.value * 0.999

    assert asked(tmp_path, kind, f"max = {limit}") == [
        (case.subject, pytest.approx(case.value), pytest.approx(limit), "fail")
    ]


@pytest.mark.parametrize("kind", CASES)
def test_a_value_just_below_a_least_one_fails_and_on_it_passes(tmp_path: Path, kind: str) -> None:
    value = CASES[kind].value

    assert [status for *_, status in asked(tmp_path, kind, f"min = {value}")] == ["pass"]
    assert [status for *_, status in asked(tmp_path, kind, f"min = {value * 1.001}")] == ["fail"]


@pytest.mark.parametrize("kind", CASES)
def test_a_failure_is_excused_by_a_waiver_until_its_last_day(tmp_path: Path, kind: str) -> None:
    waiver = '[[waiver]]\nrule = "it"\nreason = "known"\nexpires = '

    assert [status for *_, status in asked(tmp_path, kind, "max = 0", f"{waiver}2026-10-11")] == ["waived"]
    assert [status for *_, status in asked(tmp_path, kind, "max = 0", f"{waiver}2026-10-10")] == ["fail"]


@pytest.mark.parametrize("kind", CASES)
def test_a_rule_that_finds_nothing_to_measure_has_no_data_and_does_not_pass(tmp_path: Path, kind: str) -> None:
    case = CASES[kind]
    rule = case.rule.replace('by = ["team"]\n', "")
    policy = f'[[rule]]\nname = "it"\nkind = "{kind}"\nmax = 1000\n{case.nothing}\n{rule}'

    ((subject, value, _, status),) = fared(checked(tmp_path, policy, case.records(), config=BUDGET))

    assert (subject, value, status) == ("", None, "no_data")


@pytest.mark.parametrize(
    ("choice", "rows"), [("pass", ["pass"]), ("fail", ["fail"]), ("skip", []), ("show", ["no_data"])]
)
def test_what_no_data_comes_to_is_the_rules_choice(tmp_path: Path, choice: str, rows: list[str]) -> None:
    policy = f'[[rule]]\nname = "it"\nkpi = "success_rate"\nmin = 0.9\non-no-data = "{choice}"\n'

    assert [status for *_, status in fared(checked(tmp_path, policy, forty_days()))] == rows


def test_what_has_no_data_closes_the_gate_only_where_warnings_do(tmp_path: Path) -> None:
    policy = '[[rule]]\nname = "it"\nkpi = "success_rate"\nmin = 0.9\n'

    assert checked(tmp_path, policy, forty_days()).blocking == ()
    assert len(checked(tmp_path, policy, forty_days(), fail_on="warning").blocking) == 1


def test_a_policy_that_judges_nothing_says_so(tmp_path: Path) -> None:
    policy = '[[rule]]\nname = "it"\nkpi = "cost_per_request"\nmax = 1\nwhere = ["team=nobody"]\n'

    found = checked(tmp_path, policy, forty_days())

    assert [finding.code for finding in found.findings] == ["nothing_judged"]


BUDGETS = {
    "utilization": 0.75,
    "alert": 0.7,
    "burn-rate": 18,
    "days-to-exhaustion": 10 / 3,
    "variance": 1.325,
}


@pytest.mark.parametrize("measure", BUDGETS)
def test_a_budget_is_measured_in_several_ways(tmp_path: Path, measure: str) -> None:
    """Of $240 for October $180 are spent in ten days.

    0.75 used; alerts at 0.7 and 0.9, the first has fired; $18 a day; the remaining $60 last 60 / 18 days; the plan to
    date is 240 x 10 / 31 = 77.42, so the variance is 180 / 77.42 - 1 = 1.325.
    """
    config = BUDGET + "alerts = [{ at = 0.7 }, { at = 0.9 }]\n"
    policy = f'[[rule]]\nname = "it"\nkind = "budget"\nmeasure = "{measure}"\nmax = 1000\n'

    ((_, value, *_),) = fared(checked(tmp_path, policy, forty_days(), config=config))

    assert value == pytest.approx(BUDGETS[measure])


def test_a_budget_rule_without_a_limit_allows_all_of_the_budget(tmp_path: Path) -> None:
    config = BUDGET.replace("240", "100")

    assert fared(checked(tmp_path, '[[rule]]\nname = "it"\nkind = "budget"\n', forty_days(), config=config)) == [
        ("search", 1.8, 1.0, "fail")
    ]


def test_where_a_budgets_period_ends_is_a_share_of_its_limit(tmp_path: Path) -> None:
    """At $18 a day or so, October ends far above $240; the median is at least what is spent already."""
    policy = '[[rule]]\nname = "it"\nkind = "budget"\nmeasure = "projected"\n'

    ((_, value, limit, status),) = fared(checked(tmp_path, policy, forty_days(), config=BUDGET))

    assert value is not None
    assert value > 1
    assert (limit, status) == (1, "fail")


def test_spend_against_a_limit_of_nothing_fails_although_there_is_no_share_of_nothing(tmp_path: Path) -> None:
    config = BUDGET.replace("240", "0")

    found = checked(tmp_path, '[[rule]]\nname = "it"\nkind = "budget"\n', forty_days(), config=config)

    assert fared(found) == [("search", None, 1.0, "fail")]
    assert found.rows["message"].item() == (
        "Budget used of search: beyond any limit (its limit is 0, and something is spent)."
    )


def test_a_budget_that_is_not_there_is_an_error_that_names_the_nearest(tmp_path: Path) -> None:
    policy = '[[rule]]\nname = "it"\nkind = "budget"\nbudgets = ["serch"]\n'

    with pytest.raises(ConfigError, match=r"policy\.toml:1: rule 'it': there is no budget 'serch'") as raised:
        checked(tmp_path, policy, forty_days(), config=BUDGET)

    assert raised.value.hint == "Did you mean 'search'?"


def test_a_budget_rule_without_any_budget_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there are no budgets"):
        checked(tmp_path, '[[rule]]\nname = "it"\nkind = "budget"\n', forty_days())


def test_groups_below_the_floor_are_left_out_and_a_rule_without_others_passes(tmp_path: Path) -> None:
    rule = '[[rule]]\nname = "it"\nkind = "variance"\nby = ["team"]\nlast = "10d"\nmax = 0\nfloor = '

    assert [status for *_, status in fared(checked(tmp_path, f"{rule}180", forty_days()))] == ["fail"]
    assert fared(checked(tmp_path, f"{rule}180.01", forty_days())) == [("", None, 0.0, "pass")]


def test_a_kpi_of_a_group_below_the_floor_is_not_judged(tmp_path: Path) -> None:
    rule = '[[rule]]\nname = "it"\nkpi = "cost_per_request"\nby = "team"\nmax = 1\nlast = "10d"\nfloor = '

    assert [status for *_, status in fared(checked(tmp_path, f"{rule}180", forty_days()))] == ["fail"]
    assert [status for *_, status in fared(checked(tmp_path, f"{rule}181", forty_days()))] == ["pass"]


def test_a_team_that_spent_nothing_before_has_no_relative_change_but_an_absolute_one(tmp_path: Path) -> None:
    """The team new spends $7 on 10 October, and nothing in September."""
    new = {"record_id": "n", "charge_period_start": "2026-10-10", "team": "new", "model": "m", "reported_cost": 7}
    rule = '[[rule]]\nname = "it"\nkind = "variance"\nby = ["team"]\nlast = "10d"\nwhere = ["team=new,search"]\n'

    relative = fared(checked(tmp_path, f"{rule}max = 1", [*forty_days(), new]))
    absolute = fared(checked(tmp_path, f'{rule}max = 100\nmeasure = "absolute"', [*forty_days(), new]))

    assert ("new", None, 1.0, "no_data") in relative
    assert ("new", 7.0, 100.0, "pass") in absolute


def test_nothing_to_compare_with_is_no_data_with_the_reason(tmp_path: Path) -> None:
    policy = '[[rule]]\nname = "it"\nkind = "variance"\ncompare = "yoy"\nlast = "10d"\nmax = 1\n'

    found = checked(tmp_path, policy, forty_days())

    assert "nothing to compare" in found.rows["message"].item()
    assert found.rows["result"].to_list() == ["no_data"]


def uses() -> list[dict[str, Any]]:
    """Return requests: two by support to old-1 (one of them by another name), three by research to it, one to new-1."""
    teams = [("support", "old-1"), ("support", "alias"), *[("research", "old-1")] * 3, ("support", "new-1")]
    return [
        {
            "record_id": f"u{at}",
            "charge_period_start": f"2026-10-{at + 1:02d}",
            "team": team,
            "model": model,
            "requested_model": "old-1" if model == "alias" else model,
            "reported_cost": 1,
        }
        for at, (team, model) in enumerate(teams)
    ]


def test_a_forbidden_model_is_found_by_any_of_its_names_and_allowed_to_who_may(tmp_path: Path) -> None:
    rule = '[[rule]]\nname = "it"\nkind = "forbidden-models"\nmodels = ["old-*"]\n'

    everyone = fared(checked(tmp_path, rule, uses()))
    others = fared(checked(tmp_path, f'{rule}allow = ["team=research"]', uses()))

    assert [row[:2] for row in everyone] == [("research / old-1", 3), ("support / alias", 1), ("support / old-1", 1)]
    assert [row[:2] for row in others] == [("support / alias", 1), ("support / old-1", 1)]


def test_a_model_forbidden_from_a_day_on_may_be_used_before(tmp_path: Path) -> None:
    """The third to fifth request are on 3, 4 and 5 October; from the 4th on two are left."""
    rule = '[[rule]]\nname = "it"\nkind = "forbidden-models"\nmodels = ["old-1"]\nwhere = ["team=research"]\n'

    assert [row[1] for row in fared(checked(tmp_path, f"{rule}from = 2026-10-04", uses()))] == [2]


def test_every_model_but_those_listed_can_be_forbidden(tmp_path: Path) -> None:
    rule = '[[rule]]\nname = "it"\nkind = "forbidden-models"\nonly = ["old-*"]\n'

    assert fared(checked(tmp_path, rule, uses())) == [("support / new-1", 1, 0, "fail")]


def test_a_forbidden_model_whose_use_is_not_counted_fails_all_the_same(tmp_path: Path) -> None:
    usage = {"record_kind": "usage", "charge_period_end": "2026-10-02T00:00:00Z", "requests": None}
    record = {"model": "old-1", "team": "support", "reported_cost": 1, **usage}

    found = checked(tmp_path, '[[rule]]\nname = "it"\nkind = "forbidden-models"\nmodels = ["old-1"]\n', [record])

    assert [(row[1], row[3]) for row in fared(found)] == [(None, "fail")]


@pytest.mark.parametrize("rule", ['kind = "budget"\nmax = 1', 'kpi = "budget_utilization"\nmax = 1'])
def test_a_budget_over_usage_without_any_price_does_not_pass(tmp_path: Path, rule: str) -> None:
    record = {"model": "nobody-knows", "team": "search", "input_tokens": 5}
    found = checked(tmp_path, f'[[rule]]\nname = "it"\n{rule}\n', [record], config=BUDGET)

    assert [(row[1], row[3]) for row in fared(found)] == [(None, "no_data")]
    assert found.rows["note"].to_list() == ["none of its records has a price"]


@pytest.mark.parametrize(
    ("rule", "status"),
    [
        ('kind = "forbidden-models"\nmodels = ["nobody-*"]\nmax = 0', "fail"),
        ('kind = "spend"\nmeasure = "requests"\nby = ["team"]\nmax = 0', "fail"),
        ('kpi = "unpriced_share"\nby = ["team"]\nmax = 0', "fail"),
        ('kind = "spend"\nby = ["team"]\nmax = 1', "no_data"),
    ],
)
def test_spend_that_is_not_known_is_not_below_a_floor(tmp_path: Path, rule: str, status: str) -> None:
    record = {"model": "nobody-knows", "team": "a", "input_tokens": 5}
    found = checked(tmp_path, f'[[rule]]\nname = "it"\n{rule}\nfloor = 10\n', [record])

    assert [row[3] for row in fared(found)] == [status]


def test_a_model_without_a_price_can_be_forbidden(tmp_path: Path) -> None:
    records = [
        {"model": "nobody-knows", "team": "a", "input_tokens": 5},
        {"model": "m", "team": "a", "reported_cost": 1},
    ]
    rule = '[[rule]]\nname = "it"\nkind = "forbidden-models"\nunpriced = true\n'

    assert fared(checked(tmp_path, rule, [{"record_id": str(at), **r} for at, r in enumerate(records)])) == [
        ("a / nobody-knows", 1, 0, "fail")
    ]


def test_a_share_of_spend_without_a_team_is_measured_by_group(tmp_path: Path) -> None:
    """Of $4 to model x $1 has no team: 0.25; of $2 to model y none has: 1."""
    spent = [("x", "a", 3), ("x", None, 1), ("y", None, 2)]
    records = [
        {"record_id": f"{at}", "model": model, "team": team, "reported_cost": cost}
        for at, (model, team, cost) in enumerate(spent)
    ]
    rule = '[[rule]]\nname = "it"\nkind = "data-quality"\nmeasure = "unattributed"\nby = "model"\nmax = 0.5\n'

    assert sorted(fared(checked(tmp_path, rule, records))) == [("x", 0.25, 0.5, "pass"), ("y", 1.0, 0.5, "fail")]


def test_bad_lines_duplicates_and_age_are_figures_of_the_inputs(tmp_path: Path) -> None:
    """One line is no JSON, one record is there twice: 41 of 42 lines can be read, 40 records are distinct.

    The last record is of 10 October, and seen from the 12th, midnight, it is two days old.
    """
    log = tmp_path / "log.jsonl"
    names = {"bad-lines": 1, "bad-share": 1 / 42, "duplicates": 1 / 41, "age": 2}
    rules = "".join(f'[[rule]]\nname = "{m}"\nkind = "data-quality"\nmeasure = "{m}"\nmax = 9\n' for m in names)
    checked(tmp_path, rules, forty_days())
    text = log.read_text("utf-8")
    log.write_text(text + text.splitlines()[0] + "\nno json\n", encoding="utf-8")
    policy = (tmp_path / "policy.toml").read_text("utf-8")

    found = again(tmp_path, policy)

    values = {rule: float(value) for rule, value in found.rows.select("rule", "value").iter_rows()}

    assert values == pytest.approx(names)


def again(folder: Path, policy: str) -> Any:
    """Check a policy on the log that lies in a folder already, as of 12 October."""
    from finopsctl.books import Request, open_books
    from finopsctl.config import settings
    from finopsctl.config.policy import load
    from finopsctl.policy.check import check_of
    from finopsctl.policy.question import CheckQuestion

    (folder / "policy.toml").write_text(policy, encoding="utf-8")
    books = open_books(Request((str(folder / "log.jsonl"),), as_of="2026-10-12"))
    in_force = settings.load(config=folder / "finopsctl.toml", environ={}, start=folder, flags={})
    return check_of(books, in_force, CheckQuestion(load(folder / "policy.toml"), date(2026, 10, 11)))


SCENARIOS = {"saving": 70.5, "saving-share": 0.94, "cost": 4.5, "increase": -0.94}


def test_records_are_as_old_as_they_are_now_and_not_as_they_were_at_their_end(tmp_path: Path) -> None:
    """The last one is of 10 October; on the 13th, midnight, it is three days old, whatever the log ends with."""
    rule = '[[rule]]\nname = "fresh"\nkind = "data-quality"\nmeasure = "age"\nmax = 2\n'

    assert fared(checked(tmp_path, rule, forty_days(), now=datetime(2026, 10, 13, tzinfo=UTC))) == [
        ("", 3.0, 2.0, "fail")
    ]


@pytest.mark.parametrize("measure", SCENARIOS)
def test_a_scenario_is_measured_by_what_it_saves_or_costs(tmp_path: Path, measure: str) -> None:
    """A day at $2.50 becomes one at $0.15: 2.35 / 2.50 = 94 % saved; 30 days of the scenario are $4.50."""
    policy = f'[[rule]]\nname = "it"\nkind = "whatif"\nmeasure = "{measure}"\nmax = 99\n[rule.scenario]\n'

    ((_, value, *_),) = fared(checked(tmp_path, f'{policy}swap = ["gpt-4o=gpt-4o-mini"]\n', priced()))

    assert value == pytest.approx(SCENARIOS[measure])


def test_a_scenario_may_be_one_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "plans.toml").write_text('[[scenario]]\nname = "mini"\nswap = ["gpt-4o=gpt-4o-mini"]\n')
    policy = '[[rule]]\nname = "it"\nkind = "whatif"\nmax = 60\nscenarios = "plans.toml"\nscenario = "mini"\n'

    assert fared(checked(tmp_path, policy, priced())) == [("", pytest.approx(70.5), 60.0, "fail")]


def test_spend_is_limited_in_money_as_a_share_and_in_requests(tmp_path: Path) -> None:
    """Of the $180 of 1 to 10 October $90 are of the first: half of it by day."""
    day = 'kind = "spend"\nby = ["day"]\nlast = "10d"\nwhere = ["day=2026-10-01,2026-10-02"]\n'
    rules = f'[[rule]]\nname = "a"\n{day}max = 80\n[[rule]]\nname = "b"\n{day}measure = "share"\nmax = "90%"\n'

    found = checked(tmp_path, rules, forty_days())

    assert [row for row in fared(found) if row[0] == "2026-10-01"] == [
        ("2026-10-01", 90.0, 80.0, "fail"),
        ("2026-10-01", 0.9, 0.9, "pass"),
    ]


def test_a_kpi_with_members_has_a_row_for_each(tmp_path: Path) -> None:
    policy = '[[rule]]\nname = "it"\nkpi = "team_allocation"\nmax = 0.5\n'

    assert [(row[0], row[1]) for row in fared(checked(tmp_path, policy, forty_days()))] == [("search", 1.0)]


def test_a_kpi_that_cannot_be_split_so_says_so(tmp_path: Path) -> None:
    policy = '[[rule]]\nname = "it"\nkpi = "team_allocation"\nby = ["model"]\nmax = 0.5\n'

    assert checked(tmp_path, policy, forty_days()).rows["message"].item() == (
        "Team allocation: no value (the KPI cannot be split by model)."
    )


def test_limits_beyond_what_money_holds_are_limits_still(tmp_path: Path) -> None:
    policy = '[[rule]]\nname = "it"\nkpi = "cost_per_request"\nmax = 1e40\nmin = 1e-40\n'

    assert [row[3] for row in fared(checked(tmp_path, policy, forty_days()))] == ["pass"]


def test_a_period_counted_back_begins_at_the_end_of_the_one_asked_for(tmp_path: Path) -> None:
    """Of September the last ten days cost $100 in 10 requests."""
    from finopsctl.books import PeriodWish

    policy = '[[rule]]\nname = "it"\nkpi = "cost_per_request"\nlast = "10d"\nmax = 20\n'

    found = checked(tmp_path, policy, forty_days(), period=PeriodWish(month="2026-09"))

    assert fared(found) == [("", 10.0, 20.0, "pass")]


def test_every_episode_of_the_period_counts_also_as_of_a_later_day(tmp_path: Path) -> None:
    """`anomalies --as-of` tells the last day's episodes only; a gate looks at all of its period."""
    policy = '[[rule]]\nname = "it"\nkind = "anomalies"\n'

    found = checked(tmp_path, policy, forty_days(), as_of="2026-10-06")

    assert [(row[1], row[3]) for row in fared(found)] == [(1.0, "fail")]
