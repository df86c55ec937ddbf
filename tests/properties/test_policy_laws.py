"""Laws of policies: looser limits never fail more, ratchets only excuse, and no name escapes its annotation."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from finopsctl.config.policy import Rule
from finopsctl.config.policy_kinds import KpiRule
from finopsctl.config.policy_terms import Terms
from finopsctl.policy.limits import Result, judged
from finopsctl.policy.measured import Group
from finopsctl.renderers import Screen, renderer_named
from finopsctl.renderers._visible import visible
from renderers.checks import report

MONEY = st.decimals(-1_000_000, 1_000_000, places=4)
_RANK = {Result.FAIL: 0, Result.WAIVED: 1, Result.PASS: 2}


def result(value: Decimal, terms: Terms, previous: Decimal | None = None) -> Result:
    """Return how a value fares."""
    rule = Rule(terms, KpiRule("cost_per_request"), 1)
    return judged(rule, Group({}, value), previous, has_baseline=previous is not None).result


@settings(deadline=None, max_examples=25)
@given(MONEY, MONEY, MONEY)
def test_what_passes_a_limit_passes_every_looser_one(value: Decimal, one: Decimal, other: Decimal) -> None:
    tight, loose = sorted((one, other))

    assert _RANK[result(value, Terms("it", most=tight))] <= _RANK[result(value, Terms("it", most=loose))]
    assert _RANK[result(value, Terms("it", least=loose))] <= _RANK[result(value, Terms("it", least=tight))]


@settings(deadline=None, max_examples=25)
@given(MONEY, MONEY, MONEY)
def test_a_ratchet_excuses_failures_and_changes_nothing_else(value: Decimal, limit: Decimal, before: Decimal) -> None:
    plain = Terms("it", most=limit)
    there = result(value, plain, before)
    with_ratchet = result(value, replace(plain, ratchet=True), before)

    assert with_ratchet is there or (there, with_ratchet) == (Result.FAIL, Result.WAIVED)
    if with_ratchet is Result.WAIVED:
        assert limit < value <= before + Decimal("1e-9") * max(abs(before), Decimal(1))


@settings(deadline=None, max_examples=25)
@given(st.decimals(0, 1000, places=4), st.decimals(0, 10, places=2))
def test_no_change_is_within_every_allowed_change(value: Decimal, allowed: Decimal) -> None:
    terms = Terms("it", max_increase=allowed, max_decrease=allowed, max_change=allowed)

    assert result(value, terms, value) is Result.PASS


@settings(deadline=None, max_examples=25)
@given(st.text(min_size=1, max_size=40))
def test_a_command_says_the_name_and_nothing_more(name: str) -> None:
    subject = name.encode("utf-8", "replace").decode()
    _, command, *rest = renderer_named("github").render(report(subject), Screen()).decode().split("\n")
    found = re.fullmatch(r"::error file=policy\.toml,line=7,title=([^:,]*)::(.*)", command)

    assert rest == [""]
    assert found is not None
    assert found[2].replace("%25", "%") == f"Cost of {visible(subject)}: 100%."
