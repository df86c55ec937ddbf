"""Money, requests and tokens of groups, and their shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finopsctl.books.books import refuse_nothing
from finopsctl.errors import ConfigError
from finopsctl.metrics.dimensions import parse
from finopsctl.policy.measured import Group, Measured
from finopsctl.questions.breakdown import breakdown_of

if TYPE_CHECKING:
    from finopsctl.config.policy import Rule
    from finopsctl.config.policy_kinds import SpendRule
    from finopsctl.policy.desk import Desk


def measure(desk: Desk, rule: Rule, ask: SpendRule) -> Measured:
    """Return the amounts as ``attribution`` breaks them down, shared cost included.

    Raises:
        ConfigError: For a share without groups to have one.
        SourceError: When no record is in the period.
    """
    if ask.measure == "share" and not ask.by:
        raise ConfigError("a share needs groups to be of", 'Write by = ["team"].')
    books = desk.books_of(rule)
    refuse_nothing(books)
    found = breakdown_of(books, desk.settings_of(rule, ask.by), "spend")
    if not ask.by:
        return Measured((Group({}, found.totals[ask.measure], "no record has a known cost"),))
    names = [d.name for d in parse(ask.by, desk.settings.fiscal_year_start)]
    rows = list(found.rows.iter_rows(named=True))
    counting = [row for row in rows if not ask.floor or row["spend"] is None or row["spend"] >= ask.floor]
    groups = [_group({name: row[name] for name in names}, row[ask.measure]) for row in counting]
    return Measured(groups, len(rows) - len(counting))


def _group(dims: dict[str, str | None], value: object) -> Group:
    assert value is None or not isinstance(value, str)
    return Group(dims, value, "" if value is not None else "it is not known")  # type: ignore[arg-type]
