"""What a KPI aims at, in words: ``<= 0.01``, ``> 20%``, ``60% to 70%``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.metrics.kpi import How, RangeScale, Scale
from finopsctl.results.units import Unit

if TYPE_CHECKING:
    from finopsctl.metrics.kpi import Kpi

_BOUNDS = ["target_low", "target_high"]


def with_target(rows: pl.DataFrame, kpi: Kpi) -> pl.DataFrame:
    """Add ``target``, the words for ``target_low`` and ``target_high``; null where nothing is aimed at."""
    pairs = rows.select(_BOUNDS).unique(maintain_order=True)
    texts = pl.Series("target", [target_text(kpi, low, high) for low, high in pairs.iter_rows()], dtype=pl.String)
    return rows.join(pairs.with_columns(texts), on=_BOUNDS, how="left", nulls_equal=True, maintain_order="left")


def target_text(kpi: Kpi, low: float | None, high: float | None) -> str | None:
    """Return the words for an expected range; a missing bound is open."""
    if high == 0 and low is None:
        return _number(kpi, high)
    if low is not None and high is not None:
        return f"{_number(kpi, low)} to {_number(kpi, high)}"
    if low is not None:
        return f"{_operator(kpi, '>=')} {_number(kpi, low)}"
    return f"{_operator(kpi, '<=')} {_number(kpi, high)}" if high is not None else None


def _operator(kpi: Kpi, default: str) -> str:
    if isinstance(kpi.scale, RangeScale):
        return default.rstrip("=") if kpi.scale.open_high else default
    bounds = kpi.scale.bounds(kpi.aim) if isinstance(kpi.scale, Scale) else ()
    bands = kpi.scale.bands if isinstance(kpi.scale, Scale) else ()
    return next((band.operator for band in bands if band.limit in bounds and band.operator[0] == default[0]), default)


def _number(kpi: Kpi, value: float) -> str:
    if kpi.how is How.PER_USER:
        return f"{round(value, 2):.10g}"  # scaled from 30 days to the period
    return f"{value * 100:.10g}%" if kpi.unit is Unit.RATIO else f"{value:.10g}"
