"""Sources: one file a format, one line here for each; detection and reading."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finopsctl.errors import ConfigError, SourceError, nearest
from finopsctl.sources import (
    anthropic_analytics_cost,
    anthropic_analytics_usage,
    anthropic_claude_code_report,
    anthropic_console_cost,
    anthropic_console_tokens,
    anthropic_cost,
    anthropic_usage,
    claude_code,
    event,
    focus,
    generic,
    ledger,
    litellm,
    litellm_daily,
    litellm_standard_logging,
    litellm_tables,
    openai_cost_csv,
    openai_costs,
    openai_usage,
    openai_usage_csv,
    outcomes,
    prometheus,
    revenue,
)
from finopsctl.sources._bad import Faults
from finopsctl.sources._csv import read_csv
from finopsctl.sources._input import InputFile, expand
from finopsctl.sources._json import read_document, read_lines
from finopsctl.sources._litellm import litellm_provider_names
from finopsctl.sources._parquet import read_parquet
from finopsctl.sources._probe import Probe, probe
from finopsctl.sources._prometheus_query import Query, fetched
from finopsctl.sources._rows import Rows
from finopsctl.sources._source import CALL, RANK, SideTable, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

__all__ = [
    "CALL",
    "RANK",
    "SIDE_TABLES",
    "SOURCES",
    "Faults",
    "InputFile",
    "Probe",
    "Query",
    "SideTable",
    "Source",
    "detect",
    "expand",
    "fetched",
    "litellm_provider_names",
    "probe",
    "read",
    "source_named",
]

SOURCES: tuple[Source, ...] = (
    litellm.SOURCE,
    litellm.SUMMARY,
    litellm_standard_logging.SOURCE,
    *litellm_daily.SOURCES,
    prometheus.SOURCE,
    openai_usage.SOURCE,
    openai_usage_csv.SOURCE,
    openai_costs.SOURCE,
    openai_cost_csv.SOURCE,
    anthropic_usage.SOURCE,
    anthropic_cost.SOURCE,
    anthropic_claude_code_report.SOURCE,
    anthropic_console_tokens.SOURCE,
    anthropic_console_cost.SOURCE,
    anthropic_analytics_usage.SOURCE,
    anthropic_analytics_cost.SOURCE,
    claude_code.SOURCE,
    focus.SOURCE,
    focus.LITELLM,
    event.SOURCE,
    generic.SOURCE,
    ledger.SOURCE,
)
SIDE_TABLES: tuple[SideTable, ...] = (*litellm_tables.SIDE_TABLES, outcomes.TABLE, revenue.TABLE)

_SURE_ENOUGH = 0.5


def source_named(name: str) -> Source:
    """Return the source called ``name``.

    Raises:
        ConfigError: Naming the nearest known one.
    """
    for source in SOURCES:
        if source.name == name:
            return source
    raise ConfigError(f"unknown source '{name}'", nearest(name, [s.name for s in SOURCES]))


def detect(look: Probe) -> Source | SideTable | None:
    """Return the format that the start of a file shows, or None when no source knows it."""
    known: tuple[Source | SideTable, ...] = (*SOURCES, *SIDE_TABLES)
    candidates = [
        format_
        for format_ in known
        if look.shape in format_.shapes or (look.shape == "jsonl" and "json" in format_.shapes)
    ]
    best = max(candidates, key=lambda candidate: candidate.score(look), default=None)
    return best if best is not None and best.score(look) >= _SURE_ENOUGH else None


def read(file: InputFile, look: Probe, source: Source, faults: Faults) -> Iterator[pl.DataFrame]:
    """Yield the ledger rows of ``file`` in frames of moderate size, with ``RANK`` and ``CALL`` as extra columns.

    Args:
        file: What to read.
        look: Its probe.
        source: The format to read it as.
        faults: Takes what could not be counted.

    Raises:
        SourceError: When the container is damaged, its shape is none that the source comes in, or the format is one
            that cannot be counted.
    """
    if source.refusal:
        raise SourceError(f"{file.name}: {source.refusal[0]}", source.refusal[1])
    if source.adapt:
        source = source.adapt(look)
    rows = Rows(source, faults, ":" if look.shape == "jsonl" else "#")
    for frame in read_raw(file, look, source, faults):
        finished = rows.finish(frame)
        if finished.height:
            yield finished


def read_raw(file: InputFile, look: Probe, source: Source | SideTable, faults: Faults) -> Iterator[pl.DataFrame]:
    """Yield a file's records in the types of ``source.raw``, with their line or row and why a record is bad."""
    if look.shape == "parquet":
        return read_parquet(file, source.raw)
    if look.shape == "csv":
        return read_csv(file, look, source.raw, source.null_values, faults)
    if not {"json", "jsonl"} & set(source.shapes):
        raise SourceError(
            f"{file.name}: {source.name} does not come as JSON", "Leave out --source to have it detected."
        )
    one_by_one = isinstance(source, Source) and source.verbatim
    if look.shape == "jsonl":
        return read_lines(file, source.raw, source.envelope, faults, one_by_one=one_by_one)
    return read_document(file, source.raw, source.envelope, faults, one_by_one=one_by_one)
