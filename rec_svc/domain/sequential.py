"""Group-sequential bounds: how far a difference must stray at each look to be no chance.

Who looks at an experiment twenty times and believes the usual 1.96 is wrong one time in four.
Here the probability of a false alarm, ``alpha``, is spent over the looks (Lan and DeMets 1983), by
the function that resembles O'Brien and Fleming's bounds: next to nothing at the beginning, most of
it at the end. Looks may come at any time: the bound of one depends on those before it alone.

The bounds follow from the recursion of Armitage, McPherson and Rowe: the density of the sum of what
was seen, as far as it has not crossed a bound yet, carried on from look to look.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

FURTHEST = 8.0
"""No bound is further away, in standard errors: beyond it is one chance in 10^15."""

_POINTS = 401
_LEAST_SPENT = 2 * float(ndtr(-FURTHEST))
_DENSITY_AT_0 = 1 / math.sqrt(2 * math.pi)

Density = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Where it is known, at even distances, and what it is there."""


def spent(fraction: float, alpha: float) -> float:
    """How much of ``alpha``, two-sided, may be spent when ``fraction`` of all is seen, 0 to 1."""
    if fraction <= 0:
        return 0.0
    quantile = float(ndtri(alpha / 4))
    return 4 * float(ndtr(quantile / math.sqrt(min(1.0, fraction))))


def bounds(fractions: Sequence[float], alpha: float = 0.05) -> tuple[float, ...]:
    """The bound of |z| at each look, in standard errors.

    ``fractions`` is how much of all that is to be seen each look has seen: rising, above 0, at
    most 1. Raises ValueError where it is not so.
    """
    _require_rising(fractions)
    found: list[float] = []
    density: Density | None = None
    before, spent_before = 0.0, 0.0
    for fraction in fractions:
        step = math.sqrt(fraction - before)
        may_spend = spent(fraction, alpha) - spent_before
        edge = _edge(density, step, may_spend, FURTHEST * math.sqrt(fraction))
        density = _carried_on(density, step, edge)
        found.append(edge / math.sqrt(fraction))
        before, spent_before = fraction, spent(fraction, alpha)
    return tuple(found)


def _require_rising(fractions: Sequence[float]) -> None:
    around = [0.0, *fractions]
    if any(low >= high for low, high in zip(around, fractions, strict=False)) or around[-1] > 1:
        raise ValueError("looks see more and more, and never more than all")


def _edge(density: Density | None, step: float, may_spend: float, furthest: float) -> float:
    """Where the sum may not go, so that it goes there with the probability ``may_spend``."""

    def too_much(edge: float) -> float:
        return _beyond(density, step, edge) - may_spend

    if may_spend <= _LEAST_SPENT or too_much(furthest) >= 0:
        return furthest
    # Here, since it takes long to import and few processes need it.
    from scipy.optimize import brentq

    return float(brentq(too_much, 0.0, furthest, xtol=1e-9))


def _beyond(density: Density | None, step: float, edge: float) -> float:
    """The probability that the next sum is beyond ``edge`` on either side, and none before was."""
    if density is None:
        return 2 * float(ndtr(-edge / step))
    from scipy.integrate import simpson

    places, known = density
    leaves = ndtr((places - edge) / step) + ndtr((-edge - places) / step)
    return float(simpson(known * leaves, x=places))


def _carried_on(density: Density | None, step: float, edge: float) -> Density:
    """The density of the next sum, as far as it is within ``edge``."""
    places = np.linspace(-edge, edge, _POINTS)
    if density is None:
        return places, _normal(places, step)
    from scipy.integrate import simpson

    before, known = density
    moves = _normal(places[:, None] - before[None, :], step)
    return places, simpson(moves * known[None, :], x=before, axis=1)


def _normal(places: NDArray[np.float64], deviation: float) -> NDArray[np.float64]:
    """The normal density around 0."""
    density: NDArray[np.float64] = np.exp(-0.5 * (places / deviation) ** 2)
    return density * (_DENSITY_AT_0 / deviation)
