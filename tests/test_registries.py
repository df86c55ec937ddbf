"""What is added in one file and one registry line is whole: listed, described, documented, of the right shape."""

from __future__ import annotations

import pkgutil
import re
import shlex
from importlib import import_module
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
import typer

import finopsctl.analyses
import finopsctl.renderers
import finopsctl.sources
from documents import ROOT
from finopsctl.cli.app import app
from finopsctl.errors import FinopsError
from finopsctl.ledger.schema import LEDGER_SCHEMA, conform
from finopsctl.metrics.catalog import KPIS
from finopsctl.renderers import RENDERERS
from finopsctl.sources import SIDE_TABLES, SOURCES, SideTable, Source
from finopsctl.sources._source import AT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

_NOT_A_FORMAT = {"catalogue"}
_FORMATS: tuple[Source | SideTable, ...] = (*SOURCES, *SIDE_TABLES)
_REFUSED = {source.name for source in SOURCES if source.refusal}


def public_modules(package: ModuleType) -> list[str]:
    """Return the names of a package's modules, those that begin with an underscore left out."""
    return [m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_")]


def commands(group: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every command as typed, with the object that describes it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{path}{name} ")
        else:
            yield f"{path}{name}", command


def examples(command: Any) -> list[str]:
    """Return the command lines that end a command's help."""
    return [line.strip() for line in (command.epilog or "").splitlines() if "finopsctl " in line]


COMMANDS = dict(commands(typer.main.get_command(app)))
EXAMPLES = sorted({line for command in COMMANDS.values() for line in examples(command)})


def named(items: Any) -> list[Any]:
    """Return items as test parameters called by their names."""
    return [pytest.param(item, id=item.name) for item in items]


@pytest.mark.parametrize("name", [n for n in public_modules(finopsctl.sources) if n not in _NOT_A_FORMAT])
def test_every_source_module_is_in_the_registry(name: str) -> None:
    module = import_module(f"finopsctl.sources.{name}")
    values = [v for value in vars(module).values() for v in (value if isinstance(value, tuple) else (value,))]
    formats: list[Any] = [value for value in values if isinstance(value, Source | SideTable)]

    assert formats
    assert [f.name for f in formats if f not in _FORMATS] == []


def test_no_two_sources_have_one_name() -> None:
    names = [f.name for f in _FORMATS]

    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("source", named(_FORMATS))
def test_every_source_says_what_it_is_and_how_to_export_it(source: Source | SideTable) -> None:
    assert source.title
    assert source.export.strip()
    assert set(source.shapes) <= {"jsonl", "json", "csv", "parquet"}
    assert source.shapes


@pytest.mark.parametrize("source", named(SOURCES))
def test_every_source_tells_of_what_it_lacks_by_ledger_column(source: Source) -> None:
    assert set(source.missing) <= set(LEDGER_SCHEMA)
    assert all(source.missing.values())


@pytest.mark.parametrize("source", named(s for s in SOURCES if s.name not in _REFUSED and s.raw))
def test_no_records_of_any_source_are_an_empty_ledger(source: Source) -> None:
    nothing = pl.DataFrame(schema={AT: pl.Int64(), **source.raw})

    ledger = source.to_ledger(nothing.lazy()).collect()

    assert AT in ledger.columns
    assert conform(ledger.lazy()).collect().schema == LEDGER_SCHEMA
    assert ledger.height == 0


@pytest.mark.parametrize("source", named(s for s in SOURCES if not s.raw))
def test_a_source_without_fields_of_its_own_learns_them_from_the_file_or_refuses_it(source: Source) -> None:
    assert source.adapt or source.refusal


def test_every_renderer_module_writes_a_format() -> None:
    modules = {"table" if name == "terminal" else name for name in public_modules(finopsctl.renderers)}

    assert {"md" if name == "markdown" else name.replace("_", "-") for name in modules} == {r.name for r in RENDERERS}


def test_no_two_formats_share_a_file_ending() -> None:
    endings = [ending for renderer in RENDERERS for ending in renderer.extensions]

    assert sorted(endings) == sorted(set(endings))


@pytest.mark.parametrize("name", public_modules(finopsctl.analyses))
def test_every_analysis_is_asked_by_a_command(name: str) -> None:
    rooms = (ROOT / "src/finopsctl" / room for room in ("cli", "questions"))
    texts = [path.read_text(encoding="utf-8") for room in rooms for path in room.glob("*.py")]
    imported = re.compile(rf"from finopsctl\.analyses(\.{name}[. ]|.* import .*\b{name}\b)")

    assert any(imported.search(text) for text in texts)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does_and_ends_with_two_examples(name: str) -> None:
    command = COMMANDS[name]

    assert (command.help or "").strip().endswith((".", ")"))
    assert len(examples(command)) >= 2


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_every_command_says_what_it_does(name: str) -> None:
    assert [p.name for p in COMMANDS[name].params if not getattr(p, "help", None)] == []


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_names_a_command_and_options_there_are(example: str) -> None:
    group = typer.main.get_command(app)
    words = shlex.split(re.sub(r"^(\w+=\S+ )*finopsctl ", "", example), comments=True)

    name, command, rest = group.resolve_command(group.make_context("finopsctl", [*words]), words)  # type: ignore[attr-defined]
    if hasattr(command, "commands"):
        name, command, rest = command.resolve_command(command.make_context(name, [*rest]), rest)

    assert command.make_context(name, rest).info_name == name


@pytest.mark.parametrize("kpi", named(KPIS))
def test_every_kpi_is_documented(kpi: Any) -> None:
    assert f"\n### {kpi.name}\n" in (ROOT / "docs/kpi.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("source", named(_FORMATS))
def test_every_source_is_documented(source: Source | SideTable) -> None:
    assert f"\n### {source.name}\n" in (ROOT / "docs/sources.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented(name: str) -> None:
    assert f"\n### {name}\n" in (ROOT / "docs/cli.md").read_text(encoding="utf-8")


def test_every_exit_code_is_documented() -> None:
    text = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    codes = {0, 1, 130, FinopsError.exit_code, *(problem.exit_code for problem in FinopsError.__subclasses__())}

    assert [code for code in codes if f"\n| {code} | " not in text] == []
