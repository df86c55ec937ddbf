"""``finopsctl recommend``: every saving is what the command beside it says; what is small is left alone."""

from __future__ import annotations

import json
import shlex
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from book_files import write
from commands import finopsctl

SAMPLE = Path(__file__).parents[2] / "sample_data"

DAYS = 10
"""Of October that the traffic lasts: a month is three times as much."""

OPUS = {"provider": "anthropic", "model": "claude-opus-4-6"}
GPT = {"provider": "openai", "model": "gpt-4o"}

TRAFFIC: dict[str, dict[str, Any]] = {
    "premium_models": OPUS | {"feature": "agent", "input_tokens": 3000, "output_tokens": 900},
    "simple_requests": GPT | {"feature": "labels", "input_tokens": 400, "output_tokens": 20},
    "batch_tier": GPT | {"feature": "scoring", "workload": "eval", "input_tokens": 3000, "output_tokens": 400},
    "long_prompts": GPT | {"feature": "search", "input_tokens": 20_000, "output_tokens": 500},
    "retries": GPT | {"feature": "chat", "input_tokens": 3000, "output_tokens": 400, "retries": 1},
    "cache_unused": GPT | {"feature": "rag", "input_tokens": 5000, "output_tokens": 100, "cache_read_tokens": 0},
    "cache_loses": OPUS | {"feature": "notes", "input_tokens": 2000, "output_tokens": 350, "cache_write_tokens": 9000},
}
"""What makes each rule speak: a request a day of a feature of its own."""


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Write ten days of traffic in which every rule with a saving finds something."""
    records = []
    for day in range(1, DAYS + 1):
        at = {"charge_period_start": f"2026-10-{day:02d}T12:00:00Z", "team": "bakery"}
        records += [{**at, **values, "record_id": f"{rule}-{day}"} for rule, values in TRAFFIC.items()]
        # Nine short answers and a long one; two tokens read for one written would be usual.
        length = 5000 if day == DAYS else 2000
        answer = GPT | {"feature": "stories", "input_tokens": 100, "output_tokens": length}
        records += [{**at, **answer, "record_id": f"story-{day}"}]
        # One answer in twenty comes from the cache.
        asked = GPT | {"feature": "faq", "input_tokens": 2500, "output_tokens": 400}
        records += [
            {**at, **asked, "record_id": f"faq-{day}-{n}", "cache_hits": int(n == 0 and day % 2 == 0)}
            for n in range(10)
        ]
    return write(tmp_path / "logs.jsonl", *records)


def answered(*words: str | Path) -> dict[str, Any]:
    """Run a command and return its JSON with exact amounts."""
    done = finopsctl(*words, "-f", "json")

    assert done.returncode == 0, done.stderr

    found: dict[str, Any] = json.loads(done.stdout, parse_float=Decimal)
    return found


def month_of(command: str) -> Decimal:
    """Return the monthly saving that a named command shows."""
    words = shlex.split(command)
    totals = answered(*words[1:])["totals"]
    if words[1] == "whatif":
        return Decimal(totals["monthly_saving"])
    return -Decimal(totals["prompt_net"]) * 30 / DAYS


def test_every_saving_is_the_figure_of_the_command_it_names(logs: Path) -> None:
    found = answered("recommend", logs, "--floor", "0")["rows"]
    saving = [row for row in found if row["monthly_saving"] is not None]

    assert {row["rule"] for row in saving} == {*TRAFFIC, "long_answers", "low_hit_rate"}
    assert [row["monthly_saving"] for row in saving] == [month_of(row["command"]) for row in saving]


def test_the_figures_hold_in_a_named_period_too(logs: Path) -> None:
    """Eight days of October from the 3rd: a month is 30/8 of them."""
    found = answered("recommend", logs, "--floor", "0", "--since", "2026-10-03", "--where", "feature=agent,labels")

    rows = [row for row in found["rows"] if row["monthly_saving"] is not None]
    assert len(rows) >= 2
    assert found["totals"]["days"] == 8
    assert [row["monthly_saving"] for row in rows] == [month_of(row["command"]) for row in rows]


def test_every_command_it_names_runs(logs: Path) -> None:
    budgets = logs.with_name("budgets.toml")
    budgets.write_text('[[budget]]\nteam = "bakery"\nlimit = 1\n', encoding="utf-8")
    found = answered("recommend", logs, "--floor", "0", "--budgets", budgets)["rows"]

    assert "budgets" in {row["rule"] for row in found}
    for row in found:
        assert finopsctl(*shlex.split(row["command"])[1:]).returncode == 0, row["command"]


def test_rows_are_ranked_by_saving_and_what_has_none_comes_last(logs: Path) -> None:
    rows = answered("recommend", logs, "--floor", "0")["rows"]
    savings = [row["monthly_saving"] for row in rows]
    known = [saving for saving in savings if saving is not None]

    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
    assert known == sorted(known, reverse=True)
    assert savings[: len(known)] == known


def test_savings_that_meet_are_not_added(logs: Path) -> None:
    """The long prompts of search are shortened, cached and so on: together less than one by one."""
    totals = answered("recommend", logs, "--floor", "0")["totals"]

    assert 0 < totals["monthly_saving_combined"] < totals["monthly_saving_added"]


def test_one_command_shows_what_all_changes_save_together(tmp_path: Path) -> None:
    """On the sample company, in a month, from the file that --export-scenarios writes."""
    file = tmp_path / "all changes.toml"
    found = answered("recommend", SAMPLE, "--month", "2026-10", "--floor", "1", "--export-scenarios", file)
    totals = found["totals"]
    command = totals["combined_command"]

    assert command.endswith(f"--month 2026-10 --scenarios '{file}'")
    assert totals["monthly_saving_combined"] == month_of(command) > 0
    assert any(command in finding.get("hint", "") for finding in found["findings"])


def test_caches_given_up_are_in_the_exported_scenario(logs: Path, tmp_path: Path) -> None:
    """9,000 tokens written to the cache of notes at 1.25 of the input price, and never read."""
    config = logs.with_name("finopsctl.toml")
    config.write_text('[recommend]\nfloor = 0\ndisabled = ["premium-models", "long-prompts"]\n', encoding="utf-8")
    file = tmp_path / "all.toml"
    found = answered("recommend", logs, "--config", config, "--export-scenarios", file)
    totals = found["totals"]
    loss = next(row for row in found["rows"] if row["rule"] == "cache_loses")

    assert "off:team=" in file.read_text(encoding="utf-8")
    assert loss["monthly_saving"] == month_of(loss["command"]) > 0
    assert totals["monthly_saving_combined"] == month_of(totals["combined_command"])


def test_where_nothing_can_be_played_no_scenario_is_written(logs: Path, tmp_path: Path) -> None:
    file = tmp_path / "all.toml"
    found = answered("recommend", logs, "--export-scenarios", file)

    assert not file.exists()
    assert "no_scenario" in [finding["code"] for finding in found["findings"]]


def test_a_file_of_scenarios_that_cannot_be_written_is_said_with_its_option(logs: Path, tmp_path: Path) -> None:
    done = finopsctl("recommend", logs, "--floor", "0", "--export-scenarios", tmp_path / "none" / "all.toml")

    assert done.returncode == 2
    assert done.stdout == ""
    assert "Name another file with --export-scenarios." in done.stderr


def test_machines_of_ones_own_are_exported_where_they_save_more_than_all_the_rest(logs: Path, tmp_path: Path) -> None:
    config = logs.with_name("finopsctl.toml")
    machine = "cost-per-hour=0.0001,tokens-per-second=1500,utilization=0.6"
    config.write_text(f'[recommend]\nfloor = 0\nself-hosted-tokens = 1\nself-host = "{machine}"\n', encoding="utf-8")
    totals = answered("recommend", logs, "--config", config, "--export-scenarios", tmp_path / "all.toml")["totals"]

    assert totals["monthly_saving_combined"] == month_of(totals["combined_command"])


def test_below_the_floor_nothing_is_said_but_that_it_is(logs: Path) -> None:
    found = answered("recommend", logs)

    assert [row for row in found["rows"] if row["monthly_saving"] is not None] == []
    said = next(finding for finding in found["findings"] if finding["code"] == "below_floor")
    assert "9 workloads below $500.00 a month are left alone" in said["message"]
    assert said["hint"] == "Lower the floor to see them: --floor 1."


def test_the_floor_and_rules_may_stand_in_the_configuration(logs: Path) -> None:
    config = logs.with_name("finopsctl.toml")
    config.write_text('[recommend]\nfloor = 0\ndisabled = ["long-prompts"]\n', encoding="utf-8")
    rules = {row["rule"] for row in answered("recommend", logs, "--config", config)["rows"]}

    assert "premium_models" in rules
    assert "long_prompts" not in rules


def test_top_keeps_the_first_and_counts_the_rest(logs: Path) -> None:
    rows = answered("recommend", logs, "--floor", "0", "--top", "2")["rows"]

    assert [row["rank"] for row in rows] == [1, 2, None]
    assert rows[-1]["other"] > 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--cost-basis", "reported"), "which no source reports"),
        (("--price-date", "2026-10-01"), "Leave --price-date out"),
        (("--by", "day"), "day makes no workload"),
        (("--by", "token_class"), "token_class makes no workload"),
        (("--floor", "much"), "--floor 'much' is no number"),
    ],
)
def test_a_question_without_an_answer_is_refused_in_a_sentence(logs: Path, options: tuple[str, ...], said: str) -> None:
    done = finopsctl("recommend", logs, *options)

    assert done.returncode == 2
    assert said in done.stderr


def test_a_rule_that_is_none_is_refused_with_the_nearest(logs: Path) -> None:
    config = logs.with_name("finopsctl.toml")
    config.write_text('[recommend]\ndisabled = ["long-prompt"]\n', encoding="utf-8")
    done = finopsctl("recommend", logs, "--config", config)

    assert done.returncode == 2
    assert "Did you mean 'long_prompts'?" in done.stderr


def test_nothing_in_the_period_is_said_with_what_there_is(logs: Path) -> None:
    done = finopsctl("recommend", logs, "--month", "2026-12")

    assert done.returncode == 4
    assert "2026-10-01 to 2026-10-10" in done.stderr


def test_machines_of_ones_own_are_priced_as_configured(logs: Path) -> None:
    """A machine at a hundredth of a cent an hour is cheaper than any API: it counts instead of all other changes."""
    config = logs.with_name("finopsctl.toml")
    machine = "cost-per-hour=0.0001,tokens-per-second=1500,utilization=0.6"
    config.write_text(f'[recommend]\nfloor = 0\nself-hosted-tokens = 1\nself-host = "{machine}"\n', encoding="utf-8")
    found = answered("recommend", logs, "--config", config)
    first = found["rows"][0]

    assert first["rule"] == "self_hosting"
    assert first["monthly_saving"] == month_of(first["command"])
    assert found["totals"]["monthly_saving_combined"] == first["monthly_saving"]


def test_machines_without_figures_are_recommended_without_a_saving(logs: Path) -> None:
    config = logs.with_name("finopsctl.toml")
    config.write_text("[recommend]\nself-hosted-tokens = 1\n", encoding="utf-8")
    row = next(r for r in answered("recommend", logs, "--config", config)["rows"] if r["rule"] == "self_hosting")

    assert row["monthly_saving"] is None
    assert "what a machine costs and writes is not configured" in row["evidence"]


def test_filters_of_the_configuration_stand_in_the_commands(logs: Path) -> None:
    """A filter on the command line would take the place of the configured one."""
    config = logs.with_name("finopsctl.toml")
    config.write_text('where = ["feature=notes"]\n[recommend]\nfloor = 0\n', encoding="utf-8")
    rows = answered("recommend", logs, "--config", config)["rows"]
    row = next(row for row in rows if row["rule"] == "cache_loses")

    assert "--where feature=notes " in row["command"]
    assert row["monthly_saving"] == month_of(row["command"])


def test_a_tag_with_several_values_makes_no_workload(tmp_path: Path) -> None:
    logs = write(tmp_path / "logs.jsonl", GPT | {"input_tokens": 10, "output_tokens": 1, "tags": '{"use":["a","b"]}'})
    done = finopsctl("recommend", logs, "--by", "tag:use")

    assert done.returncode == 2
    assert "tag:use has several values in 1 records, so its workloads overlap" in done.stderr


def test_without_any_answer_from_a_cache_the_saving_is_not_known(tmp_path: Path) -> None:
    logs = write(tmp_path / "logs.jsonl", GPT | {"input_tokens": 10, "output_tokens": 1, "cache_hits": 0})
    (row,) = (r for r in answered("recommend", logs, "--floor", "0")["rows"] if r["rule"] == "low_hit_rate")

    assert row["monthly_saving"] is None
    assert "None of 1 requests was answered from a cache" in row["evidence"]
