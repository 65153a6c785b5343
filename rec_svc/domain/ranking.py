"""What a model puts first for a history, and which track of the history each place is owed to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from rec_svc.domain.experiments import Ranking
from rec_svc.domain.fold_in import Floats
from rec_svc.domain.interactions import rows_matrix
from rec_svc.domain.model import Model
from rec_svc.domain.scorers import Rows

_CANDIDATES = 1_000


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
    order = order.astype(np.float32)
    order[left_out] = -np.inf
    count = min(_CANDIDATES, len(order) - len(left_out))
    rows = np.argpartition(-order, count - 1)[:count] if count else np.empty(0, np.int64)
    first: Rows = rows[np.argsort(-order[rows], kind="stable")].astype(np.int32)
    return FirstRows(first, model.calibrated(scores, first), scores)


def causes(model: Model, history: Rows, scores: Floats, rows: Rows) -> Sequence[int | None]:
    """For each of ``rows`` that row of the history which adds the most to its score.

    None where its score is not lower without that one: then no single track accounts for it.
    """
    if not len(rows) or not len(history):
        return [None] * len(rows)
    best = model.contributions_of(history, rows).argmax(axis=1)
    distinct, lines = np.unique(best, return_inverse=True)
    if len(history) == 1:
        # Nothing is left, and of nothing every score is 0.
        lower = scores[rows] > 0
    else:
        without = model.batch(_each_without(history, distinct, len(model.tracks)))
        lower = without[lines, rows] < scores[rows]
    return [int(history[at]) if is_so else None for at, is_so in zip(best, lower, strict=True)]


def _each_without(history: Rows, places: Rows, tracks: int) -> csr_matrix:
    """The history once for each of ``places``, without what stands there."""
    lines = np.concatenate([np.delete(history, place) for place in places])
    size = len(history) - 1
    ends = np.arange(len(places) + 1) * size
    return csr_matrix((np.ones(len(lines), np.float32), lines, ends), shape=(len(places), tracks))
