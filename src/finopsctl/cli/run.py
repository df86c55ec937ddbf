"""From options to an exit code: settings, books, one analysis, a rendered report.

Documents go to standard output, everything else to standard error. A file is written beside its name first and then
renamed, so that there is never half a file.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import typer

from finopsctl.cli.options import COMMAND, listed
from finopsctl.errors import ConfigError, FinopsError, ThresholdError, nearest, reason_of
from finopsctl.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from finopsctl.books import Books, Request
    from finopsctl.cli.options import Common, Display
    from finopsctl.config.settings import Settings
    from finopsctl.metrics.quality import Quality
    from finopsctl.renderers import Renderer, Screen
    from finopsctl.results.report import Report

A = TypeVar("A", bound="Answer")

_BUG, _INTERRUPTED = 1, 130
_FAILING = ("warning", "critical")


class Answer(Protocol):
    """A typed result that can be shown, and what its figures cover."""

    @property
    def quality(self) -> Quality:
        """How much of the input the figures cover."""
        ...

    def report(self) -> Report:
        """Return the presentable form."""
        ...


def guard(app: typer.Typer, arguments: list[str]) -> int:
    """Run the command line; turn whatever ends it into a message and the documented exit code."""
    debug = "--debug" in arguments
    try:
        ended = app(arguments, prog_name="finopsctl", standalone_mode=False)
        sys.stdout.flush()
        # Without standalone mode a raised typer.Exit comes back as the call's value.
        return ended if isinstance(ended, int) else 0
    except typer.Exit as end:
        return end.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return _INTERRUPTED
    except BrokenPipeError:
        _stop_writing()
        return 0
    except FinopsError as problem:
        if debug:
            raise
        _complain(problem.message, problem.hint)
        return problem.exit_code
    except Exception as problem:  # the last resort: a bug must not show a traceback to its finder
        if debug:
            raise
        return _unexpected(problem)


def _stop_writing() -> None:
    """Write nothing more where the reader of our output (head, less) has had enough; that is no error.

    What is still to be written goes nowhere: at its end Python would try again, and exit with a code of its own.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _unexpected(problem: Exception) -> int:
    if hasattr(problem, "format_message"):  # typer's own usage errors
        return _misused(problem)
    if isinstance(problem, OSError):
        _complain(f"{problem.filename or 'input or output'}: {reason_of(problem)}", "")
        return 4
    if isinstance(problem, MemoryError):
        _complain("out of memory", "Normalize the logs to Parquet first: finopsctl normalize LOGS -o ledger.parquet")
        return 4
    _complain(
        f"unexpected {type(problem).__name__}: {problem}", "This is a bug; --debug shows where. Please report it."
    )
    return _BUG


def _misused(problem: Any) -> int:  # noqa: ANN401 - typer does not export its usage errors
    """Say what typer says, in our words; a command group without a command has printed its help already."""
    message, _, guess = str(problem.format_message()).partition(" Did you mean ")
    message, _, options = message.partition(" (Possible options: ")
    if message.strip():
        context = getattr(problem, "ctx", None)
        way_out = f"See `{context.command_path if context else 'finopsctl'} --help`."
        likely = guess.rstrip("?") or " or ".join(f"'{name}'" for name in options.rstrip(")").split(", ") if name)
        _complain(message[:1].lower() + message[1:].rstrip("."), f"Did you mean {likely}?" if likely else way_out)
    return int(getattr(problem, "exit_code", 2))


def _complain(message: str, hint: str) -> None:
    try:
        typer.echo(f"error: {one_line(message)}", err=True)
        if hint:
            typer.echo(f"hint: {one_line(hint)}", err=True)
    except BrokenPipeError:  # nobody reads it; the exit code tells all the same
        _stop_writing()


def one_line(text: str) -> str:
    """Return text fit for a terminal or a job's log: names from logs may carry control sequences and commands."""
    from finopsctl.renderers._visible import commandless

    return commandless("".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in " ".join(text.split("\n"))))


def settings_for(common: Display, **own: object) -> Settings:
    """Return the settings in force: flags (the shared ones and a command's ``own``), environment, files, defaults."""
    from finopsctl.config import settings

    flags = {**common.flags(), **{name: value for name, value in own.items() if value is not None}}
    if isinstance(by := flags.pop("by", None), list) and by:
        flags["by"] = [name for texts in by for name in listed(texts)]
    return settings.load(config=common.config, environ=os.environ, start=Path.cwd(), flags=flags)


def requested(settings: Settings) -> Request:
    """Return what the settings ask the books to open.

    Raises:
        ConfigError: When no input is named anywhere.
    """
    from finopsctl.books import PeriodWish, Request
    from finopsctl.config.origin import Layer
    from finopsctl.config.settings import PROMETHEUS_TOKEN_VARIABLE, REDACT_KEY_VARIABLE
    from finopsctl.ledger.period import WORDS

    if not settings.inputs:
        raise ConfigError(
            "no input is named, and the configuration names none",
            f"Give a log or export ({COMMAND.get()} LOGS), try `finopsctl demo`, or write `inputs` with "
            "`finopsctl init`.",
        )
    word = settings.last if settings.last in WORDS else None
    return Request(
        inputs=settings.inputs,
        source=settings.source,
        column_map=settings.map,
        period=PeriodWish(
            settings.since, settings.until, settings.month, settings.quarter, None if word else settings.last, word
        ),
        as_of=settings.as_of,
        timezone=settings.tz,
        fiscal_year_start=settings.fiscal_year_start,
        where=settings.where,
        # The default is "auto", but naming prices asks for them unless a basis is named as well.
        cost_basis=settings.cost_basis if settings.origin("cost-basis").layer is not Layer.DEFAULT else None,
        price_date=settings.price_date,
        prices=settings.prices,
        contracts=settings.contracts,
        litellm_config=settings.litellm_config,
        deployments=settings.deployments,
        keys=settings.keys,
        rules=settings.rules,
        currency=settings.currency,
        own_currency=settings.own_currency,
        exchange_rates=tuple((r.source, r.target, r.day, r.rate) for r in settings.exchange_rate),
        redact=settings.redact,
        redact_key=os.environ.get(REDACT_KEY_VARIABLE),
        prometheus_token=os.environ.get(PROMETHEUS_TOKEN_VARIABLE),
        strict=settings.strict,
        outcomes=settings.outcomes,
        revenue=settings.revenue,
    )


def books_for(settings: Settings, common: Common) -> Books:
    """Open the books the settings name; with ``--verbose`` say how each file is read."""
    from finopsctl.books import open_books

    def tell(line: str) -> None:
        if common.verbose:
            typer.echo(one_line(line), err=True)

    return open_books(requested(settings), tell)


def answer(
    common: Common,
    analyse: Callable[[Books, Settings], A],
    narrowed: Callable[[Books, Settings], Books] | None = None,
    put: Callable[[Report, Settings], object] | None = None,
    **own: object,
) -> A:
    """Open the books, analyse them, show the result and return it.

    Args:
        common: The shared options.
        analyse: From books and settings to a typed result, with ``.report()`` and the ``.quality`` of what it saw.
        narrowed: Gives the command's question a period of its own where none is named.
        put: What to do with the report; None: show it.
        own: The command's own options that are settings too (``by``, ``top``, ``compare``, ``fail_on``).

    Raises:
        FinopsError: Whatever the user can fix.
    """
    from finopsctl.books.context import stated
    from finopsctl.questions.comparing import check_comparison

    settings = settings_for(common, **own)
    renderer_for(settings, common)  # what is wrong with the options is said before the work, not after it
    if settings.fail_on and settings.fail_on not in _FAILING:
        raise ConfigError(f"unknown grade '{settings.fail_on}' for --fail-on", f"Use one of {', '.join(_FAILING)}.")
    if "compare" in own:
        check_comparison(settings.compare, settings.tz, settings.fiscal_year_start)
    books = books_for(settings, common)
    books = narrowed(books, settings) if narrowed else books
    result = analyse(books, settings)
    report = stated(result.report(), books, result.quality)
    if put is None:
        show(report, settings, common)
    else:
        put(report, settings)
    check_fail_on(settings, report)
    return result


def show_reference(report: Report, display: Display) -> None:
    """Show a report that rests on no input."""
    show(report, settings_for(display), display)


def show(report: Report, settings: Settings, common: Display) -> None:
    """Render a report and put it where the options say."""
    renderer = renderer_for(settings, common)
    document = renderer.render(report, screen(settings, common))
    if common.output is not None:
        write_whole(common.output, document)
        return
    if renderer.binary and sys.stdout.isatty():
        raise ConfigError("this format is binary and the output is a terminal", "Write it to a file with -o FILE.")
    try:
        sys.stdout.buffer.write(document)
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # what decides the exit code is still to come
        _stop_writing()


def renderer_for(settings: Settings, common: Display) -> Renderer:
    """Return the renderer that ``-f`` names, else the one of the output file's ending, else the table.

    Raises:
        ConfigError: For a format there is not, or one without what the options ask of it.
    """
    renderer = _named_renderer(settings, common)
    if common.interactive and not renderer.scripted:
        raise ConfigError(f"--interactive is for HTML pages, not for {renderer.name}", "Add -f html or -o FILE.html.")
    return renderer


def _named_renderer(settings: Settings, common: Display) -> Renderer:
    from finopsctl.renderers import RENDERERS, renderer_for_extension, renderer_named

    name = settings.format
    if common.output is not None and common.format is None:
        found = renderer_for_extension(common.output.suffix)
        if found is not None:
            return found
        if common.output.suffix and settings.format is None:
            endings = ", ".join(ending for renderer in RENDERERS for ending in renderer.extensions)
            raise ConfigError(
                f"no format is written to files ending in {common.output.suffix}",
                f"Known: {endings}; or name one with -f.",
            )
    known = [r.name for r in RENDERERS]
    if name is not None and name not in known:
        raise ConfigError(f"unknown format '{name}'", nearest(name, known))
    return renderer_named(name or "table")


def screen(settings: Settings, common: Display) -> Screen:
    """Describe where the text goes: a terminal of some width, or a pipe or file without limit."""
    import shutil

    from finopsctl.renderers import Screen

    terminal = sys.stdout.isatty() and common.output is None
    color = settings.color == "always" or (settings.color != "never" and terminal and not os.environ.get("NO_COLOR"))
    encoding = (sys.stdout.encoding or "ascii").lower()
    plain = settings.ascii or (common.output is None and not encoding.startswith(("utf", "cp65001")))
    width = shutil.get_terminal_size((100, 24)).columns if terminal else None
    return Screen(width, color, plain, settings.wide, interactive=bool(common.interactive))


def note_findings(books: Books, common: Display) -> None:
    """Say on standard error what reading noticed, for commands whose output is the data itself."""
    if not common.quiet:
        for finding in books.findings:
            typer.echo(one_line(f"{finding.severity}: {finding.message}"), err=True)


def check_fail_on(settings: Settings, report: Report) -> None:
    """Raise when a grade of the report is at least as bad as ``--fail-on`` names.

    Raises:
        ThresholdError: Naming the first of them.
    """
    from finopsctl.results.units import Unit
    from finopsctl.results.wording import counted, some_of

    limit = settings.fail_on
    if not limit:
        return
    rows = report.tables[0].frame
    graded = next((c.name for c in report.tables[0].columns if c.unit is Unit.GRADE), None)
    bad = list(_FAILING[_FAILING.index(limit) :])
    failing = rows.filter(rows[graded].is_in([*bad, "exhausted"])) if graded else rows.clear()
    if failing.height:
        names = _graded_names(failing, graded or "")
        words = f"{counted(rows.height, 'figure')} {'is' if failing.height == 1 else 'are'}"
        raise ThresholdError(f"{failing.height} of {words} graded {limit} or worse: {some_of(names)}")


def _graded_names(failing: pl.DataFrame, graded: str) -> list[str]:
    """Return what each row is about, by the texts it begins with, and its grade."""
    from itertools import takewhile

    leading = takewhile(lambda name: str(failing.schema[name]) == "String", failing.columns)
    about = [name for name in leading if name not in {"title", graded}]
    rows = failing.select(*about, graded).iter_rows()
    return list(dict.fromkeys(f"{' '.join(dict.fromkeys(filter(None, texts)))} ({grade})" for *texts, grade in rows))
