"""Forecast: what the period or the next days will cost, fleet and parts, with intervals and scenarios."""

from finopsctl.analyses.forecast.horizon import Horizon, horizon_of
from finopsctl.analyses.forecast.projection import ForecastQuestion, forecast
from finopsctl.analyses.forecast.result import Forecast
from finopsctl.analyses.forecast.scenarios import Change, Scenario

__all__ = ["Change", "Forecast", "ForecastQuestion", "Horizon", "Scenario", "forecast", "horizon_of"]
