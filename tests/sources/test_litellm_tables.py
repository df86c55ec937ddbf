from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from finopsctl.sources import Faults, InputFile, SideTable, detect, probe, read_raw
from shared import EXAMPLES, needs_shared

if TYPE_CHECKING:
    from pathlib import Path


def table(path: Path) -> tuple[str, list[dict[str, Any]]]:
    file = InputFile(path, path.name)
    look = probe(file)
    found = detect(look)
    assert isinstance(found, SideTable), f"{path.name} is taken for {found and found.name}"
    return found.name, pl.concat(list(read_raw(file, look, found, Faults(file.name)))).to_dicts()


@needs_shared
def test_teams_have_names_and_limits() -> None:
    name, (team,) = table(EXAMPLES / "formats/litellm_team_table.csv")

    assert name == "litellm-teams"
    assert (team["team_id"], team["team_alias"]) == ("team-support", "Customer Support")
    assert (team["max_budget"], team["soft_budget"], team["spend"]) == (Decimal(5000), Decimal(4000), Decimal("812.4"))
    assert (team["budget_duration"], team["budget_reset_at"].isoformat()) == ("30d", "2026-12-01T00:00:00+00:00")


@needs_shared
def test_keys_are_hashes_with_names_and_no_part_of_the_secret() -> None:
    name, (key,) = table(EXAMPLES / "formats/litellm_verification_token.csv")

    assert name == "litellm-keys"
    assert (key["key_alias"], key["user_id"], key["team_id"]) == ("support-bot-prod", "u-17", "team-support")
    assert len(key["token"]) == 64
    assert "sk-" not in str(key)


def test_credentials_in_a_keys_metadata_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text('[{"token":"ab","key_alias":"a","metadata":{"tags":["x"],"logging":{"secret":"hush"}}}]')
    _, (key,) = table(path)

    assert key["metadata"] == {"tags": '["x"]'}
    assert "hush" not in str(key)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("budget_id,max_budget,soft_budget,budget_duration,budget_reset_at", "litellm-budgets"),
        ("user_id,user_alias,user_role,max_budget,spend,budget_duration", "litellm-users"),
        ("organization_id,organization_alias,budget_id,spend", "litellm-organizations"),
        ("project_id,project_alias,team_id,budget_id,spend", "litellm-projects"),
    ],
)
def test_the_other_tables_are_told_by_their_columns(tmp_path: Path, header: str, name: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text(header + "\n" + ",".join("" for _ in header.split(",")) + "\n")

    assert table(path)[0] == name
