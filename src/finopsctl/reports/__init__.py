"""Reports for an audience or a schedule: each composes the answers of several questions into one document.

One file a report, listed in :data:`REPORTS`; its module is imported when the report is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from finopsctl.errors import ConfigError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from finopsctl.books import Books
    from finopsctl.config.settings import Settings
    from finopsctl.reports._parts import Composed


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a report beyond books and settings.

    Args:
        words: What the commands a report names repeat of the command line: ``read`` and ``period``.
        now: The time it is; None: not known.
        lag: How old the newest record may be then.
    """

    words: Mapping[str, tuple[str, ...]]
    now: datetime | None = None
    lag: timedelta | None = None


@dataclass(frozen=True, slots=True)
class ReportKind:
    """One report there is.

    Args:
        name: As on the command line, and the name of its module here.
        purpose: What it tells whom.
    """

    name: str
    purpose: str

    def narrowed(self, books: Books, settings: Settings) -> Books:
        """Return the books of the report's period.

        Raises:
            ConfigError: When a period is named that the report cannot be of.
            SourceError: When there are no records to tell it from.
        """
        found: Books = import_module(f"finopsctl.reports.{self.name}").narrowed(books, settings)
        return found

    def composed(self, books: Books, settings: Settings, asked: Asked) -> Composed:
        """Return the report.

        Args:
            books: The open books, of :meth:`narrowed`.
            settings: Budgets, thresholds, top, and what to compare with.
            asked: What else is asked.
        """
        from finopsctl.reports._parts import compose
        from finopsctl.reports._scene import Scene

        scene = Scene(books, settings, asked)
        return compose(self, scene, import_module(f"finopsctl.reports.{self.name}"))


REPORTS: tuple[ReportKind, ...] = (
    ReportKind("executive", "for finance and management: spend, budget, drivers, outlook, margin"),
    ReportKind("engineering", "for teams that build: cost per request, tokens, caches, models, retries"),
    ReportKind("product", "for product owners: cost per user, feature and outcome, free tier, margin"),
    ReportKind("daily", "yesterday: cost per request, spend, budgets and their alerts, anomalies"),
    ReportKind("weekly", "the week: what changed, model mix, top spenders, recommendations"),
    ReportKind("monthly", "the month: budgets, providers, unit economics, forecast, chargeback"),
)
"""Every report, in the order they are listed."""


def report_named(name: str) -> ReportKind:
    """Return the report called ``name``.

    Raises:
        ConfigError: Naming the nearest one, when there is none.
    """
    known = {kind.name: kind for kind in REPORTS}
    if name not in known:
        raise ConfigError(f"there is no report '{name}'", nearest(name, known))
    return known[name]
