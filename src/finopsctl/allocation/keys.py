"""The virtual key map: which team, user, project and customer stand behind an API key.

It comes from a file (CSV, TSV or TOML) or from LiteLLM's ``LiteLLM_VerificationToken`` and ``LiteLLM_TeamTable``
tables. A record's ``api_key`` is compared with the key's hash and with its alias; owners fill empty dimensions only,
while ids are replaced by the names people know (key hash by alias, team id by team alias).
"""

from __future__ import annotations

import csv
import hashlib
import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.errors import ConfigError, nearest, reason_of
from finopsctl.ledger.schema import INSTANT
from finopsctl.results.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

OWNERS: tuple[str, ...] = ("team", "user", "project", "customer")
"""The ledger columns a key can fill."""

KEY_SCHEMA = pl.Schema(
    {"api_key": pl.String(), "alias": pl.String()}
    | dict.fromkeys(OWNERS, pl.String())
    | {"start": INSTANT, "end": INSTANT}
)
TEAM_SCHEMA = pl.Schema({"team_id": pl.String(), "team_alias": pl.String()})

_SPELLINGS = {
    "key": "api_key",
    "api_key": "api_key",
    "token": "api_key",
    "hash": "api_key",
    "alias": "alias",
    "key_alias": "alias",
    "team": "team",
    "team_id": "team",
    "user": "user",
    "user_id": "user",
    "project": "project",
    "project_id": "project",
    "product": "project",
    "customer": "customer",
    "customer_id": "customer",
    "tenant": "customer",
    "from": "start",
    "to": "end",
}


@dataclass(frozen=True, slots=True, eq=False)
class KeyMap:
    """Keys and teams by the names people know.

    Args:
        keys: A row per key and period: columns of ``KEY_SCHEMA``; ``start`` and ``end`` (exclusive) null = always.
        teams: A row per team id: columns of ``TEAM_SCHEMA``.
        findings: What a reader of the result must know, such as an alias two keys share.
    """

    keys: pl.DataFrame
    teams: pl.DataFrame
    findings: tuple[Finding, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether it names no key and no team."""
        return self.keys.is_empty() and self.teams.is_empty()


def load(path: Path) -> KeyMap:
    """Read a key map: a CSV or TSV with a header line, or a TOML file of ``[[key]]`` tables.

    Columns: ``key`` (also api_key, token, hash), ``alias``, ``team``, ``user``, ``project``, ``customer``, ``from``,
    ``to``; LiteLLM's own column names are understood too, and its table export is read as it is. A secret key
    (``sk-...``) is replaced by its SHA-256, which is what LiteLLM logs.

    Raises:
        ConfigError: When the file cannot be read, has an unknown column, or a key has overlapping periods.
    """
    rows = _rows(path)
    known = set().union(*rows) if rows else set()
    if {"token", "key_alias"} <= known:
        return from_litellm(pl.DataFrame(rows, infer_schema_length=None), None)
    for name in known:
        if name not in _SPELLINGS:
            raise ConfigError(f"{path}: unknown column '{name}' in a key map", nearest(name, _SPELLINGS))
    entries = [_entry(row, f"{path}: key {number}") for number, row in enumerate(rows, start=1)]
    keys = pl.DataFrame(entries, schema=KEY_SCHEMA).unique(maintain_order=True)
    _refuse_overlaps(keys, path)
    return _built(keys, TEAM_SCHEMA.to_frame())


def from_litellm(tokens: pl.DataFrame | None, teams: pl.DataFrame | None) -> KeyMap:
    """Build a key map from LiteLLM's tables, with the columns as LiteLLM names them.

    Args:
        tokens: ``LiteLLM_VerificationToken``: ``token`` and any of ``key_alias``, ``team_id``, ``user_id``,
            ``project_id``; others are ignored.
        teams: ``LiteLLM_TeamTable``: ``team_id``, ``team_alias``.
    """
    spelled = {"token": "api_key", "key_alias": "alias", "team_id": "team", "user_id": "user", "project_id": "project"}
    keys = KEY_SCHEMA.to_frame() if tokens is None else _chosen(tokens, spelled, KEY_SCHEMA)
    names = TEAM_SCHEMA.to_frame() if teams is None else _chosen(teams, dict.fromkeys(TEAM_SCHEMA), TEAM_SCHEMA)
    return _built(
        keys.filter(pl.col("api_key").is_not_null()).unique("api_key", keep="last", maintain_order=True),
        names.drop_nulls().unique("team_id", keep="last", maintain_order=True),
    )


def combine(first: KeyMap, *others: KeyMap) -> KeyMap:
    """Put key maps together; what an earlier one says about a key or team replaces what later ones say."""
    keys, teams = first.keys, first.teams
    for other in others:
        keys = pl.concat([keys, other.keys.join(keys, on="api_key", how="anti")])
        teams = pl.concat([teams, other.teams.join(teams, on="team_id", how="anti")])
    return _built(keys, teams)


def apply(ledger: pl.LazyFrame, keys: KeyMap) -> pl.LazyFrame:
    """Fill empty owners from the key and show ids by name; the same frame comes back for an empty map.

    Dates are compared with ``charge_period_start``; rows keep their number and order.
    """
    return name_teams(_with_owners(ledger, keys.keys) if not keys.keys.is_empty() else ledger, keys)


def name_teams(ledger: pl.LazyFrame, keys: KeyMap) -> pl.LazyFrame:
    """Replace team ids by the teams' names; a team that is no known id stays as it is."""
    if keys.teams.is_empty():
        return ledger
    named = keys.teams.lazy().rename({"team_id": "team", "team_alias": "key:team_alias"})
    return (
        ledger.join(named, on="team", how="left", maintain_order="left")
        .with_columns(team=pl.coalesce("key:team_alias", "team"))
        .drop("key:team_alias")
    )


def _with_owners(ledger: pl.LazyFrame, keys: pl.DataFrame) -> pl.LazyFrame:
    """Join the owners of each key, period by period.

    The dates of all keys cut time into segments; each key is repeated for the segments it is valid in, so that one
    ordinary join on (key, segment) does what an as-of join would, without sorting the ledger.
    """
    values = ("alias", *OWNERS)
    lookup = _by_hash_and_alias(keys)
    cuts = sorted({cut for column in ("start", "end") for cut in keys[column].drop_nulls()})
    segments = pl.DataFrame(
        {"key:segment": range(len(cuts) + 1), "opens": [None, *cuts]}, schema_overrides={"opens": INSTANT}
    )
    active = (pl.col("start").is_null() | (pl.col("opens") >= pl.col("start")).fill_null(False)) & (
        pl.col("end").is_null() | (pl.col("opens") < pl.col("end")).fill_null(True)
    )
    owners = (
        lookup.join(segments, how="cross")
        .filter(active)
        .group_by("api_key", "key:segment")
        .agg(pl.col(name).unique() for name in values)
        .with_columns(pl.when(pl.col(name).list.len() == 1).then(pl.col(name).list.first()) for name in values)
        .rename({name: f"key:{name}" for name in values})
    )
    hidden = ["key:segment", *(f"key:{name}" for name in values)]
    joined = (
        ledger.with_columns(_segment(cuts).alias("key:segment")).join(
            owners.lazy(), on=["api_key", "key:segment"], how="left", maintain_order="left"
        )
        if cuts
        else ledger.join(owners.lazy(), on="api_key", how="left", maintain_order="left")
    )
    return (
        joined.with_columns(pl.coalesce(name, f"key:{name}").alias(name) for name in OWNERS)
        .with_columns(api_key=pl.coalesce("key:alias", "api_key"))
        .drop(hidden)
    )


def _segment(cuts: list[datetime]) -> pl.Expr:
    """Return how many of ``cuts`` lie at or before the start of a charge."""
    return pl.sum_horizontal((pl.col("charge_period_start") >= cut).cast(pl.Int64) for cut in cuts)


def _by_hash_and_alias(keys: pl.DataFrame) -> pl.DataFrame:
    """List every key under its hash and under its alias; a hash wins where the two are spelled alike."""
    aliased = keys.filter(pl.col("alias").is_not_null()).with_columns(api_key="alias")
    return pl.concat([keys, aliased.join(keys, on="api_key", how="anti")])


def _built(keys: pl.DataFrame, teams: pl.DataFrame) -> KeyMap:
    return KeyMap(keys, teams, (*_shared_key_aliases(keys), *_shared_team_aliases(teams)))


def _shared_key_aliases(keys: pl.DataFrame) -> Iterable[Finding]:
    owners = pl.struct(OWNERS)
    shared = keys.filter(pl.col("alias").is_not_null()).group_by("alias").agg(owners.n_unique().alias("owners"))
    names = sorted(shared.filter(pl.col("owners") > 1)["alias"])
    if names:
        yield Finding(
            Severity.WARNING,
            "key_alias_shared",
            f"{len(names)} key alias(es) stand for keys of different owners, e.g. '{names[0]}'.",
            "Records logged under such an alias get only the owners its keys agree on; log the key hash, or date them.",
            {"aliases": names},
        )


def _shared_team_aliases(teams: pl.DataFrame) -> Iterable[Finding]:
    shared = teams.group_by("team_alias").agg(ids=pl.col("team_id").n_unique()).filter(pl.col("ids") > 1)
    names = sorted(shared["team_alias"])
    if names:
        yield Finding(
            Severity.WARNING,
            "team_alias_shared",
            f"{len(names)} team name(s) stand for several team ids and are reported as one team, e.g. '{names[0]}'.",
            "Give the teams different names where they are different teams.",
            {"teams": names},
        )


def _chosen(frame: pl.DataFrame, spelled: Mapping[str, str | None], schema: pl.Schema) -> pl.DataFrame:
    present = {given: wanted or given for given, wanted in spelled.items() if given in frame.columns}
    text = frame.select(pl.col(given).cast(pl.String).alias(wanted) for given, wanted in present.items())
    blank_is_null = [pl.when(pl.col(name).str.len_bytes() > 0).then(pl.col(name)) for name in text.columns]
    return text.select(blank_is_null).select(
        (pl.col(name) if name in text.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in schema.items()
    )


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        if path.suffix.lower() == ".toml":
            document = tomllib.loads(path.read_text("utf-8"))
            rows = document.pop("key", None)
            if document or not isinstance(rows, list):
                raise ConfigError(
                    f"{path}: a key map holds [[key]] tables and nothing else", "Write [[key]] before each."
                )
            return rows
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
            rows = [dict(row) for row in reader]
    except OSError as error:
        raise ConfigError(f"{path}: {reason_of(error)}", "Name a key map with --keys FILE.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{path}: not a readable key map: {error}", "Save it as UTF-8 CSV, TSV or TOML.") from error
    for number, row in enumerate(rows, start=2):
        if None in row:
            raise ConfigError(f"{path}:{number}: more fields than the header has columns", "Quote text with commas.")
    return rows


def _entry(row: Mapping[str, Any], place: str) -> dict[str, Any]:
    entry: dict[str, Any] = dict.fromkeys(KEY_SCHEMA)
    for name, value in row.items():
        if value is not None and value != "":
            column = _SPELLINGS[name]
            entry[column] = _instant(value, place) if column in {"start", "end"} else str(value)
    if not (entry["api_key"] or entry["alias"]):
        raise ConfigError(f"{place} has neither a key nor an alias", "Add the key's hash or its alias.")
    entry["api_key"] = _hashed(entry["api_key"]) if entry["api_key"] else entry["alias"]
    return entry


def _hashed(key: str) -> str:
    """Replace a secret key by the hash LiteLLM logs; a masked one (``sk-...aB1c``) is already harmless."""
    is_secret = key.startswith("sk-") and "..." not in key and "*" not in key
    return hashlib.sha256(key.encode()).hexdigest() if is_secret else key


def _instant(value: object, place: str) -> datetime:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise ConfigError(f"{place}: '{value}' is no ISO date", "Write 2026-11-01.") from error
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    raise ConfigError(f"{place}: '{value}' is no ISO date", "Write 2026-11-01.")


def _refuse_overlaps(keys: pl.DataFrame, path: Path) -> None:
    following = pl.col("start").shift(-1).over("api_key")
    ordered = keys.sort("api_key", "start", nulls_last=False)
    is_followed = pl.int_range(pl.len()).over("api_key") < pl.len().over("api_key") - 1
    clash = ordered.filter(is_followed & (pl.col("end").is_null() | following.is_null() | (pl.col("end") > following)))
    if not clash.is_empty():
        key = clash.row(0, named=True)
        name = key["alias"] or key["api_key"]
        raise ConfigError(f"{path}: key '{name}' is listed twice for one period", "Date them with from and to.")
