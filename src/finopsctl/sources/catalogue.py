"""What can be read, as reports: the list of sources, and for one of them the exact command that exports it."""

from __future__ import annotations

import polars as pl

from finopsctl.errors import ConfigError, nearest
from finopsctl.results.report import Column, Report, Table
from finopsctl.sources import SIDE_TABLES, SOURCES


def source_list() -> Report:
    """Return every source and side table: name, what it is, containers, family, records."""
    rows = [
        {"source": s.name, "title": s.title, "shapes": ", ".join(s.shapes), "family": s.family} for s in SOURCES
    ] + [
        {"source": t.name, "title": t.title, "shapes": ", ".join(t.shapes), "family": "(side table)"}
        for t in SIDE_TABLES
    ]
    columns = (
        Column("source", "Source"),
        Column("title", "What it reads"),
        Column("shapes", "As", priority=1),
        Column("family", "Family", priority=2),
    )
    return Report(
        "sources",
        f"{len(SOURCES)} formats and {len(SIDE_TABLES)} side tables can be read; .gz and .zst of each, folders and globs.",
        (Table("Sources", pl.DataFrame(rows), columns),),
    )


def one_source(name: str) -> Report:
    """Return what one source reads, how to export it, and what its format cannot say.

    Raises:
        ConfigError: Naming the nearest source.
    """
    known = {item.name: item for item in (*SOURCES, *SIDE_TABLES)}
    if name not in known:
        raise ConfigError(f"unknown source '{name}'", nearest(name, known))
    found = known[name]
    missing = getattr(found, "missing", {})
    lines = pl.DataFrame({"step": found.export.strip("\n").split("\n")})
    tables = [Table("Export it with", lines, (Column("step", "Command"),))]
    if missing:
        frame = pl.DataFrame({"column": list(missing), "remedy": list(missing.values())})
        tables.append(
            Table(
                "What the format leaves out",
                frame,
                (Column("column", "Column"), Column("remedy", "What would bring it")),
            )
        )
    return Report("sources", f"{found.name}: {found.title} ({', '.join(found.shapes)}).", tuple(tables))
