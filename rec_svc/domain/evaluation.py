"""How good a ranking is: every track ranked for every listener, what was learned from left out.

Conventions: recall divides by min(k, what was kept back); NDCG has binary gains and the ideal of
min(k, kept back) hits at the top; MRR looks at the whole ranking of the first ``DEPTH``. Means are
over the listeners of whom something was kept back, with their standard error. Sampled rankings are
never used: they order models wrongly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from rec_svc.domain.interactions import listeners

DEPTH = 100
"""How far down rankings are looked at."""

BATCH = 512
"""So many listeners are ranked at once at most."""
BATCH_SCORES = 32_000_000
"""So many scores are held at once at most, 128 MB: with many tracks fewer listeners."""

COLD = 5
"""Listeners with fewer tracks, and tracks with fewer listeners, than this are cold."""

Scores = Callable[[csr_matrix], NDArray[np.float32]]
"""From histories [batch, tracks] the scores [batch, tracks], as a new array."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Measures by name: of each listener in ``per_listener`` (lines of one order), or of all."""

    per_listener: Mapping[str, NDArray[np.float64]]
    overall: Mapping[str, float] = field(default_factory=dict)

    def mean(self, measure: str) -> float:
        """The mean over listeners; 0 where there are none."""
        return _mean(self.per_listener[measure])

    def standard_error(self, measure: str) -> float:
        """The standard error of that mean; 0 for fewer than two listeners."""
        values = self.per_listener[measure]
        return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0

    def figures(self) -> dict[str, float]:
        """Every mean, its standard error as ``<measure>_se``, and what is of all listeners."""
        found: dict[str, float] = {}
        for measure in self.per_listener:
            found[measure] = self.mean(measure)
            found[f"{measure}_se"] = self.standard_error(measure)
        return found | dict(self.overall)


def evaluate(
    scores: Scores,
    train: csr_matrix,
    test: csr_matrix,
    *,
    cutoffs: tuple[int, ...] = (10, 20),
    artists: NDArray[np.int32] | None = None,
) -> Evaluation:
    """Ranks all tracks for each listener of whom ``test`` has something.

    ``artists``: the artist of each track, -1 where unknown; without it repeats are not told.
    """
    lines = np.flatnonzero(np.diff(test.indptr))
    tops = [_top(scores, train[part]) for part in batches(lines, train.shape[1])]
    depth = min(DEPTH, train.shape[1])
    top = np.concatenate(tops) if tops else np.zeros((0, depth), np.int64)
    hits = _hits(top, test[lines])
    kept_back = np.diff(test[lines].indptr)
    per_listener = rank_measures(hits, kept_back, cutoffs)
    popularity = listeners(train)
    warm = np.diff(train[lines].indptr) >= COLD
    overall = list_measures(top, popularity, train.shape[0], cutoffs[0], artists)
    ndcg = per_listener[f"ndcg@{cutoffs[0]}"]
    overall[f"ndcg@{cutoffs[0]}_cold_listeners"] = _mean(ndcg[~warm])
    overall[f"recall@{cutoffs[-1]}_cold_tracks"] = _cold_recall(
        top[:, : cutoffs[-1]], test[lines], popularity
    )
    return Evaluation(per_listener, overall)


def batches(lines: NDArray[np.int64], tracks: int) -> Iterator[NDArray[np.int64]]:
    """``lines`` in parts of which all ``tracks`` may be scored at once."""
    step = max(1, min(BATCH, BATCH_SCORES // max(tracks, 1)))
    return (lines[start : start + step] for start in range(0, len(lines), step))


def rank_measures(
    hits: NDArray[np.bool_], kept_back: NDArray[np.int64], cutoffs: tuple[int, ...]
) -> dict[str, NDArray[np.float64]]:
    """NDCG, recall and hit rate at each cutoff and MRR, from hits by rank [listeners, depth]."""
    gains = 1.0 / np.log2(np.arange(2, hits.shape[1] + 2))
    measures: dict[str, NDArray[np.float64]] = {}
    for k in cutoffs:
        reachable = np.minimum(kept_back, k)
        ideal = np.concatenate([[0.0], np.cumsum(gains[:k])])[np.minimum(reachable, len(gains))]
        measures[f"ndcg@{k}"] = np.asarray((hits[:, :k] @ gains[:k]) / ideal)
        measures[f"recall@{k}"] = np.asarray(hits[:, :k].sum(axis=1) / reachable)
        measures[f"hit_rate@{k}"] = np.asarray(hits[:, :k].any(axis=1), dtype=np.float64)
    first = np.where(hits.any(axis=1), hits.argmax(axis=1) + 1, np.inf)
    measures["mrr"] = np.asarray(1.0 / first)
    return measures


def list_measures(
    top: NDArray[np.int64],
    popularity: NDArray[np.float64],
    population: int,
    k: int,
    artists: NDArray[np.int32] | None = None,
) -> dict[str, float]:
    """What the lists of ``k`` are like beyond their hits.

    Coverage: the share of all tracks that anybody is shown. Gini: how unequally tracks are shown, 0
    alike to 1. Novelty: the mean of -log2 of the share of listeners who know a track. Artist
    repeats: the share of a list that repeats an artist from above.
    """
    shown = top[:, :k]
    counts = np.bincount(shown.ravel(), minlength=len(popularity))
    share = np.maximum(popularity, 1.0) / max(population, 1)
    measures = {
        f"coverage@{k}": float((counts > 0).mean()) if len(counts) else 0.0,
        f"gini@{k}": gini(counts),
        f"novelty@{k}": float(-np.log2(share[shown]).mean()) if shown.size else 0.0,
    }
    if artists is not None:
        measures[f"artist_repeats@{k}"] = _repeats(artists[shown])
    return measures


def gini(counts: NDArray[np.int64]) -> float:
    """How unequal ``counts`` are: 0 where all are alike, near 1 where one has everything."""
    total, size = counts.sum(), len(counts)
    if total == 0:
        return 0.0
    ordered = np.sort(counts).astype(np.float64)
    return float((2 * np.arange(1, size + 1) - size - 1) @ ordered / (size * total))


def top_rows(scores: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """The ``count`` best of each line, the best first; of equals the lower row is first."""
    count = min(count, scores.shape[1])
    chosen = np.argpartition(-scores, count - 1, axis=1)[:, :count] if count else None
    if chosen is None:
        return np.zeros((len(scores), 0), np.int64)
    chosen.sort(axis=1)
    order = np.argsort(-np.take_along_axis(scores, chosen, axis=1), axis=1, kind="stable")
    return np.take_along_axis(chosen, order, axis=1)


def _top(scores: Scores, histories: csr_matrix) -> NDArray[np.int64]:
    found = scores(histories)
    lines = np.repeat(np.arange(histories.shape[0]), np.diff(histories.indptr))
    found[lines, histories.indices] = -np.inf
    return top_rows(found, DEPTH)


def _hits(top: NDArray[np.int64], test: csr_matrix) -> NDArray[np.bool_]:
    """Whether each ranked track is one that was kept back."""
    keys = np.repeat(np.arange(test.shape[0]), np.diff(test.indptr)) * test.shape[1] + test.indices
    asked = np.arange(len(top))[:, None] * test.shape[1] + top
    return np.isin(asked, keys)


def _cold_recall(
    top: NDArray[np.int64], test: csr_matrix, popularity: NDArray[np.float64]
) -> float:
    """The share of kept back tracks with few listeners that the lists have."""
    cold = test.copy()
    cold.data = (popularity[test.indices] < COLD).astype(np.float32)
    cold.eliminate_zeros()
    return float(_hits(top, cold).sum() / cold.nnz) if cold.nnz else 0.0


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else 0.0


def _repeats(artists: NDArray[np.int32]) -> float:
    """Of lists of artists the mean share that stands further up already; unknown ones do not."""
    if not artists.size:
        return 0.0
    ordered = np.sort(artists, axis=1)
    again = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)
    return float(again.sum() / artists.size)
