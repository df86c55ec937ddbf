"""Names replaced by keyed hashes before anything is kept: the same name gives the same hash, the key stays with the user."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.errors import ConfigError, nearest
from finopsctl.ledger.schema import LEDGER

if TYPE_CHECKING:
    from finopsctl.books.request import Request

_REDACTABLE = tuple(c.name for c in LEDGER if c.dtype == pl.String and c.role == "dimension")


@dataclass(slots=True, eq=False)
class Redaction:
    """Hashes the values of some columns with HMAC-SHA-256, each distinct value once."""

    columns: tuple[str, ...]
    key: bytes
    _known: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, request: Request) -> Redaction:
        """Return the redaction a request asks for.

        Raises:
            ConfigError: For a column that is no name, or without a key.
        """
        for name in request.redact:
            if name not in _REDACTABLE:
                raise ConfigError(f"'{name}' cannot be redacted", nearest(name, _REDACTABLE))
        if request.redact and not request.redact_key:
            raise ConfigError(
                "--redact needs a key, so that nobody can guess names back from their hashes",
                "Set the environment variable FINOPSCTL_REDACT_KEY to a long random text.",
            )
        return cls(request.redact, (request.redact_key or "").encode())

    def apply(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows with the columns hashed; null stays null. Tags that repeat a redacted name lose it too."""
        if not self.columns:
            return rows
        changes = []
        for name in self.columns:
            values = rows[name].drop_nulls().unique().to_list()
            changes.append(
                pl.col(name).replace_strict({v: self._hash(v) for v in values}, default=None, return_dtype=pl.String)
            )
        return rows.with_columns(*changes, tags=self._without_tags())

    def _hash(self, value: str) -> str:
        if value not in self._known:
            self._known[value] = "h:" + hmac.new(self.key, value.encode(), "sha256").hexdigest()[:16]
        return self._known[value]

    def _without_tags(self) -> pl.Expr:
        # Any label may repeat a name under another word, so none is kept beside redacted names.
        return pl.lit(None, pl.String)
