"""What is wrong or doubtful about a configuration, as findings: the work of ``finopsctl config check``."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finopsctl.allocation import keys as key_map
from finopsctl.allocation.rules import read_before_set, shadowed
from finopsctl.config.settings import Settings, assemble, unknown_variables
from finopsctl.errors import ConfigError, FinopsError
from finopsctl.metrics.catalog import KPIS
from finopsctl.metrics.kpi import configured
from finopsctl.results.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from finopsctl.config.declarations import Problem

_FILES = ("map", "prices", "contracts", "budgets", "keys", "cost-centres", "litellm-config")


def check(
    *, config: Path | None, environ: Mapping[str, str], start: Path
) -> tuple[Settings | None, tuple[Finding, ...]]:
    """Read the configuration that applies and say everything that is wrong with it, worst first.

    Returns:
        The settings (None when a file could not be read at all) and the findings: critical ones would stop any
        command, warnings would not.
    """
    try:
        settings, problems = assemble(config=config, environ=environ, start=start, flags={})
    except ConfigError as error:
        return None, (Finding(Severity.CRITICAL, "config_unreadable", error.message, error.hint),)
    errors = [_finding(Severity.CRITICAL, "config_error", problem) for problem in problems]
    doubts = [_finding(Severity.WARNING, "unknown_variable", problem) for problem in unknown_variables(environ)]
    found = [
        *errors,
        *_files(settings, start),
        *_budgets(settings, start),
        *_rules(settings),
        *_pools(settings, start),
        *_kpis(settings),
        *doubts,
    ]
    return settings, tuple(sorted(found, key=lambda finding: finding.severity is not Severity.CRITICAL))


def _files(settings: Settings, start: Path) -> Iterator[Finding]:
    for name in _FILES:
        path = getattr(settings, name.replace("-", "_"))
        if path is not None and not (start / path).exists():
            place = settings.origin(name).place
            yield Finding(
                Severity.CRITICAL,
                "config_file_missing",
                f"{place}: {name}: {path} does not exist",
                "Paths in a configuration file are relative to that file.",
                {"key": name, "path": str(path)},
            )
    for given in settings.inputs:
        pattern = str(start / given)
        found = any(glob.iglob(pattern, recursive=True)) or Path(pattern).exists()  # noqa: PTH207 - absolute patterns
        if given != "-" and not found:
            message = f"{settings.origin('inputs').place}: inputs: nothing matches {given}"
            yield Finding(Severity.WARNING, "inputs_missing", message, evidence={"path": given})
    if settings.keys is not None and (start / settings.keys).exists():
        try:
            yield from key_map.load(start / settings.keys).findings
        except ConfigError as error:
            yield Finding(Severity.CRITICAL, "config_error", error.message, error.hint)


def _budgets(settings: Settings, start: Path) -> Iterator[Finding]:
    place = settings.origin("budget").place
    if settings.budgets is not None and settings.budget:
        message = f"{place}: [[budget]] is not used, because budgets names a file"
        yield Finding(Severity.WARNING, "budgets_unused", message, "Move the tables into the file, or remove the key.")
    if settings.budgets is not None and not (start / settings.budgets).exists():
        return
    try:
        budgets = settings.all_budgets(start)
    except ConfigError as error:
        yield Finding(Severity.CRITICAL, "config_error", error.message, error.hint)
        return
    for budget in budgets:
        if budget.limit == 0:
            message = f"{place}: budget '{budget.name}' has a limit of 0: its utilization is unknown"
            yield Finding(
                Severity.WARNING, "budget_without_limit", message, "Write limit = 5000.", {"name": budget.name}
            )


def _kpis(settings: Settings) -> Iterator[Finding]:
    try:
        configured(KPIS, settings.kpi_settings())
    except ConfigError as error:
        yield Finding(Severity.CRITICAL, "config_error", f"kpi: {error.message}", error.hint)


def _rules(settings: Settings) -> Iterator[Finding]:
    rules = settings.rules
    place = settings.origin("allocation.rule").place
    for later, earlier in shadowed(rules):
        yield Finding(
            Severity.WARNING,
            "rule_shadowed",
            f"{place}: rule '{later.name}' never assigns anything: '{earlier.name}' always decides before it",
            "Move it further up, or remove it.",
            {"rule": later.name, "decided_by": earlier.name},
        )
    for reader, setter, dimension in read_before_set(rules):
        yield Finding(
            Severity.WARNING,
            "rule_reads_later",
            f"{place}: rule '{reader.name}' reads {dimension}, which '{setter.name}' sets afterwards",
            "Move it below, unless it means the value the source gave.",
            {"rule": reader.name, "set_by": setter.name, "dimension": dimension},
        )


def _pools(settings: Settings, start: Path) -> Iterator[Finding]:
    place = settings.origin("allocation.pool").place
    try:
        pools = settings.pools(start)
    except FinopsError as error:
        yield Finding(Severity.CRITICAL, "config_error", f"{place}: allocation.pool: {error.message}", error.hint)
        return
    by_heads = [pool.name for pool in pools if pool.driver == "headcount"]
    if by_heads and not any(settings.allocation.headcount.values()):
        message = f"{place}: pool '{by_heads[0]}' is spread by headcount, and none is given: nobody gets any of it"
        yield Finding(Severity.WARNING, "no_headcount", message, "Add [allocation.headcount].", {"pool": by_heads[0]})
    if settings.cost_centres is not None and (start / settings.cost_centres).exists():
        try:
            settings.all_cost_centres(start)
        except ConfigError as error:
            yield Finding(Severity.CRITICAL, "config_error", error.message, error.hint)


def _finding(severity: Severity, code: str, problem: Problem) -> Finding:
    evidence: dict[str, Any] = {"place": problem.place, "key": problem.key}
    return Finding(severity, code, f"{problem.place}: {problem.key}: {problem.message}", problem.hint, evidence)
