"""Delivery in the configuration: ``[delivery]`` and a table a channel. Secrets are variables of the environment.

The tables name the variables that hold them, and what does not look like the name of one is refused without being
repeated: it is most likely the secret itself.
"""

# No ``from __future__ import annotations``: the reader of settings needs the field types as types.
import re
from dataclasses import dataclass, field
from email.utils import parseaddr
from pathlib import Path
from typing import Literal

from finopsctl.config.declarations import key
from finopsctl.errors import ConfigError

SLACK_VARIABLE = "FINOPSCTL_SLACK_WEBHOOK"
WEBHOOK_VARIABLE = "FINOPSCTL_WEBHOOK"
WEBHOOK_SECRET_VARIABLE = "FINOPSCTL_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable
SMTP_USER_VARIABLE = "FINOPSCTL_SMTP_USER"
SMTP_PASSWORD_VARIABLE = "FINOPSCTL_SMTP_PASSWORD"  # noqa: S105 - the name of a variable
VARIABLES = frozenset(
    {SLACK_VARIABLE, WEBHOOK_VARIABLE, WEBHOOK_SECRET_VARIABLE, SMTP_USER_VARIABLE, SMTP_PASSWORD_VARIABLE}
)
"""The variables that hold secrets where the configuration names no others."""

_VARIABLE = r"[A-Z_][A-Z0-9_]{0,63}"
_HOST = r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:]+"
_ADDRESS = r"[!-?A-~]+@[A-Za-z0-9.-]+"


def variable_name(text: str) -> None:
    """Refuse what is no name of a variable, without repeating it.

    Raises:
        ConfigError: For anything but capitals, digits and underscores.
    """
    if not re.fullmatch(_VARIABLE, text):
        raise ConfigError(
            "not the name of a variable (A-Z, 0-9, _)",
            "If it is the secret itself, take it out: secrets come from the environment only. Write a name, e.g. "
            f"{SLACK_VARIABLE}, and set that variable.",
        )


def host_name(text: str) -> None:
    """Refuse what is no name of a machine, without repeating it: an address could hold a password."""
    if not re.fullmatch(_HOST, text):
        raise ConfigError("not the name of a host", "Write it alone: smtp.example.org; no scheme, user or port.")


def mail_address(text: str) -> None:
    """Refuse what is no mail address (``Name <a@example.org>`` or the address alone), or more than one line."""
    _, address = parseaddr(text)
    if not text.isprintable() or not re.fullmatch(_ADDRESS, address):
        raise ConfigError(f"{text!r} is no mail address", "Write finops@example.org or Name <finops@example.org>.")


@dataclass(frozen=True, slots=True)
class SlackTable:
    """``[delivery.slack]``: an incoming webhook."""

    url_variable: str = field(
        default=SLACK_VARIABLE, metadata=key("Variable that holds the webhook's address.", check=variable_name)
    )


@dataclass(frozen=True, slots=True)
class EmailTable:
    """``[delivery.email]``: a mail server, and who gets the mail."""

    host: str | None = field(default=None, metadata=key("Mail server (SMTP).", check=host_name))
    port: int = field(
        default=0, metadata=key("Its port; 0: 587 (starttls), 465 (ssl) or 25 (none).", minimum=0, maximum=65535)
    )
    security: Literal["starttls", "ssl", "none"] = field(
        default="starttls", metadata=key("How mail is encrypted; none: not at all, on this machine only.")
    )
    sender: str | None = field(default=None, metadata=key("Whom mail is from.", name="from", check=mail_address))
    to: tuple[str, ...] = field(default=(), metadata=key("Who gets it.", check=mail_address))
    cc: tuple[str, ...] = field(default=(), metadata=key("Who gets a copy.", check=mail_address))
    user_variable: str = field(
        default=SMTP_USER_VARIABLE, metadata=key("Variable that holds the server's user.", check=variable_name)
    )
    password_variable: str = field(
        default=SMTP_PASSWORD_VARIABLE, metadata=key("Variable that holds that user's password.", check=variable_name)
    )


@dataclass(frozen=True, slots=True)
class WebhookTable:
    """``[delivery.webhook]``: a web service."""

    url_variable: str = field(
        default=WEBHOOK_VARIABLE, metadata=key("Variable that holds the service's address.", check=variable_name)
    )
    secret_variable: str = field(
        default=WEBHOOK_SECRET_VARIABLE,
        metadata=key("Variable that holds what bodies are signed with; not set: they are not.", check=variable_name),
    )
    format: str | None = field(default=None, metadata=key("Format of the body (-f wins); by default json."))


@dataclass(frozen=True, slots=True)
class FileTable:
    """``[delivery.file]``: a folder of documents named by report and period."""

    folder: Path | None = field(default=None, metadata=key("Folder to write to."))
    format: str | None = field(default=None, metadata=key("Format of the files (-f wins); by default md."))


@dataclass(frozen=True, slots=True)
class DeliveryTable:
    """``[delivery]``: where reports go."""

    state: Path | None = field(
        default=None,
        metadata=key("File that remembers what was delivered; by default deliveries.json of the user's state folder."),
    )
    slack: SlackTable = field(default_factory=SlackTable, metadata=key("An incoming webhook of Slack."))
    email: EmailTable = field(default_factory=EmailTable, metadata=key("A mail server, and who gets the mail."))
    webhook: WebhookTable = field(default_factory=WebhookTable, metadata=key("A web service."))
    file: FileTable = field(default_factory=FileTable, metadata=key("A folder of documents."))
