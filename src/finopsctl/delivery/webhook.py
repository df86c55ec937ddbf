"""Any web service: the document is posted as it is, with headers that say what it is.

``Idempotency-Key`` is the same for every attempt at one delivery, so a service that keeps keys acts on one of them;
that makes it safe to try again, also after an answer got lost. With a secret, ``X-Finopsctl-Signature`` is
``sha256=`` and the HMAC-SHA256 of the body in hexadecimal.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import TYPE_CHECKING

from finopsctl.delivery.parcel import Outlet, Parcel, check_target, shown_content
from finopsctl.transport.http import Request, redacted, send

if TYPE_CHECKING:
    from collections.abc import Callable

SIGNATURE = "X-Finopsctl-Signature"


def outlet(
    address: str, variable: str, secret: str, timeout: float = 20.0, pause: Callable[[float], None] = time.sleep
) -> Outlet:
    """Return the way to a web service.

    Args:
        address: Of the service; empty: it is not known, and nothing can be sent.
        variable: The variable of the environment that holds it, for messages.
        secret: What bodies are signed with; empty: they are not.
        timeout: Seconds for one attempt.
        pause: Waits that many seconds between attempts.
    """
    shown = redacted(address) if address else f"${variable}, which is not set"

    def check() -> None:
        check_target(address, variable)

    def post(parcel: Parcel, key: str) -> None:
        check()
        headers = _headers(parcel) | {"Idempotency-Key": key} | (_signed(parcel.content, secret) if secret else {})
        send(Request("POST", address, parcel.content, headers, timeout, repeatable=True), pause)

    def preview(parcel: Parcel) -> str:
        headers = _headers(parcel) | ({SIGNATURE: "(redacted)"} if secret else {})
        lines = "\n".join(f"{name}: {value}" for name, value in headers.items())
        return f"POST {shown}\n{lines}\n\n{shown_content(parcel)}"

    return Outlet("webhook", address, shown, post, preview, check=check)


def _headers(parcel: Parcel) -> dict[str, str]:
    """Return what says what the body is; the file name has no character that a header may not have."""
    return {"Content-Type": parcel.media_type, "X-Finopsctl-Document": parcel.name}


def _signed(body: bytes, secret: str) -> dict[str, str]:
    return {SIGNATURE: f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"}
