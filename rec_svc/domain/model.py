"""A model that serves: immutable, the same for everyone, nothing of a listener in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from rec_svc.domain.calibration import NEUTRAL, Calibration
from rec_svc.domain.fold_in import Floats
from rec_svc.domain.interactions import TrackIndex
from rec_svc.domain.new_tracks import Means
from rec_svc.domain.scorers import Rows, Scorer, one_line


@dataclass(frozen=True, slots=True)
class Model:
    """Scores of all of its tracks from what a listener heard, which is folded in when asked.

    So erasing a listener changes no model but by what its factors learnt, until the next training.
    ``trained_at_ms`` is Unix time. ``artists`` has the number of each row's artist, -1 where it is
    unknown; ``popularity`` the share of listeners of each row, 0 to 1. The last ``new`` rows are of
    tracks that it has not learnt, scored by their content (``domain.content``), by ``unnamed``
    without what is known of their artists.
    """

    model_id: str
    trained_at_ms: int
    tracks: TrackIndex
    artists: NDArray[np.int32]
    popularity: Floats
    scorer: Scorer
    calibration: Calibration = NEUTRAL
    new: int = 0
    unnamed: Means | None = None

    @property
    def learnt(self) -> int:
        """How many tracks it has learnt: those of the rows before."""
        return len(self.tracks) - self.new

    def scores(self, history: Rows, weights: Floats | None = None) -> Floats:
        """The raw scores [tracks]; zeros without a history.

        ``history`` are rows, each once, ``weights`` how much each counts (1 by default, above 0).
        """
        if not len(history):
            return np.zeros(len(self.tracks), dtype=np.float32)
        return np.asarray(one_line(history, _weights(history, weights), self.scorer)[0])

    def batch(self, histories: csr_matrix) -> Floats:
        """The raw scores [lines, tracks] of many histories, as a new array."""
        return self.scorer.batch(histories)

    def contributions(self, history: Rows, row: int, weights: Floats | None = None) -> Floats:
        """What each track of ``history`` adds to the score of ``row``; their sum is the score."""
        return np.asarray(self.contributions_of(history, np.array([row], np.int32), weights)[0])

    def contributions_of(self, history: Rows, rows: Rows, weights: Floats | None = None) -> Floats:
        """The same of several rows at once, [rows, history]."""
        if not len(history):
            return np.zeros((len(rows), 0), dtype=np.float32)
        return self.scorer.contributions(history, rows, _weights(history, weights))

    def owed_to_artists(self, scores: Floats, rows: Rows) -> NDArray[np.bool_]:
        """Which of ``rows`` are of new tracks whose score, of one listener's ``scores``, were lower
        if nothing were known of their artists."""
        owed = np.zeros(len(rows), dtype=bool)
        new = rows >= self.learnt
        if self.unnamed is not None and new.any():
            without = self.unnamed.of(scores[None, : self.learnt])[0]
            owed[new] = without[rows[new] - self.learnt] < scores[rows[new]]
        return owed

    def similar(self, row: int) -> Floats:
        """How near every track is to that of ``row``; the greatest is the nearest, it itself."""
        near = self.scorer.similar(row)
        near[row] = np.inf
        return near

    def calibrated(self, scores: Floats, rows: Rows | None = None) -> Floats:
        """The chances, 0 to 1, of ``rows`` (all by default), from one listener's raw scores.

        ``scores`` are those of all tracks, as :meth:`scores` gives them.
        """
        return self.calibration(scores, rows, self.learnt)


def _weights(history: Rows, weights: Floats | None) -> Floats:
    return np.ones(len(history), np.float32) if weights is None else weights.astype(np.float32)
