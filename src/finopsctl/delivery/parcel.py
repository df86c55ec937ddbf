"""What is delivered and where to, in plain values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from finopsctl.errors import ConfigError, DeliveryError
from finopsctl.transport.http import check_address

if TYPE_CHECKING:
    from collections.abc import Callable

_UNSAFE = re.compile(r"[^A-Za-z0-9.=+_-]+")


@dataclass(frozen=True, slots=True)
class Parcel:
    """A rendered document.

    Args:
        report: The name of the report: ``weekly``.
        period: What tells two documents of one report apart: ``2026-W44``, and the filter where there is one.
        media_type: ``application/json`` and the like.
        extension: The ending of a file of it, with the dot.
        content: The document.
    """

    report: str
    period: str
    media_type: str
    extension: str
    content: bytes = field(repr=False)

    @property
    def name(self) -> str:
        """The name of a file of it: report and period, the rest as dashes."""
        return f"{_UNSAFE.sub('-', f'{self.report} {self.period}').strip('-.')}{self.extension}"


def _always(_: Parcel) -> bool:
    return True


def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Outlet:
    """One place that documents go to.

    Args:
        channel: The name of its channel.
        target: The whole address, which may be a secret: it is only ever hashed.
        shown: The address as it may be shown.
        send: Delivers a parcel under a key that names this delivery; raises DeliveryError or ConfigError.
        preview: What ``send`` would send, in words and as it is, without secrets.
        keeps: Whether what was delivered there before is still there, as far as one can know.
        check: Raises ConfigError where nothing can be sent, e.g. because a secret is missing; a preview needs none.
    """

    channel: str
    target: str = field(repr=False)
    shown: str
    send: Callable[[Parcel, str], None] = field(repr=False)
    preview: Callable[[Parcel], str] = field(repr=False)
    keeps: Callable[[Parcel], bool] = field(default=_always, repr=False)
    check: Callable[[], None] = field(default=_nothing, repr=False)


def shown_content(parcel: Parcel) -> str:
    """Return a parcel's content as text; of bytes that are no text, how many there are."""
    try:
        return parcel.content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        return f"({len(parcel.content):,} bytes of {parcel.media_type})"


def check_target(address: str, variable: str) -> None:
    """Refuse an address that nothing can be sent to.

    Args:
        address: Of a web service; empty: not known.
        variable: The variable of the environment that holds it, for messages.

    Raises:
        ConfigError: Naming the variable, never the address.
    """
    if not address:
        raise ConfigError(f"{variable} is not set", "Set it to the address of the webhook, in the environment only.")
    problem: DeliveryError | None = None
    try:
        check_address(address)
    except DeliveryError as found:
        problem = found
    if problem is not None:
        raise ConfigError(f"{variable}: {problem.message}", problem.hint)
