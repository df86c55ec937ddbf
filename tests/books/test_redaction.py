"""Tests of names replaced by keyed hashes."""

from __future__ import annotations

import hmac
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from book_files import content, opened, total, write
from finopsctl.books.ledger_files import write_parquet
from finopsctl.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

KEY = "a long random text"


def redacted(folder: Path, *records: dict[str, Any], columns: tuple[str, ...] = ("user",)) -> list[dict[str, Any]]:
    books = opened(write(folder / "log.jsonl", *records), redact=columns, redact_key=KEY)
    return content(books).to_dicts()


def tags(folder: Path, user: str, labels: dict[str, Any]) -> dict[str, Any]:
    (row,) = redacted(folder, {"user": user, "tags": json.dumps(labels)})
    kept: dict[str, Any] = json.loads(row["tags"])
    return kept


def test_a_name_is_replaced_by_its_keyed_hash(tmp_path: Path) -> None:
    """HMAC-SHA-256 of the name under the key, its first 16 hexadecimal digits."""
    (row,) = redacted(tmp_path, {"user": "alice"})

    assert row["user"] == "h:" + hmac.digest(KEY.encode(), b"alice", "sha256").hex()[:16]


def test_one_name_has_one_hash_in_every_file_and_column(tmp_path: Path) -> None:
    one = write(tmp_path / "one.jsonl", {"user": "alice", "input_tokens": 1})
    two = write(tmp_path / "two.jsonl", {"user": "alice", "customer": "alice", "input_tokens": 2})
    rows = content(opened(one, two, redact=("user", "customer"), redact_key=KEY))

    assert len({*rows["user"], *rows["customer"].drop_nulls()}) == 1


def test_another_key_gives_another_hash(tmp_path: Path) -> None:
    path = write(tmp_path / "log.jsonl", {"user": "alice"})
    hashes = {content(opened(path, redact=("user",), redact_key=key))["user"].item() for key in ("one", "two")}

    assert len(hashes) == 2


def test_an_unknown_name_stays_unknown(tmp_path: Path) -> None:
    assert redacted(tmp_path, {"team": "a"})[0]["user"] is None


def test_no_name_is_anywhere_in_the_ledger_that_is_written(tmp_path: Path) -> None:
    labels = {
        "note": "for alice@example.org",
        "owner": "bob",
        "cost_center": "cc-7",
        "nested": {"who": ["alice@example.org"]},
    }
    log = write(
        tmp_path / "log.jsonl",
        {"user": "alice@example.org", "customer": "Acme Corp", "tags": json.dumps({"end_user": "u-1 of Acme"})},
        {"user": "bob", "customer": "Initech", "tags": json.dumps(labels), "team": "support"},
        {"user": "carol", "tags": json.dumps({"approved_by": "alice@example.org", "bob": "yes"})},
    )
    books = opened(log, redact=("user", "customer"), redact_key=KEY)
    write_parquet(books.ledger.drop("cost"), tmp_path / "ledger.parquet")
    text = json.dumps(content(opened(tmp_path / "ledger.parquet")).to_dicts(), default=str)

    assert [n for n in ("alice", "bob", "carol", "Acme", "Initech") if n in text] == []
    assert "cc-7" in text
    assert "support" in text


def test_amounts_do_not_change(tmp_path: Path) -> None:
    log = write(tmp_path / "log.jsonl", *({"user": f"u{i}", "reported_cost": "1.5"} for i in range(3)))

    assert total(opened(log, redact=("user",), redact_key=KEY)) == Decimal("4.5")


@pytest.mark.parametrize("label", ["user", "user_id", "userId", "x-user-email", "End-User"])
def test_a_label_that_speaks_of_users_is_hashed_whatever_it_holds(tmp_path: Path, label: str) -> None:
    assert tags(tmp_path, "alice", {label: "4711"})[label].startswith("h:")


def test_other_labels_stay_as_they_are(tmp_path: Path) -> None:
    labels = {"cost_center": "7", "tier": "gold", "n": "3", "malice": "alice-in-chains"}

    assert tags(tmp_path, "alice", labels) == labels


def test_a_label_met_before_the_name_it_repeats_is_hashed_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tag stands in the first part of the spool, the user's column names her only in the last."""
    monkeypatch.setattr("finopsctl.books.spool.PART_ROWS", 1)
    one = write(tmp_path / "1.jsonl", {"user": "bob", "tags": json.dumps({"for": "alice"})})
    two = write(tmp_path / "2.jsonl", {"user": "alice"})
    rows = content(opened(one, two, redact=("user",), redact_key=KEY)).to_dicts()

    assert "alice" not in json.dumps(rows, default=str)


def test_a_ledger_is_redacted_as_a_log_is(tmp_path: Path) -> None:
    books = opened(write(tmp_path / "log.jsonl", {"user": "alice"}))
    write_parquet(books.ledger.drop("cost"), tmp_path / "ledger.parquet")
    again = content(opened(tmp_path / "ledger.parquet", redact=("user",), redact_key=KEY))

    assert again["user"].item().startswith("h:")


def test_without_a_key_nothing_is_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="needs a key") as caught:
        opened(write(tmp_path / "log.jsonl", {"user": "alice"}), redact=("user",))

    assert "FINOPSCTL_REDACT_KEY" in caught.value.hint


def test_a_column_that_holds_no_names_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be redacted") as caught:
        opened(write(tmp_path / "log.jsonl", {"user": "alice"}), redact=("users",), redact_key=KEY)

    assert "'user'" in caught.value.hint
