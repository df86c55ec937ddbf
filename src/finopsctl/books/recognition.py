"""Which source reads a file: as asked for, by a column map, or as its content shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from finopsctl.errors import SourceError, UnreadableError
from finopsctl.results.finding import Finding, Severity
from finopsctl.sources import SideTable, Source, detect, generic, probe, source_named

if TYPE_CHECKING:
    from pathlib import Path

    from finopsctl.sources import InputFile, Probe


@dataclass(frozen=True, slots=True, eq=False)
class Recognised:
    """A file, its probe, and the format it is read as."""

    file: InputFile
    look: Probe
    format: Source | SideTable


def recognise(file: InputFile, source: str | None, column_map: Path | None) -> Recognised:
    """Return how ``file`` is read.

    Args:
        file: What to look at.
        source: Read it as this source instead of detecting it.
        column_map: A ``--map`` file; used where its columns are there.

    Raises:
        SourceError: When it cannot be read or counted, or no source knows it.
        ConfigError: For an unknown source or a wrong map.
    """
    look = probe(file)
    found = _format(look, source, column_map)
    if found is None:
        raise SourceError(
            f"{file.name}: no source knows this format ({look.shape} with {_some_names(look)})",
            "Describe it with --map FILE.toml, or see `finopsctl sources` for what is read as it is.",
        )
    if isinstance(found, Source) and found.refusal:
        raise SourceError(f"{file.name}: {found.refusal[0]}", found.refusal[1])
    return Recognised(file, look, found)


def _format(look: Probe, source: str | None, column_map: Path | None) -> Source | SideTable | None:
    if column_map is None:
        return source_named(source) if source else detect(look)
    mapped = generic.source(generic.load_map(column_map))
    if source:
        return mapped if source == generic.SOURCE.name else source_named(source)
    return mapped if mapped.score(look) > 0 else detect(look) or mapped


def passed_over(file: InputFile, problem: SourceError) -> Finding:
    """Return the finding for a file of a folder that is no data of ours.

    Raises:
        SourceError: When the user named the file itself, or it would hold data if it were whole and could be read.
    """
    if file.named or isinstance(problem, UnreadableError):
        raise problem
    return Finding(Severity.WARNING, "unread_file", problem.message, problem.hint, {"file": file.name})


def _some_names(look: Probe) -> str:
    names = sorted(look.names)[:6]
    return ", ".join(names) + (" ..." if len(look.names) > len(names) else "") if names else "no names"
