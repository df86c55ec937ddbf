"""Tags that no record has: a wrong name in ``--by`` puts every record into groups without it, which is no answer.

A ledger knows its tags by looking at them only, so it is looked at where a tag has no value in the whole answer.
"""

from __future__ import annotations

import json
from difflib import get_close_matches
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.conditions import TAG, tag_text
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.wording import some_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finopsctl.results.report import Report

_LOOKED_AT = 5_000  # distinct sets of tags; more say nothing new about their names
_NAMED = 8


def unknown_tags(report: Report, ledger: pl.LazyFrame) -> Iterator[Finding]:
    """Yield a finding for each tag the answer is split by that no record of the ledger has, with those there are.

    Args:
        report: Its first table holds a column ``tag:NAME`` for each tag it is split by.
        ledger: The records it is about: ``tags`` is read.
    """
    rows = report.tables[0].frame if report.tables else pl.DataFrame()
    empty = [name for name in rows.columns if name.startswith(TAG) and rows[name].is_null().all()]
    if not empty:
        return
    has = [tag_text(name.removeprefix(TAG)).is_not_null().any().alias(name) for name in empty]
    found = ledger.select(has).collect(engine="streaming").row(0, named=True)
    for name in (name for name in empty if not found[name]):
        yield _unknown(name.removeprefix(TAG), _names_of(ledger))


def _names_of(ledger: pl.LazyFrame) -> list[str]:
    texts = ledger.select(pl.col("tags").drop_nulls().unique().sort()).head(_LOOKED_AT).collect(engine="streaming")
    return sorted({name for text in texts["tags"] for name in _names_in(text)})


def _names_in(text: str) -> list[str]:
    """Return the names of a record's tags; none where a ledger that is used in place holds something else."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return list(found) if isinstance(found, dict) else []


def _unknown(name: str, known: list[str]) -> Finding:
    near = get_close_matches(name, known, n=_NAMED, cutoff=0.5)
    ordered = [*near, *(other for other in known if other not in near)]
    hint = f"There are: {some_of(ordered, _NAMED)}." if ordered else "No record has any tag."
    message = f"No record has the tag '{name}': every record is in a group without it."
    return Finding(Severity.WARNING, "unknown_tag", message, hint, {"tag": name, "known": ordered})
