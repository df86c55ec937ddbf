"""What changed, in words: the headline of a bridge, the reason of each effect, and what the figures cannot tell.

A reason names the one group or model that moved an effect most, with the figure before and after.
"""

from __future__ import annotations

from decimal import Decimal
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

import polars as pl

from finopsctl.analyses.variance.cells import CLASSES, INPUTS, MODEL, PROVIDER, TIER
from finopsctl.analyses.variance.effects import EFFECTS
from finopsctl.analyses.variance.factors import DRIVER, column
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.wording import counted, money, some_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from finopsctl.analyses.variance.question import BridgeQuestion, Periods
    from finopsctl.metrics.dimensions import Dimension
    from finopsctl.metrics.quality import Quality

_NAMED = 3  # new and retired models named in a reason
_SCOPED = 3  # models named that a figure is of
_STANDARD = "standard"
_UNKNOWN = "(unknown)"


def headline(rows: pl.DataFrame, totals: Mapping[str, Any], effects: pl.DataFrame, question: BridgeQuestion) -> str:
    """Say by how much spend changed, whose changed most, and name the largest effect with its reason."""
    periods, currency = question.periods, question.currency
    change = totals["change"]
    is_span = any(" to " in label for label in (periods.baseline, periods.actual))
    span = f" from {periods.baseline} to {periods.actual}"
    if is_span:
        span = f", {periods.actual} against {periods.baseline}"
    if not change and effects.is_empty():
        return f"Spend is unchanged{span}: {money(totals['actual'], currency)}."
    rate = f" ({_percent(change / abs(totals['baseline']))})" if totals["baseline"] else ""
    verb = "rose" if change > 0 else "fell"
    moved = f"Spend {verb} {money(abs(change), currency)}{rate}{span}" if change else f"Spend is unchanged{span}"
    top = effects.row(0, named=True)
    reason = f", {top['reason']}" if top["reason"] else ""
    moved += _leader(rows, question)
    return f"{moved}; the largest effect is {top['title'].lower()}: {_signed(top['amount'], currency)}{reason}."


def _leader(rows: pl.DataFrame, question: BridgeQuestion) -> str:
    if not question.by or rows.height < 2:
        return ""
    first = rows.row(0, named=True)
    name = " / ".join(d.null_label if first[d.name] is None else str(first[d.name]) for d in question.by)
    return f", most at {name} ({_signed(first['change'], question.currency)})"


def reasons(
    cells: pl.DataFrame, effects: Sequence[str], by: Sequence[Dimension], periods: Periods, currency: str
) -> dict[str, str]:
    """Return what changed behind each effect.

    Args:
        cells: Of :func:`finopsctl.analyses.variance.factors.split`.
        effects: The names of the effects to explain.
        by: The dimensions groups are told apart by.
        periods: Their days.
        currency: ISO 4217 code.
    """
    return {name: _reason(name, cells, by, periods, currency) for name in effects}


def findings(cells: pl.DataFrame, baseline: Quality, periods: Periods, currency: str) -> tuple[Finding, ...]:
    """Return what the bridge cannot tell or takes for granted."""
    found = [*_unknown(cells), *_by_tokens(cells, currency)]
    if periods.days[0] != periods.days[1] and all(periods.days) and not cells[column("days")].sum():
        found.append(_lengths(periods))  # else the effect says it
    if baseline.unpriced_models:
        message = (
            f"{counted(baseline.unpriced_requests, 'request')} and {counted(baseline.unpriced_tokens, 'token')} of "
            f"{periods.baseline} have no price and are in no amount: {', '.join(baseline.unpriced_models[:5])}"
        )
        evidence = {"models": list(baseline.unpriced_models)}
        found.append(Finding(Severity.WARNING, "baseline_unpriced", message, evidence=evidence))
    return tuple(found)


def _reason(name: str, cells: pl.DataFrame, by: Sequence[Dimension], periods: Periods, currency: str) -> str:
    models = {PROVIDER: _UNKNOWN, MODEL: _UNKNOWN}
    told = {
        "days": lambda: f"{periods.days[0]} -> {counted(periods.days[1], 'day')}",
        "volume": lambda: _volume(cells, periods),
        "mix": lambda: _share(cells, name, {d.name: d.null_label for d in by}),
        "model_mix": lambda: _share(cells, name, models),
        "new_models": lambda: _named_models(cells, name, currency),
        "retired_models": lambda: _named_models(cells, name, currency),
        "other_charges": lambda: _charges(cells, currency),
    }
    return told[name]() if name in told else _of_model(cells, name, by)


def _volume(cells: pl.DataFrame, periods: Periods) -> str:
    """Say how many requests a day there are, or tokens where those moved more money."""
    drivers = (
        cells.filter(pl.col(DRIVER).is_not_null())
        .group_by(DRIVER)
        .agg(pl.col("count_0").sum(), pl.col("count_1").sum(), effect=pl.col(column("volume")).sum().abs())
    )
    row = drivers.sort("effect", DRIVER, descending=[True, False]).row(0, named=True)
    counts = [row[f"count_{at}"] / (days or 1) for at, days in enumerate(periods.told_apart)]
    a_day = " a day" if periods.told_apart != (1, 1) else ""
    change = f" ({_percent(counts[1] / counts[0] - 1)})" if counts[0] else ""
    both = " of models used in both periods" if cells["is_new"].any() or cells["is_retired"].any() else ""
    if drivers.height > 1:
        both = f" of {_models_of(cells, row[DRIVER])}"
    return f"{_pair(*counts)} {row[DRIVER]}{a_day}{both}{change}"


def _models_of(cells: pl.DataFrame, driver: str) -> str:
    """Name the models that are counted by ``driver``, those with most of it first."""
    keys = [PROVIDER, MODEL]
    sums = cells.filter(pl.col(DRIVER) == driver).group_by(keys).agg(pl.col("count_0", "count_1").sum())
    ordered = sums.sort(pl.col("count_0") + pl.col("count_1"), *keys, descending=[True, False, False])
    names = [_model(cells, row) for row in ordered.iter_rows(named=True)]
    left = len(names) - _SCOPED
    return ", ".join(names[:_SCOPED]) + (f" and {left} more" if left > 0 else "")


def _share(cells: pl.DataFrame, name: str, keys: Mapping[str, str]) -> str:
    """Say whose share moved the effect most; ``keys`` says what unknown values are called.

    The share is that of all usage, as a reader finds it elsewhere, where it moved the way the effect did; else that of
    the models which told the effect.
    """
    row = _most(cells.group_by([*keys], maintain_order=True).agg(effect=pl.col(column(name)).sum()))
    is_its = pl.all_horizontal(pl.col(key).eq_missing(pl.lit(row[key], dtype=pl.String)) for key in keys)
    values = [unknown if row[key] is None else str(row[key]) for key, unknown in keys.items()]
    who = _model(cells, row) if PROVIDER in keys else "/".join(values)
    for unit, counts, scope in _countings(cells, is_its, name):
        sums = counts.group_by(is_its.alias("is_its")).agg(pl.col("used_0", "used_1").sum())
        its = sums.filter("is_its")
        shares = [_over(int(its[f"used_{side}"].sum()), int(sums[f"used_{side}"].sum())) for side in "01"]
        if (shares[1] - shares[0]) * row["effect"] > 0:
            return f"{who} {_percents(*shares)} of {unit}{scope}"
    return who


def _countings(cells: pl.DataFrame, is_its: pl.Expr, name: str) -> Iterator[tuple[str, pl.DataFrame, str]]:
    """Yield what usage can be counted by: all of it, then the models by which the effect is told most."""
    without_requests = cells.filter((pl.col("uncounted_0") > 0) | (pl.col("uncounted_1") > 0))
    unit = "tokens" if without_requests.height else "requests"
    tokens = {side: reduce(add, (pl.col(f"tokens_{name}_{side}") for name in CLASSES)) for side in "01"}
    used = {side: tokens[side] if unit == "tokens" else pl.col(f"requests_{side}") for side in "01"}
    yield unit, cells.with_columns(used[side].alias(f"used_{side}") for side in "01"), ""
    told = cells.filter(is_its & pl.col(DRIVER).is_not_null()).group_by(DRIVER).agg(effect=pl.col(column(name)).sum())
    if told.height:
        driver = told.sort(pl.col("effect").abs(), DRIVER, descending=[True, False])[DRIVER][0]
        counted_by = cells.filter(pl.col(DRIVER) == driver)
        counts = counted_by.with_columns(pl.col(f"count_{side}").alias(f"used_{side}") for side in "01")
        yield driver, counts, f" of {_models_of(cells, driver)}"


def _model(cells: pl.DataFrame, row: Mapping[str, Any]) -> str:
    """Return a model's name, with its provider where two serve it and the name alone would not say which is meant."""
    model = _UNKNOWN if row[MODEL] is None else str(row[MODEL])
    is_sold_twice = cells.filter(pl.col(MODEL).eq_missing(pl.lit(row[MODEL], dtype=pl.String)))[PROVIDER].n_unique() > 1
    return f"{row[PROVIDER] or _UNKNOWN}/{model}" if is_sold_twice else model


def _named_models(cells: pl.DataFrame, name: str, currency: str) -> str:
    models = cells.group_by(MODEL).agg(effect=pl.col(column(name)).sum()).filter(pl.col("effect") != 0)
    ordered = models.sort(pl.col("effect").abs(), MODEL, descending=[True, False])
    shown = [f"{model} {money(Decimal(abs(effect)), currency)}" for model, effect in ordered.head(_NAMED).iter_rows()]
    left = ordered.height - len(shown)
    return ", ".join(shown) + (f" and {left} more" if left else "")


def _charges(cells: pl.DataFrame, currency: str) -> str:
    known = cells.filter(~pl.col("is_new") & ~pl.col("is_retired"))
    amounts = [Decimal(known[f"charges_{side}"].sum()) for side in "01"]
    if amounts[0] == amounts[1]:
        return "fees per use, and cost without counted usage"
    return f"charges that are not token usage {money(amounts[0], currency)} -> {money(amounts[1], currency)}"


def _of_model(cells: pl.DataFrame, name: str, by: Sequence[Dimension]) -> str:
    """Say how the figure changed of the model, at one group where there are groups, that moved the effect most."""
    counts = [f"{n}_{side}" for n in (*_SUMS, *(f"tokens_{c}" for c in CLASSES)) for side in "01"]
    counted_cells = cells.filter(pl.col(DRIVER).is_not_null()).with_columns(
        pl.when(pl.col(TIER) != _STANDARD).then(f"count_{side}").otherwise(0).alias(f"special_{side}") for side in "01"
    )
    keys = [d.name for d in by]
    models = counted_cells.group_by([DRIVER, PROVIDER, MODEL, *keys], maintain_order=True).agg(
        pl.col(*counts, "special_0", "special_1").sum(),
        effect=pl.col(column(name)).sum(),
        price_level=_price_level(),
    )
    row = _most(models)
    group = " / ".join(d.null_label if row[d.name] is None else str(row[d.name]) for d in by)
    return f"{_model(cells, row)}{f' at {group}' if by else ''}: {_figure(name, row)}"


_SUMS = ("count", "attempts", "reads", "writes", "hits", "hits_of", "retries", "retries_of")


def _price_level() -> pl.Expr:
    """Return by how much prices rose for the same usage: the mean of the usage before and after (Fisher's index)."""
    old, new = (_at_prices("0", side).sum() for side in "01"), (_at_prices("1", side).sum() for side in "01")
    (old_at_old, old_at_new), (new_at_old, new_at_new) = old, new
    rise = (new_at_new / new_at_old) * (old_at_new / old_at_old)
    return pl.when(rise.is_finite() & (rise > 0)).then(rise.sqrt() - 1)


def _at_prices(usage: str, prices: str) -> pl.Expr:
    """Return what the tokens of one period cost at the prices of one."""
    classes = (pl.col(f"tokens_{name}_{usage}") * pl.col(f"price_{name}_{prices}") for name in CLASSES)
    whole = pl.col(f"attempts_{usage}") * pl.col(f"whole_{prices}")
    return pl.when("has_no_tokens").then(whole).otherwise(reduce(add, classes))


def _figure(name: str, row: Mapping[str, Any]) -> str:
    read, written = ([_tokens(row, names, side) for side in "01"] for names in (INPUTS, ("output",)))

    def rate(top: str, bottom: str) -> str:
        return _percents(*(_over(row[f"{top}_{side}"], row[f"{bottom}_{side}"]) for side in "01"))

    def each(tokens: Sequence[int], kind: str, requests: str) -> str:
        figures = [_over(count, row[f"{requests}_{side}"]) for count, side in zip(tokens, "01", strict=True)]
        if row[DRIVER] == "tokens":
            return f"{_percents(*figures)} of tokens are {kind}"
        return f"{_pair(*figures)} {kind} tokens a request"

    told = {
        "context": lambda: each(read, "input", "reads"),
        "verbosity": lambda: each(written, "output", "writes"),
        "prompt_cache": lambda: f"{_percents(*_cached(row, read))} of input read from the prompt cache",
        "response_cache": lambda: f"{rate('hits', 'hits_of')} of requests served from the response cache",
        "retries": lambda: f"{rate('retries', 'retries_of')} retries per request",
        "service_tier": lambda: f"{rate('special', 'count')} of {row[DRIVER]} in a service tier other than standard",
        "price": lambda: _level(row["price_level"]),
    }
    return told[name]()


def _level(rise: float | None) -> str:
    return "prices of another sign" if rise is None else f"{_percent(rise)} for the same usage"


def _cached(row: Mapping[str, Any], read: Sequence[int]) -> list[float]:
    return [_over(row[f"tokens_cache_read_{side}"], count) for side, count in zip("01", read, strict=True)]


def _tokens(row: Mapping[str, Any], names: Sequence[str], side: str) -> int:
    return sum(int(row[f"tokens_{name}_{side}"]) for name in names)


def _over(top: float, bottom: float) -> float:
    return top / bottom if bottom else 0.0


def _most(rows: pl.DataFrame) -> Mapping[str, Any]:
    """Return the row that moved most in the direction of the whole effect."""
    sign = 1 if float(rows["effect"].sum()) >= 0 else -1
    at = (rows["effect"] * sign).arg_max()
    return rows.row(at or 0, named=True)


def _unknown(cells: pl.DataFrame) -> list[Finding]:
    """Name the effects that no cell of both periods could tell."""
    by_requests = cells.filter(pl.col(DRIVER) == "requests")
    usage = cells.filter(pl.col(DRIVER).is_not_null())
    known = {
        "context": _told(usage, "knows_input"),
        "verbosity": _told(usage, "knows_output"),
        "prompt_cache": _told(usage, "knows_cache_read"),
        "response_cache": _told(by_requests, "hits_of"),
        "retries": _told(by_requests, "retries_of"),
    }
    lost = [effect for effect in EFFECTS if effect.name in known and not known[effect.name]]
    if usage.is_empty() or not lost:
        return []
    what = ", ".join(effect.unknown for effect in lost)
    titles = ", ".join(effect.title.lower() for effect in lost)
    message = (
        f"Not known of both periods: {what}. So these effects cannot be told and are 0: {titles}. "
        "What they may have changed is part of the other effects."
    )
    return [Finding(Severity.INFO, "effects_unknown", message, evidence={"effects": [e.name for e in lost]})]


def _told(cells: pl.DataFrame, name: str) -> bool:
    return all(bool((cells[f"{name}_{side}"] > 0).any()) for side in "01")


def _by_tokens(cells: pl.DataFrame, currency: str) -> list[Finding]:
    rows = cells.filter(pl.col(DRIVER) == "tokens")
    spend = sum((Decimal(rows[f"cost_{side}"].sum()) for side in "01"), Decimal(0))
    if not spend:
        return []
    models = sorted({model or "(unknown)" for model in rows[MODEL]})
    message = (
        f"Requests are not counted in both periods for {money(spend, currency)} of spend ({some_of(models)}): its "
        "volume is that of tokens, context and verbosity the shares of input and output."
    )
    return [Finding(Severity.INFO, "volume_by_tokens", message, evidence={"models": models, "spend": spend})]


def _lengths(periods: Periods) -> Finding:
    old, new = periods.days
    message = (
        f"{periods.actual} has {counted(abs(new - old), 'day')} {'more' if new > old else 'fewer'} than "
        f"{periods.baseline}, {abs(new - old) / old:,.1%} of it; nothing here is told by the day."
    )
    return Finding(Severity.INFO, "unequal_periods", message, evidence={"baseline_days": old, "actual_days": new})


def _signed(amount: Decimal, currency: str) -> str:
    words = money(amount, currency)
    return f"+{words}" if amount > 0 and not words.startswith("less") else words


def _percent(change: float | Decimal) -> str:
    rate = float(change)
    return f"{rate:+.1%}" if abs(rate) < 10 else f"{rate:+,.0%}"


def _percents(old: float, new: float) -> str:
    digits = 1 if abs(new - old) >= 0.001 else 2
    return f"{old:.{digits}%} -> {new:.{digits}%}"


def _pair(old: float, new: float) -> str:
    """Return two numbers with digits enough to tell them apart."""
    digits = 0 if min(old, new) >= 100 or (old.is_integer() and new.is_integer()) else 1
    while digits < 6 and old != new and f"{old:.{digits}f}" == f"{new:.{digits}f}":
        digits += 1
    return f"{old:,.{digits}f} -> {new:,.{digits}f}"
