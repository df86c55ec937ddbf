"""Inputs that are no files: a Prometheus that is asked for the period of the request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finopsctl.errors import ConfigError
from finopsctl.sources import Query, fetched
from finopsctl.transport.http import is_live

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from finopsctl.books.request import Request
    from finopsctl.sources import InputFile


def files_of(request: Request) -> tuple[str, ...]:
    """Return the inputs that are files."""
    return tuple(text for text in request.inputs if not is_live(text))


def asked(request: Request, folder: Path) -> Iterator[InputFile]:
    """Yield the answer of each live input as a file in ``folder``.

    Raises:
        ConfigError: When the period asked for does not say both its ends, or an address is wrong.
        DeliveryError: When there is no answer.
    """
    wish = request.period
    for text in request.inputs:
        if not is_live(text):
            continue
        is_open = wish.needs_now or not (wish.month or wish.quarter or (wish.since and wish.until))
        period = None if is_open else wish.resolve(None, request.timezone, None, request.fiscal_year_start)
        if period is None:
            raise ConfigError(
                "a Prometheus is asked for a period, and this one has no beginning or no end",
                "Add --month 2026-10, or both --since and --until.",
            )
        yield fetched(Query.of(text, period.start, period.end), request.prometheus_token, folder)
