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
        (("--month", "2026-08"), 4, "nothing to compare August 2026 with: the inputs hold no records of July 2026"),
        (("--month", "2027-01"), 4, "no records from 2027-01-01"),
        (("--compare", "someday"), 2, "'someday' is nothing to compare with"),
        (("--compare", "prevous"), 2, "Did you mean 'previous'?"),
        (("--compare", "old.csv"), 2, "there is no file old.csv to compare with"),
        (("--compare", "2026-10"), 2, "October 2026 would be compared with itself"),
        (("--compare", "2026Q4"), 2, "October 2026 and 2026Q4 overlap"),
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
def test_a_mistyped_comparison_is_refused_before_anything_is_read(
    desk: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (desk / "log.csv").write_text("no log at all")

    assert "Did you mean 'previous'?" in asked(capfd, "--compare", "prevous", code=2)


@pytest.mark.usefixtures("desk")
def test_inputs_without_a_whole_month_say_so_and_what_to_pass(desk: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (desk / "log.csv").write_text(
        LOG.splitlines()[0] + "\na,2026-10-13,a,gpt-4o,openai,5,6\nb,2026-10-15,a,gpt-4o,openai,5,6\n"
    )
    said = asked(capfd, code=4)

    assert "the inputs hold no whole month: their records are of 13 to 15 October 2026" in said
    assert "--last 1d" in said


@pytest.mark.usefixtures("desk")
def test_the_month_that_is_taken_where_none_is_named_is_said(capfd: pytest.CaptureFixture[str]) -> None:
    told = {f["code"]: f["message"] for f in asked(capfd)["findings"]}

    assert told["period_chosen"] == "No period is named: October 2026 is the last whole month of the inputs."
    assert "period_chosen" not in {f["code"] for f in asked(capfd, "--month", "2026-10")["findings"]}


@pytest.mark.usefixtures("desk")
def test_days_that_are_no_month_are_named_in_words(capfd: pytest.CaptureFixture[str]) -> None:
    assert guard(app, ["variance", "log.csv", "--last", "mtd", "--as-of", "2026-10-16", "--compare", "2026-09"]) == 0

    assert ", 1 to 15 October 2026 against September 2026;" in capfd.readouterr().out.replace("\n", " ")


@pytest.mark.usefixtures("desk")
def test_budgets_are_counted_by_the_side_of_their_plan(capfd: pytest.CaptureFixture[str]) -> None:
    """October: 132 of 100, and 132 of 200. The last day is inclusive for people."""
    assert (
        guard(app, ["variance", "log.csv", "--compare", "budget", "--budgets", "budgets.toml", "--month", "2026-10"])
        == 0
    )

    out = capfd.readouterr().out

    assert out.startswith("1 budget over plan, 1 under; all is $32.00 (32.0%) over its plan to date")
    assert "+$32.00" in out
    assert "2026-10-31" in out


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
def test_top_shows_the_worst_budgets_and_says_how_many_are_not_shown(capfd: pytest.CaptureFixture[str]) -> None:
    arguments = ("--compare", "budget", "--budgets", "budgets.toml", "--month", "2026-10", "--top", "1")
    found = asked(capfd, *arguments)
    said = next(f for f in found["findings"] if f["code"] == "budgets_left_out")

    assert [row["budget"] for row in found["rows"]] == ["all"]
    assert (found["totals"]["budgets"], said["budgets"]) == (2, 1)


def test_budgets_only_the_gateway_sets_are_compared_as_budget_status_compares_them(
    desk: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """LiteLLM's table gives search $100 a month; 7 of them are spent by 10 November."""
    (desk / "teams.csv").write_text(
        "team_id,team_alias,max_budget,budget_duration,budget_reset_at,spend,models,blocked\n"
        't1,search,100,1mo,2026-12-01T00:00:00Z,7,"{}",false\n'
    )
    found = asked(capfd, "teams.csv", "--compare", "budget")

    assert [(row["budget"], row["limit"], row["actual"]) for row in found["rows"]] == [("search", 100, 7)]


@pytest.mark.usefixtures("desk")
def test_budgets_by_a_dimension_are_those_of_just_that_dimension(capfd: pytest.CaptureFixture[str]) -> None:
    arguments = ("--compare", "budget", "--budgets", "budgets.toml", "--month", "2026-10", "--by", "team")

    assert [row["team"] for row in asked(capfd, *arguments)["rows"]] == ["search"]


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize(
    ("period", "effects"),
    [
        (("--month", "2026-10"), {"days", "volume", "price"}),
        (("--month", "2026-10", "--as-of", "2026-10-20"), {"volume", "price"}),
        (("--since", "2026-10-01", "--until", "2026-11-01"), {"volume", "price"}),
    ],
)
def test_days_are_an_effect_between_whole_calendar_periods_of_one_kind_alone(
    capfd: pytest.CaptureFixture[str], period: tuple[str, ...], effects: set[str]
) -> None:
    """20 requests more: of whole months one day's are the day's; of a part of a month all of them are volume."""
    totals = asked(capfd, *period, "--compare", "2026-09")["totals"]

    assert {name for name in ("days", "volume", "price") if totals[name]} == effects


@pytest.mark.usefixtures("desk")
def test_people_read_a_waterfall(capfd: pytest.CaptureFixture[str]) -> None:
    """100 x 1.00 in 30 days, then 120 x 1.10 in 31."""
    assert guard(app, ["variance", "log.csv", "--month", "2026-10"]) == 0

    lines = capfd.readouterr().out.splitlines()

    assert lines[0].startswith("Spend rose $32.00 (+32.0%) from September 2026 to October 2026; the largest effect is")
    assert lines[4].split()[:3] == ["September", "2026", "$100.00"]
    assert any(line.startswith("October 2026") and line.endswith("$132.00") for line in lines)
