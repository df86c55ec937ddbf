"""Names replaced by keyed hashes before anything is kept: one name gives one hash, and the key stays with the user.

Labels (``tags``) may repeat a name under any word. Of them, a value that is or mentions a name met in a redacted column
of any input is hashed, and so is whatever stands under a label that speaks of such a column (``user_id``,
``x-customer``); the other labels stay as they are. Ids of requests and traces are kept.
"""

from __future__ import annotations

import hmac
import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import polars as pl

from finopsctl.errors import ConfigError, nearest
from finopsctl.ledger.conditions import is_glob
from finopsctl.ledger.schema import LEDGER
from finopsctl.metrics.dimensions import UNTAGGED

if TYPE_CHECKING:
    from finopsctl.books.request import Request
    from finopsctl.metrics.budgets import Budget

_REDACTABLE = tuple(c.name for c in LEDGER if c.dtype == pl.String and c.role == "dimension")
_ALSO_CALLED = {
    "user": ("user", "username", "userid", "email", "employee", "actor"),
    "customer": ("customer", "tenant", "client", "enduser", "account"),
}
_WORD = re.compile(r"[^\s\"'`,;:{}\[\]()<>=|/\\&?#]+")
_HASH = "h:"
_GATEWAY_NAMES = {
    "team": ("team_alias", "team_id"),
    "api_key": ("key_alias", "token"),
    "user": ("user_id", "user_alias"),
    "project": ("project_alias", "project_id"),
}
"""Columns of a gateway's own tables (LiteLLM's teams, keys, users, projects) that hold a name of the ledger."""
_NOBODY = frozenset({"litellm-proxy-budget"})  # the "user" LiteLLM books the whole proxy under


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
        """Return the rows with the columns hashed; null stays null."""
        if not self.columns:
            return rows
        changes = []
        for name in self.columns:
            hashes = {value: self.name(value) for value in rows[name].drop_nulls().unique()}
            changes.append(pl.col(name).replace_strict(hashes, default=None, return_dtype=pl.String))
        return rows.with_columns(changes)

    def of_table(self, table: pl.DataFrame) -> pl.DataFrame:
        """Return a table beside the ledger with those of the columns hashed that it has, also under their own names."""
        held = [alias for name in self.columns for alias in (name, *_GATEWAY_NAMES.get(name, ()))]
        names = [name for name in held if name in table.columns]
        return replace(self, columns=tuple(names)).apply(table) if names else table

    def of_budget(self, budget: Budget) -> Budget:
        """Return a budget with the names of its scope hashed as the ledger's are, and a name made of those.

        Raises:
            ConfigError: Where it is for names of a pattern: hashes fit none.
        """
        hidden = [name for name in self.columns if name in budget.scope]
        if not hidden:
            return budget
        for name in hidden:
            if is_glob(budget.scope[name]) and budget.scope[name] != "*":
                raise ConfigError(
                    f"budget '{budget.name}' is for {name} '{budget.scope[name]}', and redacted names fit no pattern",
                    f"Write a budget for each {name}, or redact the report of another run.",
                )
        scope = {n: self.name(v) if n in hidden and v not in {"", "*"} else v for n, v in budget.scope.items()}
        return replace(budget, name="/".join(value or UNTAGGED for value in scope.values()), scope=scope)

    def cleared(self, ledger: pl.LazyFrame) -> pl.LazyFrame:
        """Return the ledger without the names in its tags; to be asked for when every row was applied."""
        if not self.columns:
            return ledger
        return ledger.with_columns(pl.col("tags").map_batches(self._clear, return_dtype=pl.String, is_elementwise=True))

    def _clear(self, tags: pl.Series) -> pl.Series:
        cleared = {text: self._clear_one(text) for text in tags.drop_nulls().unique()}
        return tags.replace_strict(cleared, default=None, return_dtype=pl.String)

    def _clear_one(self, text: str) -> str | None:
        try:
            labels = json.loads(text)
        except (ValueError, RecursionError):
            labels = None
        if not isinstance(labels, dict):
            return None  # what is no JSON object cannot be searched label by label
        kept = {self._known.get(label, label): self._clear_value(label, value) for label, value in labels.items()}
        return json.dumps(dict(sorted(kept.items())), ensure_ascii=False)

    def _clear_value(self, label: str, value: object) -> object:
        text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)
        if text in self._known:
            return self._known[text]
        if self._speaks_of_names(label) or any(word in self._known for word in _WORD.findall(text)):
            return self._hash(text)
        return value

    def _speaks_of_names(self, label: str) -> bool:
        words = re.split(r"[^a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", label).lower())
        joined = "".join(words)
        return any(
            name in words or name in joined
            for column in self.columns
            for name in _ALSO_CALLED.get(column, (column.replace("_", ""),))
        )

    def name(self, value: str) -> str:
        """Return the hash of a name, and remember the name, so that it is found in tags."""
        if value in _NOBODY:
            return value
        if value not in self._known:
            self._known[value] = self._hash(value)
        return self._known[value]

    def _hash(self, value: str) -> str:
        return _HASH + hmac.new(self.key, value.encode(), "sha256").hexdigest()[:16]
