"""What can be read, as reports: the list of sources, and for one of them the exact command that exports it."""

from __future__ import annotations

import polars as pl

from finopsctl.errors import ConfigError, nearest
from finopsctl.results.report import Column, Long, Report, Table
from finopsctl.sources import SIDE_TABLES, SOURCES, SideTable, Source

_FORMATS: tuple[Source | SideTable, ...] = (*SOURCES, *SIDE_TABLES)


def source_list() -> Report:
    """Return every source and side table: name, what it is, containers, family."""
    rows = [
        {
            "source": item.name,
            "title": item.title,
            "shapes": ", ".join(item.shapes),
            "family": item.family if isinstance(item, Source) else "(side table)",
        }
        for item in _FORMATS
    ]
    columns = (
        Column("source", "Source"),
        Column("title", "What it reads", long=Long.WRAP),
        Column("shapes", "As", priority=4),
        Column("family", "Family", priority=3),
    )
    return Report(
        "sources",
        f"{len(SOURCES)} formats and {len(SIDE_TABLES)} side tables can be read, compressed or not, in folders too.",
        (Table("Sources", pl.DataFrame(rows), columns),),
    )


def one_source(name: str) -> Report:
    """Return what one source reads, how to export it, and what its format cannot say.

    Raises:
        ConfigError: Naming the nearest source.
    """
    known = {item.name: item for item in _FORMATS}
    if name not in known:
        raise ConfigError(f"unknown source '{name}'", nearest(name, known))
    found = known[name]
    lines = pl.DataFrame({"command": found.export.strip("\n").split("\n")})
    tables = [Table("Export it with", lines, (Column("command", "Command", null="", long=Long.WHOLE),))]
    missing = found.missing if isinstance(found, Source) else {}
    if missing:
        frame = pl.DataFrame({"column": list(missing), "remedy": list(missing.values())})
        columns = (Column("column", "Column"), Column("remedy", "What would bring it", long=Long.WRAP))
        tables.append(Table("What the format leaves out", frame, columns))
    mind = f" Mind: {found.caution}." if isinstance(found, Source) and found.caution else ""
    headline = f"{found.name}: {found.title}. Read from {', '.join(found.shapes)}.{mind}"
    return Report("sources", headline, tuple(tables))
