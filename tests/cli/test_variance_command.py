"""``variance`` on the command line: which periods, which baseline, which exit code."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from finopsctl.cli.app import app
from finopsctl.cli.run import guard

if TYPE_CHECKING:
    from pathlib import Path

LOG = """record_id,charge_period_start,team,model,provider,requests,reported_cost
a,2025-10-05,search,gpt-4o,openai,50,50
b,2026-08-05,search,gpt-4o,openai,10,10
c,2026-09-01,search,gpt-4o,openai,100,100
d,2026-10-05,search,gpt-4o,openai,120,132
e,2026-11-10,search,gpt-4o,openai,7,7
"""
PLAN = """charge_period_start,team,model,provider,requests,reported_cost
2026-09-01,search,gpt-4o,openai,1,1
2026-10-01,search,gpt-4o,openai,110,110
"""
BUDGETS = '[[budget]]\nlimit = 100\nname = "all"\n\n[[budget]]\nlimit = 200\nteam = "search"\n'


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a working folder with a log, a plan and budgets."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / "log.csv").write_text(LOG)
    (tmp_path / "plan.csv").write_text(PLAN)
    (tmp_path / "budgets.toml").write_text(BUDGETS)
    return tmp_path


def asked(capfd: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    """Return the JSON document of a command, or what it complained of."""
    ended = guard(app, ["variance", "log.csv", "-f", "json", *arguments])
    out, err = capfd.readouterr()

    assert ended == code, err

    return json.loads(out, parse_float=Decimal) if code in {0, 3} else err


@pytest.mark.usefixtures("desk")
def test_without_a_period_it_is_the_last_whole_month_against_the_month_before(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The data ends on 10 November: October, 132, against September, 100."""
    found = asked(capfd)

    assert found["schema"] == "finopsctl/variance/1"
    assert found["period"]["start"] == "2026-10-01T00:00:00Z"
    assert (found["rows"][0]["baseline"], found["rows"][0]["actual"], found["rows"][0]["change"]) == (100, 132, 32)


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize(
    ("arguments", "baseline", "actual"),
    [
        (("--month", "2026-09"), 10, 100),
        (("--month", "2026-10", "--compare", "2026-08"), 10, 132),
        (("--compare", "yoy"), 50, 132),
        (("--quarter", "2026Q4", "--compare", "2026Q3"), 110, 139),
        (("--as-of", "2026-10-20", "--month", "2026-10"), 100, 132),
        (("--as-of", "2026-10-01"), 10, 100),
        (("--compare", "plan.csv"), 110, 132),
        (("--month", "2026-11", "--compare", "plan.csv"), 111, 7),
    ],
)
def test_the_baseline_is_read_beside_the_period(
    capfd: pytest.CaptureFixture[str], arguments: tuple[str, ...], baseline: int, actual: int
) -> None:
    """A plan that has nothing for the period counts whole."""
    totals = asked(capfd, *arguments)["totals"]

    assert (totals["baseline"], totals["actual"]) == (baseline, actual)


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--month", "2026-08"), 4, "nothing to compare with from 2026-07-01"),
        (("--month", "2027-01"), 4, "no records from 2027-01-01"),
        (("--compare", "someday"), 2, "'someday' is nothing to compare with"),
        (("--by", "month"), 2, "no month in common"),
        (("--fail-on", "warning"), 2, "--compare budget"),
        (("--compare", "budget"), 2, "--budgets FILE"),
        (("--compare", "plan.csv", "--where", "team=nobody"), 4, "no records"),
    ],
)
def test_what_cannot_be_compared_says_why(
    capfd: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, words: str
) -> None:
    assert words in asked(capfd, *arguments, code=code)


@pytest.mark.usefixtures("desk")
def test_every_row_and_the_totals_add_up(capfd: pytest.CaptureFixture[str]) -> None:
    found = asked(capfd, "--by", "team,model")
    for row in [*found["rows"], found["totals"]]:
        effects = [v for name, v in row.items() if name not in {"team", "model", "baseline", "actual", "change"}]

        assert sum(effects, Decimal(0)) == row["change"] == row["actual"] - row["baseline"]


@pytest.mark.usefixtures("desk")
def test_a_log_of_part_of_a_month_is_taken_whole_against_a_file(desk: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither file holds a whole month."""
    (desk / "log.csv").write_text(LOG.splitlines()[0] + "\na,2026-11-02,search,gpt-4o,openai,5,6\n")
    (desk / "old.csv").write_text(LOG.splitlines()[0] + "\na,2026-10-02,search,gpt-4o,openai,5,5\n")
    totals = asked(capfd, "--compare", "old.csv")["totals"]

    assert (totals["baseline"], totals["actual"], totals["price"]) == (5, 6, 1)


PRICES = """schema = 1
provider = "example"

[[model]]
id = "reader-1"
rates = [
  { from = 2026-01-01, input = 2.50, cache_read = 1.25, output = 10.00 },
  { from = 2026-11-01, input = 2.00, cache_read = 1.00, output = 8.00 },
]
"""
CALLS = """record_id,charge_period_start,provider,model,requests,input_tokens,cache_read_tokens,output_tokens
a,2026-09-01,example,reader-1,1,1000000,0,100000
b,2026-10-01,example,reader-1,1,200000,800000,100000
c,2026-11-30,example,reader-1,1,200000,800000,100000
"""


@pytest.mark.parametrize(
    ("month", "effect", "amount"),
    [
        ("2026-10", "prompt_cache", Decimal("-1.00")),
        ("2026-11", "price", Decimal("-0.50")),
    ],
)
def test_the_price_lists_tell_a_cheaper_token_from_a_cached_one(
    desk: Path, capfd: pytest.CaptureFixture[str], month: str, effect: str, amount: Decimal
) -> None:
    """October reads 800,000 tokens from the cache: 0.8 x ($1.25 - $2.50) = -$1.00, to $2.50 with the output.

    In November everything costs a fifth less: -$0.50.
    """
    (desk / "prices").mkdir()
    (desk / "prices" / "example.toml").write_text(PRICES)
    header, *calls = CALLS.splitlines()
    place = {"2026-10": 1, "2026-11": 2}[month]
    (desk / "log.csv").write_text(f"{header}\n{calls[place]}\n")
    (desk / "before.csv").write_text(f"{header}\n{calls[place - 1]}\n")
    totals = asked(capfd, "--prices", "prices", "--month", month, "--compare", "before.csv")["totals"]

    assert totals["change"] == amount
    assert {
        name: value for name, value in totals.items() if value and name not in {"baseline", "actual", "change"}
    } == {effect: amount}


@pytest.mark.usefixtures("desk")
def test_the_inputs_that_begin_within_the_baseline_are_a_finding(capfd: pytest.CaptureFixture[str]) -> None:
    found = asked(capfd, "--month", "2026-08", "--compare", "2025Q4")
    said = next(f for f in found["findings"] if f["code"] == "baseline_begins_late")

    assert (said["severity"], said["first_day"]) == ("info", "2025-10-05")


@pytest.mark.usefixtures("desk")
def test_budgets_are_compared_to_date_worst_first(capfd: pytest.CaptureFixture[str]) -> None:
    """To 10 November a third is planned: 33.33 of 100 and 66.67 of 200; 7 is spent: both are under-utilized."""
    found = asked(capfd, "--compare", "budget", "--budgets", "budgets.toml")

    assert [(row["budget"], row["team"], row["actual"]) for row in found["rows"]] == [
        ("search", "search", 7),
        ("all", None, 7),
    ]
    assert found["rows"][1]["baseline"] == Decimal("33.333333333333")
    assert {row["band"] for row in found["rows"]} == {"under-utilized"}


@pytest.mark.usefixtures("desk")
def test_a_budget_that_is_overrun_fails_the_command_that_asks_for_it(capfd: pytest.CaptureFixture[str]) -> None:
    """October: 132 of 100 is critical, 132 of 200 under-utilized."""
    arguments = ("--compare", "budget", "--budgets", "budgets.toml", "--month", "2026-10", "--fail-on", "critical")
    found = asked(capfd, *arguments, code=3)

    assert [(row["budget"], row["grade"]) for row in found["rows"]] == [("all", "critical"), ("search", "warning")]


@pytest.mark.usefixtures("desk")
def test_budgets_by_a_dimension_are_those_of_just_that_dimension(capfd: pytest.CaptureFixture[str]) -> None:
    arguments = ("--compare", "budget", "--budgets", "budgets.toml", "--month", "2026-10", "--by", "team")

    assert [row["team"] for row in asked(capfd, *arguments)["rows"]] == ["search"]


@pytest.mark.usefixtures("desk")
def test_people_read_a_waterfall(capfd: pytest.CaptureFixture[str]) -> None:
    """100 x 1.00 in 30 days, then 120 x 1.10 in 31."""
    assert guard(app, ["variance", "log.csv", "--month", "2026-10"]) == 0

    lines = capfd.readouterr().out.splitlines()

    assert lines[0].startswith("Spend rose $32.00 (+32.0%) from September 2026 to October 2026; the largest effect is")
    assert lines[4].split()[:3] == ["September", "2026", "$100.00"]
    assert any(line.startswith("October 2026") and line.endswith("$132.00") for line in lines)
