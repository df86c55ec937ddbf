"""Slack: the message is posted to an incoming webhook, whose address is its password.

A webhook knows no keys that tell copies apart, so a message is posted again only where the first was certainly not
taken (:mod:`finopsctl.transport.http`).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from finopsctl.delivery.parcel import Outlet, Parcel, check_target, shown_content
from finopsctl.transport.http import Request, redacted, send

if TYPE_CHECKING:
    from collections.abc import Callable

_HEADERS = {"Content-Type": "application/json; charset=utf-8"}


def outlet(address: str, variable: str, timeout: float = 20.0, pause: Callable[[float], None] = time.sleep) -> Outlet:
    """Return the way to a webhook.

    Args:
        address: Of the webhook; empty: it is not known, and nothing can be sent.
        variable: The variable of the environment that holds it, for messages.
        timeout: Seconds for one attempt.
        pause: Waits that many seconds between attempts.
    """
    shown = redacted(address) if address else f"${variable}, which is not set"

    def check() -> None:
        check_target(address, variable)

    def post(parcel: Parcel, _key: str) -> None:
        check()
        send(Request("POST", address, parcel.content, _HEADERS, timeout), pause)

    def preview(parcel: Parcel) -> str:
        return f"POST {shown}\nContent-Type: {_HEADERS['Content-Type']}\n\n{shown_content(parcel)}"

    return Outlet("slack", address, shown, post, preview, check=check)
