"""Continues daily series: the model, its intervals and its back-test; plain numbers in and out."""

from finopsctl.forecasting.accuracy import Accuracy, backtest
from finopsctl.forecasting.methods import METHOD_NAMES
from finopsctl.forecasting.outlook import Outlook, outlook
from finopsctl.forecasting.series import Series

__all__ = ["METHOD_NAMES", "Accuracy", "Outlook", "Series", "backtest", "outlook"]
