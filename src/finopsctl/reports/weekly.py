"""The weekly report: the last week that is over against the one before, model mix, spenders, recommendations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.reports import _mix, _periods, _spend, _watch
from finopsctl.reports._parts import told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finopsctl.books import Books
    from finopsctl.config.settings import Settings
    from finopsctl.reports._parts import Part
    from finopsctl.reports._scene import Scene


def narrowed(books: Books, settings: Settings) -> Books:
    """Return the books of the last week, Monday to Sunday, that is over."""
    return _periods.last_week(books, settings)


def parts(scene: Scene) -> Iterator[Part]:
    """Yield the parts of the report."""
    yield _spend.spend(scene, kpis=("cost_per_request", "success_rate", "cache_hit_rate"))
    yield told("the drivers of the change", lambda: _spend.drivers(scene))
    yield told("spend by team", lambda: _spend.spend_by(scene, "team", "Spend by team"))
    yield told("the model mix", lambda: _mix.model_mix(scene))
    yield told("the top spenders", lambda: _spenders(scene))
    yield told("anomalies", lambda: _watch.anomalies(scene))
    yield told("recommendations", lambda: _watch.recommendations(scene))


def _spenders(scene: Scene) -> Part:
    """Return who spends most: users, or teams' keys where no record names a user."""
    named = scene.books.ledger.select(pl.col("user").is_not_null().any()).collect(engine="streaming").item()
    by, title = ("user", "Top spenders") if named else ("api_key", "Top spenders by key")
    return _spend.spend_by(scene, by, title)
