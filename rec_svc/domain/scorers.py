"""How a history becomes scores: by factors, by weights between tracks, or not at all.

Each tells exactly what every track of the history adds to a score: what it says of reasons is true.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from rec_svc.domain.fold_in import Floats, Regularisation, gramian, line_system, solve_lines

Rows = NDArray[np.int32]


class Scorer(Protocol):
    """Scores of all tracks from histories alone; nothing of a listener is kept in it."""

    @property
    def tracks(self) -> int:
        """How many tracks are scored."""
        ...

    def batch(self, histories: csr_matrix) -> Floats:
        """The scores [lines, tracks] of the histories, as a new array."""
        ...

    def contributions(self, history: Rows, rows: Rows, weights: Floats) -> Floats:
        """What each track of ``history`` adds to the score of each of ``rows`` [rows, history].

        A line must sum to the score that ``batch`` gives; of popularity nothing is added.
        """
        ...

    def spread(self, history: Rows, weights: Floats) -> float:
        """The standard deviation over all tracks of the scores of one history; 1 where they are
        all alike."""
        ...

    def similar(self, row: int) -> Floats:
        """How near every track is to that of ``row``; the greatest is the nearest."""
        ...


class ItemFactors:
    """Factors of the tracks: a history is folded in by one least squares, then multiplied."""

    def __init__(self, factors: Floats, how: Regularisation) -> None:
        self.factors = factors
        self.how = how
        self._gram = gramian(factors)
        centred = factors - factors.mean(axis=0)
        self._covariance = (centred.T @ centred) / max(1, len(factors))

    @property
    def tracks(self) -> int:
        return len(self.factors)

    def batch(self, histories: csr_matrix) -> Floats:
        found = solve_lines(histories, self.factors, self._gram, self.how)
        return np.asarray(found @ self.factors.T)

    def contributions(self, history: Rows, rows: Rows, weights: Floats) -> Floats:
        own, size = self.factors[history], len(self.factors)
        system, right = line_system(own, weights, size, self._gram, self.how)
        return np.asarray(self.factors[rows] @ np.linalg.solve(system, right.T))

    def spread(self, history: Rows, weights: Floats) -> float:
        # The variance of all products with one line's factors needs none of the products.
        own, size = self.factors[history], len(self.factors)
        system, right = line_system(own, weights, size, self._gram, self.how)
        line = np.linalg.solve(system, right.sum(axis=0))
        return float(np.sqrt(max(0.0, line @ self._covariance @ line))) or 1.0

    def similar(self, row: int) -> Floats:
        norms = np.maximum(np.linalg.norm(self.factors, axis=1), 1e-12)
        return np.asarray(self.factors @ (self.factors[row] / norms[row]) / norms)


class ItemWeights:
    """Weights between tracks [tracks, tracks]: a score is the sum of those of the history."""

    def __init__(self, weights: csr_matrix) -> None:
        self.weights = weights

    @property
    def tracks(self) -> int:
        return int(self.weights.shape[0])

    def batch(self, histories: csr_matrix) -> Floats:
        return np.asarray((histories @ self.weights).toarray(), dtype=np.float32)

    def contributions(self, history: Rows, rows: Rows, weights: Floats) -> Floats:
        own = self.weights[history][:, rows].toarray()
        return np.asarray(own.T * weights, dtype=np.float32)

    def spread(self, history: Rows, weights: Floats) -> float:
        # Most tracks have no weight to any of a history, and need not be made.
        line = csr_matrix((weights, history, [0, len(history)]), shape=(1, self.tracks))
        found = (line @ self.weights).data.astype(np.float64)
        mean = found.sum() / self.tracks
        return float(np.sqrt(max(0.0, (found**2).sum() / self.tracks - mean**2))) or 1.0

    def similar(self, row: int) -> Floats:
        return np.asarray(self.weights[row].toarray()[0], dtype=np.float32)


class Constant:
    """The same scores for everyone: popularity."""

    def __init__(self, values: Floats) -> None:
        self.values = values

    @property
    def tracks(self) -> int:
        return len(self.values)

    def batch(self, histories: csr_matrix) -> Floats:
        return np.tile(self.values, (histories.shape[0], 1))

    def contributions(self, history: Rows, rows: Rows, weights: Floats) -> Floats:
        return np.zeros((len(rows), len(history)), dtype=np.float32)

    def spread(self, history: Rows, weights: Floats) -> float:
        return spread_of(self, history, weights)

    def similar(self, row: int) -> Floats:
        return self.values.copy()


@dataclass(frozen=True, slots=True)
class Part:
    """A scorer of a blend and the weight of its scores."""

    name: str
    scorer: Scorer
    weight: float


class Blend:
    """The weighted sum of several scorers' scores, each brought to one scale by its own spread.

    The spread is the standard deviation over all tracks of the listener's scores: as it is the same
    for each track, what a history's track adds stays exact.
    """

    def __init__(self, parts: tuple[Part, ...]) -> None:
        self.parts = parts

    @property
    def tracks(self) -> int:
        return self.parts[0].scorer.tracks

    def batch(self, histories: csr_matrix) -> Floats:
        total = np.zeros(histories.shape, dtype=np.float32)
        for part in self.parts:
            scores = part.scorer.batch(histories)
            total += scores * (part.weight / spread(scores))[:, None]
        return total

    def contributions(self, history: Rows, rows: Rows, weights: Floats) -> Floats:
        total = np.zeros((len(rows), len(history)), dtype=np.float32)
        for part in self.parts:
            size = part.weight / part.scorer.spread(history, weights)
            total += part.scorer.contributions(history, rows, weights) * np.float32(size)
        return total

    def spread(self, history: Rows, weights: Floats) -> float:
        return spread_of(self, history, weights)

    def similar(self, row: int) -> Floats:
        found = [(part.weight, part.scorer.similar(row)) for part in self.parts]
        return np.asarray(sum(weight * near / spread(near[None])[0] for weight, near in found))


def one_line(history: Rows, weights: Floats, scorer: Scorer) -> Floats:
    """The scores [1, tracks] of one history."""
    line = csr_matrix((weights, history, [0, len(history)]), shape=(1, scorer.tracks))
    return scorer.batch(line)


def spread_of(scorer: Scorer, history: Rows, weights: Floats) -> float:
    """``Scorer.spread`` by all scores."""
    return float(spread(one_line(history, weights, scorer))[0])


def spread(scores: Floats) -> Floats:
    """The standard deviation of each line; 1 where all are alike."""
    found = scores.std(axis=1)
    return np.where(found > 0, found, np.float32(1)).astype(np.float32)
