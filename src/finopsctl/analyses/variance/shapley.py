"""The fair split of a change in a product over its factors, whatever the order in which they changed.

The Shapley value of a factor is the mean, over all orders in which the factors could have changed one after another,
of what the product changes by when that factor does. For a product it is the integral along the straight line from the
old to the new factors (Owen, "Multilinear extensions of games", 1972):

    value_j = (new_j - old_j) x integral from 0 to 1 of product over i != j of (old_i + t x (new_i - old_i)) dt

The integrand is a polynomial in t, so Gauss-Legendre quadrature gives the integral exactly, in 6 evaluations for up to
12 factors, where the definition takes 2^12.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Matrix: TypeAlias = NDArray[np.float64]

_NOISE = 1e-12


def shapley(old: Matrix, new: Matrix) -> Matrix:
    """Return what each factor adds to the change of each product.

    Args:
        old: One row a product, one column a factor.
        new: The same factors afterwards. Differences of less than 1e-12 of a factor are rounding and count as none.

    Returns:
        One row a product, one column a factor; a row adds up to new product - old product, to float precision.
        Exchanging ``old`` and ``new`` gives exactly the negative.
    """
    old, new, sign = _towards(*_settled(old, new))
    nodes, weights = np.polynomial.legendre.leggauss((old.shape[1] + 1) // 2)
    total = np.zeros_like(old)
    for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        total += weight * _product_of_others(old + (new - old) * node)
    return np.asarray(total * (new - old) * sign[:, None])


def _settled(old: Matrix, new: Matrix) -> tuple[Matrix, Matrix]:
    """Take the noise of float division off: a factor that did not change is the same number in both."""
    same = np.abs(new - old) <= _NOISE * np.maximum(np.abs(new), np.abs(old))
    larger = np.maximum(new, old)
    return np.where(same, larger, old), np.where(same, larger, new)


def _towards(old: Matrix, new: Matrix) -> tuple[Matrix, Matrix, Matrix]:
    """Turn each row so that its first changed factor grows: both directions are then the same sum, to the last bit."""
    step = new - old
    first = np.take_along_axis(step, np.argmax(step != 0, axis=1)[:, None], axis=1)
    falls = first < 0
    return np.where(falls, new, old), np.where(falls, old, new), np.where(falls[:, 0], -1.0, 1.0)


def _product_of_others(values: Matrix) -> Matrix:
    """Return, for each column, the product of all other columns; without division, since factors may be 0."""
    ones = np.ones((values.shape[0], 1))
    before = np.cumprod(np.hstack([ones, values[:, :-1]]), axis=1)
    after = np.cumprod(np.hstack([ones, values[:, :0:-1]]), axis=1)[:, ::-1]
    return np.asarray(before * after)
