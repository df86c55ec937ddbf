"""The product report: what users, features and outcomes cost, who costs most, what free plans cost, what is earned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finopsctl.reports import _periods, _requests, _spend, _units
from finopsctl.reports._parts import told

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
    """Yield the parts of the report."""
    yield _spend.spend(scene, kpis=("cost_per_request", "success_rate"))
    units = _units.answered(scene)
    yield _units.users(scene, units)
    yield told("cost per active user a day", lambda: _units.users_by_day(scene, units))
    yield told("cost per feature", lambda: _requests.features(scene))
    yield _units.outcomes(scene, units)
    yield _units.free_tier(scene, units)
    yield _units.margin(scene, units)
