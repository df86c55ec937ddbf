"""Parts of a report: figures, tables and findings each, put together into one document."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from finopsctl.books.context import spend_by_basis
from finopsctl.errors import ConfigError, SourceError
from finopsctl.reports._figures import Figure, figures_table
from finopsctl.reports._lateness import lateness
from finopsctl.reports._periods import key_of, spoken
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.report import Report, Table
from finopsctl.results.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from finopsctl.metrics.quality import Quality
    from finopsctl.reports import ReportKind
    from finopsctl.reports._scene import Scene


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What one question adds to a report.

    Args:
        figures: Key figures.
        tables: Tables and charts; none of them is empty.
        findings: What a reader must know that no table says, and what is missing.
        said: Its sentence in the headline, without a full stop; empty: none.
        quality: What the figures cover; of the first part that says it.
        totals: What programs want to know beside the figures.
    """

    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    findings: tuple[Finding, ...] = ()
    said: str = ""
    quality: Quality | None = None
    totals: Mapping[str, Any] = field(default_factory=dict)


class Recipe(Protocol):
    """A module that makes a report."""

    def parts(self, scene: Scene) -> Iterable[Part]:
        """Return the parts of the report, in order."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Composed:
    """A report before it is shown.

    ``key`` names its period: a report of the same name and key is the same report, made anew.
    """

    kind: ReportKind
    key: str
    title: str
    figures: Table
    parts: tuple[Part, ...]
    quality: Quality
    totals: Mapping[str, Any]

    def report(self) -> Report:
        """Return the presentable form."""
        said = " ".join(sentence(part.said) for part in self.parts if part.said)
        findings = tuple(finding for part in self.parts for finding in part.findings)
        tables = (self.figures, *(table for part in self.parts for table in part.tables if table.frame.height))
        return Report("report", said, tables, self.totals, _once(findings), title=self.title)


def compose(kind: ReportKind, scene: Scene, recipe: Recipe) -> Composed:
    """Put the parts of a report together.

    Args:
        kind: Which report.
        scene: What its parts look at.
        recipe: The module that knows its parts.
    """
    found = [*recipe.parts(scene), Part(findings=lateness(scene))]
    quality = next(part.quality for part in found if part.quality is not None)
    figures = [figure for part in found for figure in part.figures]
    first_month = scene.given.fiscal_year_start
    key = key_of(scene.period, first_month)
    title = f"{kind.name.capitalize()} report: {spoken(scene.period, first_month)}"
    before = scene.before
    totals: dict[str, Any] = {
        "report": kind.name,
        "period_key": key,
        "compared_key": key_of(before, first_month) if before else None,
    }
    for part in found:
        totals |= part.totals
    cost = _cost(quality, scene.books.request.basis)
    basis = sentence(scene.called, cost, _compared(scene), _covered(quality))
    table = figures_table(figures, basis, _heading(scene))
    return Composed(kind, key, title, table, tuple(found), quality, totals)


def _cost(quality: Quality, basis: str) -> str:
    """Say which cost all amounts are of that say no other."""
    told = [words if share == 1 else f"{share:.1%} {words}" for words, share in spend_by_basis(quality, basis).items()]
    return f"cost basis {basis}{': ' if told else ''}{', '.join(told)}"


def _compared(scene: Scene) -> str:
    return f"compared with {scene.called_before}" if scene.before else ""


def _covered(quality: Quality) -> str:
    if quality.unpriced_requests:
        one = quality.unpriced_requests == 1
        return f"without {counted(quality.unpriced_requests, 'request')} that {'has' if one else 'have'} no price"
    return f"without {quality.unpriced_tokens:,} tokens that have no price" if quality.unpriced_tokens else ""


def _heading(scene: Scene) -> str:
    return scene.called_before if scene.before and len(scene.called_before) <= len("September 2026") else "Before"


def told(what: str, part: Callable[[], Part]) -> Part:
    """Return a part, or the line that says why it is not in the report."""
    try:
        return part()
    except (ConfigError, SourceError) as problem:
        return lacks(what, " ".join(filter(None, (f"{problem.message}.", problem.hint))))


def lacks(what: str, needs: str) -> Part:
    """Return the line on something that the inputs cannot tell.

    Args:
        what: What is missing, e.g. ``cost per outcome``.
        needs: Why, and what to pass.
    """
    subject = f"{what} ({needs.rstrip('.')})"
    gist = "Not in this report: {}."
    evidence = {"what": what, "needs": needs}
    finding = Finding(Severity.INFO, "not_in_report", gist.replace("{}", subject), "", evidence, subject, gist)
    return Part(findings=(finding,))


def notable(findings: Iterable[Finding], *, without: Sequence[str] = ()) -> tuple[Finding, ...]:
    """Return the findings of a question that belong into a report: what is wrong, but for what its tables say."""
    return tuple(f for f in findings if f.severity is not Severity.INFO and f.code not in without)


def sentence(*parts: str) -> str:
    """Return parts as one sentence, those that are empty left out; without any, nothing."""
    said = "; ".join(part for part in parts if part)
    return f"{said[:1].upper()}{said[1:]}." if said else ""


def quieted(part: Part) -> Part:
    """Return a part that has no word in the headline."""
    return replace(part, said="")


def without_blanks(table: Table, *names: str) -> Table:
    """Return a table without those of the named columns that have no value in any row; programs keep them."""
    frame = table.frame
    kept = tuple(c for c in table.columns if c.name not in names or frame[c.name].is_not_null().any())
    return replace(table, columns=kept)


def picked(table: Table, *names: str, **changes: Any) -> Table:  # noqa: ANN401 - the fields of a table
    """Return a table with some of its columns, as declared, and other fields replaced; more stay for programs."""
    columns = tuple(column for column in table.columns if column.name in names)
    return replace(table, columns=columns, **changes)


def first_rows(table: Table, most: int) -> Table:
    """Return a table cut to its first rows, without totals where it was cut."""
    if table.frame.height <= most:
        return table
    left = f"{most} of {table.frame.height:,} shown"
    basis = f"{table.basis.rstrip('.')}; {left}." if table.basis else f"{left[:1].upper()}{left[1:]}."
    return replace(table.head(most), totals=None, basis=basis)


def _once(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings without those that say again what another says."""
    return tuple({(f.code, f.message): f for f in findings}.values())
