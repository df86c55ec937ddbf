"""The monthly report: budgets, providers, what units cost, how forecasts fared, what is charged to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finopsctl.reports import _budgets, _mix, _outlook, _periods, _shares, _spend, _units
from finopsctl.reports._parts import told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finopsctl.books import Books
    from finopsctl.config.settings import Settings
    from finopsctl.reports._parts import Part
    from finopsctl.reports._scene import Scene


def narrowed(books: Books, settings: Settings) -> Books:
    """Return the books of the last month that is over."""
    return _periods.last_month(books, settings)


def parts(scene: Scene) -> Iterator[Part]:
    """Yield the parts of the report."""
    yield _spend.spend(scene, kpis=("cost_per_request", "success_rate", "cost_per_user"))
    yield told("the drivers of the change", lambda: _spend.drivers(scene))
    yield told("budget variance", lambda: _budgets.budget_variance(scene))
    yield told("forecast against actual", lambda: _outlook.forecast_against_actual(scene))
    yield told("providers", lambda: _mix.providers(scene))
    units = _units.answered(scene)
    yield _units.outcomes(scene, units)
    yield _units.margin(scene, units, table=False)
    yield told("chargeback", lambda: _shares.chargeback(scene))
