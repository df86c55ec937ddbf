"""What a reader of a forecast must know: short histories, few errors, missing days, spend that is not in it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from finopsctl.ledger.period import midnight
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.wording import counted, money, some_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from finopsctl.analyses.forecast.daily import DailySpend
    from finopsctl.analyses.forecast.horizon import Horizon
    from finopsctl.analyses.forecast.parts import Part
    from finopsctl.analyses.forecast.projection import ForecastQuestion

_SHORT = 14
_FEW = 20
_BREAK = 1.5
_WEEK = 7


def doubts_of(
    question: ForecastQuestion, daily: DailySpend, horizon: Horizon, fleet: Part, parts: Sequence[Part]
) -> tuple[Finding, ...]:
    """Return what is doubtful about a forecast."""
    return (
        *_begins_late(fleet, horizon),
        *_history(fleet, horizon),
        *_silent_days(daily, fleet, horizon),
        *_parts(question, parts),
        *_unpriced(daily),
        *_spread(daily, question.currency),
        *_begun_day(question, horizon),
        *_break(fleet),
    )


def _begins_late(fleet: Part, horizon: Horizon) -> Iterator[Finding]:
    """Say when the horizon's first days lie before the data: they are not known, and not in the total."""
    first = fleet.series.first_day
    if fleet.outlook.known and first > horizon.first_day:
        message = (
            f"The inputs begin on {first}: what was spent from {horizon.first_day} until then is not known, and not in "
            "the total."
        )
        hint = "Add the earlier logs or exports."
        yield Finding(Severity.WARNING, "begins_late", message, hint, {"first_day": first.isoformat()})


def _history(fleet: Part, horizon: Horizon) -> Iterator[Finding]:
    days, outlook = fleet.outlook.history, fleet.outlook
    if 0 < days < _SHORT:
        yield Finding(
            Severity.WARNING,
            "short_history",
            f"{counted(days, 'day')} of history are too few for a weekday profile: their mean is continued"
            if days > 1
            else "One day of history: it is continued as it is",
            "Give more files, or widen the period.",
            {"days": days},
        )
    evidence = {"errors": outlook.errors, "independent": round(outlook.independent_errors, 2)}
    if days and not outlook.has_interval:
        message = "There is no interval: too few past days to see how far off such a forecast may be."
        yield Finding(Severity.WARNING, "few_errors", message, "", evidence)
    elif days and outlook.independent_errors < _FEW:
        message = (
            f"The interval rests on {counted(outlook.errors, 'back-test error')}, which overlap and are worth about "
            f"{outlook.independent_errors:.0f} independent; it is widened for that."
        )
        yield Finding(Severity.INFO, "few_errors", message, "", evidence)
    if days and horizon.ahead > days:
        message = f"The forecast reaches {counted(horizon.ahead, 'day')} ahead on {counted(days, 'day')} of history."
        yield Finding(Severity.WARNING, "far_horizon", message, "", {"ahead": horizon.ahead, "history": days})


def _silent_days(daily: DailySpend, fleet: Part, horizon: Horizon) -> Iterator[Finding]:
    seen = set(daily.amounts["day"].to_list())
    first, last = min(seen), max(seen)
    middle = [d for at in range((last - first).days) if (d := first + timedelta(days=at)) not in seen]
    if middle and fleet.outlook.known:
        named = some_of(middle)
        yield Finding(
            Severity.WARNING,
            "days_without_records",
            f"{counted(len(middle), 'day')} without any record {'counts' if len(middle) == 1 else 'count'} as days "
            f"without spend: {named}",
            "If their logs are missing, the forecast is too low: add them.",
            {"days": [str(day) for day in middle]},
        )
    silent = (horizon.origin - last).days - 1
    if silent > 0:
        yield Finding(
            Severity.WARNING,
            "days_without_records",
            f"No record on the last {counted(silent, 'day')} before {horizon.origin}, taken as without spend",
            "Choose --as-of or --until at the end of the data if it has not arrived yet.",
            {"days": [str(last + timedelta(days=at + 1)) for at in range(silent)]},
        )


def _parts(question: ForecastQuestion, parts: Sequence[Part]) -> Iterator[Finding]:
    if not parts:
        return
    yield Finding(
        Severity.INFO,
        "intervals_do_not_add_up",
        "P10 and P90 of the parts do not add up to the whole's: parts are not all low or all high together.",
    )
    for part in parts:
        name = _name(question, part)
        days = part.outlook.history
        if days < _SHORT and not part.pooled:
            message = f"{name} has {counted(days, 'day')} of history: its mean is continued"
            yield Finding(
                Severity.INFO,
                "short_history",
                message,
                "",
                {"part": list(part.key[: len(question.by)]), "days": days},
                name,
                "Fewer than two weeks of history, so the mean is continued: {}",
            )
        elif not any(part.series.values[-_SHORT:]):
            yield Finding(
                Severity.INFO,
                "no_recent_spend",
                f"{name} has spent nothing for two weeks",
                "",
                {"part": list(part.key[: len(question.by)])},
                name,
                "Nothing spent for two weeks: {}",
            )
    pooled = sum(part.pooled for part in parts)
    if pooled:
        message = f"The {pooled} smallest parts share one forecast and have no interval of their own."
        yield Finding(Severity.INFO, "pooled_parts", message, "", {"parts": pooled})


def _name(question: ForecastQuestion, part: Part) -> str:
    if part.key[-1]:
        return "(other)"
    pairs = zip(question.by, part.key, strict=False)
    return " / ".join(d.null_label if value is None else str(value) for d, value in pairs)


def _unpriced(daily: DailySpend) -> Iterator[Finding]:
    quality = daily.quality
    if quality.unpriced_models:
        message = (
            f"Unpriced usage is not in the forecast: {counted(quality.unpriced_requests, 'request')} and "
            f"{counted(quality.unpriced_tokens, 'token')} so far."
        )
        yield Finding(Severity.WARNING, "unpriced_not_forecast", message)


def _spread(daily: DailySpend, currency: str) -> Iterator[Finding]:
    amount = daily.spread.sum()
    if amount:
        message = f"{money(Decimal(amount), currency)} came in records of several days and is spread over them evenly."
        yield Finding(Severity.INFO, "spread_over_days", message, "", {"spend": Decimal(amount)})


def _begun_day(question: ForecastQuestion, horizon: Horizon) -> Iterator[Finding]:
    if midnight(horizon.origin, question.timezone) != question.as_of:
        message = f"{horizon.origin} is not over: what it has spent is in the amount so far, its end is forecast."
        yield Finding(Severity.INFO, "begun_day", message)


def _break(fleet: Part) -> Iterator[Finding]:
    values = fleet.series.values
    if len(values) < 5 * _WEEK:
        return
    now, before = sum(values[-_WEEK:]) / _WEEK, sum(values[-5 * _WEEK : -_WEEK]) / (4 * _WEEK)
    if before <= 0 or 1 / _BREAK < now / before < _BREAK:
        return
    change = now / before - 1
    message = (
        f"The last 7 days cost {abs(change):.0%} {'more' if change > 0 else 'less'} a day than the 4 weeks before; the "
        "forecast follows most of that change, and nobody knows yet whether it lasts."
    )
    yield Finding(Severity.WARNING, "level_shift", message, "", {"change": change})
