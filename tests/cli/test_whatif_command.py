"""``finopsctl whatif``: its JSON contract, whose prices are whose, and what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from book_files import write
from commands import document, told
from finopsctl.analyses.whatif import Move, parsing
from finopsctl.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

CALL = {"model": "gpt-4o", "input_tokens": 1_000_000, "output_tokens": 100_000}
"""$2.50 + $1.00; as gpt-4o-mini $0.15 + $0.06."""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a log of three calls of gpt-4o, by two teams, for which the gateway reports $4 each."""
    monkeypatch.chdir(tmp_path)
    calls = [{**CALL, "team": team, "reported_cost": "4", "record_id": str(at)} for at, team in enumerate("aab")]
    return str(write(tmp_path / "log.jsonl", *calls))


def price_book(folder: Path, *, gpt_4o: float, start: str = "2020-01-01") -> str:
    folder.mkdir()
    (folder / "openai.toml").write_text(
        f'schema = 1\nprovider = "openai"\n[[model]]\nid = "gpt-4o"\n'
        f"rates = [ {{ from = {start}, input = {gpt_4o:.2f}, output = 0.00 }} ]\n",
        encoding="utf-8",
    )
    return str(folder)


def test_the_json_document_keeps_its_keys(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Three calls at $3.50 are $10.50, as gpt-4o-mini $0.63; a day, thirty times that a month."""
    found = document(capsys, "whatif", log, "--swap", "gpt-4o=gpt-4o-mini", "--by", "team")

    assert found["schema"] == "finopsctl/whatif/1"
    assert found["cost_basis"] == "effective"
    assert list(found["rows"][0]) == [
        *("team", "baseline", "scenario", "saving", "saving_share"),
        *("requests", "requests_moved", "requests_kept", "unpriced_requests"),
    ]
    assert [(row["team"], row["baseline"]) for row in found["rows"]] == [("a", 7), ("b", 3.5)]
    totals = found["totals"]
    assert (totals["baseline"], totals["scenario"], totals["saving"]) == (10.5, 0.63, 9.87)
    assert totals["reported"] == 12
    assert (totals["requests_moved"], totals["requests_kept"], totals["unpriced_requests"]) == (3, 0, 0)
    assert totals["saving_share"] == pytest.approx(0.94)
    assert totals["monthly_run_rate"] == pytest.approx(18.9)
    assert found["models_moved"][0]["to"] == "gpt-4o-mini"


def test_rows_are_by_model_unless_said_otherwise(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = told(capsys, "whatif", log, "--swap", "gpt-4o=gpt-4o-mini")

    assert code == 0
    assert out.splitlines()[0] == (
        "Swapping gpt-4o for gpt-4o-mini saves $9.87 of $10.50 (94.0%), $296.10 a month at this rate: 3 requests move."
    )
    assert "gpt-4o" in out


def test_a_price_book_is_the_scenarios_and_prices_are_both_sides(
    log: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """At $1 a million of input and nothing for output a call costs $1."""
    prices = price_book(tmp_path / "prices", gpt_4o=1)

    theirs = document(capsys, "whatif", log, "--price-book", prices)["totals"]
    both = document(capsys, "whatif", log, "--prices", prices, "--trim-input", "50%")["totals"]

    assert (theirs["baseline"], theirs["scenario"]) == (10.5, 3)
    assert (both["baseline"], both["scenario"]) == (3, 1.5)


def test_a_price_date_is_the_scenarios(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    """On 1 June 2024 gpt-4o cost $5 and $15: a call $6.50."""
    totals = document(capsys, "whatif", log, "--price-date", "2024-06-01")["totals"]

    assert (totals["baseline"], totals["scenario"]) == (10.5, 19.5)


def test_scenarios_of_a_file_are_rows(log: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "scenarios.toml"
    file.write_text(
        '[[scenario]]\nname = "mini"\nswap = "gpt-4o=gpt-4o-mini"\n'
        '[[scenario]]\nname = "batch"\nservice-tier = "batch"\nprice-date = 2026-11-01\n',
        encoding="utf-8",
    )
    found = document(capsys, "whatif", log, "--scenarios", str(file))

    assert [(row["name"], row["scenario"]) for row in found["rows"]] == [("mini", 0.63), ("batch", 5.25)]
    assert (found["totals"]["name"], found["totals"]["saving"]) == ("mini", 9.87)
    by_team = document(capsys, "whatif", log, "--scenarios", str(file), "--by", "team")["rows"]
    assert [(row["name"], row["team"]) for row in by_team] == [
        ("mini", "a"),
        ("mini", "b"),
        ("batch", "a"),
        ("batch", "b"),
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "no scenario is given"),
        (("--swap", "gpt-4o=gpt-4o-minni"), "no price list has the model 'gpt-4o-minni'"),
        (("--swap", "gpt-4o"), "cannot read the swap"),
        (("--trim-input", "130%"), "is more than all"),
        (("--cap-output", "few"), "not a number of output tokens"),
        (("--cache-cost", "1"), "needs a hit rate"),
        (("--cap-output", "9", "--cost-basis", "reported"), "no reported basis"),
        (("--self-host", "cost-per-hour=1"), "self-hosting needs tokens-per-second"),
        (("--cap-output", "9", "--scenarios", "x.toml"), "x.toml"),
        (("--cap-output", "9:colour=red"), "unknown dimension 'colour'"),
        (("--price-book", "nowhere"), "nowhere"),
    ],
)
def test_what_cannot_be_asked_ends_with_2(
    log: str, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    code, out, err = told(capsys, "whatif", log, *arguments)

    assert (code, out) == (2, "")
    assert said in err
    assert "hint:" in err


def test_nothing_in_the_period_ends_with_4(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "whatif", log, "--cap-output", "9", "--month", "2020-01")[0] == 4


@pytest.mark.parametrize(
    ("text", "move"),
    [
        ("a=b", Move("b", ("a",))),
        ("a=llama3.3:70b:50%", Move("llama3.3:70b", ("a",), parsing.share_of("50%", ""))),
        ("a=x.claude-v1:0", Move("x.claude-v1:0", ("a",))),
        ("a=b:1:tag:tier=gold:team!=x,y", Move("b", ("a",), where=("tag:tier=gold", "team!=x,y"))),
    ],
)
def test_a_swap_is_read_with_colons_in_names_and_filters(text: str, move: Move) -> None:
    assert parsing.swap(text) == move


@pytest.mark.parametrize("text", ["a=b:1.5", "a=b:-0.5", "=b", "a="])
def test_a_swap_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        parsing.swap(text)


@pytest.mark.parametrize("period", [(), ("--month", "2026-10")])
def test_a_bucket_of_a_month_is_not_taken_for_a_day(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], period: tuple[str, ...]
) -> None:
    """One bucket of 31 days at $3.50, as gpt-4o-mini $0.21: $0.21 x 30 / 31 a month, not $0.21 x 30."""
    month = {"charge_period_start": "2026-10-01T00:00:00Z", "charge_period_end": "2026-11-01T00:00:00Z"}
    log = str(write(tmp_path / "log.jsonl", {**CALL, **month, "record_kind": "usage", "record_id": "all"}))

    found = document(capsys, "whatif", log, "--swap", "gpt-4o=gpt-4o-mini", *period)

    assert found["totals"]["days"] == 31
    assert found["totals"]["monthly_run_rate"] == pytest.approx(0.21 * 30 / 31)


@pytest.mark.parametrize("option", ["--retries", "--cache-hit-rate"])
def test_an_option_given_twice_acts_on_both_filters(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two teams with a retried call each: what is saved for a and for b is saved together, not the last one alone."""
    calls = [{**CALL, "team": team, "retries": 1, "cache_hits": 0, "record_id": team} for team in "ab"]
    log = str(write(tmp_path / "log.jsonl", *calls))
    share = "0" if option == "--retries" else "1"

    def saving(*teams: str) -> float:
        words = [word for team in teams for word in (option, f"{share}:team={team}")]
        return float(document(capsys, "whatif", log, *words)["totals"]["saving"])

    assert saving("a") > 0
    assert saving("a", "b") == pytest.approx(saving("a") + saving("b"))
