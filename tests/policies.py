"""Checks a policy on a few records, so that a test shows the rule, the records and what comes of them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from book_files import write
from finopsctl.books import Request, open_books
from finopsctl.config import settings
from finopsctl.config.policy import load
from finopsctl.policy.baseline import parse
from finopsctl.policy.check import check_of
from finopsctl.policy.question import CRITICAL, CheckQuestion

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from finopsctl.policy.result import Check

TODAY = date(2026, 10, 11)


def checked(
    folder: Path,
    policy: str,
    records: Iterable[dict[str, Any]],
    *,
    config: str = "",
    today: date = TODAY,
    baseline: str | None = None,
    fail_on: str = CRITICAL,
    now: datetime | None = None,
    **asked: Any,
) -> Check:
    """Return what a policy finds.

    Args:
        folder: Where the files of the test are written.
        policy: The policy's text.
        records: In the ledger's own format.
        config: A ``finopsctl.toml``.
        today: The day waivers are judged on.
        baseline: The JSON of an earlier check or scorecard.
        fail_on: What closes the gate.
        now: The moment up to which there should be records; None: the end of those there are.
        asked: What else the books are asked for: a period, filters.
    """
    log = write(folder / "log.jsonl", *records)
    (folder / "policy.toml").write_text(policy, encoding="utf-8")
    (folder / "finopsctl.toml").write_text(config, encoding="utf-8")
    in_force = settings.load(config=folder / "finopsctl.toml", environ={}, start=folder, flags={})
    before = None if baseline is None else parse(baseline, "baseline.json")
    question = CheckQuestion(load(folder / "policy.toml", "policy.toml"), today, before, fail_on, now)
    return check_of(open_books(Request((str(log),), **asked)), in_force, question)


def fared(found: Check) -> list[tuple[str, Any, Any, str]]:
    """Return what each row is about, its value, its limit, and how it fares."""
    rows = found.rows.select("subject", "value", "limit", "status").iter_rows()
    return [(subject or "", _plain(value), _plain(limit), status) for subject, value, limit, status in rows]


def _plain(value: Any) -> float | None:
    return None if value is None else float(value)
