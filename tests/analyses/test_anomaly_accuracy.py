"""The rules on labelled real series and real tenants: what docs/methods.md says of them holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from benchmark_scripts import benchmark
from finopsctl.analyses.anomalies.question import rule_named
from shared import DATA, needs_shared

if TYPE_CHECKING:
    from types import ModuleType

pytestmark = needs_shared


@pytest.fixture(scope="module")
def accuracy() -> ModuleType:
    """Return the benchmark that prints the tables."""
    return benchmark("anomaly_accuracy")


def test_by_the_hour_three_sigma_meets_the_bar(accuracy: Any) -> None:
    """F1 of about 0.4 with at most 5 false episodes per series-month."""
    found = accuracy.outcome(accuracy.labelled(DATA), rule_named("three-sigma"), "hour")

    assert found.f1 >= 0.4
    assert found.false_per_month <= 5
    assert found.found == found.judgeable == 4


def test_by_the_day_three_sigma_keeps_false_episodes_low_but_misses_the_bar_for_f1(accuracy: Any) -> None:
    """At most 0.5 false episodes; of six windows, one is found: F1 0.25 where 0.5 was hoped for."""
    found = accuracy.outcome(accuracy.labelled(DATA), rule_named("three-sigma"), "day")

    assert found.false_per_month <= 0.5
    assert (found.found, found.windows) == (1, 6)


def test_on_tenants_the_bare_rule_cries_more_than_twice_as_often_as_ours(accuracy: Any) -> None:
    """Bare: 4.8 days per client-month."""
    clients = accuracy.tenants(DATA, "day")
    bare = accuracy.bare_double_week(clients)

    assert bare == pytest.approx(4.8, abs=0.05)
    assert accuracy.per_client_month(clients, rule_named("double-week"), "day") < bare / 2
    assert accuracy.per_client_month(clients, rule_named("week-over-week"), "day") < 0.5
