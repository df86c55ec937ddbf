"""What usage costs as a sum of products, and what each factor of them changes.

Per cell (a group's use of one model of one provider in one service tier):

    cost = days x volume x mix x model mix x service tier x response cache x retries
           x (sum over kinds of input of context x share of the kind x its price
              + verbosity x price of output + fees)

with volume = requests a day of all groups, mix = the group's share of them, model mix = the model's share of the
group's, service tier = the tier's share of the model's, response cache = 1 - hit rate, retries = 1 + weight x retries
per request, context and verbosity = input and output tokens of a request without what its retries added (see
``_with_unit_costs``). Where requests are not counted, tokens stand for them. A factor that only one period tells did
not change: the other period takes it over.
"""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from finopsctl.analyses.variance.cells import CELL, CLASSES, INPUTS, MODEL, PROVIDER
from finopsctl.analyses.variance.effects import FACTORS
from finopsctl.analyses.variance.shapley import shapley

if TYPE_CHECKING:
    from collections.abc import Sequence

    from finopsctl.analyses.variance.cells import RetryWeights

DRIVER = "driver"
"""What a provider's model is counted by in both periods: ``requests``, ``tokens``, or null: it is just money."""

_FLOAT = pl.Float64
_COUNTS = ("requests", "hits", "hits_of", "retries", "retries_of", *(f"tokens_{name}" for name in CLASSES))
_NONE, _BOTH = pl.lit(1.0), ("0", "1")
_SHARED = ("days", "volume", "mix", "model_mix", "service_tier", "response_cache", "retries")


def paired(old: pl.DataFrame, new: pl.DataFrame, dims: Sequence[str], days: tuple[int, int]) -> pl.DataFrame:
    """Lay the cells of two periods side by side, with every factor of what they cost.

    Args:
        old: Cells of the baseline.
        new: Cells of the actual period.
        dims: The dimensions groups are told apart by.
        days: How many days each period has; equal where days are not to be told from volume.

    Returns:
        The keys, in their order; the columns of both, ``_0`` and ``_1``; ``is_new``, ``is_retired``; ``driver``;
        ``count_*`` (the driver); the factors by name and period.
    """
    keys = [*dims, *CELL]
    sides = [
        cells.rename({name: f"{name}_{side}" for name in cells.columns if name not in keys})
        for side, cells in zip(_BOTH, (old, new), strict=True)
    ]
    both = sides[0].join(sides[1], on=keys, how="full", nulls_equal=True, coalesce=True).sort(keys, nulls_last=True)
    numbers = [name for name in both.columns if name not in keys]
    known = _with_driver(both.with_columns(pl.col(numbers).fill_null(0)))
    return _with_rates(_with_shares(known, dims, days))


def split(cells: pl.DataFrame, retry: RetryWeights) -> pl.DataFrame:
    """Return ``cells`` with one column per effect (float), which add up to what each changed by.

    Args:
        cells: Of :func:`paired`.
        retry: What a retry costs, and how many tokens it takes, in requests.
    """
    cells = _with_unit_costs(cells, retry)
    terms = np.stack([_factors(cells, side) for side in _BOTH])
    values = shapley(terms[0].reshape(-1, len(FACTORS)), terms[1].reshape(-1, len(FACTORS)))
    effects = values.reshape(terms.shape[1:]).sum(axis=0)
    known = cells.with_columns(pl.Series(column(name), effects[:, at]) for at, name in enumerate(FACTORS))
    return known.with_columns(_whole_costs())


def column(effect: str) -> str:
    """Return the column of :func:`split` that holds an effect; a dimension may be called like one."""
    return f"effect_{effect}"


def _with_driver(both: pl.DataFrame) -> pl.DataFrame:
    """Tell models of one side only, and count what both sides count."""
    uses = [
        reduce(add, (pl.col(f"{name}_{side}") for name in ("requests", *(f"tokens_{c}" for c in CLASSES))))
        for side in _BOTH
    ]
    there = [
        ((use > 0) | (pl.col(f"cost_{side}") != 0) | (pl.col(f"charges_{side}") != 0)).any().over(MODEL)
        for use, side in zip(uses, _BOTH, strict=True)
    ]
    named = pl.col(MODEL).is_not_null()
    marked = both.with_columns(is_new=named & ~there[0] & there[1], is_retired=named & there[0] & ~there[1])
    by_requests = [_all_counted(side) for side in _BOTH]
    by_tokens = [_has_tokens(side) for side in _BOTH]
    driver = (
        pl.when(pl.col("is_new") | pl.col("is_retired"))
        .then(None)
        .when(by_requests[0] & by_requests[1])
        .then(pl.lit("requests"))
        .when(by_tokens[0] & by_tokens[1])
        .then(pl.lit("tokens"))
    )
    return marked.with_columns(driver.alias(DRIVER)).with_columns(_count(side) for side in _BOTH)


def _of_model(expr: pl.Expr) -> pl.Expr:
    return expr.sum().over(PROVIDER, MODEL)


def _no_cost(side: str) -> pl.Expr:
    return _of_model((pl.col(f"cost_{side}") != 0).cast(pl.Int64)) == 0


def _all_counted(side: str) -> pl.Expr:
    """Tell whether a model's usage counts its requests; one that costs nothing has nothing to count."""
    counted = (_of_model(pl.col(f"uncounted_{side}")) == 0) & (_of_model(pl.col(f"requests_{side}")) > 0)
    return counted | ((_of_model(pl.col(f"uncounted_{side}")) == 0) & _no_cost(side))


def _has_tokens(side: str) -> pl.Expr:
    return (_of_model(_tokens(side)) > 0) | _no_cost(side)


def _tokens(side: str, names: Sequence[str] = CLASSES) -> pl.Expr:
    return reduce(add, (pl.col(f"tokens_{name}_{side}") for name in names))


def _count(side: str) -> pl.Expr:
    counted = pl.when(pl.col(DRIVER) == "requests").then(f"requests_{side}")
    return counted.when(pl.col(DRIVER) == "tokens").then(_tokens(side)).otherwise(0).alias(f"count_{side}")


def _ratio(top: pl.Expr, bottom: pl.Expr) -> pl.Expr:
    return pl.when(bottom != 0).then(top.cast(_FLOAT) / bottom.cast(_FLOAT))


def _both_known(frame: pl.DataFrame, *names: str, missing: float = 0.0) -> pl.DataFrame:
    """Let a period take over what only the other one tells."""
    return frame.with_columns(
        pl.coalesce(f"{name}_{side}", f"{name}_{other}", pl.lit(missing)).alias(f"{name}_{side}")
        for name in names
        for side, other in (("0", "1"), ("1", "0"))
    )


def _with_shares(cells: pl.DataFrame, dims: Sequence[str], days: tuple[int, int]) -> pl.DataFrame:
    group, model = [DRIVER, *dims], [DRIVER, *dims, PROVIDER, MODEL]
    lengths = days if all(days) else (1, 1)
    shares = []
    for side, length in zip(_BOTH, lengths, strict=True):
        count = pl.col(f"count_{side}")
        shares += [
            pl.lit(float(length)).alias(f"days_{side}"),
            (count.sum().over(DRIVER).cast(_FLOAT) / length).alias(f"volume_{side}"),
            _ratio(count.sum().over(group), count.sum().over(DRIVER)).alias(f"mix_{side}"),
            _ratio(count.sum().over(model), count.sum().over(group)).alias(f"model_mix_{side}"),
            _ratio(count, count.sum().over(model)).alias(f"service_tier_{side}"),
        ]
    return _both_known(cells.with_columns(shares), "mix", "model_mix", "service_tier")


def _with_rates(cells: pl.DataFrame) -> pl.DataFrame:
    """Add the hit rate and the retries per request, of the requests that know them."""
    by_requests = pl.col(DRIVER) == "requests"
    rates = [
        pl.when(by_requests).then(_ratio(pl.col(f"{name}_{side}"), pl.col(f"{name}_of_{side}"))).alias(f"{rate}_{side}")
        for side in _BOTH
        for name, rate in (("hits", "hit_rate"), ("retries", "retry_rate"))
    ]
    return _both_known(cells.with_columns(rates), "hit_rate", "retry_rate")


def _with_unit_costs(cells: pl.DataFrame, retry: RetryWeights) -> pl.DataFrame:
    """Add what a request takes and what each kind of token costs, both without what retries add.

    Retries multiply the cost. They multiply tokens only as far as requests with retries have more of them; where their
    cost is in the log and their tokens are not, the price of the tokens logged is taken down by as much.
    """
    for side in _BOTH:
        factors = {
            name: 1 + weight * pl.col(f"retry_rate_{side}")
            for name, weight in (("retries", retry.cost), ("reading", retry.read), ("writing", retry.written))
        }
        sent = pl.col(f"count_{side}") * pl.col(f"response_cache_{side}")
        cells = cells.with_columns((1 - pl.col(f"hit_rate_{side}")).alias(f"response_cache_{side}")).with_columns(
            factors["retries"].alias(f"retries_{side}_factor"),
            (sent * factors["retries"]).alias(f"attempts_{side}"),
            (sent * factors["reading"]).alias(f"reads_{side}"),
            (sent * factors["writing"]).alias(f"writes_{side}"),
        )
        attempts, read = pl.col(f"attempts_{side}"), _tokens(side, INPUTS)
        again = {name: factors["writing" if name == "output" else "reading"] / factors["retries"] for name in CLASSES}
        cells = cells.with_columns(
            _ratio(read, pl.col(f"reads_{side}")).alias(f"context_{side}"),
            _ratio(pl.col(f"tokens_output_{side}"), pl.col(f"writes_{side}")).alias(f"verbosity_{side}"),
            _ratio(pl.col(f"fees_{side}"), attempts).alias(f"fee_{side}"),
            _ratio(pl.col(f"cost_{side}"), attempts).alias(f"whole_{side}"),
            *(_ratio(pl.col(f"tokens_{name}_{side}"), read).alias(f"share_{name}_{side}") for name in INPUTS),
            *(
                (_ratio(pl.col(f"money_{name}_{side}"), pl.col(f"tokens_{name}_{side}")) * again[name]).alias(
                    f"price_{name}_{side}"
                )
                for name in CLASSES
            ),
        )
    shares, prices = [f"share_{name}" for name in INPUTS], [f"price_{name}" for name in CLASSES]
    known = _both_known(cells, "context", "verbosity", "fee", "whole", *shares, *prices)
    return known.with_columns(has_no_tokens=reduce(add, (_costs_without_tokens(side) for side in _BOTH)) > 0)


def _costs_without_tokens(side: str) -> pl.Expr:
    """Tell requests that cost something and say nothing of tokens: all there is, is a price per request."""
    return ((_tokens(side) == 0) & (pl.col(f"cost_{side}") != 0) & (pl.col(f"attempts_{side}") != 0)).cast(pl.Int64)


def _factors(cells: pl.DataFrame, side: str) -> np.ndarray:
    """Return the factors of each term of each cell: (terms, cells, FACTORS); a term that is not there is 0."""
    whole = pl.col("has_no_tokens")
    terms = [
        *(
            {"context": f"context_{side}", "prompt_cache": f"share_{n}_{side}", "price": f"price_{n}_{side}"}
            for n in INPUTS
        ),
        {"verbosity": f"verbosity_{side}", "price": f"price_output_{side}"},
        {"other_charges": f"fee_{side}"},
    ]
    frames = [cells.select(_columns(term, side, ~whole)) for term in terms]
    frames.append(cells.select(_columns({"price": f"whole_{side}"}, side, whole)))
    return np.stack([frame.to_numpy() for frame in frames])


def _columns(term: dict[str, str], side: str, applies: pl.Expr) -> list[pl.Expr]:
    own = {name: f"{name}_{side}" for name in _SHARED} | {"retries": f"retries_{side}_factor"} | term
    factors = {name: pl.col(own[name]) if name in own else _NONE for name in FACTORS}
    factors["days"] = pl.when(applies & pl.col(DRIVER).is_not_null()).then(factors["days"]).otherwise(0.0)
    return [expr.cast(_FLOAT).alias(name) for name, expr in factors.items()]


def _whole_costs() -> list[pl.Expr]:
    """Return what no factor explains: models of one side only, other charges, and cost of what was not counted."""
    cost = [(pl.col(f"cost_{side}") + pl.col(f"charges_{side}")).cast(_FLOAT) for side in _BOTH]
    one_sided = pl.col("is_new") | pl.col("is_retired")
    left = [
        pl.col(f"charges_{side}").cast(_FLOAT)
        + pl.when(pl.col(DRIVER).is_null() | (pl.col(f"attempts_{side}") == 0))
        .then(pl.col(f"cost_{side}").cast(_FLOAT))
        .otherwise(0.0)
        for side in _BOTH
    ]
    other = pl.col(column("other_charges")) + left[1] - left[0]
    return [
        pl.when("is_new").then(cost[1] - cost[0]).otherwise(0.0).alias(column("new_models")),
        pl.when("is_retired").then(cost[1] - cost[0]).otherwise(0.0).alias(column("retired_models")),
        pl.when(one_sided).then(0.0).otherwise(other).alias(column("other_charges")),
    ]
