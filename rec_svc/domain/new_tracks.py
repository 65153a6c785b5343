"""A scorer with tracks behind its own that it has not learnt: their scores are means of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from rec_svc.domain.fold_in import Floats
from rec_svc.domain.scorers import Rows, Scorer, spread_of


@dataclass(frozen=True, slots=True)
class Means:
    """How new tracks' scores come from known ones': ``groups`` [groups, known] has a mean a line,
    ``mix`` [new, groups] how much of which each new track takes."""

    groups: csr_matrix
    mix: csr_matrix

    def of(self, scores: Floats) -> Floats:
        """The scores [lines, new] of the new ones, from ``scores`` [lines, known]."""
        return np.asarray((self.mix @ (self.groups @ scores.T)).T, dtype=np.float32)


class WithNewTracks:
    """``Scorer`` of the tracks of ``learnt`` and of new ones behind them.

    ``kin`` [new, known]: how much of which known tracks each new one stands for in a history.
    """

    def __init__(self, learnt: Scorer, means: Means, kin: csr_matrix) -> None:
        self.learnt = learnt
        self._means = means
        self._kin = kin

    @property
    def tracks(self) -> int:
        return self.learnt.tracks + int(self._kin.shape[0])

    def batch(self, histories: csr_matrix) -> Floats:
        scores = self.learnt.batch(self._stood_for(histories))
        if not self._kin.shape[0]:
            return scores
        return np.concatenate([scores, self._means.of(scores)], axis=1)

    def contributions(self, history: Rows, rows: Rows, weights: Floats) -> Floats:
        if max(history.max(initial=0), rows.max(initial=0)) < self.learnt.tracks:
            return self.learnt.contributions(history, rows, weights)
        each = (np.arange(len(history)), history)
        own = self._stood_for(csr_matrix((weights, each), shape=(len(history), self.tracks)))
        stands = np.unique(own.indices)
        counted = own[:, stands].toarray()
        total = counted.sum(axis=0)
        made_of = self._made_of(rows)
        asked = np.unique(made_of.indices)
        found = self.learnt.contributions(stands, asked, total)
        # What a known track adds is shared among those of the history that stand for it.
        return np.asarray(made_of[:, asked] @ found @ (counted / total).T, dtype=np.float32)

    def spread(self, history: Rows, weights: Floats) -> float:
        return spread_of(self, history, weights)

    def similar(self, row: int) -> Floats:
        size = self.learnt.tracks
        if row < size:
            near = self.learnt.similar(row)
        else:
            kin = self._kin[row - size]
            shares = zip(kin.indices.tolist(), kin.data, strict=True)
            near = np.sum([share * self.learnt.similar(one) for one, share in shares], axis=0)
        return np.concatenate([near, self._means.of(near[None])[0]])

    def _stood_for(self, histories: csr_matrix) -> csr_matrix:
        """The histories with known tracks in the place of new ones."""
        size = self.learnt.tracks
        known = csr_matrix(histories[:, :size])
        if known.nnz == histories.nnz:
            return known
        return csr_matrix(known + histories[:, size:] @ self._kin)

    def _made_of(self, rows: Rows) -> csr_matrix:
        """How much of the score of which known track each of ``rows`` has, [rows, known]."""
        size = self.learnt.tracks
        lines, new = np.arange(len(rows)), rows >= size
        own = (np.ones(int((~new).sum()), np.float32), (lines[~new], rows[~new]))
        known = csr_matrix(own, shape=(len(rows), size))
        if not new.any():
            return known
        picked = (np.ones(int(new.sum()), np.float32), (lines[new], rows[new] - size))
        chosen = csr_matrix(picked, shape=(len(rows), self._kin.shape[0]))
        return csr_matrix(known + chosen @ self._means.mix @ self._means.groups)
