"""Fetching over HTTP: timeouts, bounded retries and size, no redirects, and no address in any message.

Addresses may carry secrets (a webhook's path, a token in the query): messages name the host only, and httpx, which
logs every address, is kept quiet. Nothing here is called unless a command was told to use the network.
"""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from finopsctl.errors import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

LIVE = "prometheus:"
"""What an input begins with that is no file but a Prometheus to ask."""

MAX_BYTES = 64 * 1024 * 1024
_ATTEMPTS = 3
_LONGEST_PAUSE = 30.0
_PASSING = frozenset([408, 425, 429, 500, 502, 503, 504])


class _PassingError(Exception):
    """A failure that another attempt may not meet; ``pause`` is what the server asked for, in seconds."""

    def __init__(self, reason: str, pause: float | None = None) -> None:
        super().__init__(reason)
        self.pause = pause


def get(
    url: str,
    *,
    timeout: float = 20.0,
    max_bytes: int = MAX_BYTES,
    pause: Callable[[float], None] = time.sleep,
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """Return what ``url`` holds.

    Args:
        url: An https address; http only on this machine (localhost, 127.0.0.1, ::1).
        timeout: Seconds for one attempt, from connecting to the last byte.
        max_bytes: Refuse anything longer.
        pause: Waits that many seconds between attempts. A passing failure (429, 5xx, no connection) is tried three
            times; ``Retry-After`` is honoured up to half a minute.
        headers: Sent beside our own; their values are in no message.

    Raises:
        DeliveryError: not https, refused, moved, too long, or still failing after the last attempt.
    """
    host = _checked_host(url)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return _attempt(url, host, timeout, max_bytes, headers or {})
        except _PassingError as problem:
            if attempt == _ATTEMPTS:
                raise DeliveryError(
                    f"{redacted(url)}: {problem} ({_ATTEMPTS} attempts)",
                    hint="Try again later, or download the file yourself and name it instead.",
                ) from None
            wanted = problem.pause if problem.pause is not None else 0.5 * 2**attempt
            pause(min(wanted, _LONGEST_PAUSE))
    raise AssertionError("unreachable")


def redacted(url: str) -> str:
    """Return the scheme and host of an address, for messages: the rest may be a secret."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "the address"
    return f"{parts.scheme}://{parts.hostname}/..." if parts.hostname else "the address"


def is_live(text: str) -> bool:
    """Say whether ``text`` is an input that is asked over the network: ``prometheus:https://host:9090``."""
    return text.startswith(LIVE)


def is_address(text: str) -> bool:
    """Say whether ``text`` is meant as an address of the web rather than a file."""
    return text.startswith(("http://", "https://"))


def _checked_host(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        host, parts = "", None
    if parts is None or not host:
        raise DeliveryError("not an address of the web", hint="Write it as https://host/path.")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise DeliveryError(
            f"{redacted(url)}: only https is fetched", hint="Use the https address; http is for this machine only."
        )
    return host


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _attempt(url: str, host: str, timeout: float, max_bytes: int, more: Mapping[str, str]) -> bytes:
    import httpx

    deadline = time.monotonic() + timeout
    headers = {"User-Agent": "finopsctl", "Accept-Encoding": "identity", **more}
    try:
        with (
            httpx.Client(timeout=timeout, follow_redirects=False, trust_env=not _is_loopback(host)) as client,
            client.stream("GET", url, headers=headers) as response,
        ):
            _refuse(response, url)
            return _body(response, url, max_bytes, deadline)
    except httpx.TimeoutException:
        raise _PassingError(f"no answer within {timeout:g} s") from None
    except httpx.TransportError as problem:
        raise _PassingError(f"no connection ({type(problem).__name__})") from None
    except (httpx.HTTPError, httpx.InvalidURL):
        raise DeliveryError(f"{redacted(url)}: not a usable address or answer", hint="Check the address.") from None


def _refuse(response: httpx.Response, url: str) -> None:
    status = response.status_code
    if status in _PASSING:
        raise _PassingError(f"the server answered {status}", _retry_after(response.headers.get("Retry-After")))
    if response.has_redirect_location:
        raise DeliveryError(
            f"{redacted(url)}: the server answered {status} and points elsewhere; redirects are not followed",
            hint="Name the final address.",
        )
    if not response.is_success:
        raise DeliveryError(f"{redacted(url)}: the server answered {status}", hint="Check the address.")


def _body(response: httpx.Response, url: str, max_bytes: int, deadline: float) -> bytes:
    parts: list[bytes] = []
    length = 0
    for part in response.iter_bytes():
        length += len(part)
        if length > max_bytes:
            raise DeliveryError(
                f"{redacted(url)}: longer than {max_bytes:,} bytes", hint="This is not the file you meant."
            )
        if time.monotonic() > deadline:
            raise _PassingError("the answer did not end in time")
        parts.append(part)
    return b"".join(parts)


def _retry_after(value: str | None) -> float | None:
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
