"""The facts every report states: period, basis, prices, inputs, and what the figures do not cover."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.books.books import covering, nothing_asked_for
from finopsctl.books.strictness import refuse_unpriced
from finopsctl.books.unknown_tags import unknown_tags
from finopsctl.ledger.period import day_end, parse_instant
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.report import Context
from finopsctl.results.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from finopsctl.books.books import Books, InputSummary
    from finopsctl.ledger.period import Period
    from finopsctl.metrics.quality import Quality
    from finopsctl.results.report import Report

_WORST_FIRST = tuple(reversed(Severity))
_SHOWN = 8
_SOURCES_SHOWN = 4
_NO_MODEL = "(no model)"


def stated(report: Report, books: Books, quality: Quality) -> Report:
    """Return the report with its context, and the books' findings beside its own, worst first.

    Raises:
        SourceError: When no record is in the period and passes the filters, or when records are unpriced or not
            convertible and the request is strict.
    """
    if not quality.records:
        raise nothing_asked_for(books)
    refuse_unpriced(books, quality)
    unknown = unknown_tags(report, books.ledger)
    findings = [*unknown, *report.findings, *books.findings, *_coverage_findings(quality, books)]
    findings.sort(key=lambda finding: _WORST_FIRST.index(finding.severity))
    told = context(books, quality, spread=bool(report.totals.get("shared")))
    if report.as_of is not None:
        told = replace(told, header={**told.header, "as_of": report.as_of})
    return replace(report, context=told, findings=tuple(findings))


def context(books: Books, quality: Quality, *, spread: bool = False) -> Context:
    """Return what the header of a document and the notes below a table say.

    Args:
        books: The open books.
        quality: What the analysis saw of them.
        spread: Whether the figures hold shared cost that was spread; ``quality`` is of the ledger before.
    """
    request = books.request
    header = {
        "period": _period(books, quality),
        "as_of": _as_of(books, quality),
        "currency": request.currency,
        "cost_basis": request.basis,
        "price_book": _price_book(books),
        "inputs": [_input(i) for i in books.inputs],
        "data_quality": _data_quality(books, quality),
    }
    return Context(header, tuple(_notes(books, quality, spread=spread)))


def _period(books: Books, quality: Quality) -> Mapping[str, Any]:
    period = _covered(books, quality)
    return {"start": period and period.start, "end": period and period.end, "timezone": books.request.timezone}


def _covered(books: Books, quality: Quality) -> Period | None:
    """Return the period asked for, else the whole days that hold the rows seen."""
    if books.period is None and quality.start is not None and quality.end is not None:
        return covering(quality.start, quality.end, books.request.timezone)
    return books.period


def _as_of(books: Books, quality: Quality) -> datetime | None:
    request = books.request
    if request.as_of:
        return parse_instant(request.as_of, request.timezone)
    latest = books.latest or quality.end
    return day_end(latest, request.timezone) if latest else None


def _price_book(books: Books) -> Mapping[str, Any] | None:
    book = books.price_book or books.stated_prices
    return None if book is None else {"version": book.version, "checked": book.checked}


def _input(summary: InputSummary) -> Mapping[str, Any]:
    return {
        "path": summary.path,
        "source": summary.source,
        "records": summary.records,
        "bad_lines": summary.bad,
        "duplicates": summary.duplicates,
    }


def _data_quality(books: Books, quality: Quality) -> Mapping[str, Any]:
    return {
        "records": quality.records,
        "bad_lines": books.bad_lines,
        "duplicates": books.duplicates,
        "unpriced_requests": quality.unpriced_requests,
        "unpriced_tokens": quality.unpriced_tokens,
        "unpriced_models": list(quality.unpriced_models),
        "unattributed_share": quality.unattributed_share,
        "set_aside": [dict(entry) for entry in books.set_aside_summary],
        "standard_tier_assumed": quality.standard_tier_assumed,
        "band_unknown": books.band_unknown,
        "unconverted": books.unconverted,
        "spend_by_basis": quality.basis_split(books.request.basis),
    }


def _notes(books: Books, quality: Quality, *, spread: bool) -> Iterator[str]:
    period = _covered(books, quality)
    if period is not None:
        yield f"Period: {period.first_day} to {period.last_day} ({period.timezone})"
    yield _records_note(books, quality)
    if shares := spend_by_basis(quality, books.request.basis):
        told = [f"{share:.1%} {words}" for words, share in shares.items()]
        yield f"Cost basis {books.request.basis}: {', '.join(told)}"
    if (quality.unpriced_requests or quality.unpriced_tokens) and not quality.unpriced_models:  # else a finding says it
        lost = f"{counted(quality.unpriced_requests, 'request')}, {counted(quality.unpriced_tokens, 'token')}"
        yield f"Unpriced, not in any amount: {lost}"
    if quality.unattributed_share:
        before = ", before shared cost is spread" if spread else ""
        yield f"Without a team{before}: {quality.unattributed_share:.1%} of spend"
    book = books.price_book or books.stated_prices
    if book is not None:
        yield f"Prices: catalogue {book.version}, checked {book.checked}"


def spend_by_basis(quality: Quality, basis: str) -> dict[str, float]:
    """Return the share of spend that came from each cost column, the columns in words; empty without spend."""
    if not quality.spend:
        return {}
    words = {"reported": "as the sources report it", "effective": "priced by us (effective)", "list": "at list price"}
    split = quality.basis_split(basis)
    return {words[name]: float(amount / quality.spend) for name, amount in split.items() if amount}


def _records_note(books: Books, quality: Quality) -> str:
    files = len(books.inputs)
    sources = sorted({i.source for i in books.inputs})
    told = ", ".join(sources) if len(sources) <= _SOURCES_SHOWN else f"{len(sources)} formats"
    duplicates = (
        "duplicates not checked" if books.duplicates is None else f"{counted(books.duplicates, 'duplicate')} dropped"
    )
    aside = sum(int(entry["records"]) for entry in books.set_aside_summary)
    parts = [f"{counted(quality.records, 'record')} of {counted(files, 'file')} ({told})", duplicates]
    if books.bad_lines:
        parts.append(f"{counted(books.bad_lines, 'bad line')} set aside")
    if aside:
        parts.append(f"{counted(aside, 'record')} of the same traffic set aside")
    return "; ".join(parts)


def _coverage_findings(quality: Quality, books: Books) -> Iterator[Finding]:
    if quality.unpriced_models:
        yield _unpriced(quality, books)
    if books.unconverted:
        yield Finding(
            Severity.WARNING,
            "unconverted",
            f"{counted(books.unconverted, 'record is', 'records are')} billed in a currency without a rate to "
            f"{books.request.currency}: what was billed for them is in no amount",
            "Add [[exchange-rate]] tables to the configuration.",
        )
    if books.day_buckets and books.request.timezone != "UTC":
        yield Finding(
            Severity.INFO,
            "utc_day_buckets",
            f"Records of a day or longer keep their UTC calendar date in {books.request.timezone}: "
            "their hours are not known",
        )


def _unpriced(quality: Quality, books: Books) -> Finding:
    reasons = _reasons(quality, books)
    shown = [f"{name} ({reasons[name]})" if name in reasons else name for name in quality.unpriced_models[:_SHOWN]]
    left = len(quality.unpriced_models) - len(shown)
    more = f" and {counted(left, 'more model')}" if left else ""
    hint = (
        "The sources report no cost for them; --cost-basis auto prices them."
        if books.request.basis == "reported"
        else "Add prices with --prices DIR, name deployments in the configuration, or see `finopsctl pricing list`."
    )
    return Finding(
        Severity.WARNING,
        "unpriced",
        f"{counted(quality.unpriced_requests, 'request')} and {counted(quality.unpriced_tokens, 'token')} "
        f"have no price and are in no amount: {', '.join(shown)}{more}",
        hint,
        {"models": list(quality.unpriced_models), "reasons": reasons},
    )


def _reasons(quality: Quality, books: Books) -> Mapping[str, str]:
    """Return why each model has no price, of several reasons the one that concerns most requests."""
    if books.price_problems is None or books.request.basis == "reported":
        return {}
    named = books.price_problems.with_columns(pl.col("model").fill_null(_NO_MODEL)).unique(
        "model", keep="first", maintain_order=True
    )
    reasons = dict(named.select("model", "reason").iter_rows())
    return {name: reasons[name] for name in quality.unpriced_models if name in reasons}
