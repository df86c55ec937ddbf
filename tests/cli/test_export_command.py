"""``finopsctl export``: files that other programs read."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from commands import finopsctl
from test_imports import _PROGRAM, HEAVY, modules, of

SAMPLE = Path(__file__).parents[2] / "sample_data"
BUDGETS = SAMPLE / "budgets.toml"


def metrics(*options: str | Path) -> dict[str, Decimal]:
    """Return every sample of an exposition by its name and labels."""
    done = finopsctl("export", "openmetrics", *options, "-q")
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    assert len({line.rpartition(" ")[0] for line in lines}) == len(lines)
    return {line.rpartition(" ")[0]: Decimal(line.rpartition(" ")[2]) for line in lines}


def events(folder: Path, *more: str) -> Path:
    path = folder / "events.csv"
    head = "timestamp,use_case,team,user_id,model,input_tokens,output_tokens,cost_usd,currency\n"
    path.write_text(head + "".join(f"{line}\n" for line in more), "utf-8")
    return path


def test_rules_have_the_budgets_of_the_file_and_say_what_they_leave_out(tmp_path: Path) -> None:
    (tmp_path / "b.toml").write_text('[[budget]]\nlimit = 5\n[[budget]]\nlimit = 5\nfeature = "chat"\n', "utf-8")

    done = finopsctl("export", "prometheus-rules", "--budgets", "b.toml", folder=tmp_path)
    quiet = finopsctl("export", "prometheus-rules", "--budgets", "b.toml", "-q", folder=tmp_path)

    assert done.returncode == 0
    assert done.stderr == ("warning: Budget chat is left out: the metrics have no label for feature.\n")
    assert quiet.stderr == ""
    names = {rule["labels"]["budget"] for group in yaml.safe_load(done.stdout)["groups"]
             for rule in group["rules"] if rule.get("alert") == "FinopsBudget"}  # fmt: skip
    assert names == {"global"}


def test_rules_take_their_thresholds_from_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "finopsctl.toml").write_text("[kpi.scales]\ncost_per_request = [0.001, 0.002, 0.03]\n", "utf-8")

    done = finopsctl("export", "prometheus-rules", "-o", "rules.yml", folder=tmp_path)

    assert (done.returncode, done.stdout) == (0, "")
    assert "finopsctl:cost_per_request:24h > 0.03\n" in (tmp_path / "rules.yml").read_text("utf-8")


@pytest.mark.parametrize("what", ["prometheus-rules", "grafana"])
def test_names_that_are_none_are_exit_2_with_the_nearest(what: str, tmp_path: Path) -> None:
    done = finopsctl("export", what, "--names", "generik", folder=tmp_path)

    assert done.returncode == 2
    assert "'generic'" in done.stderr


def test_a_dashboard_is_json_and_the_same_each_time(tmp_path: Path) -> None:
    one, other = (finopsctl("export", "grafana", "--budgets", BUDGETS, folder=tmp_path) for _ in range(2))

    assert one.returncode == 0, one.stderr
    assert one.stdout == other.stdout
    assert json.loads(one.stdout)["uid"] == "finopsctl-llm-spend"


def test_spend_is_by_team_and_model_unless_asked_otherwise(tmp_path: Path) -> None:
    """1.50 + 0.50 by two models of one team, 1 of no team; 3 requests."""
    path = events(
        tmp_path,
        "2026-10-01T10:00:00Z,chat,search,u,gpt-4o,100,10,1.5,USD",
        "2026-10-01T11:00:00Z,chat,search,u,o3,100,10,0.5,USD",
        "2026-10-01T12:00:00Z,chat,,u,o3,100,10,1,USD",
    )
    found, by_team = metrics(path), metrics(path, "--by", "team")

    assert {name: value for name, value in found.items() if name.startswith("finopsctl_spend")} == {
        'finopsctl_spend_usd{team="search",model="gpt-4o"}': Decimal("1.5"),
        'finopsctl_spend_usd{model="o3"}': Decimal(1),
        'finopsctl_spend_usd{team="search",model="o3"}': Decimal("0.5"),
    }
    assert by_team['finopsctl_spend_usd{team="search"}'] == 2
    assert by_team['finopsctl_requests{team="search"}'] == 2
    assert by_team['finopsctl_tokens{team="search"}'] == 220
    assert found["finopsctl_cost_per_request_usd"] == 1
    assert by_team['finopsctl_cost_per_request_usd{team="search"}'] == 1
    assert found['finopsctl_kpi_grade{kpi="cost_per_request"}'] == 3
    assert found["finopsctl_as_of_timestamp_seconds"] == 1_790_899_200
    assert found["finopsctl_records"] == 3


def test_budgets_stand_where_budget_status_says(tmp_path: Path) -> None:
    """9 of 10 are spent: 90 %, 1 left."""
    path = events(tmp_path, "2026-10-01T10:00:00Z,chat,search,u,gpt-4o,100,10,9,USD")
    (tmp_path / "b.toml").write_text('[[budget]]\nlimit = 10\nteam = "search"\n', "utf-8")
    found = metrics(path, "--budgets", tmp_path / "b.toml")
    labels = '{budget="search",team="search",set_in="configuration"}'

    assert found[f"finopsctl_budget_limit_usd{labels}"] == 10
    assert found[f"finopsctl_budget_actual_usd{labels}"] == 9
    assert found[f"finopsctl_budget_remaining_usd{labels}"] == 1
    assert found[f"finopsctl_budget_utilization_ratio{labels}"] == Decimal("0.9")
    assert not [name for name in found if name.startswith("finopsctl_budget_utilization") and labels not in name]


def test_figures_agree_with_the_scorecard_of_the_sample(tmp_path: Path) -> None:
    options = (SAMPLE, "--month", "2026-10", "--budgets", BUDGETS)
    found = metrics(*options)
    card = json.loads(finopsctl("kpi", *options, "-f", "json", folder=tmp_path).stdout, parse_float=Decimal)
    values = {row["kpi"]: row["value"] for row in card["rows"]}

    assert found["finopsctl_cost_per_request_usd"] == values["cost_per_request"]
    assert found["finopsctl_cache_hit_rate_ratio"] == values["cache_hit_rate"]
    spent = sum(value for name, value in found.items() if name.startswith("finopsctl_spend_usd"))
    assert spent == card["totals"]["spend"]


def test_another_format_is_refused(tmp_path: Path) -> None:
    done = finopsctl("export", "openmetrics", SAMPLE, "-f", "csv", folder=tmp_path)

    assert done.returncode == 2
    assert "csv" in done.stderr


def test_a_file_is_written_whole_and_the_ending_prom_is_what_any_report_may_have(tmp_path: Path) -> None:
    path = events(tmp_path, "2026-10-01T10:00:00Z,chat,search,u,gpt-4o,100,10,9,USD")
    written = finopsctl("export", "openmetrics", path, "-o", tmp_path / "a.prom", folder=tmp_path)
    report = finopsctl("attribution", path, "--by", "team", "-o", tmp_path / "b.prom", folder=tmp_path)

    assert (written.returncode, report.returncode) == (0, 0)
    assert (tmp_path / "a.prom").read_text().endswith("# EOF\n")
    assert 'finopsctl_attribution_spend_usd{team="search"} 9\n' in (tmp_path / "b.prom").read_text()


def test_help_loads_no_heavy_library() -> None:
    assert of(modules(_PROGRAM, "export", "--help"), *HEAVY) == set()


@pytest.mark.parametrize("what", ["prometheus-rules", "grafana"])
def test_files_about_metrics_ask_nobody(what: str) -> None:
    assert of(modules(_PROGRAM, "export", what), "httpx") == set()


def test_a_filter_that_no_budget_passes_leaves_budgets_out(tmp_path: Path) -> None:
    path = events(tmp_path, "2026-10-01T10:00:00Z,chat,search,u,gpt-4o,100,10,9,USD")
    (tmp_path / "b.toml").write_text('[[budget]]\nlimit = 10\nteam = "support"\n', "utf-8")

    found = metrics(path, "--budgets", tmp_path / "b.toml", "--where", "team=search")

    assert found['finopsctl_spend_usd{team="search",model="gpt-4o"}'] == 9
    assert not [name for name in found if name.startswith("finopsctl_budget")]
