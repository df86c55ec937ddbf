"""Whether the records are up to date, where it is known what time it is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.results.finding import Finding, Severity

if TYPE_CHECKING:
    from finopsctl.reports._scene import Scene

LAG = timedelta(minutes=5)
"""How old the newest record may be by default."""


def lateness(scene: Scene) -> tuple[Finding, ...]:
    """Return a finding when the newest record is older than it may be; nothing where the time is not known."""
    now, lag = scene.asked.now, scene.asked.lag or LAG
    if now is None:
        return ()
    start, end = pl.col("charge_period_start"), pl.col("charge_period_end")
    newest = scene.books.rows.select(pl.max_horizontal(start, end).max()).collect(engine="streaming").item()
    if newest is None or now - newest <= lag:
        return ()
    message = (
        f"The newest record is of {newest:%Y-%m-%d %H:%M} UTC, {_words(now - newest)} before {now:%Y-%m-%d %H:%M}."
    )
    hint = f"More than {_words(lag)} means that a log or export is late: figures of the last hours are incomplete."
    evidence = {"newest": newest, "now": now, "lag_seconds": int((now - newest).total_seconds())}
    return (Finding(Severity.WARNING, "pipeline_lag", message, hint, evidence),)


def _words(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes:,} minutes"
    return f"{minutes // 60:,} hours" if minutes < 48 * 60 else f"{minutes // 1440:,} days"
