"""Delivering a report from the command line: ``--to``, ``--dry-run``, ``--again``, and what they do.

A command declares the three options by the types here, checks them early with :func:`check_delivery` and hands its
report to :func:`deliver_report`.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finopsctl.cli.options import option
from finopsctl.errors import ConfigError, DeliveryError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from finopsctl.cli.options import Display
    from finopsctl.config.settings import Settings
    from finopsctl.delivery import Channel, Receipt
    from finopsctl.delivery.memory import Memory
    from finopsctl.delivery.parcel import Outlet, Parcel
    from finopsctl.renderers import Renderer
    from finopsctl.results.report import Report

_OUTPUT = "What comes out"

To = Annotated[
    list[str] | None,
    option(_OUTPUT, "Deliver it: slack, email, webhook or file; repeat for more.", "--to", metavar="CHANNEL"),
]
DryRun = Annotated[
    bool, option(_OUTPUT, "Print what would be delivered, connect nowhere, write nothing.", "--dry-run", metavar="")
]
Again = Annotated[
    bool, option(_OUTPUT, "Deliver once more what has been delivered for this period.", "--again", metavar="")
]


@dataclass(frozen=True, slots=True)
class _Way:
    """A channel as it is set up: the outlet and the format that goes through it."""

    outlet: Outlet
    renderer: Renderer


def check_delivery(settings: Settings, display: Display, *, to: Sequence[str], dry_run: bool = False) -> None:
    """Say what is wrong with channels, formats and configuration before any work is done.

    Args:
        settings: The settings in force.
        display: The options on what comes out.
        to: The names of the channels.
        dry_run: Whether a secret that is missing does not matter.

    Raises:
        ConfigError: For the first thing wrong.
    """
    _checked(settings, display, to, dry_run=dry_run)


def _checked(settings: Settings, display: Display, to: Sequence[str], *, dry_run: bool) -> list[_Way]:
    """Return the channels as they are set up, none of which lacks anything."""
    ways = _ways(settings, display, to, os.environ)
    for way in () if dry_run else ways:
        way.outlet.check()
    return ways


def deliver_report(
    report: Report,
    period_key: str,
    settings: Settings,
    display: Display,
    *,
    to: Sequence[str],
    dry_run: bool = False,
    again: bool = False,
) -> tuple[Receipt, ...]:
    """Render a report in the format of each channel, deliver it, and say on standard error what went where.

    A channel that fails does not keep the others from being tried.

    Args:
        report: What to deliver.
        period_key: Report and period, e.g. ``weekly 2026-W44``: what is delivered once. The filters of the settings
            (``where``) are added, so that two teams' reports are two documents.
        settings: The settings in force; their ``delivery`` tables say where channels lead.
        display: The options on what comes out: ``-f`` is the format of the channels that take any.
        to: The names of the channels.
        dry_run: Print to standard output what would be sent, without secrets; connect nowhere and write nothing.
        again: Deliver once more what has been delivered.

    Raises:
        ConfigError: When a channel is not known or not set up.
        DeliveryError: When a channel failed; the message is that of the first that did.
    """
    from finopsctl.renderers._visible import visible

    ways = _checked(settings, display, to, dry_run=dry_run)
    memory = memory_of(settings, os.environ)
    receipts: list[Receipt] = []
    failures: list[DeliveryError] = []
    for way in ways:
        parcel = parcel_of(report, period_key, settings, way.renderer)
        if dry_run:
            typer.echo(_for_terminal(way.outlet.preview(parcel)))
            continue
        try:
            receipts.append(_deliver(parcel, way.outlet, memory, display, again=again))
        except DeliveryError as problem:
            failures.append(problem)
    for failure in failures[1:]:
        typer.echo(f"error: {visible(failure.message)}", err=True)
    if failures:
        raise DeliveryError(failures[0].message, failures[0].hint)
    return tuple(receipts)


def _deliver(parcel: Parcel, outlet: Outlet, memory: Memory, display: Display, *, again: bool) -> Receipt:
    """Deliver one parcel and say so."""
    from finopsctl.delivery import deliver
    from finopsctl.renderers._visible import visible

    receipt = deliver(parcel, outlet, memory, now=datetime.now(UTC).replace(microsecond=0), again=again)
    if not display.quiet:
        typer.echo(visible(_told(parcel, receipt)), err=True)
    return receipt


def parcel_of(report: Report, period_key: str, settings: Settings, renderer: Renderer) -> Parcel:
    """Return a report as the document of a format, named by report and period.

    Args:
        report: What to render.
        period_key: As for :func:`deliver_report`.
        settings: Their filters are part of what tells two documents apart.
        renderer: The format.
    """
    from finopsctl.delivery.parcel import Parcel
    from finopsctl.renderers import Screen

    name, _, period = period_key.partition(" ")
    return Parcel(
        report=name,
        period=" ".join([period, *sorted(settings.where)]).strip(),
        media_type=renderer.media_type,
        extension=renderer.ending,
        content=renderer.render(report, Screen(ascii=settings.ascii)),
    )


def memory_of(settings: Settings, environ: Mapping[str, str]) -> Memory:
    """Return the file of deliveries: the configuration's, else ``deliveries.json`` in the user's state folder.

    That folder is ``$XDG_STATE_HOME/finopsctl``, by default in ``~/.local/state``; on Windows in ``%LOCALAPPDATA%``.
    """
    from finopsctl.delivery.memory import Memory

    if settings.delivery.state is not None:
        return Memory(settings.delivery.state)
    if os.name == "nt" and environ.get("LOCALAPPDATA"):
        folder = Path(environ["LOCALAPPDATA"])
    else:
        home = Path(environ.get("HOME") or Path.home())
        state = Path(environ.get("XDG_STATE_HOME") or "")
        folder = state if state.is_absolute() else home / ".local" / "state"
    return Memory(folder / "finopsctl" / "deliveries.json")


def _ways(settings: Settings, display: Display, to: Sequence[str], environ: Mapping[str, str]) -> list[_Way]:
    from finopsctl.delivery import channel_named
    from finopsctl.renderers import renderer_named

    channels = [channel_named(name) for name in dict.fromkeys(to)]
    return [
        _Way(_outlet(channel, settings, environ), renderer_named(_format(channel, settings, display)))
        for channel in channels
    ]


def _format(channel: Channel, settings: Settings, display: Display) -> str:
    """Return the format of a channel: its own; else that of ``-f``, of its table, the usual one."""
    if channel.formats:
        return channel.format
    table = settings.delivery.webhook if channel.name == "webhook" else settings.delivery.file
    return display.format or table.format or channel.format


def _outlet(channel: Channel, settings: Settings, environ: Mapping[str, str]) -> Outlet:
    """Return the way out through a channel; secrets are read from the environment here and nowhere else."""
    tables = settings.delivery

    def secret(variable: str) -> str:
        return environ.get(variable, "").strip()

    match channel.name:
        case "slack":
            from finopsctl.delivery import slack

            return slack.outlet(secret(tables.slack.url_variable), tables.slack.url_variable)
        case "webhook":
            from finopsctl.delivery import webhook

            table = tables.webhook
            return webhook.outlet(secret(table.url_variable), table.url_variable, secret(table.secret_variable))
        case "email":
            from finopsctl.delivery import email

            mail = tables.email
            return email.outlet(
                email.Mailbox(
                    host=mail.host or "",
                    port=mail.port,
                    security=mail.security,
                    sender=mail.sender or "",
                    to=mail.to,
                    cc=mail.cc,
                    user=secret(mail.user_variable),
                    password=secret(mail.password_variable),
                )
            )
        case _:
            from finopsctl.delivery import file

            if tables.file.folder is None:
                raise ConfigError("delivery.file: folder is missing", 'Write folder = "reports/" in [delivery.file].')
            return file.outlet(tables.file.folder)


def _told(parcel: Parcel, receipt: Receipt) -> str:
    what, where = f"{parcel.report} {parcel.period}".strip(), f"{receipt.channel} ({receipt.shown})"
    if not receipt.earlier:
        return f"{what} delivered to {where}"
    changed = "; it has changed since" if receipt.changed else ""
    return (
        f"{what} was already delivered to {where} on {receipt.at:%Y-%m-%d %H:%MZ}{changed}; --again sends it once more"
    )


def _for_terminal(text: str) -> str:
    """Return what a dry run prints: names of files may hold what a terminal would act on; a blank line ends it."""
    from finopsctl.renderers._visible import visible

    plain = not (sys.stdout.encoding or "ascii").lower().startswith(("utf", "cp65001"))
    return "\n".join(visible(line, ascii_only=plain) for line in [*text.splitlines(), ""])
