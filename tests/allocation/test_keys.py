"""The virtual key map: reading it, and finding a key's owner by hash, alias and date."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest

from finopsctl.allocation.keys import apply, combine, from_litellm, load
from finopsctl.errors import ConfigError
from finopsctl.ledger.schema import conform
from shared import EXAMPLES, needs_shared

if TYPE_CHECKING:
    from pathlib import Path


def _ledger(*api_keys: str | None, team: str | None = None, month: int = 11) -> pl.LazyFrame:
    start = datetime(2026, month, 1, tzinfo=UTC)
    return conform(pl.LazyFrame([{"charge_period_start": start, "api_key": key, "team": team} for key in api_keys]))


def _rows(frame: pl.LazyFrame, *names: str) -> list[tuple[object, ...]]:
    return frame.select(names).collect().rows()


def _file(folder: Path, text: str, name: str = "keys.csv") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_a_key_file_fills_owners_and_shows_the_alias(tmp_path: Path) -> None:
    keys = load(_file(tmp_path, "key,alias,team,user,project,customer\nh1,bot,support,ann,desk,acme\n"))

    assert _rows(apply(_ledger("h1", "h2", None), keys), "api_key", "team", "user", "project", "customer") == [
        ("bot", "support", "ann", "desk", "acme"),
        ("h2", None, None, None, None),
        (None, None, None, None, None),
    ]


def test_a_record_logged_under_the_alias_finds_the_same_owner(tmp_path: Path) -> None:
    keys = load(_file(tmp_path, "key,alias,team\nh1,bot,support\n"))

    assert _rows(apply(_ledger("bot"), keys), "api_key", "team") == [("bot", "support")]


def test_a_key_does_not_replace_the_team_the_source_gave(tmp_path: Path) -> None:
    keys = load(_file(tmp_path, "key,team\nh1,support\n"))

    assert _rows(apply(_ledger("h1", team="given"), keys), "team") == [("given",)]


def test_a_key_moves_to_another_team_on_its_date(tmp_path: Path) -> None:
    """The key is support's until 1 November, sales' from that day, and nobody's before January."""
    text = "key,team,from,to\nh1,support,2026-01-01,2026-11-01\nh1,sales,2026-11-01,\nh2,lab,,2026-11-01\n"
    keys = load(_file(tmp_path, text))

    assert _rows(apply(_ledger("h1", "h2", month=10), keys), "team") == [("support",), ("lab",)]
    assert _rows(apply(_ledger("h1", "h2", month=11), keys), "team") == [("sales",), (None,)]
    assert _rows(
        apply(_ledger("h1").with_columns(charge_period_start=datetime(2025, 12, 31, tzinfo=UTC)), keys), "team"
    ) == [(None,)]


def test_toml_and_tsv_read_like_csv(tmp_path: Path) -> None:
    toml = load(_file(tmp_path, '[[key]]\nalias = "bot"\nteam = "support"\nfrom = 2026-01-01\n', "keys.toml"))
    tsv = load(_file(tmp_path, "alias\tteam\tfrom\nbot\tsupport\t2026-01-01\n", "keys.tsv"))

    assert toml.keys.equals(tsv.keys)
    assert toml.keys.row(0, named=True)["start"] == datetime(2026, 1, 1, tzinfo=UTC)


def test_a_secret_key_is_replaced_by_the_hash_litellm_logs(tmp_path: Path) -> None:
    keys = load(_file(tmp_path, "key,team\nsk-abc123,support\nsk-...aB1c,sales\n"))

    assert keys.keys["api_key"].to_list() == [hashlib.sha256(b"sk-abc123").hexdigest(), "sk-...aB1c"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("key,taem\nh1,a\n", "unknown column 'taem'"),
        ("alias,team\n,a\n", "key 1 has neither a key nor an alias"),
        ("key,team\nh1,a\nh1,b\n", "key 'h1' is listed twice"),
        ("key,team,to\nh1,a,2026-11-02\nh1,b,2026-11-02\n", "key 'h1' is listed twice"),
        ("key,from\nh1,soon\n", "'soon' is no ISO date"),
        ("key,team\nh1,a,b\n", "more fields"),
    ],
)
def test_a_broken_key_file_is_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    path = _file(tmp_path, text)

    with pytest.raises(ConfigError, match=message) as caught:
        load(path)
    assert str(path) in caught.value.message


def test_a_missing_or_binary_key_file_is_refused(tmp_path: Path) -> None:
    binary = tmp_path / "keys.csv"
    binary.write_bytes(b"\xff\xfe\x00")

    for path in (
        tmp_path / "none.csv",
        binary,
        _file(tmp_path, "x = 1", "keys.toml"),
        _file(tmp_path, "[[", "bad.toml"),
    ):
        with pytest.raises(ConfigError, match=path.name):
            load(path)


def test_litellm_team_ids_become_team_names() -> None:
    tokens = pl.DataFrame(
        {"token": ["h1"], "key_alias": ["bot"], "team_id": ["t-1"], "user_id": ["u-1"], "spend": [1.5]}
    )
    teams = pl.DataFrame({"team_id": ["t-1", "t-2"], "team_alias": ["Support", ""]})
    keys = from_litellm(tokens, teams)

    assert _rows(apply(_ledger("h1"), keys), "api_key", "team", "user") == [("bot", "Support", "u-1")]
    assert _rows(apply(_ledger(None, team="t-1"), keys), "team") == [("Support",)]
    assert _rows(apply(_ledger(None, team="t-2"), keys), "team") == [("t-2",)]


@needs_shared
def test_litellm_table_exports_read_as_they_are() -> None:
    """The example export: one key of team-support, which the team table calls Customer Support."""
    keys = load(EXAMPLES / "formats" / "litellm_verification_token.csv")
    teams = pl.read_csv(EXAMPLES / "formats" / "litellm_team_table.csv")
    everything = combine(keys, from_litellm(None, teams))

    assert _rows(apply(_ledger("9f2c0b1e5a7d4c8e" * 4), everything), "api_key", "team", "user") == [
        ("support-bot-prod", "Customer Support", "u-17")
    ]


def test_an_earlier_map_wins_key_by_key() -> None:
    mine = from_litellm(pl.DataFrame({"token": ["h1"], "team_id": ["mine"]}), None)
    theirs = from_litellm(pl.DataFrame({"token": ["h1", "h2"], "team_id": ["theirs", "theirs"]}), None)

    assert _rows(apply(_ledger("h1", "h2"), combine(mine, theirs)), "team") == [("mine",), ("theirs",)]


def test_an_alias_of_two_owners_assigns_only_what_they_share_and_is_reported() -> None:
    tokens = pl.DataFrame(
        {"token": ["h1", "h2"], "key_alias": ["bot", "bot"], "team_id": ["a", "b"], "user_id": ["ann", "ann"]}
    )
    keys = from_litellm(tokens, None)

    assert _rows(apply(_ledger("bot", "h1"), keys), "team", "user") == [(None, "ann"), ("a", "ann")]
    assert [finding.code for finding in keys.findings] == ["key_alias_shared"]


def test_two_team_ids_of_one_name_are_reported() -> None:
    keys = from_litellm(None, pl.DataFrame({"team_id": ["t-1", "t-2"], "team_alias": ["Support", "Support"]}))

    assert [finding.code for finding in keys.findings] == ["team_alias_shared"]


def test_an_empty_map_changes_nothing() -> None:
    ledger = _ledger("h1")
    keys = from_litellm(None, None)

    assert keys.is_empty
    assert apply(ledger, keys) is ledger
