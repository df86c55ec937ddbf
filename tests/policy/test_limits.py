"""Values against limits: edges, warnings, what a baseline allows, and the ratchet."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from finopsctl.config.policy import Rule
from finopsctl.config.policy_kinds import KpiRule
from finopsctl.config.policy_terms import Terms
from finopsctl.policy.limits import judged
from finopsctl.policy.measured import Group


def verdict(value: Decimal | float | None, previous: str | None = None, *, doubtful: bool = False, **terms: Any) -> Any:
    """Return how a value fares under some terms, of which numbers are written as text."""
    typed: dict[str, Any] = {
        name: Decimal(term) if isinstance(term, str) and term[0].isdigit() else term for name, term in terms.items()
    }
    rule = Rule(Terms("it", **typed), KpiRule("cost_per_request"), 1)
    before = None if previous is None else Decimal(previous)
    return judged(rule, Group({}, value, is_doubtful=doubtful), before, has_baseline=before is not None)


def test_money_is_compared_to_the_last_digit_and_quotients_but_for_rounding() -> None:
    """0.1 + 0.2 is 0.30000000000000004 in floating point."""
    assert verdict(Decimal("0.300000000001"), most="0.3").result == "fail"
    assert verdict(0.1 + 0.2, most="0.3").result == "pass"
    assert verdict(0.300001, most="0.3").result == "fail"


@pytest.mark.parametrize(
    ("value", "result", "severity", "bound"),
    [(5, "pass", "critical", "max"), (8, "pass", "critical", "max"), (9, "fail", "warning", "warn"),
     (10, "fail", "warning", "warn"), (11, "fail", "critical", "max")],
)  # fmt: skip
def test_between_warning_and_limit_a_failure_is_a_warning(value: int, result: str, severity: str, bound: str) -> None:
    found = verdict(value, most="10", warn="8")

    assert (found.result, found.severity, found.bound) == (result, severity, bound)


def test_a_warning_below_which_to_warn_stands_above_the_least_value() -> None:
    assert verdict(0.6, least="0.5", warn="0.7").bound == "warn"
    assert verdict(0.7, least="0.5", warn="0.7").result == "pass"
    assert verdict(0.4, least="0.5", warn="0.7").bound == "min"


@pytest.mark.parametrize(
    ("terms", "limit"),
    [
        ({"max_increase": "0.1"}, "44"),
        ({"max_increase": "3", "absolute": True}, "43"),
        ({"max_change": "0.25"}, "50"),
        ({"max_change": "0.25", "max_increase": "0.1"}, "44"),
    ],
)
def test_a_baseline_of_40_allows_so_much_and_no_more(terms: dict[str, Any], limit: str) -> None:
    """40 + 10 % = 44; 40 + 3 = 43; 40 + 25 % = 50; of two allowances the smaller counts."""
    assert verdict(Decimal(limit), "40", **terms).result == "pass"

    failed = verdict(Decimal(limit) + Decimal("0.01"), "40", **terms)

    assert (failed.result, failed.limit, failed.bound) == ("fail", Decimal(limit), "max-increase")


@pytest.mark.parametrize(("terms", "limit"), [({"max_decrease": "0.1"}, "36"), ({"max_change": "0.25"}, "30")])
def test_a_baseline_of_40_allows_a_fall_to_so_much_and_no_less(terms: dict[str, Any], limit: str) -> None:
    assert verdict(Decimal(limit), "40", **terms).result == "pass"
    assert verdict(Decimal(limit) - Decimal("0.01"), "40", **terms).bound == "max-decrease"


def test_an_allowed_change_from_below_zero_is_a_share_of_its_size() -> None:
    """-40 may rise by a tenth of 40: to -36."""
    assert verdict(Decimal(-36), "-40", max_increase="0.1").result == "pass"
    assert verdict(Decimal(-35), "-40", max_increase="0.1").result == "fail"


def test_any_rise_from_nothing_is_more_than_a_share_of_it() -> None:
    assert verdict(Decimal("0.01"), "0", max_increase="0.5").result == "fail"
    assert verdict(Decimal(0), "0", max_increase="0.5").result == "pass"


def test_what_a_baseline_lacks_is_judged_by_the_limit_alone_and_without_one_has_no_data() -> None:
    assert verdict(5, most="10", max_increase="0.1").result == "pass"
    assert verdict(11, most="10", max_increase="0.1").result == "fail"
    assert verdict(5, max_increase="0.1").result == "no_data"


@pytest.mark.parametrize(
    ("value", "before", "result"),
    [("12", "12", "waived"), ("11", "12", "waived"), ("12.1", "12", "fail"), ("11", "9", "fail"), ("9", "12", "pass"),
     ("11", None, "fail")],
)  # fmt: skip
def test_a_ratchet_fails_only_what_gets_worse(value: str, before: str | None, result: str) -> None:
    """The limit is 10: what was 12 may stay or fall, what was fine may not rise above 10, what is new neither."""
    assert verdict(Decimal(value), before, most="10", ratchet=True).result == result


def test_a_value_that_proves_nothing_does_not_pass_but_still_fails() -> None:
    assert verdict(0.2, most="1", doubtful=True).result == "no_data"
    assert verdict(1.2, most="1", doubtful=True).result == "fail"


def test_numbers_larger_than_any_money_are_told_apart_still() -> None:
    """Amounts are held with 26 digits before the point; beyond 10 to the power of 25 nothing is compared."""
    assert verdict(Decimal("9e24"), most="9000000000000000000000000").result == "pass"
    assert verdict(Decimal("9e24"), "1", max_increase="0.5").result == "fail"
    assert verdict(Decimal("1e25"), most="1").result == "no_data"
    assert verdict(1e300, most="1").result == "no_data"


def test_what_is_no_number_has_no_value() -> None:
    assert verdict(float("nan"), most="1").result == "no_data"
    assert verdict(None, most="1").result == "no_data"
