"""One noteworthy fact about the data or the result."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Severity(StrEnum):
    """How much a finding matters, least first."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Finding:
    """One noteworthy fact.

    Args:
        severity: How much it matters.
        code: A stable snake_case name, e.g. ``duplicates`` or ``bad_line``.
        message: One sentence for a person.
        hint: What to do about it; empty when there is nothing to do.
        evidence: Plain JSON values a machine may use (numbers, names, ``file``, ``line``).
        subject: What this finding is about, in the sentence ``gist`` makes of several.
        gist: How several findings of one code read as one on a screen, with ``{}`` for their subjects; empty: each
            speaks for itself. Machine formats list every finding as it is.
    """

    severity: Severity
    code: str
    message: str
    hint: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    subject: str = ""
    gist: str = ""
