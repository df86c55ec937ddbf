"""The sample company is what its README says, comes out the same each time, and tells its story in figures."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
import tomllib
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from commands import finopsctl
from finopsctl.books import Request, open_books
from finopsctl.caching.reading import read_trace
from finopsctl.sources import SideTable, detect, expand, generic, probe, read, read_raw
from finopsctl.sources._bad import Faults
from finopsctl.sources._input import InputFile

if TYPE_CHECKING:
    from finopsctl.books import Books

SAMPLE = Path(__file__).parents[1] / "sample_data"
BUDGETS, EXAMPLE = SAMPLE / "budgets.toml", SAMPLE / "finopsctl.example.toml"
KIOSK, KIOSK_MAP = SAMPLE / "maps" / "kiosk_calls.txt", SAMPLE / "maps" / "kiosk_calls.toml"
MAPS = {"maps/kiosk_calls.txt": KIOSK_MAP, "invoices/openai_2026-10.txt": SAMPLE / "invoices" / "openai.toml"}
"""What only a map can read: its ending keeps it out of what the folder holds."""
METRICS = "metrics/prometheus_2026-10-14.txt"
"""Of the same traffic as the logs; its ending keeps it apart."""
TRACE = "trace"
"""What stands in the table for prompt hashes, which are no ledger: see ``finopsctl cache simulate``."""
WARTS = {"possible_double_count", "unread_file", "unknown_file", "no_records", "bad_line", "odd_record", "band_unknown"}
_ROW = re.compile(r"^\| (?P<file>\S+) \| (?P<source>\S+) \| (?P<records>\d+) \|", re.MULTILINE)
TABLE = [(m["file"], m["source"], int(m["records"])) for m in _ROW.finditer((SAMPLE / "README.md").read_text())]


@lru_cache(maxsize=2)
def books(*more: str, column_map: Path | None = None) -> Books:
    """Return the open books; they stay open until the tests end, with the temporary files behind them."""
    return open_books(Request(inputs=(str(SAMPLE), *more), column_map=column_map))


@lru_cache(maxsize=1)
def rows() -> pl.DataFrame:
    return books().rows.collect()


def spend(*conditions: pl.Expr) -> Decimal:
    return Decimal(rows().filter(*conditions)["cost"].sum())


def scorecard(*options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(finopsctl("kpi", SAMPLE, "-f", "json", *options).stdout)["rows"]
    return found


def in_october() -> pl.Expr:
    return pl.col("charge_period_start").dt.month() == 10


def on_day(day: int) -> pl.Expr:
    return in_october() & (pl.col("charge_period_start").dt.day() == day)


def test_generating_again_writes_the_same_files(tmp_path: Path) -> None:
    """Compressed files are compared by content: compression libraries differ in the bytes they choose."""
    command = [sys.executable, "-B", str(SAMPLE / "generate.py"), str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)

    written = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert {str(path.relative_to(tmp_path)) for path in written} == {file for file, _, _ in TABLE}
    for path in written:
        assert _content(path) == _content(SAMPLE / path.relative_to(tmp_path)), path.name


def _content(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def test_every_data_file_of_the_folder_is_in_the_table_of_the_readme(tmp_path: Path) -> None:
    found = {str(file.path.relative_to(SAMPLE)) for file in expand([str(SAMPLE)], tmp_path)}

    assert found | {*MAPS, METRICS} == {file for file, source, _ in TABLE if source != TRACE}


@pytest.mark.parametrize(("name", "source", "records"), [row for row in TABLE if row[1] != TRACE])
def test_a_file_is_of_the_source_and_holds_the_records_that_the_readme_says(
    name: str, source: str, records: int
) -> None:
    file = InputFile(SAMPLE / name, name)
    look, faults = probe(file), Faults(name)
    chosen = generic.source(generic.load_map(MAPS[name])) if source == "generic" else detect(look)
    assert chosen is not None
    if isinstance(chosen, SideTable):
        frames = list(read_raw(file, look, chosen, faults))
    else:
        frames = list(read(file, look, chosen, faults))

    assert (chosen.name, sum(frame.height for frame in frames), faults.bad) == (source, records, 0)
    assert faults.odd == (1 if name == METRICS else 0)  # a restart is remarked on


@pytest.mark.parametrize(("name", "source", "records"), [row for row in TABLE if row[1] == TRACE])
def test_a_trace_holds_the_requests_that_the_readme_says(name: str, source: str, records: int) -> None:
    with (SAMPLE / name).open("rb") as lines:
        trace = read_trace(lines, name)

    assert (source, len(trace.prompts), trace.bad_lines) == (TRACE, records, 0)


def test_reading_the_folder_finds_nothing_twice_unread_or_bad() -> None:
    assert not WARTS & {finding.code for finding in books().findings}


def test_the_kiosk_table_can_be_read_beside_the_folder() -> None:
    with_kiosks = books(str(KIOSK), column_map=KIOSK_MAP)

    assert not WARTS & {finding.code for finding in with_kiosks.findings}
    kiosks = with_kiosks.rows.filter(pl.col("source") == "generic").collect()
    assert kiosks.height == 62
    assert (kiosks["reported_cost"] == kiosks["list_cost"]).all()


def test_the_gateway_charges_list_price_for_all_models_but_the_one_with_a_stale_price() -> None:
    """gpt-5.6-luna fell from 1.00/6.00 to 0.20/1.20 on 30 July: five times its price is charged, all classes alike."""
    requests = rows().filter(pl.col("source").is_in(["litellm", "litellm-standard-logging"]))
    differing = requests.filter(pl.col("reported_cost") != pl.col("list_cost"))

    assert requests["list_cost"].null_count() == 0
    assert differing["model"].unique().to_list() == ["gpt-5.6-luna"]
    assert (differing["reported_cost"] == differing["list_cost"] * 5).all()


def test_each_provider_export_and_its_costs_are_of_one_amount() -> None:
    """September: the costs set aside are the usage priced by us, to the last digit."""
    aside = books().set_aside
    assert aside is not None
    for usage, cost in (("openai-usage", "openai-costs"), ("anthropic-usage", "anthropic-cost")):
        billed = aside.filter(pl.col("source") == cost).collect()["reported_cost"].sum()
        assert spend(pl.col("source") == usage) == billed


def test_the_lost_sunday_counts_from_the_daily_table_alone() -> None:
    daily = pl.col("source") == "litellm-daily-team"
    gateway = pl.col("source").str.starts_with("litellm")

    assert rows().filter(daily)["charge_period_start"].dt.day().unique().to_list() == [18]
    assert rows().filter(gateway, on_day(18))["source"].unique().to_list() == ["litellm-daily-team"]


def test_about_seven_percent_of_the_gateways_spend_has_no_team() -> None:
    gateway = pl.col("source").str.starts_with("litellm")

    assert 0.06 < spend(gateway, pl.col("team").is_null()) / spend(gateway) < 0.08


def test_the_runaway_agent_is_the_dearest_day_by_far() -> None:
    days = rows().filter(in_october()).group_by(pl.col("charge_period_start").dt.day()).agg(pl.col("cost").sum())
    first, second = days.sort("cost", descending=True).head(2).rows()

    assert first[0] == 22
    assert first[1] > 4 * second[1]


def test_the_outage_brings_failures_and_fallbacks_from_gpt_4o_to_claude() -> None:
    afternoon = pl.col("charge_period_start").dt.hour().is_between(13, 16) & on_day(14)
    replies = rows().filter(afternoon, pl.col("feature") == "ticket_reply")
    fallen = replies.filter(pl.col("fallbacks") == 1)

    assert replies["errors"].sum() >= 5
    assert fallen.height >= 5
    assert set(fallen.select("requested_model", "model").iter_rows()) == {("gpt-4o", "claude-sonnet-4-5")}


def test_the_response_cache_serves_a_quarter_until_it_goes_cold() -> None:
    gateway = rows().filter(pl.col("cache_hits").is_not_null())
    is_cold = pl.col("charge_period_start").dt.day() >= 29
    before, after = (_hit_rate(gateway.filter(part)) for part in (~is_cold, is_cold))

    assert 0.24 < _hit_rate(gateway) < 0.32
    assert after < before / 2


def _hit_rate(requests: pl.DataFrame) -> float:
    return float(requests["cache_hits"].sum()) / float(requests["requests"].sum())


def test_every_way_of_using_a_prompt_cache_and_a_batch_occurs() -> None:
    october = rows().filter(pl.col("source") == "litellm")

    for tokens in ("cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens", "reasoning_tokens"):
        assert october[tokens].sum() > 0, tokens
    assert "batch" in set(october["service_tier"])
    assert set(october["environment"].drop_nulls()) == {"prod", "dev"}
    assert set(rows()["plan"].drop_nulls()) == {"free", "pro"}


def test_budgets_stand_at_sixty_and_eighty_five_percent_and_one_is_spent() -> None:
    limits = {b["team"]: b["limit"] for b in tomllib.loads(BUDGETS.read_text())["budget"] if "team" in b}
    used = {team: float(spend(in_october(), pl.col("team") == team)) / limit for team, limit in limits.items()}

    assert used["support"] == pytest.approx(0.6, abs=0.03)
    assert used["search"] == pytest.approx(0.85, abs=0.03)
    assert used["platform"] > 1


def test_every_kpi_has_a_value() -> None:
    found = scorecard("--config", str(EXAMPLE))
    valued = {row["kpi"] for row in found if row["value"] is not None}

    assert {row["kpi"] for row in found} - valued == set()


def test_one_bakery_pays_less_than_it_costs_and_one_has_not_begun() -> None:
    printed = json.loads(finopsctl("unit-economics", SAMPLE, "-f", "json").stdout)
    losing = [row["customer"] for row in printed["rows"] if row["unit"] == "customer" and row["grade"] == "critical"]
    unused = [f["customers"] for f in printed["findings"] if f["code"] == "revenue_without_usage"]

    assert (losing, unused) == (["bakery-11"], [["bakery-16"]])


def test_the_example_configuration_finds_an_owner_for_september() -> None:
    """Without it nobody owns September; with it only the notebooks without a team header remain."""
    (before,) = scorecard("--month", "2026-09", "--kpi", "unattributed_share")
    (after,) = scorecard("--config", str(EXAMPLE), "--month", "2026-09", "--kpi", "unattributed_share")

    assert before["value"] == 1
    assert after["value"] < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("command", re.findall(r"^finopsctl (.+)$", (SAMPLE / "README.md").read_text(), re.MULTILINE))
def test_the_commands_of_the_readme_run(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "finopsctl", *command.split()], cwd=SAMPLE.parent, capture_output=True, check=False
    )

    assert done.returncode == 0, done.stderr.decode()
