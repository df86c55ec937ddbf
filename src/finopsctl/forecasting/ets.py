"""AutoETS of statsforecast, for those who installed the extra ``forecast``: slower to load than all the rest.

The library (https://nixtlaverse.nixtla.io/statsforecast) chooses an exponential smoothing state space model by AICc,
with a weekly season from two weeks on. Its errors are its own, too: it is refitted at up to 20 past days.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from finopsctl.errors import ConfigError
from finopsctl.forecasting.methods import SHORT, TITLES, WEEK
from finopsctl.forecasting.model import Fit, day_widths, past_origins
from finopsctl.forecasting.spread import errors_of_days, errors_of_totals, never_negative, spread

if TYPE_CHECKING:
    from finopsctl.forecasting.methods import Floats, Integers
    from finopsctl.forecasting.series import Series

_REFITS = 20
_LEAST_DAYS = 10
_HISTORY = 400


def ets_fit(series: Series, horizon: int) -> Fit:
    """Fit AutoETS to a series that holds at least one day; with fewer than ten its mean is continued.

    Raises:
        ConfigError: When the extra is not installed.
    """
    model = _model()
    values = np.asarray(series.values, dtype=float)
    origins = past_origins(len(values))
    # Spread over the past evenly: refitting everywhere would take minutes.
    origins = np.unique(origins[np.linspace(0, len(origins) - 1, min(_REFITS, len(origins))).astype(np.int64)])
    path = _path(model, values, horizon)
    expected = _paths(model, values, origins, horizon)
    totals = spread(errors_of_totals(expected, values, origins), step=_step(origins), by_factors=never_negative(values))
    below, above = day_widths(errors_of_days(expected, values, origins), path)
    return Fit("auto_ets", TITLES["auto_ets"], path, totals, below, above)


def _step(origins: Integers) -> float:
    return float(np.diff(origins).mean()) if len(origins) > 1 else 1.0


def _paths(model: Any, values: Floats, origins: Integers, horizon: int) -> Floats:  # noqa: ANN401 - optional library
    if not len(origins):
        return np.empty((0, horizon))
    return np.stack([_path(model, values[:origin], horizon) for origin in origins])


def _path(model: Any, values: Floats, horizon: int) -> Floats:  # noqa: ANN401 - optional library
    known = values[-_HISTORY:]
    if len(known) < _LEAST_DAYS or float(np.ptp(known)) == 0:
        return np.full(horizon, float(known.mean()))
    with np.errstate(all="ignore"):  # it divides by zero on series that leave no degree of freedom
        fitted = model(season_length=WEEK if len(known) >= SHORT else 1).forecast(y=known, h=horizon)
    path: Floats = np.asarray(fitted["mean"], dtype=float)
    return np.where(np.isfinite(path), path, float(known.mean()))


def _model() -> Any:  # noqa: ANN401 - optional library
    try:
        from statsforecast.models import AutoETS
    except ImportError as missing:
        raise ConfigError(
            "the method auto_ets needs statsforecast, which is not installed",
            "Run: pip install 'finopsctl[forecast]'",
        ) from missing
    return AutoETS
