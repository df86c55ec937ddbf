"""Policy files: what they may say, what is wrong with them, and on which line."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from documents import ROOT
from finopsctl.config.policy import header_lines, load
from finopsctl.config.policy_example import EXAMPLE
from finopsctl.config.policy_kinds import KINDS, KpiRule, WhatIfRule
from finopsctl.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

RULE = '[[rule]]\nname = "it"\n'
KPI = f'{RULE}kpi = "success_rate"\n'


def policy(tmp_path: Path, text: str) -> Path:
    """Return a policy file."""
    path = tmp_path / "policy.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problem(tmp_path: Path, text: str) -> tuple[str, str]:
    """Return what is wrong with a policy, without its folder, and what to do."""
    with pytest.raises(ConfigError) as raised:
        load(policy(tmp_path, text))
    return raised.value.message.replace(f"{tmp_path}/", ""), raised.value.hint


def test_keys_may_be_written_either_way_and_fractions_as_percentages(tmp_path: Path) -> None:
    (rule,) = load(policy(tmp_path, f'{KPI}min = "99.5%"\non_no_data = "fail"\nby = "team,model"\n')).rules

    assert isinstance(rule.ask, KpiRule)
    assert (rule.terms.least, rule.terms.on_no_data, rule.ask.by) == (Decimal("0.995"), "fail", ("team", "model"))


def test_each_rule_knows_its_line_whatever_stands_between(tmp_path: Path) -> None:
    second = "  [[ \"rule\" ]] # two\nname = '''\n[[rule]]\n'''\nkpi = \"success_rate\"\nmin = 1\n"
    text = f"# [[rule]]\n\n{KPI}min = 1\n\n{second}"

    assert [rule.line for rule in load(policy(tmp_path, text)).rules] == [3, 8]


def test_a_header_inside_a_text_is_none() -> None:
    assert header_lines('a = """\n[[rule]]\n"""\n[[rule]]\n', "rule") == (4,)
    assert header_lines("[[rule]]\r\n[[rules]]\r\n[[rule]]\r\n", "rule") == (1, 3)


def test_rules_in_one_list_are_rules_too(tmp_path: Path) -> None:
    text = 'rule = [{ name = "it", kpi = "success_rate", min = 1 }]\n'

    assert [(rule.name, rule.line) for rule in load(policy(tmp_path, text)).rules] == [("it", 1)]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "policy.toml: no [[rule]] in it: nothing would be checked", "finopsctl check --init"),
        ("[[rules]]\n", "policy.toml: rules: unknown key", "Did you mean 'rule'?"),
        ("rule = 3\n", "policy.toml: rule: a list of tables is needed", "[[rule]]"),
        (RULE, "policy.toml:1: rule.kpi: is missing", "finopsctl kpis"),
        ('[[rule]]\nkpi = "success_rate"\nmin = 1\n', "policy.toml:1: rule.name: is missing", "called"),
        (
            f'{RULE}kpi = "succes_rate"\nmin = 1\n',
            "policy.toml:1: rule.kpi: unknown KPI 'succes_rate'",
            "'success_rate'?",
        ),
        (f"{KPI}mni = 1\n", "policy.toml:1: rule.mni: unknown key", "Did you mean 'min'?"),
        (f'{KPI}min = 1\nbudgets = ["a"]\n', "policy.toml:1: rule.budgets: unknown key", "Known: "),
        (f'{RULE}kind = "kpis"\n', "policy.toml:1: rule.kind: unknown kind 'kpis'", "Did you mean 'kpi'?"),
        (f'{KPI}min = "a lot"\n', "policy.toml:1: rule.min: a number is needed, not text", "passes"),
        (f'{KPI}min = "x%"\n', "policy.toml:1: rule.min: 'x%' is no share", "30%"),
        (KPI, "policy.toml:1: rule: rule 'it' has no limit", "--baseline"),
        (f"{KPI}min = 2\nmax = 1\n", "policy.toml:1: rule: min 2 is above max 1: nothing would pass", "Swap"),
        (
            f"{KPI}warn = 1\nmax-increase = 1\n",
            "policy.toml:1: rule.warn: a warning level stands beside one limit",
            "max",
        ),
        (
            f"{KPI}max = 1\nwarn = 2\n",
            "policy.toml:1: rule.warn: warn 2 is beyond max 1: it would never warn",
            "before",
        ),
        (
            f"{KPI}max-increase = 1\nratchet = true\n",
            "policy.toml:1: rule.ratchet: a ratchet needs a max or a min",
            "Add",
        ),
        (f'{KPI}min = 1\nby = ["tema"]\n', "policy.toml:1: rule.by: unknown dimension 'tema'", "'team'?"),
        (f'{KPI}min = 1\nwhere = ["tema=a"]\n', "policy.toml:1: rule.where: unknown dimension 'tema'", "'team'?"),
        (f'{KPI}min = 1\nlast = "soon"\n', "policy.toml:1: rule.last: 'soon' is no length of time", "30d"),
        (
            f'{KPI}min = 1\nseverity = "bad"\n',
            "policy.toml:1: rule.severity: 'bad' is not among its values",
            "critical",
        ),
        (f'{RULE}kind = "budget"\nlast = "7d"\n', "policy.toml:1: rule.last: a budget is not looked at over", "own"),
        (f'{RULE}kind = "whatif"\nmax = 1\n', "policy.toml:1: rule.scenario: no scenario is given", "swap"),
        (
            f'{RULE}kind = "whatif"\nmax = 1\nscenario = {{ swpa = "a=b" }}\n',
            "policy.toml:1: rule.scenario.swpa: unknown key",
            "'swap'?",
        ),
        (f'{RULE}kind = "forbidden-models"\n', "policy.toml:1: rule: no model is forbidden", "models"),
        (
            f'{RULE}kind = "data-quality"\nmeasure = "bad-lines"\nby = ["team"]\nmax = 1\n',
            "policy.toml:1: rule: bad-lines is a figure of all inputs and has no groups",
            "by",
        ),
        (f"{KPI}min = 1\n{KPI}min = 1\n", "policy.toml: two rules are called 'it'", "Give each"),
        (
            f'{KPI}min = 1\n[[waiver]]\nrule = "ti"\nexpires = 2026-01-01\nreason = "r"\n',
            "policy.toml:5: waiver.rule: no rule is called 'ti'",
            "it",
        ),
        (
            f'{KPI}min = 1\n[[waiver]]\nrule = "it"\nreason = "r"\n',
            "policy.toml:5: waiver.expires: is missing",
            "last day",
        ),
        (
            f'{KPI}min = 1\n[[waiver]]\nrule = "it"\nexpires = 2026-01-01\nreason = " "\n',
            "policy.toml:5: waiver: a waiver needs a reason",
            "reason =",
        ),
        (
            f'{KPI}min = 1\n[[waiver]]\nrule = "it"\nexpires = 2026-01-01\nreason = "r"\ntema = "a"\n',
            "policy.toml:5: waiver.tema: 'tema' is neither a key of a waiver nor a dimension",
            "'team'?",
        ),
        ("[[rule]\n", "policy.toml: not valid TOML", "brackets"),
    ],
)
def test_what_is_wrong_is_told_with_file_line_and_key(tmp_path: Path, text: str, message: str, hint: str) -> None:
    told, way_out = problem(tmp_path, text)

    assert told.startswith(message)
    assert hint in way_out


def test_a_scenario_that_a_file_lacks_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "plans.toml").write_text('[[scenario]]\nname = "mini"\nswap = ["a=b"]\n')
    text = f'{RULE}kind = "whatif"\nmax = 1\nscenarios = "plans.toml"\nscenario = "minni"\n'

    assert problem(tmp_path, text)[1] == "Did you mean 'mini'?"


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_of_every_kind_says_what_it_is(kind: str) -> None:
    from finopsctl.config.declarations import declared

    assert all(item.key.help.endswith((".", ")")) for item in declared(KINDS[kind]).values())


def test_every_key_of_every_kind_is_documented() -> None:
    from finopsctl.config.declarations import declared
    from finopsctl.config.policy_terms import Terms

    page = (ROOT / "docs/check.md").read_text("utf-8")
    keys = {name for owner in (Terms, *KINDS.values()) for name in declared(owner)}

    assert [name for name in sorted(keys | set(KINDS)) if not re.search(rf"`{name}\b", page)] == []


def test_the_policy_to_start_from_can_be_used(tmp_path: Path) -> None:
    commented = EXAMPLE.replace("\n# [[", "\n[[").replace("\n# ", "\n")
    rules = load(policy(tmp_path, EXAMPLE)).rules

    assert len(rules) == EXAMPLE.count("\n[[rule]]")
    assert "budgets hold" in commented


def test_the_sample_company_has_a_policy_with_a_rule_of_every_kind_but_spend() -> None:
    found = load(ROOT / "sample_data/finops-policy.toml")

    assert {type(rule.ask) for rule in found.rules} == set(KINDS.values()) - {KINDS["spend"]}
    assert any(isinstance(rule.ask, WhatIfRule) for rule in found.rules)


@pytest.mark.parametrize("key", ["max", "min", "max-increase"])
def test_a_limit_beyond_all_figures_is_told_and_no_bug(tmp_path: Path, key: str) -> None:
    message, hint = problem(tmp_path, f"{KPI}{key} = 1e90\n")

    assert (message, hint) == ("policy.toml:1: rule: 1E+90 is a limit beyond all figures", "Write a smaller one.")
