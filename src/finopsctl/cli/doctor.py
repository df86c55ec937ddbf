"""``finopsctl doctor``: whether this machine has what finopsctl needs, and how old its prices are."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from finopsctl.cli.options import Display
from finopsctl.errors import FinopsError, ThresholdError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from finopsctl.results.report import Report

EXAMPLES = """Examples:

  finopsctl doctor

  finopsctl doctor -f json
"""
_NEEDED = ("typer", "polars", "rich", "pyarrow", "tomli-w", "httpx", "msgspec", "pyyaml")
_OPTIONAL = {
    "genai-prices": "price updates: pip install 'finopsctl[prices]'",
    "litellm": "price updates from litellm: pip install litellm",
}
_STALE_DAYS = 45


class _Check(NamedTuple):
    name: str
    grade: str
    detail: str


def doctor(display: Display) -> None:
    """Check Python, libraries, configuration, prices and the terminal; exit 3 when something is broken."""
    from datetime import UTC, datetime

    from finopsctl.cli.run import settings_for, show
    from finopsctl.config.settings import Settings

    checks = [*_libraries(), *_configuration(display), *_prices(datetime.now(UTC).date()), *_surroundings()]
    try:
        settings = settings_for(display)
    except FinopsError:  # one of the checks says so
        settings = Settings(format=display.format)
    show(_report(checks), settings, display)
    broken = [check.name for check in checks if check.grade == "critical"]
    if broken:
        raise ThresholdError(f"something is broken: {', '.join(broken)}")


def _libraries() -> Iterator[_Check]:
    from importlib.metadata import PackageNotFoundError, version

    yield _Check("finopsctl", "good", f"{version('finopsctl')} on Python {platform.python_version()} ({sys.platform})")
    for name in _NEEDED:
        try:
            yield _Check(name, "good", version(name))
        except PackageNotFoundError:
            yield _Check(name, "critical", f"missing; pip install {name}")
    for name, purpose in _OPTIONAL.items():
        try:
            yield _Check(name, "good", version(name))
        except PackageNotFoundError:
            yield _Check(name, "ok", f"not installed (optional; {purpose})")


def _configuration(display: Display) -> Iterator[_Check]:
    from finopsctl.cli.run import settings_for

    try:
        settings = settings_for(display)
    except FinopsError as problem:
        yield _Check("configuration", "critical", f"{problem.message}. {problem.hint}")
        return
    places = sorted({origin.place for origin in settings.origins.values() if origin.place})
    yield _Check(
        "configuration", "good", ", ".join(places) or "none; defaults are in force (`finopsctl init` writes one)"
    )


def _prices(today: date) -> Iterator[_Check]:
    from finopsctl.pricing import catalog

    try:
        book = catalog.load()
    except FinopsError as problem:
        yield _Check("prices", "critical", problem.message)
        return
    age = (today - book.checked).days if book.checked else None
    stale = age is None or age > _STALE_DAYS
    detail = f"{len(book.models)} models, version {book.version}, checked {book.checked}"
    yield _Check(
        "prices",
        "warning" if stale else "good",
        detail + (f", {age} days ago: `finopsctl pricing update`" if stale else ""),
    )


def _surroundings() -> Iterator[_Check]:
    from finopsctl.cli.demo import sample_folder

    try:
        yield _Check("sample data", "good", str(sample_folder()))
    except FinopsError as problem:
        yield _Check("sample data", "warning", problem.message)
    encoding = sys.stdout.encoding or "unknown"
    utf8 = encoding.lower().startswith("utf")
    yield _Check(
        "output encoding", "good" if utf8 else "ok", encoding if utf8 else f"{encoding}: plain ASCII is printed"
    )
    temporary = Path(os.environ.get("TMPDIR", "/tmp"))  # noqa: S108 - only looked at
    if hasattr(os, "statvfs") and temporary.is_dir():
        disk = os.statvfs(temporary)
        free = disk.f_bavail * disk.f_frsize / 2**30
        yield _Check("temporary space", "good" if free > 5 else "warning", f"{free:.0f} GiB free in {temporary}")


def _report(checks: list[_Check]) -> Report:
    import polars as pl

    from finopsctl.results.report import Column, Long, Report, Table
    from finopsctl.results.units import Unit

    frame = pl.DataFrame([check._asdict() for check in checks])
    bad = sum(check.grade in ("warning", "critical") for check in checks)
    headline = "Everything finopsctl needs is here." if not bad else f"{bad} of {len(checks)} checks need attention."
    columns = (Column("name", "Check"), Column("detail", "Found", long=Long.WRAP), Column("grade", "Grade", Unit.GRADE))
    return Report("doctor", headline, (Table("Checks", frame, columns),))
