"""Putting a rendered document somewhere: one file per channel, listed in :data:`CHANNELS`.

What a channel needs comes in as plain values; secrets are handed over by whoever reads the environment, and are in no
message, representation, record or file. A document is delivered once per report, period and target: what was delivered
is remembered (:mod:`finopsctl.delivery.memory`), what failed is not.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from finopsctl.delivery.memory import Delivered, Memory, sealed
from finopsctl.errors import ConfigError, nearest

if TYPE_CHECKING:
    from datetime import datetime

    from finopsctl.delivery.parcel import Outlet, Parcel


@dataclass(frozen=True, slots=True)
class Channel:
    """One way out.

    Args:
        name: As in ``--to NAME``.
        format: The format a report is rendered in for it where none is asked for.
        formats: Those it takes; empty: any.
    """

    name: str
    format: str
    formats: tuple[str, ...] = ()


CHANNELS: tuple[Channel, ...] = (
    Channel("slack", "slack", ("slack",)),
    Channel("email", "email", ("email",)),
    Channel("webhook", "json"),
    Channel("file", "md"),
)
"""Every channel."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a parcel.

    Args:
        channel: Where it went.
        shown: The target, as it may be shown.
        at: When it was delivered, now or before.
        earlier: Whether that was before, and nothing was sent now.
        changed: Whether what was delivered before is not what would have been sent now.
    """

    channel: str
    shown: str
    at: datetime
    earlier: bool = False
    changed: bool = False


def channel_named(name: str) -> Channel:
    """Return the channel of ``--to NAME``.

    Raises:
        ConfigError: For an unknown name, with the nearest one.
    """
    found = next((channel for channel in CHANNELS if channel.name == name), None)
    if found is None:
        raise ConfigError(f"unknown channel '{name}'", nearest(name, (channel.name for channel in CHANNELS)))
    return found


def deliver(parcel: Parcel, outlet: Outlet, memory: Memory, *, now: datetime, again: bool = False) -> Receipt:
    """Deliver a parcel, unless that has been done already.

    Two processes never deliver at once: the second waits, and then finds that it was done.

    Args:
        parcel: What to deliver.
        outlet: Where to.
        memory: What was delivered before; this delivery is added when it succeeds.
        now: The moment of the delivery.
        again: Deliver once more what has been delivered.

    Raises:
        DeliveryError: When it failed, or what was delivered before cannot be read or kept.
        ConfigError: When the outlet lacks something.
    """
    asked = Delivered(parcel.report, parcel.period, outlet.channel, sealed(outlet.target), now, sealed(parcel.content))
    with memory.held() as before:
        earlier = before.last(asked)
        if earlier is not None and not again and outlet.keeps(parcel):
            return Receipt(outlet.channel, outlet.shown, earlier.at, True, earlier.content != asked.content)
        outlet.send(parcel, _key(asked, again=again))
        before.add(asked)
    return Receipt(outlet.channel, outlet.shown, now)


def _key(asked: Delivered, *, again: bool) -> str:
    """Return what makes a copy recognizable: the same for each attempt at one delivery, another where it is wanted."""
    parts = [asked.report, asked.period, asked.channel, asked.target, asked.content]
    parts += [asked.at.isoformat()] if again else []
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
