"""The generated parts of docs/*.md, written from the declarations in the code; ``cog`` puts them in place.

Nothing here renders help or tables through a terminal library, so the text does not change with a screen's width or a
library's version.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import polars as pl
import typer

from finopsctl.cli.app import app
from finopsctl.cli.options import Common, Display
from finopsctl.exporters.prometheus_rules import record_name
from finopsctl.ledger.checks import CHECKS
from finopsctl.ledger.schema import LEDGER
from finopsctl.ledger.token_classes import TOKEN_CLASSES
from finopsctl.metrics import dimensions as dimension_list
from finopsctl.metrics.catalog import KPIS, explain
from finopsctl.sources import SIDE_TABLES, SOURCES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from finopsctl.sources import SideTable, Source

_DISPLAY = tuple(f.name for f in fields(Display))
_READING = tuple(f.name for f in fields(Common) if f.name not in _DISPLAY)
_ADDED_BY_TYPER = frozenset({"help", "install_completion", "show_completion"})
_EVERY = "[every command](#options-every-command-shares)"
_READER = "[every command that reads input](#options-every-command-that-reads-input-shares)"
_CONTAINERS = {"jsonl": "JSON lines", "json": "JSON", "csv": "CSV", "parquet": "Parquet"}


def commands() -> Iterator[tuple[str, Any]]:
    """Yield every command as typed (``config show``) with the object that describes it, in the order of the help."""
    yield from _below("", typer.main.get_command(app))


def _below(path: str, group: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - typer's own click classes are private
    for name, command in group.commands.items():
        full = f"{path} {name}".strip()
        if hasattr(command, "commands"):
            yield from _below(full, command)
        else:
            yield full, command


def cli_reference() -> str:
    """Return the table of commands, the options they share, and a section for each command."""
    found = dict(commands())
    lines = ["| command | what it does |", "|---|---|"]
    lines += [f"| [`{name}`](#{_anchor(name)}) | {_cell(_first_line(c.help))} |" for name, c in found.items()]
    lines += ["", "## Options every command shares", "", *_option_table(_shared(found, _DISPLAY))]
    lines += ["", "## Options every command that reads input shares", "", *_option_table(_shared(found, _READING))]
    lines += ["", "## Each command"]
    for name, command in found.items():
        lines += ["", *_command_section(name, command)]
    return _text(lines)


def _shared(found: Mapping[str, Any], names: Sequence[str]) -> list[Any]:
    """Return the options called ``names``, as the first command that has them all declares them."""
    params = next(p for p in map(_params, found.values()) if set(names) <= p.keys())
    return [params[name] for name in names]


def _params(command: Any) -> dict[str, Any]:  # noqa: ANN401
    return {p.name: p for p in command.params if p.name not in _ADDED_BY_TYPER}


def _command_section(name: str, command: Any) -> list[str]:  # noqa: ANN401
    params = _params(command)
    reads, shows = set(_READING) <= params.keys(), set(_DISPLAY) <= params.keys()
    hidden = {*(_READING if reads else ()), *(_DISPLAY if shows else ())}
    own = [p for p in params.values() if p.name not in hidden]
    words = [_argument(p) for p in params.values() if p.param_type_name == "argument"]
    lines = [
        f"### {name}",
        "",
        (command.help or "").strip(),
        "",
        "```",
        " ".join(["finopsctl", name, *words, "[OPTIONS]"]),
    ]
    lines += ["```", ""]
    if own:
        lines += [*_option_table(own), ""]
    if reads:
        lines += [f"Also: the options {_EVERY} and {_READER} shares.", ""]
    elif shows:
        lines += [f"Also: the options {_EVERY} shares.", ""]
    return [*lines, "```sh", *examples(command), "```"]


def examples(command: Any) -> list[str]:  # noqa: ANN401
    """Return the command lines that end a command's help."""
    lines = (command.epilog or "").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("Examples")]


def _option_table(params: Iterable[Any]) -> list[str]:
    rows = [f"| {_cell(_spelling(p))} | {_cell(p.help or '')}{' Required.' if p.required else ''} |" for p in params]
    return ["| option | meaning |", "|---|---|", *rows]


def _argument(param: Any) -> str:  # noqa: ANN401
    name = (param.metavar or param.name.upper()).strip("[].")
    if param.nargs != 1:
        return f"[{name}]..."
    return name if param.required else f"[{name}]"


def _spelling(param: Any) -> str:  # noqa: ANN401
    if param.param_type_name == "argument":
        return f"`{param.metavar or param.name.upper()}`"
    names = sorted([*param.opts, *param.secondary_opts], key=lambda name: (not name.startswith("--"), name))
    metavar = "" if param.is_flag else f" {param.metavar or param.type.name.upper()}"
    return ", ".join(f"`{name}{metavar}`" for name in names)


def dimensions() -> str:
    """Return the table of what ``--by`` and ``--where`` understand."""
    return _report_table(dimension_list.catalogue().tables[0].frame)


def kpi_reference() -> str:
    """Return a table of all KPIs and a section for each of them, by section of the catalogue."""
    lines = ["| KPI | question |", "|---|---|"]
    lines += [f"| [`{k.name}`](#{k.name}) | {_cell(k.question)} |" for k in KPIS]
    for section in dict.fromkeys(k.section for k in KPIS):
        lines += ["", f"## {section}"]
        for kpi in KPIS:
            if kpi.section == section:
                lines += ["", f"### {kpi.name}", "", f"**{kpi.title}.** {kpi.question}", ""]
                lines += [f"- {what}: {_fact(what, words)}" for what, words in _facts(kpi.name)]
    return _text(lines)


def _facts(name: str) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = explain(name).tables[0].frame.rows()
    return [(what, words) for what, words in rows if what != "question"]


def _fact(what: str, words: str) -> str:
    if what == "fields":
        return ", ".join(word if " " in word else f"`{word}`" for word in words.split(", "))
    return f"`{words}`" if what in {"promql", "recording rule"} else _cell(words)


def prometheus_reference() -> str:
    """Return which KPIs LiteLLM's metrics tell, with rule and query, and which they cannot, with the reason."""
    told = ["| KPI | recorded as | PromQL | mind |", "|---|---|---|---|"]
    told += [
        f"| `{k.name}` | `{record_name(k)}` | {_cell(f'`{k.promql}`')} | {_cell(k.promql_note)} |"
        for k in KPIS
        if k.promql
    ]
    untold = ["| KPI | why metrics cannot tell it |", "|---|---|"]
    untold += [f"| `{k.name}` | {_cell(k.promql_note)} |" for k in KPIS if not k.promql]
    return _text([*told, "", "And those that only logs tell:", "", *untold])


def ledger_columns() -> str:
    """Return the table of ledger columns."""
    head = ["| column | type | unit | meaning | null | FOCUS |", "|---|---|---|---|---|---|"]
    rows = [
        f"| `{c.name}` | {_type(c.dtype)} | {c.unit} | {_cell(c.meaning)} | {_cell(c.null)} | {c.focus} |"
        for c in LEDGER
    ]
    return _text([*head, *rows])


def token_classes() -> str:
    """Return the table of token classes: column, rate key, direction, part of the cost, fallback rate."""
    head = ["| column | rate in a price file | counts as | its cost is in | without a rate |", "|---|---|---|---|---|"]
    rows = [
        f"| `{c.column}` | `{c.rate_key}` | {c.direction} | `{c.cost_part}` | "
        f"{f'bills as `{c.bills_as}`' if c.bills_as else 'unpriced'} |"
        for c in TOKEN_CLASSES
    ]
    return _text([*head, *rows])


def ledger_checks() -> str:
    """Return the table of invariants that a ledger's rows are checked against."""
    rows = [f"| `ledger_{c.name}` | {c.severity} | {_cell(c.message)} |" for c in CHECKS]
    return _text(["| finding | severity | the records that fail |", "|---|---|---|", *rows])


def source_reference() -> str:
    """Return a table of all sources and a section for each: containers, family, export, what the format leaves out."""
    lines = ["| source | reads | as | family |", "|---|---|---|---|"]
    lines += [f"| [`{s.name}`](#{s.name}) | {_cell(s.title)} | {_containers(s)} | {s.family} |" for s in SOURCES]
    lines += [f"| [`{t.name}`](#{t.name}) | {_cell(t.title)} | {_containers(t)} | side table |" for t in SIDE_TABLES]
    for source in SOURCES:
        lines += ["", f"### {source.name}", "", f"{source.title}.", ""]
        lines += [f"Comes as {_containers(source)}. Family: {source.family}.", *_export(source)]
        if source.missing:
            lines += ["", "The format leaves out:", "", "| column | what would bring it |", "|---|---|"]
            lines += [f"| `{column}` | {_cell(remedy)} |" for column, remedy in source.missing.items()]
        if source.caution:
            lines += ["", f"Mind: {source.caution}."]
        if source.refusal:
            lines += ["", f"Recognised, but refused: {source.refusal[0]}. {source.refusal[1]}"]
    lines += ["", "## Side tables", "", "They name and limit; they charge nothing."]
    for table in SIDE_TABLES:
        lines += ["", f"### {table.name}", "", f"{table.title}. Comes as {_containers(table)}.", *_export(table)]
    return _text(lines)


def _export(source: Source | SideTable) -> list[str]:
    return ["", "```sh", *source.export.strip("\n").splitlines(), "```"]


def _containers(source: Source | SideTable) -> str:
    return ", ".join(_CONTAINERS[shape] for shape in source.shapes)


def _type(dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.Enum):
        return f"Enum ({', '.join(dtype.categories)})"
    if isinstance(dtype, pl.Datetime):
        return f"Datetime ({dtype.time_unit}, {dtype.time_zone})"
    if isinstance(dtype, pl.Decimal):
        return f"Decimal ({dtype.precision}, {dtype.scale})"
    return str(dtype)


def _report_table(frame: pl.DataFrame) -> str:
    head = [f"| {' | '.join(name.replace('_', ' ') for name in frame.columns)} |", "|" + "---|" * frame.width]
    rows = [f"| `{first}` | {' | '.join(_cell(str(v or '')) for v in rest)} |" for first, *rest in frame.iter_rows()]
    return _text([*head, *rows])


def _first_line(text: str | None) -> str:
    return (text or "").strip().split("\n", 1)[0]


def _anchor(heading: str) -> str:
    return heading.replace(" ", "-")


def _cell(text: str) -> str:
    """Return text that stays in its cell; what stands in backticks keeps its signs."""
    escaped = text.replace("|", "\\|").replace("\n", " ")
    return "`".join(p if i % 2 else p.replace("<", "&lt;") for i, p in enumerate(escaped.split("`")))


def _text(lines: Sequence[str]) -> str:
    return "\n".join(lines) + "\n"
