"""The options that mean the same in every command, declared once.

A command takes them as one ``Common`` value (or ``Display``, where it reads no input): :func:`shares` puts the
fields of that class into the command's signature, where typer finds them, and hands over the assembled value.
"""

from __future__ import annotations

import inspect
from contextvars import ContextVar
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer
from typer.models import ArgumentInfo

from finopsctl.renderers import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable

COMMAND = ContextVar("COMMAND", default="finopsctl kpi")
"""What the command that runs is called, for hints."""

_NOT_SETTINGS = frozenset({"config", "output", "interactive", "quiet", "verbose", "debug"})
_DATA, _PERIOD, _MONEY, _OUTPUT = "What to read", "Which period", "Which cost", "What comes out"
_PANELS = (_DATA, _PERIOD, _MONEY, _OUTPUT)


def option(panel: str | None, text: str, *names: str, **more: Any) -> Any:  # noqa: ANN401 - typer's own type is private
    """Return an option of the command line.

    Args:
        panel: The heading it stands under in the help; None: the command's own options.
        text: What it does; it says its default itself.
        names: ``--by`` and so on.
        more: What else typer takes: ``metavar``, ``min``.
    """
    return typer.Option(*names, help=text, rich_help_panel=panel, show_default=False, **more)


Inputs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="INPUT",
        help="Files, folders, globs or - (standard input); .gz and .zst too. Or prometheus:https://HOST, to ask one. "
        "Default: `inputs` of the configuration.",
        show_default=False,
    ),
]
By = Annotated[
    list[str] | None,
    option(
        _DATA,
        "Dimensions to group by, e.g. team,model or tag:tier; repeat for more (see `finopsctl dimensions`).",
        "--by",
        metavar="DIMS",
    ),
]
Top = Annotated[
    int | None, option(_OUTPUT, "Show the N largest groups and the rest as one row.", "--top", metavar="N", min=1)
]
Compare = Annotated[
    str | None,
    option(
        _PERIOD,
        "Compare with: previous, yoy, a period (2026-09, 2026Q2) or another input.",
        "--compare",
        metavar="WHAT",
    ),
]
FailOn = Annotated[
    str | None, option(_OUTPUT, "Exit 3 when a grade is this bad: warning or critical.", "--fail-on", metavar="GRADE")
]

Outcomes = Annotated[
    Path | None,
    option(
        _DATA,
        "File of outcomes: day, use_case, outcomes, successes ... (see `finopsctl sources outcomes`).",
        "--outcomes",
        metavar="FILE",
    ),
]
Revenue = Annotated[
    Path | None,
    option(
        _DATA,
        "File of revenue: customer, month, amount, currency ... (see `finopsctl sources revenue`).",
        "--revenue",
        metavar="FILE",
    ),
]


def examples(*commands: str) -> str:
    """Return what a command's help ends with: its examples, in the words of ``EXAMPLES`` elsewhere."""
    return "Examples:\n\n" + "\n\n".join(f"  finopsctl {command}" for command in commands)


def listed(text: str) -> list[str]:
    """Return the items of a comma-separated option."""
    return [item.strip() for item in text.split(",") if item.strip()]


@dataclass(frozen=True, slots=True)
class Display:
    """The options on what comes out; None means not given."""

    format: Annotated[
        str | None,
        option(
            _OUTPUT,
            f"{FORMATS}.",
            "--format",
            "-f",
            metavar="FORMAT",
        ),
    ] = None
    output: Annotated[
        Path | None,
        option(_OUTPUT, "Write to this file; its ending picks the format.", "--output", "-o", metavar="FILE"),
    ] = None
    color: Annotated[str | None, option(_OUTPUT, "auto, always or never.", "--color", metavar="WHEN")] = None
    ascii: Annotated[bool | None, option(_OUTPUT, "No characters beyond ASCII.", "--ascii", metavar="")] = None
    wide: Annotated[
        bool | None, option(_OUTPUT, "Show every column, whatever the screen's width.", "--wide", metavar="")
    ] = None
    interactive: Annotated[
        bool | None,
        option(_OUTPUT, "Charts of an HTML page tell their values to a pointer.", "--interactive", metavar=""),
    ] = None
    quiet: Annotated[bool | None, option(_OUTPUT, "No notes on standard error.", "--quiet", "-q", metavar="")] = None
    verbose: Annotated[bool | None, option(_OUTPUT, "Say what is read and how.", "--verbose", "-v", metavar="")] = None
    debug: Annotated[bool | None, option(_OUTPUT, "Show where a failure comes from.", "--debug", metavar="")] = None
    config: Annotated[Path | None, option(_DATA, "Configuration file.", "--config", metavar="FILE")] = None

    def flags(self) -> dict[str, Any]:
        """Return what was given on the command line, by configuration key."""
        given = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in _NOT_SETTINGS}
        if isinstance(names := given.get("redact"), str):
            given["redact"] = listed(names)
        return {name: value for name, value in given.items() if value not in (None, [])}


@dataclass(frozen=True, slots=True)
class Common(Display):
    """All shared options as typed; None means not given."""

    inputs: Inputs = None
    source: Annotated[
        str | None,
        option(_DATA, "Read every file as this source (see `finopsctl sources`).", "--source", metavar="NAME"),
    ] = None
    map: Annotated[
        Path | None,
        option(_DATA, "Column map (TOML) for a CSV, JSONL or Parquet file of your own.", "--map", metavar="FILE"),
    ] = None
    where: Annotated[
        list[str] | None,
        option(_DATA, "Filter: team=a,b | team!=x | 'model~gpt-4*'; repeat for AND.", "--where", metavar="FILTER"),
    ] = None
    keys: Annotated[
        Path | None, option(_DATA, "Virtual-key map: key to team, user, project.", "--keys", metavar="FILE")
    ] = None
    redact: Annotated[
        str | None,
        option(
            _DATA,
            "Replace names by keyed hashes (key: FINOPSCTL_REDACT_KEY), e.g. user,customer.",
            "--redact",
            metavar="DIMS",
        ),
    ] = None
    strict: Annotated[
        bool | None, option(_DATA, "Bad lines and unpriced records are errors (exit 4).", "--strict", metavar="")
    ] = None
    since: Annotated[str | None, option(_PERIOD, "From this date or time.", "--since", metavar="DATE")] = None
    until: Annotated[
        str | None, option(_PERIOD, "Up to but not including this date or time.", "--until", metavar="DATE")
    ] = None
    month: Annotated[str | None, option(_PERIOD, "A month: 2026-10.", "--month", metavar="MONTH")] = None
    quarter: Annotated[str | None, option(_PERIOD, "A quarter: 2026Q3.", "--quarter", metavar="QUARTER")] = None
    last: Annotated[
        str | None,
        option(
            _PERIOD,
            "30d, 12w, 3m; or today, yesterday, wtd, mtd, qtd, ytd: seen from the end of the data or --as-of.",
            "--last",
            metavar="SPAN",
        ),
    ] = None
    as_of: Annotated[
        str | None,
        option(
            _PERIOD, "First instant not seen. Default: the end of the last day with data.", "--as-of", metavar="DATE"
        ),
    ] = None
    tz: Annotated[str | None, option(_PERIOD, "Time zone of day boundaries. Default: UTC.", "--tz", metavar="ZONE")] = (
        None
    )
    cost_basis: Annotated[
        str | None,
        option(
            _MONEY, "auto (reported, else effective), reported, list or effective.", "--cost-basis", metavar="BASIS"
        ),
    ] = None
    price_date: Annotated[
        str | None, option(_MONEY, "Price all usage at this date's prices.", "--price-date", metavar="DATE")
    ] = None
    prices: Annotated[
        Path | None, option(_MONEY, "Folder of price files, laid over the shipped ones.", "--prices", metavar="DIR")
    ] = None
    contracts: Annotated[
        Path | None, option(_MONEY, "Contract prices and discounts (TOML).", "--contracts", metavar="FILE")
    ] = None
    litellm_config: Annotated[
        Path | None,
        option(_MONEY, "LiteLLM's config.yaml: model names, custom prices.", "--litellm-config", metavar="FILE"),
    ] = None
    budgets: Annotated[
        Path | None, option(_MONEY, "File of budgets (TOML, one budget table each).", "--budgets", metavar="FILE")
    ] = None
    currency: Annotated[
        str | None, option(_MONEY, "Currency of the report. Default: USD.", "--currency", metavar="CODE")
    ] = None


def shares(command: Callable[..., None]) -> Callable[..., None]:
    """Give ``command`` the shared options beside its own.

    Its first parameter is a :class:`Common` or a :class:`Display`; the fields of that class become options.
    """
    signature = inspect.signature(command)
    hints = get_type_hints(command, include_extras=True)
    first, *own = signature.parameters.values()
    shared: type = hints[first.name]
    declared = get_type_hints(shared, include_extras=True)
    names = [f.name for f in fields(shared)]
    options = [_parameter(name, declared[name], None) for name in names if name != "inputs"]
    arguments = [_parameter("inputs", declared["inputs"], None)] if "inputs" in names else []
    mine = [_parameter(p.name, hints[p.name], p.default) for p in own]
    named = [p for p in mine if any(isinstance(m, ArgumentInfo) for m in getattr(p.annotation, "__metadata__", ()))]
    # A command's own argument comes before the inputs, which take all that is left.
    parameters = [*named, *arguments, *sorted([*(p for p in mine if p not in named), *options], key=_panel_order)]

    @wraps(command)
    def with_shared(context: typer.Context, **given: Any) -> None:  # noqa: ANN401 - whatever the options are
        COMMAND.set(context.command_path)
        mine = {name: value for name, value in given.items() if name not in names}
        command(shared(**{name: given[name] for name in names}), **mine)

    parameters.append(_parameter("context", typer.Context, inspect.Parameter.empty))
    with_shared.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    with_shared.__annotations__ = {p.name: p.annotation for p in parameters}
    return with_shared


def _panel_order(option: inspect.Parameter) -> int:
    """Return the place of an option's panel in the help: a command's own options come first."""
    panels = [getattr(m, "rich_help_panel", None) for m in getattr(option.annotation, "__metadata__", ())]
    return next((_PANELS.index(panel) for panel in panels if panel in _PANELS), -1)


def _parameter(name: str, annotation: object, default: object) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
