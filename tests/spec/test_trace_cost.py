"""One user action may cost 0.002 or 0.20: what the literature says of agents, seen through the cost of traces."""

from __future__ import annotations

import pytest

from finopsctl.analyses.attribution import breakdown
from finopsctl.analyses.kpi import ScorecardQuestion, scorecard
from finopsctl.metrics.dimensions import parse
from ledgers import ledger

# The same action twenty times. Nineteen are one cheap call; the last went through an agent's loop of ten calls.
ACTIONS = "\n".join(
    [
        "trace_id feature requests cost",
        *(f"action-{number} checkout 1 0.002" for number in range(1, 20)),
        *("action-20 checkout 1 0.02" for _ in range(10)),
    ]
)


def quantile(percent: int, table: str = ACTIONS, by: str = "") -> list[float | None]:
    question = ScorecardQuestion(kpis=(f"cost_per_trace_p{percent}",), by=parse(by))
    return scorecard(ledger(table), question).rows["value"].to_list()


def test_the_same_user_action_costs_0_002_to_0_20() -> None:
    """19 actions of $0.002 and one of 10 x $0.02 = $0.20, a hundred times as much."""
    rows = breakdown(ledger(ACTIONS), parse("trace_id")).rows

    assert rows.select("trace_id", "requests").row(0) == ("action-20", 10)
    assert (float(rows["spend"].max()), float(rows["spend"].min())) == (0.2, 0.002)  # type: ignore[arg-type]


@pytest.mark.parametrize(("percent", "cost"), [(50, 0.002), (95, 0.0119), (99, 0.16238)])
def test_the_tail_of_the_cost_per_action_shows_what_the_median_hides(percent: int, cost: float) -> None:
    """Of 20 sorted costs, position 19 x 0.95 = 18.05: 0.002 + 0.05 x 0.198; 19 x 0.99 = 18.81: 0.002 + 0.81 x 0.198."""
    assert quantile(percent) == [cost]


def test_the_cost_per_request_is_what_no_action_costs() -> None:
    """29 requests cost $0.238: $0.0082 a request, while no action costs that."""
    question = ScorecardQuestion(kpis=("cost_per_request",))

    assert scorecard(ledger(ACTIONS), question).rows["value"].to_list() == [pytest.approx(0.238 / 29)]


def test_a_trace_in_two_groups_counts_in_each_with_its_part() -> None:
    """Trace t costs $1 in search and $3 in support."""
    table = "trace_id feature requests cost\nt search 1 1\nt support 1 3"

    assert sorted(quantile(50, table, "feature")) == [1.0, 3.0]  # type: ignore[type-var]
    assert quantile(50, table) == [4.0]


def test_records_without_a_trace_are_no_trace_and_coverage_says_so() -> None:
    """$1 of $4 belongs to a trace."""
    question = ScorecardQuestion(kpis=("cost_per_trace_p50",))
    row = scorecard(ledger("trace_id requests cost\nt 1 1\n- 1 3"), question).rows.row(0, named=True)

    assert (row["value"], row["coverage"], row["denominator"]) == (1.0, 0.25, 1)


def test_a_ledger_without_traces_says_what_would_bring_them() -> None:
    card = scorecard(ledger("requests cost\n1 1"), ScorecardQuestion(kpis=("cost_per_trace_p99",)))

    assert card.rows["value"].to_list() == [None]
    assert any("trace" in finding.message + finding.hint for finding in card.findings)
