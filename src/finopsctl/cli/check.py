"""``finopsctl check``: a policy held against the bill, for pipelines."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finopsctl.cli.options import Common, option
from finopsctl.cli.run import books_for, renderer_for, settings_for, show
from finopsctl.errors import ConfigError, FinopsError, ThresholdError, nearest, reason_of
from finopsctl.renderers import RENDERERS, Screen, renderer_for_extension, renderer_named
from finopsctl.results.wording import counted
from finopsctl.whole_file import write_whole

if TYPE_CHECKING:
    from finopsctl.books import Books
    from finopsctl.config.policy import Policy
    from finopsctl.config.settings import Settings
    from finopsctl.delivery.github import PullRequest
    from finopsctl.policy.baseline import Baseline
    from finopsctl.policy.result import Check
    from finopsctl.renderers import Renderer
    from finopsctl.results.report import Report

EXAMPLES = """Examples:

  finopsctl check sample_data --policy sample_data/finops-policy.toml --month 2026-10

  finopsctl check sample_data --policy sample_data/finops-policy.toml --last 30d -f github --fail-on warning
"""

_LEVELS = ("warning", "critical")
_WORKSPACES = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")
_SUMMARY_BYTES = 1024 * 1024
_GATE, _GITHUB = "The gate", "The pull request"

PolicyFile = Annotated[
    Path | None, option(_GATE, "Rules and waivers (TOML). Default: finops-policy.toml.", "--policy", metavar="FILE")
]
BaselineFile = Annotated[
    Path | None, option(_GATE, "Earlier values: the JSON of a check, or of kpi.", "--baseline", metavar="FILE")
]
FailOn = Annotated[
    str | None,
    option(
        _GATE,
        "What exits 3: critical (default), or warning: warnings and rules without data, too.",
        "--fail-on",
        metavar="LEVEL",
    ),
]
Also = Annotated[
    list[str] | None,
    option(
        _GATE,
        "Write the result to this file too: check.json, junit=check.xml, gitlab=quality.json; repeat for more.",
        "--also",
        metavar="[FORMAT=]FILE",
    ),
]
Init = Annotated[
    bool, option(_GATE, "Write a policy to start from to the --policy file, and stop.", "--init", metavar="")
]
Comment = Annotated[
    str | None,
    option(
        _GITHUB,
        "github: put the result into a comment, or bring the one that is there up to date.",
        "--comment",
        metavar="WHERE",
    ),
]
Repo = Annotated[str | None, option(_GITHUB, "owner/name. Default: GITHUB_REPOSITORY.", "--repo", metavar="REPO")]
Number = Annotated[
    int | None, option(_GITHUB, "Its number. Default: that of the job's event.", "--pr", metavar="N", min=1)
]
DryRun = Annotated[bool, option(_GITHUB, "Print the request instead of sending it.", "--dry-run", metavar="")]


def check(
    common: Common,
    *,
    policy: PolicyFile = None,
    baseline: BaselineFile = None,
    fail_on: FailOn = None,
    also: Also = None,
    init: Init = False,
    comment: Comment = None,
    repo: Repo = None,
    pr: Number = None,
    dry_run: DryRun = False,
) -> None:
    """Hold a policy against the bill: rules on KPIs, budgets, anomalies, changes, prices, models and data.

    Exit code 3 when a critical rule fails; the result is shown first. Waivers are judged today, or on the day before
    --as-of. In a GitHub job, -f github appends to its summary, too. Keys of a policy: docs/check.md.
    """
    from finopsctl.config.policy import FILE_NAME

    path = policy or Path(FILE_NAME)
    if init:
        _write_starter(path)
        return
    _refuse(comment, dry_run=dry_run)
    settings, limit = _settings(common, fail_on)
    others = [_other(text) for text in also or ()]
    gate = _read(path, baseline)
    target = None if comment is None else _pull_request(repo, pr)
    found, report = _checked(gate, common, settings, limit)
    show(report, settings, common)
    for renderer, file in others:
        write_whole(file, renderer.render(report, Screen()))
    if settings.format == "github":
        _add_to_summary(report)
    failed = _verdict(found)
    if target is not None:
        _comment(report, target, failed, dry_run=dry_run)
    if failed is not None:
        raise failed


def _refuse(comment: str | None, *, dry_run: bool) -> None:
    """Refuse options that mean nothing, before anything is read."""
    if comment not in {None, "github"}:
        raise ConfigError(f"unknown place '{comment}' for --comment", "Use --comment github.")
    if dry_run and comment is None:
        raise ConfigError("--dry-run has nothing to print", "It goes with --comment github.")


def _settings(common: Common, fail_on: str | None) -> tuple[Settings, str]:
    """Return the settings in force, and what closes the gate; what is wrong with either is said before the work."""
    settings = settings_for(common, fail_on=fail_on)
    renderer_for(settings, common)
    level = settings.fail_on or _LEVELS[-1]
    if level not in _LEVELS:
        raise ConfigError(f"unknown level '{level}' for --fail-on", nearest(level, _LEVELS))
    return settings, level


def _read(path: Path, baseline: Path | None) -> tuple[Policy, Baseline | None]:
    """Read the policy, and the baseline where there is one."""
    from finopsctl.config.policy import load
    from finopsctl.policy.baseline import parse

    return load(path, _shown(path)), None if baseline is None else parse(_text(baseline), str(baseline))


def _shown(path: Path) -> str:
    """Return how annotations name a file: from the root of the repository a job runs for, else the working folder."""
    full = path.parent.resolve() / path.name
    roots = [*(Path(os.environ[name]).resolve() for name in _WORKSPACES if os.environ.get(name)), Path.cwd()]
    inside = next((root for root in roots if full.is_relative_to(root)), None)
    return (path if inside is None else full.relative_to(inside)).as_posix()


def _other(text: str) -> tuple[Renderer, Path]:
    """Return the format and the file that ``--also`` names."""
    name, found, file = text.partition("=")
    if found and name in {renderer.name for renderer in RENDERERS}:
        return renderer_named(name), Path(file)
    renderer = renderer_for_extension(Path(text).suffix)
    if renderer is None:
        raise ConfigError(f"--also {text}: its ending says no format", "Name one: --also junit=check.xml.")
    return renderer, Path(text)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except OSError as problem:
        raise ConfigError(f"{path}: {reason_of(problem)}", "Name an existing file.") from problem
    except UnicodeDecodeError as problem:
        raise ConfigError(f"{path}: not UTF-8 text", "Name the JSON of an earlier check.") from problem


def _checked(
    gate: tuple[Policy, Baseline | None], common: Common, settings: Settings, level: str
) -> tuple[Check, Report]:
    from finopsctl.books.context import stated
    from finopsctl.policy.check import check_of
    from finopsctl.policy.question import CheckQuestion

    books = books_for(settings, common)
    moment = books.as_of if books.request.as_of else datetime.now(UTC)
    found = check_of(books, settings, CheckQuestion(gate[0], _today(books, moment), gate[1], level, moment))
    return found, stated(found.report(), books, found.quality)


def _today(books: Books, moment: datetime) -> date:
    """Return the day that waivers are judged on: the last one before --as-of, else today."""
    from finopsctl.ledger.period import zone

    before = timedelta(microseconds=1) if books.request.as_of else timedelta()
    return (moment - before).astimezone(zone(books.request.timezone)).date()


def _verdict(found: Check) -> ThresholdError | None:
    from finopsctl.policy.result import names
    from finopsctl.results.wording import some_of

    if not found.blocking:
        return None
    checks = f"{len(found.blocking):,} of {counted(len(found.checked), 'check')}"
    word = "closes" if len(found.blocking) == 1 else "close"
    told = some_of(list(dict.fromkeys(names(found.blocking))))
    return ThresholdError(f"{checks} {word} the gate: {told}")


def _add_to_summary(report: Report) -> None:
    """Append the result to the summary of the GitHub job that runs, where one does."""
    named = os.environ.get("GITHUB_STEP_SUMMARY")
    if not named:
        return
    document = renderer_named("github-summary").render(report, Screen())
    try:
        with Path(named).open("ab") as summary:
            if summary.tell() + len(document) <= _SUMMARY_BYTES:
                summary.write(document)
            else:
                typer.echo("warning: the job's summary is full; the result is not in it.", err=True)
    except OSError as problem:
        typer.echo(f"warning: GITHUB_STEP_SUMMARY: {reason_of(problem)}; the result is not in it.", err=True)


def _pull_request(repo: str | None, number: int | None) -> PullRequest:
    from finopsctl.delivery.github import pull_request

    return pull_request(os.environ, repo, number)


def _comment(report: Report, target: PullRequest, failed: ThresholdError | None, *, dry_run: bool) -> None:
    """Comment; where that fails and the gate is closed anyway, the gate is what the exit code tells of."""
    from finopsctl.delivery.github import comment, preview

    document = renderer_named("github-comment").render(report, Screen())
    if dry_run:
        typer.echo(preview(document, target), err=True)
        return
    try:
        again = comment(document, target)
    except FinopsError as problem:
        if failed is None:
            raise
        typer.echo(f"warning: not commented: {problem.message}", err=True)
        return
    what = "Brought the comment on" if again else "Commented on"
    typer.echo(f"{what} {target.repository}#{target.number}{' up to date' if again else ''}.", err=True)


def _write_starter(path: Path) -> None:
    from finopsctl.config.policy_example import EXAMPLE

    if path.exists():
        raise ConfigError(f"{path} is already there", "Name another file with --policy FILE, or remove it.")
    write_whole(path, EXAMPLE.encode())
    typer.echo(f"Wrote {path}. Change its limits to yours; then: finopsctl check LOGS", err=True)
