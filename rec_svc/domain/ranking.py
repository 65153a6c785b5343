"""What a model puts first for a history, and which track of the history each place is owed to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rec_svc.domain.experiments import Ranking
from rec_svc.domain.fold_in import Floats
from rec_svc.domain.interactions import rows_matrix
from rec_svc.domain.model import Model
from rec_svc.domain.scorers import Rows

_CANDIDATES = 1_000
# So many standard deviations above the mean are a few hundredths of all.
_LIKELY = 1.8
_NEAR, _LITTLE_KNOWN = 300, 100


@dataclass(frozen=True, slots=True)
class FirstRows:
    """The rows that come first, none of the history, and the chance of each; ``scores`` are raw
    and of all rows."""

    rows: Rows
    chances: Floats
    scores: Floats


def first_rows(model: Model, history: Rows, ranking: Ranking) -> FirstRows:
    """At most a thousand rows, the first one first. Costs a fold-in and a product."""
    return first_of_each(model, [history], history[:0], ranking)[0]


def first_of_each(
    model: Model, histories: Sequence[Rows], left_out: Rows, ranking: Ranking
) -> list[FirstRows]:
    """The same of several histories at once; none of ``left_out`` is among them either."""
    ones = [np.ones(len(history), np.float32) for history in histories]
    scores = model.batch(rows_matrix(histories, ones, len(model.tracks)))
    return [
        _first(model, own, np.union1d(history, left_out), ranking)
        for own, history in zip(scores, histories, strict=True)
    ]


def _first(model: Model, scores: Floats, left_out: Rows, ranking: Ranking) -> FirstRows:
    order = model.popularity if ranking is Ranking.POPULARITY else scores
    likely = likely_above(order)
    order = order.astype(np.float32)
    order[left_out] = -np.inf
    rows = greatest(order, min(_CANDIDATES, len(order) - len(left_out)), likely)
    first: Rows = rows[np.argsort(-order[rows], kind="stable")].astype(np.int32)
    return FirstRows(first, model.calibrated(scores, first), scores)


def likely_above(order: Floats) -> float:
    """What a few hundredths of ``order`` are above, all of them finite."""
    return float(order.mean() + _LIKELY * order.std())


def greatest(order: Floats, count: int, likely: float) -> NDArray[np.intp]:
    """The places of the ``count`` greatest, in any order: looked for among those above ``likely``
    where these are enough, which are few."""
    among = np.flatnonzero(order > likely)
    if len(among) < count:
        among = np.arange(len(order))
    if not count:
        return among[:0]
    return np.asarray(among[np.argpartition(order[among], len(among) - count)[-count:]])


def little_known(model: Model, found: FirstRows) -> Rows:
    """Of the rows that come near the first those with the fewest listeners, fewest first."""
    near = found.rows[:_NEAR]
    return near[np.argsort(model.popularity[near], kind="stable")][:_LITTLE_KNOWN]


def causes(
    model: Model, history: Rows, rows: Rows, most: int | None = None
) -> Sequence[int | None]:
    """For each of ``rows`` that row of the history which adds the most to its score.

    None where its score is not lower without that one: then no single track accounts for it. With
    ``most``, so many of the history are named at most, those to which the most is owed: each one
    that is named costs a fold-in without it.
    """
    if not len(rows) or not len(history):
        return [None] * len(rows)
    added = model.contributions_of(history, rows)
    best, together = _best(added, most), added.sum(axis=1)
    lower = np.zeros(len(rows), dtype=bool)
    for place in np.unique(best):
        owed = best == place
        # What all of a history adds is its score, but for what is the same for everyone.
        rest = model.contributions_of(np.delete(history, place), rows[owed])
        lower[owed] = rest.sum(axis=1) < together[owed]
    return [int(history[at]) if is_so else None for at, is_so in zip(best, lower, strict=True)]


def _best(added: Floats, most: int | None) -> NDArray[np.intp]:
    """The place that adds the most to each row, out of ``most`` places."""
    best: NDArray[np.intp] = added.argmax(axis=1)
    if most is None:
        return best
    owed = np.bincount(best, weights=added.max(axis=1), minlength=added.shape[1])
    named = np.argsort(-owed, kind="stable")[:most]
    return np.asarray(named[added[:, named].argmax(axis=1)])
