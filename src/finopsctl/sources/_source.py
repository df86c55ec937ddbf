"""The shape of a source: how one format is recognised, what its records look like, how they become ledger rows.

A source declares the fields it needs as a Polars schema (``raw``); readers hand its ``to_ledger`` frames of exactly
those columns, already typed and checked, whether they came from JSON lines, a JSON document, CSV or Parquet. What is
not in ``raw`` is never kept: prompts, responses and addresses stay in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from finopsctl.sources._probe import Probe

AT = "__at"
"""Column of a raw frame: the line (JSON lines) or row (everything else) a record stands in, from 1. Int64."""

BAD = "__bad"
"""Optional column that ``to_ledger`` may return: why the record cannot be counted (then it is set aside), else null."""

FLAG = "__flag"
"""Optional column that ``to_ledger`` may return: what is odd about a record that counts all the same, else null."""

RANK = "__rank"
"""Optional Int64 column that ``to_ledger`` may return: of records with one id the highest rank is kept, before the
most complete one."""

CALL = "__call"
"""Optional UInt64 column that ``to_ledger`` may return: stands for the client's request that the record belongs to.
Of the records of one request a failed one is an attempt, no request of its own, if there is another."""

ToLedger = Callable[[pl.LazyFrame], pl.LazyFrame]


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One input format.

    Args:
        name: Name in ``--source``, the ledger's ``source`` column and the documentation.
        title: What it is, for people.
        family: Sources of one family see the same traffic; only the finest kind loaded counts.
        shapes: Containers it comes in: ``jsonl``, ``json``, ``csv``, ``parquet``.
        raw: Fields to read. Use ``INSTANT`` for times, ``MONEY`` for amounts, ``pl.Struct``/``pl.List`` for nesting
            (in CSV a struct or list is JSON text), ``pl.String`` to keep any JSON value as text.
        score: How surely a file is of this format, 0 to 1, from its first bytes.
        to_ledger: From raw columns (and ``AT``) to ledger columns; must keep ``AT``. ``record_id``, ``source`` and
            ``origin`` are filled in where it leaves them out. Records that are no charge are filtered out here.
        export: The exact command or API call that makes such a file.
        envelope: Keys under which a JSON document holds its list of records, e.g. ``("data",)``.
        precedence: Among sources of one family and record kind, lower counts and the others are set aside.
        missing: Ledger columns this format cannot fill, each with what would bring them.
        null_values: Texts that mean null in CSV, besides the empty text.
        buckets: Whether a later export of the same period replaces an earlier one: a record without an id is then told
            by its bucket and dimensions alone, and the fuller of two counts. Not for bills, which repeat dimensions.
        adapt: For formats whose fields are known only from the file at hand: makes the source to use for it.
        refusal: For formats that are recognised but cannot be counted: why, and what to export instead.
        verbatim: Whether objects that are kept as text have to keep every character: Polars loses backslashes where it
            writes an object as text. Such records are read one by one, so only where they are few.
        caution: What its figures must not be taken for, said with each file; empty: nothing.
    """

    name: str
    title: str
    family: str
    shapes: tuple[str, ...]
    raw: pl.Schema
    score: Callable[[Probe], float]
    to_ledger: ToLedger
    export: str
    envelope: tuple[str, ...] = ()
    precedence: int = 0
    missing: Mapping[str, str] = field(default_factory=dict)
    null_values: tuple[str, ...] = ()
    buckets: bool = False
    adapt: Callable[[Probe], Source] | None = None
    refusal: tuple[str, str] | None = None
    verbatim: bool = False
    caution: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class SideTable:
    """A table that names or limits things rather than charging for them (teams, keys, budgets).

    Args:
        name: Name in messages and in ``Books.side_tables``.
        title: What it is, for people.
        shapes: As for :class:`Source`.
        raw: Fields to read.
        score: As for :class:`Source`.
        export: The exact command that makes such a file.
        envelope: As for :class:`Source`.
        null_values: As for :class:`Source`.
        finish: Of tables of facts, every row of which counts (equal rows of one file too): from raw rows to the table's
            own columns, ``AT`` and ``BAD``. None: the rows stay as they are, each once.
        lacks: Says in words what a file would need to be read as this table; None: it is never asked for by name.
        adapt: For tables people write by hand: makes the table to use for the file at hand, which may spell the
            columns its own way.
    """

    name: str
    title: str
    shapes: tuple[str, ...]
    raw: pl.Schema
    score: Callable[[Probe], float]
    export: str
    envelope: tuple[str, ...] = ()
    null_values: tuple[str, ...] = ()
    finish: Callable[[pl.DataFrame], pl.DataFrame] | None = None
    lacks: Callable[[Probe], tuple[str, ...]] | None = None
    adapt: Callable[[SideTable, Probe], SideTable] | None = None
