"""AutoETS is an extra: without it one line says how to get it, with it the same outlook comes back."""

from __future__ import annotations

import importlib.util
from datetime import date

import pytest

from finopsctl.errors import ConfigError
from finopsctl.forecasting import Series, outlook

HAS_EXTRA = importlib.util.find_spec("statsforecast") is not None
SERIES = Series(date(2026, 9, 7), (10.0, 11.0, 10.0, 9.0, 10.0, 3.0, 4.0) * 6)


@pytest.mark.skipif(HAS_EXTRA, reason="the extra is installed")
def test_without_the_extra_the_command_that_installs_it_is_named() -> None:
    with pytest.raises(ConfigError, match="needs statsforecast") as refused:
        outlook(SERIES, 7, method="auto_ets")

    assert refused.value.hint == "Run: pip install 'finopsctl[forecast]'"


@pytest.mark.slow
@pytest.mark.skipif(not HAS_EXTRA, reason="the extra is not installed")
def test_with_the_extra_a_week_is_close_to_the_last_ones() -> None:
    """A week costs 57."""
    found = outlook(SERIES, 7, method="auto_ets")

    assert found.total() == pytest.approx(57, rel=0.1)
    assert found.has_interval
