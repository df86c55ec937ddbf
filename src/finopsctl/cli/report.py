"""``finopsctl report``: one document for an audience or a schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finopsctl.cli.delivering import Again, DryRun, To
from finopsctl.cli.options import Common, Outcomes, Revenue, Top
from finopsctl.errors import ConfigError

if TYPE_CHECKING:
    from datetime import datetime

    from finopsctl.books import Books
    from finopsctl.config.settings import Settings
    from finopsctl.reports import ReportKind
    from finopsctl.reports._parts import Composed
    from finopsctl.results.report import Report

EXAMPLES = """Examples:

  finopsctl report executive sample_data --budgets sample_data/budgets.toml --as-of 2026-10-16

  finopsctl report weekly sample_data -f md
"""

Name = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME", help="executive, engineering, product, daily, weekly or monthly.", show_default=False
    ),
]
CompareWith = Annotated[
    str | None,
    typer.Option(
        "--compare",
        metavar="WHAT",
        help="Compare with previous (the default), yoy or a period: 2026-09, 2026Q2.",
        show_default=False,
    ),
]
Now = Annotated[
    str | None,
    typer.Option(
        "--now",
        metavar="TIME",
        help="The time it is, or `clock`: records that are late then are a finding.",
        show_default=False,
    ),
]
Lag = Annotated[
    str, typer.Option("--lag", metavar="SPAN", help="With --now: how old the newest record may be: 5m, 2h, 1d.")
]


def report(
    common: Common,
    name: Name = None,
    *,
    top: Top = None,
    compare: CompareWith = None,
    outcomes: Outcomes = None,
    revenue: Revenue = None,
    now: Now = None,
    lag: Lag = "5m",
    to: To = None,
    dry_run: DryRun = False,
    again: Again = False,
) -> None:
    """Compose one report: executive, engineering, product, daily, weekly or monthly.

    The first three are of the period named, else of the month so far; daily, weekly and monthly of the last one that
    is over, seen from --as-of. A team gets its own with --where team=NAME.
    """
    from finopsctl.cli.amounts import span
    from finopsctl.cli.delivering import deliver_report
    from finopsctl.cli.recommend import words_of
    from finopsctl.cli.run import answer
    from finopsctl.reports import Asked, report_named

    kind = report_named(name) if name else _none_named()
    longest = span("--lag", lag)
    _check_delivery(common, to, dry_run=dry_run, again=again)

    def analyse(books: Books, settings: Settings) -> Composed:
        asked = Asked(words_of(common), _now(now, settings.tz), longest)
        return kind.composed(books, settings, asked)

    def deliver(found: Report, settings: Settings) -> None:
        key = f"{kind.name} {found.totals['period_key']}"
        deliver_report(found, key, settings, common, to=to or (), dry_run=dry_run, again=again)

    own = {"top": top, "compare": compare, "outcomes": outcomes, "revenue": revenue}
    answer(common, analyse, kind.narrowed, put=deliver if to else None, **own)


def _check_delivery(common: Common, to: list[str] | None, *, dry_run: bool, again: bool) -> None:
    """Say what is wrong with a delivery before any work is done.

    Raises:
        ConfigError: For the first thing wrong, or where nothing is to be delivered.
    """
    from finopsctl.cli.delivering import check_delivery
    from finopsctl.cli.run import settings_for

    if to:
        check_delivery(settings_for(common), common, to=to, dry_run=dry_run)
    elif dry_run or again:
        raise ConfigError(f"{'--dry-run' if dry_run else '--again'} is about a delivery", "Add --to CHANNEL.")


def _none_named() -> ReportKind:
    """Say which reports there are.

    Raises:
        ConfigError: Always.
    """
    from finopsctl.reports import REPORTS

    known = "; ".join(f"{kind.name} ({kind.purpose})" for kind in REPORTS)
    raise ConfigError("no report is named", f"There are: {known}.")


def _now(text: str | None, timezone: str) -> datetime | None:
    """Return the instant that ``--now`` names; ``clock`` is this machine's."""
    from datetime import UTC, datetime

    from finopsctl.ledger.period import parse_instant

    if text is None:
        return None
    return datetime.now(UTC).replace(microsecond=0) if text == "clock" else parse_instant(text, timezone)
