"""Speaking HTTP: timeouts, bounded retries and size, no redirects, and no address in any message.

Addresses may carry secrets (a webhook's path, a token in the query): messages name the host only, no exception of
httpx (they hold the address) stays in the chain of ours, and its loggers and those of httpcore are silent while a
request runs. Nothing here is called unless a command was told to use the network.

What is tried again depends on whether a second copy does harm. A request that may be repeated is tried again after any
passing failure. One that may not is tried again only where the first was certainly not acted upon: there was no
connection, or the server answered that it did not take it (429, 500, 502, 503). After a request has left and no answer
has come, nobody knows; nor does anybody after 408 and 504, where a server in between gave up waiting.
"""

from __future__ import annotations

import logging
import re
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from finopsctl.errors import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import httpx

LIVE = "prometheus:"
"""What an input begins with that is no file but a Prometheus to ask."""

MAX_BYTES = 64 * 1024 * 1024
"""The longest file that is fetched."""

LONGEST_WAIT = 60.0
"""Seconds a server may ask to wait before a request that delivers something is given up."""

_ATTEMPTS = 3
_LONGEST_PAUSE = 30.0
_PASSING = frozenset([408, 425, 429, 500, 502, 503, 504])
_NOT_TAKEN = frozenset([425, 429, 500, 502, 503])
_LOGGERS = ("httpx", "httpcore")
_REASON = re.compile(rb"[a-z][a-z_]{2,40}")
_LATER = "Try again later, or download the file yourself and name it instead."


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered: a status of 200 to 299 and the body that came with it."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Request:
    """One request; its address, headers and body may be secrets and are in no representation of it.

    Args:
        method: ``POST``, ``PATCH``, ``PUT``, or ``GET`` where headers are needed.
        url: As for :func:`get`.
        body: What is sent, as it is.
        headers: Sent beside our own.
        timeout: Seconds for one attempt.
        max_bytes: The longest answer of a GET.
        repeatable: Whether a second copy does no harm, e.g. because an ``Idempotency-Key`` says it is one. A GET never
            does.
    """

    method: str
    url: str = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout: float = 20.0
    max_bytes: int = MAX_BYTES
    repeatable: bool = False

    @property
    def reads(self) -> bool:
        """Whether it only reads."""
        return self.method == "GET"


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why an attempt brought nothing.

    Args:
        reason: In words, to follow the host and a colon.
        hint: What to do; empty: try again later.
        again: Whether another attempt may be made.
        pause: What the server asked to wait, in seconds.
        unsure: Whether the server may have acted on the request all the same.
    """

    reason: str
    hint: str = ""
    again: bool = False
    pause: float | None = None
    unsure: bool = False


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
    request = Request("GET", url, headers=headers or {}, timeout=timeout, max_bytes=max_bytes)
    return _ask(request, pause, _LATER).body


def send(request: Request, pause: Callable[[float], None] = time.sleep) -> Reply:
    """Send a request, one that may change something too, and return what the server answered.

    Args:
        request: What to send where.
        pause: Waits that many seconds between attempts, three at most. A server that asks to wait longer than
            :data:`LONGEST_WAIT` is not asked again.

    Raises:
        DeliveryError: not https, refused, moved, or still failing; it says so where the request may have arrived.
    """
    return _ask(request, pause, "Try again later.")


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


def check_address(url: str) -> str:
    """Return the host of an address that may be used.

    Raises:
        DeliveryError: For what is no address, and for http beyond this machine.
    """
    parts = None
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        host = ""
    if parts is None or not host:
        raise DeliveryError("not an address of the web", hint="Write it as https://host/path.")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise DeliveryError(
            f"{redacted(url)}: only https is used", hint="Use the https address; http is for this machine only."
        )
    return host


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _ask(request: Request, pause: Callable[[float], None], later: str) -> Reply:
    """Make up to three attempts; no exception is being handled when ours is raised, so it has no chain."""
    host = check_address(request.url)
    for attempt in range(1, _ATTEMPTS + 1):
        with _silence():
            outcome = _attempt(request, host)
        if isinstance(outcome, Reply):
            return outcome
        wait = 0.5 * 2**attempt if outcome.pause is None else outcome.pause
        too_long = not request.reads and wait > LONGEST_WAIT
        if attempt == _ATTEMPTS or not outcome.again or too_long:
            _give_up(request, outcome, attempt, later, f" and asks to wait {wait:,.0f} s" if too_long else "")
        pause(min(wait, _LONGEST_PAUSE) if request.reads else wait)
    raise AssertionError("unreachable")


def _give_up(request: Request, failure: _Failure, attempts: int, later: str, asks: str) -> NoReturn:
    tried = f" ({attempts} attempts)" if attempts > 1 else ""
    hint = failure.hint or later
    if failure.unsure:
        hint = f"It may have arrived all the same: look before you send it again. {failure.hint}".strip()
    raise DeliveryError(f"{redacted(request.url)}: {failure.reason}{asks}{tried}", hint=hint)


def _attempt(request: Request, host: str) -> Reply | _Failure:
    import httpx

    deadline = time.monotonic() + request.timeout
    headers = {"User-Agent": "finopsctl", "Accept-Encoding": "identity", **request.headers}
    try:
        with (
            httpx.Client(timeout=request.timeout, follow_redirects=False, trust_env=not is_loopback(host)) as client,
            client.stream(request.method, request.url, content=request.body or None, headers=headers) as response,
        ):
            refused = _refused(response, request)
            return refused or _answer(response, request, deadline)
    except (httpx.ConnectTimeout, httpx.PoolTimeout):
        return _Failure(f"no connection within {request.timeout:g} s", again=True)
    except (httpx.ConnectError, httpx.ProxyError) as problem:
        return _Failure(f"no connection ({type(problem).__name__})", again=True)
    except httpx.TimeoutException:
        return _lost(request, f"no answer within {request.timeout:g} s")
    except httpx.TransportError as problem:
        return _lost(request, f"no answer ({type(problem).__name__})")
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError):
        return _Failure("not a usable address or answer", "Check the address.")


def _lost(request: Request, reason: str) -> _Failure:
    """Return the failure of a request that had left when the connection failed."""
    return _Failure(reason, again=request.repeatable or request.reads, unsure=not request.reads)


def _refused(response: httpx.Response, request: Request) -> _Failure | None:
    status = response.status_code
    if response.is_success:
        return None
    if status in _PASSING:
        again = request.repeatable or request.reads or status in _NOT_TAKEN
        pause = _retry_after(response.headers.get("Retry-After"))
        return _Failure(f"the server answered {status}", again=again, pause=pause, unsure=not again)
    if response.has_redirect_location:
        moved = f"the server answered {status} and points elsewhere; redirects are not followed"
        return _Failure(moved, "Name the final address.")
    return _Failure(f"the server answered {status}{_said(response, request)}", "Check the address.")


def _said(response: httpx.Response, request: Request) -> str:
    """Return the word a server refuses with (``invalid_blocks``); anything longer may repeat what it was sent."""
    import httpx

    try:
        word = next(response.iter_bytes(), b"").strip()
    except httpx.HTTPError:
        return ""
    return f" ({word.decode()})" if _REASON.fullmatch(word) and word.decode() not in request.url else ""


def _answer(response: httpx.Response, request: Request, deadline: float) -> Reply | _Failure:
    """Read the body; of a request that has been acted upon, what there is of it: it must not be sent again for that."""
    import httpx

    parts: list[bytes] = []
    length = 0
    try:
        for part in response.iter_bytes():
            length += len(part)
            if length > request.max_bytes:
                too_long = _Failure(f"longer than {request.max_bytes:,} bytes", "This is not the file you meant.")
                return too_long if request.reads else Reply(response.status_code, b"")
            if time.monotonic() > deadline:
                late = _Failure("the answer did not end in time", again=True)
                return late if request.reads else Reply(response.status_code, b"".join(parts))
            parts.append(part)
    except httpx.TransportError:
        if request.reads:
            raise
    return Reply(response.status_code, b"".join(parts))


@contextmanager
def _silence() -> Iterator[None]:
    """Keep httpx and httpcore, which log addresses and headers, from logging anything for a while."""
    names = [*_LOGGERS, *(name for name in logging.root.manager.loggerDict if name.startswith("httpcore."))]
    loggers = [logging.getLogger(name) for name in names]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


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
