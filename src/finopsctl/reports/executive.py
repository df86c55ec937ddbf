"""The executive report: spend against budget, what drives it, where it is heading, what it buys and earns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finopsctl.reports import _budgets, _outlook, _periods, _spend, _units, _watch
from finopsctl.reports._parts import quieted, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finopsctl.books import Books
    from finopsctl.config.settings import Settings
    from finopsctl.reports._parts import Part
    from finopsctl.reports._scene import Scene


def narrowed(books: Books, _settings: Settings) -> Books:
    """Return the books of the period named, else of the month so far (at its end: of the whole month)."""
    return _periods.month_so_far(books)


def parts(scene: Scene) -> Iterator[Part]:
    """Yield the parts of the report, in the order finance asks for them."""
    yield _spend.spend(scene, kpis=("cost_per_request", "success_rate"))
    yield told("spend against budget", lambda: _budgets.budgets(scene))
    yield told("spend by team", lambda: _spend.spend_by(scene, "team", "Spend by team"))
    yield told("the top cost drivers", lambda: _spend.largest(scene))
    yield quieted(told("the drivers of the change", lambda: _spend.drivers(scene)))
    yield told("the trend from month to month", lambda: _spend.months(scene))
    units = _units.answered(scene)
    yield _units.outcomes(scene, units)
    yield told("the forecast", lambda: _outlook.month_end(scene))
    yield told("the outlook for the year", lambda: _outlook.year_end(scene))
    yield _units.margin(scene, units)
    yield quieted(told("anomalies", lambda: _watch.anomalies(scene)))
    yield told("recommendations", lambda: _watch.recommendations(scene))
