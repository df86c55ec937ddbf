"""Mail over SMTP (RFC 5321), encrypted, with the server's certificate checked; in the clear on this machine only.

Every recipient has to be accepted before the message is sent, so it reaches all of them or none. Up to that point a
passing failure is tried again; once the message has left, a lost answer is not: it may have arrived. The Message-ID is
that of the document, so a copy is recognizable as one.
"""

from __future__ import annotations

import smtplib
import ssl
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.parser import BytesParser
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import TYPE_CHECKING, Literal

from finopsctl.delivery.parcel import Outlet, Parcel
from finopsctl.errors import ConfigError, DeliveryError
from finopsctl.transport.http import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable

_ATTEMPTS = 3
_PAUSE = 2.0
_PORTS = {"starttls": 587, "ssl": 465, "none": 25}


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mail server and whom it is for.

    Args:
        host: The server.
        port: 0: the usual one of the security (587, 465, 25).
        security: ``starttls``, ``ssl``, or ``none``, on this machine only.
        sender: ``Name <address>`` or an address.
        to: Who gets it, in the same form.
        cc: Who gets a copy.
        user: Of the server; empty: it is not asked to log in.
        password: Of that user.
        timeout: Seconds for every answer.
        context: How certificates are checked; None: against the system's authorities.
    """

    host: str
    port: int
    security: Literal["starttls", "ssl", "none"]
    sender: str
    to: tuple[str, ...]
    cc: tuple[str, ...] = ()
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    timeout: float = 20.0
    context: ssl.SSLContext | None = field(default=None, repr=False)

    @property
    def recipients(self) -> list[str]:
        """The addresses of all who get it, without names."""
        return [parseaddr(text)[1] for text in (*self.to, *self.cc)]

    @property
    def shown(self) -> str:
        """The server and how many get it."""
        count = len(self.recipients)
        return f"smtp://{self.host}/... ({count} {'recipient' if count == 1 else 'recipients'})"


class _UnsentError(Exception):
    """A failure before the message left; ``passing``: another attempt may not meet it."""

    def __init__(self, reason: str, *, passing: bool = False, hint: str = "") -> None:
        super().__init__(reason)
        self.passing = passing
        self.hint = hint


def outlet(mailbox: Mailbox, pause: Callable[[float], None] = time.sleep) -> Outlet:
    """Return the way to a mailbox.

    Args:
        mailbox: The server and the recipients.
        pause: Waits that many seconds between attempts.

    Raises:
        ConfigError: For a mailbox without server or recipients, or one in the clear beyond this machine.
    """
    _check(mailbox)

    def mail(parcel: Parcel, _key: str) -> None:
        message = addressed(parcel.content, mailbox)
        for attempt in range(1, _ATTEMPTS + 1):
            failure = _attempt(message, mailbox)
            if failure is None:
                return
            if attempt == _ATTEMPTS or not failure.passing:
                tried = f" ({attempt} attempts)" if attempt > 1 else ""
                raise DeliveryError(f"{mailbox.shown}: {failure}{tried}", failure.hint or "Try again later.")
            pause(_PAUSE**attempt)

    def preview(parcel: Parcel) -> str:
        return f"MAIL {mailbox.shown}\n\n{addressed(parcel.content, mailbox).decode().rstrip()}"

    return Outlet("email", "\n".join(sorted(mailbox.recipients)), mailbox.shown, mail, preview)


def addressed(document: bytes, mailbox: Mailbox) -> bytes:
    """Return a mail with sender and recipients in it, an id under the sender's domain, and a date if it has none."""
    message = BytesParser(policy=SMTP).parsebytes(document)
    local, domain = str(message["Message-ID"]).partition("@")[0], mailbox.sender.rpartition("@")[2].rstrip("> ")
    del message["Message-ID"]
    message["Message-ID"] = f"{local}@{domain}>"
    for name, value in (("From", mailbox.sender), ("To", ", ".join(mailbox.to)), ("Cc", ", ".join(mailbox.cc))):
        del message[name]
        if value:
            message[name] = value
    if "Date" not in message:
        message["Date"] = format_datetime(datetime.now(UTC))
    return message.as_bytes()


def _check(mailbox: Mailbox) -> None:
    if not mailbox.host or not mailbox.sender or not mailbox.to:
        missing = next(n for n, v in (("host", mailbox.host), ("from", mailbox.sender), ("to", mailbox.to)) if not v)
        raise ConfigError(f"delivery.email: {missing} is missing", "Write host, from and to in [delivery.email].")
    if mailbox.security == "none" and not is_loopback(mailbox.host):
        raise ConfigError(
            f"delivery.email: mail to {mailbox.host} would go in the clear",
            'Write security = "starttls" or "ssl"; "none" is for a server on this machine.',
        )
    if bool(mailbox.user) != bool(mailbox.password):
        raise ConfigError("of the mail server's user and password only one is set", "Set both, or neither.")


def _attempt(message: bytes, mailbox: Mailbox) -> _UnsentError | None:
    """Send the message; return why it did not leave. No exception of ours is raised while another is handled."""
    server: smtplib.SMTP | None = None
    failure: _UnsentError
    try:
        server = _connected(mailbox)
        _envelope(server, mailbox)
        return _hand_over(server, message, mailbox)
    except _UnsentError as refused:
        failure = refused
    except (OSError, smtplib.SMTPException) as problem:
        failure = _unsent(problem)
    if server is not None:
        server.close()
    return failure


def _hand_over(server: smtplib.SMTP, message: bytes, mailbox: Mailbox) -> _UnsentError | None:
    """Send the message itself; return why it was refused.

    Raises:
        DeliveryError: When it was sent and no answer came.
    """
    lost = ""
    try:
        code, _ = server.data(message)
    except smtplib.SMTPDataError as problem:  # the server would not hear the message at all
        code = problem.smtp_code
    except (OSError, smtplib.SMTPException) as problem:
        server.close()
        code, lost = 0, type(problem).__name__
    if lost:
        raise DeliveryError(
            f"{mailbox.shown}: no answer after the message was sent ({lost})",
            "It may have arrived all the same: look before you send it again.",
        )
    _leave(server)
    return None if code == 250 else _refused("the message", code)


def _connected(mailbox: Mailbox) -> smtplib.SMTP:
    """Return a connection that is encrypted, where it leaves this machine, and logged in."""
    port = mailbox.port or _PORTS[mailbox.security]
    context = mailbox.context or ssl.create_default_context()
    server: smtplib.SMTP
    if mailbox.security == "ssl":
        server = smtplib.SMTP_SSL(mailbox.host, port, timeout=mailbox.timeout, context=context)
    else:
        server = smtplib.SMTP(mailbox.host, port, timeout=mailbox.timeout)
    try:
        if mailbox.security == "starttls":
            _encrypt(server, context)
        if mailbox.user:
            _log_in(server, mailbox)
    except BaseException:
        server.close()
        raise
    return server


def _encrypt(server: smtplib.SMTP, context: ssl.SSLContext) -> None:
    server.ehlo_or_helo_if_needed()
    if not server.has_extn("starttls"):
        raise _UnsentError(
            "the server offers no encryption (STARTTLS)", hint='Write security = "ssl", or ask its owner.'
        )
    code, _ = server.starttls(context=context)
    if code != 220:
        raise _UnsentError(f"the server refused to encrypt ({code})", passing=400 <= code < 500)


def _log_in(server: smtplib.SMTP, mailbox: Mailbox) -> None:
    server.ehlo_or_helo_if_needed()
    if not server.has_extn("auth"):
        raise _UnsentError("the server takes no user and password here", hint="Unset them, or name another port.")
    server.login(mailbox.user, mailbox.password)


def _envelope(server: smtplib.SMTP, mailbox: Mailbox) -> None:
    server.ehlo_or_helo_if_needed()
    code, _ = server.mail(parseaddr(mailbox.sender)[1])
    if code != 250:
        raise _refused("the sender", code)
    for address in dict.fromkeys(mailbox.recipients):
        code, _ = server.rcpt(address)
        if code not in {250, 251}:
            raise _refused(f"the recipient {address}", code)


def _refused(what: str, code: int) -> _UnsentError:
    """Return the failure of what the server answered with a code; its words are not repeated."""
    return _UnsentError(
        f"the server refused {what} ({code})",
        passing=400 <= code < 500,
        hint="" if 400 <= code < 500 else "Nothing was sent to anybody. Check [delivery.email].",
    )


def _unsent(problem: Exception) -> _UnsentError:
    match problem:
        case smtplib.SMTPAuthenticationError():
            return _UnsentError(
                f"the server refused user and password ({problem.smtp_code})",
                hint="Check the variables of the environment that hold them.",
            )
        case ssl.SSLCertVerificationError():
            return _UnsentError(
                f"the server's certificate is not trusted: {problem.verify_message}",
                hint="Check the host's name; a certificate of your own needs its authority in SSL_CERT_FILE.",
            )
        case smtplib.SMTPNotSupportedError():
            return _UnsentError("the server has no way to log in that is known here")
        case smtplib.SMTPResponseException():
            return _UnsentError(f"the server answered {problem.smtp_code}", passing=400 <= problem.smtp_code < 500)
        case _:
            return _UnsentError(f"no connection ({type(problem).__name__})", passing=True)


def _leave(server: smtplib.SMTP) -> None:
    """Say goodbye; the message has its answer already, whatever comes of that."""
    try:
        server.quit()
    except (OSError, smtplib.SMTPException):
        server.close()
