"""The weights of a blend, fitted on the validation part alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from rec_svc.domain.evaluation import BATCH, BATCH_SCORES, batches, rank_measures, top_rows
from rec_svc.domain.fold_in import Floats
from rec_svc.domain.interactions import Size
from rec_svc.domain.scorers import Scorer, spread

GRID = (0.0, 0.125, 0.25, 0.375, 0.5, 0.75, 1.0, 1.5, 2.0)
CANDIDATES = 150
"""Of each scorer's ranking so many are looked at: what none of them ranks there is not in a ten."""
LISTENERS = 20_000
"""Of more listeners so many at most are looked at, evenly chosen: three weights need no more."""

_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Candidates:
    """Scores of candidates [listeners, candidates, scorers], which are hits, and of how many."""

    scores: Floats
    hits: NDArray[np.bool_]
    kept_back: NDArray[np.int64]


def fit_weights(
    scorers: Mapping[str, Scorer], train: csr_matrix, validation: csr_matrix, k: int = 10
) -> dict[str, float]:
    """The weights with the best NDCG@``k``, by coordinate ascent; the first scorer's is 1."""
    found = candidates(list(scorers.values()), train, validation)
    weights = np.zeros(len(scorers))
    weights[0] = 1.0
    best = ndcg(found, weights, k)
    for _ in range(_ROUNDS):
        before = best
        for place in range(1, len(scorers)):
            for tried in GRID:
                changed = weights.copy()
                changed[place] = tried
                if (reached := ndcg(found, changed, k)) > best:
                    weights, best = changed, reached
        if best == before:
            break
    return dict(zip(scorers, weights.tolist(), strict=True))


def scoring_bytes(size: Size, scorers: int) -> int:
    """What weighing ``scorers`` takes at its peak, and with that what judging takes."""
    at_once = min(size.listeners, BATCH) * size.tracks
    batch = max(min(at_once, BATCH_SCORES), size.tracks)
    looked_at = min(size.listeners, LISTENERS) * min(CANDIDATES * scorers, size.tracks)
    return 4 * (scorers + 4) * batch + (4 * scorers + 16) * looked_at


def candidates(scorers: Sequence[Scorer], train: csr_matrix, validation: csr_matrix) -> Candidates:
    """What the scorers rank highest for listeners of whom ``validation`` has something."""
    lines = np.flatnonzero(np.diff(validation.indptr))
    lines = lines[:: max(1, -(-len(lines) // LISTENERS))]
    size = min(CANDIDATES * len(scorers), train.shape[1])
    scores = np.full((len(lines), size, len(scorers)), -np.inf, dtype=np.float32)
    hits = np.zeros((len(lines), size), dtype=bool)
    start = 0
    for part in batches(lines, train.shape[1]):
        _gather(scorers, train[part], validation[part], scores[start:], hits[start:])
        start += len(part)
    return Candidates(scores, hits, np.diff(validation[lines].indptr))


def ndcg(found: Candidates, weights: NDArray[np.float64], k: int) -> float:
    """The mean NDCG@``k`` of the candidates ranked by the weighted sum of their scores."""
    with np.errstate(invalid="ignore"):
        total = found.scores @ weights.astype(np.float32)
    total = np.where(np.isnan(total), -np.inf, total)
    ranked = np.take_along_axis(found.hits, top_rows(total, k), axis=1)
    measures = rank_measures(ranked, found.kept_back, (k,))
    return float(measures[f"ndcg@{k}"].mean()) if len(ranked) else 0.0


def _gather(
    scorers: Sequence[Scorer],
    histories: csr_matrix,
    validation: csr_matrix,
    scores: Floats,
    hits: NDArray[np.bool_],
) -> None:
    found = []
    lines = np.repeat(np.arange(histories.shape[0]), np.diff(histories.indptr))
    for scorer in scorers:
        own = scorer.batch(histories)
        own /= spread(own)[:, None]
        own[lines, histories.indices] = -np.inf
        found.append(own)
    tops = [top_rows(own, CANDIDATES) for own in found]
    wanted = validation.toarray() > 0
    for line in range(len(wanted)):
        rows = np.unique(np.concatenate([top[line] for top in tops]))
        scores[line, : len(rows)] = np.stack([own[line, rows] for own in found], axis=1)
        hits[line, : len(rows)] = wanted[line, rows]
