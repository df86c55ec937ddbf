"""Small documents to deliver."""

from __future__ import annotations

from datetime import UTC, datetime

from finopsctl.delivery.parcel import Parcel

NOW = datetime(2026, 11, 2, 4, 30, tzinfo=UTC)


def parcel(content: bytes = b'{"text": "hello"}', report: str = "weekly", period: str = "2026-W44") -> Parcel:
    """Return a document of a report and a period."""
    return Parcel(report, period, "application/json", ".json", content)


def no_pause(_: float) -> None:
    """Do not wait between attempts."""
