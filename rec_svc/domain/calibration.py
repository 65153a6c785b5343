"""Scores from 0 to 1: how often a track with such a score was among those kept back.

A listener's scores are standardised over all tracks, so that one curve does for everyone, and the
curve is the isotonic regression (pool adjacent violators) of hits on them, over the listeners of
the validation part and all tracks that they did not have. A calibrated 0.2 means: of five such, one
was heard in the part that was kept back. It never falls where a raw score rises.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from rec_svc.domain.evaluation import Scores, batches
from rec_svc.domain.fold_in import Floats

_EDGES = np.concatenate([np.linspace(-4, 4, 161), np.geomspace(4, 400, 160)[1:]])


@dataclass(frozen=True, slots=True)
class Calibration:
    """A curve that rises: at ``knots`` (standardised scores) the ``chances``, 0 to 1."""

    knots: NDArray[np.float32]
    chances: NDArray[np.float32]

    def __call__(
        self, scores: Floats, rows: NDArray[np.int32] | None = None, learnt: int | None = None
    ) -> Floats:
        """The chances of ``rows`` (all by default) of one listener's scores of all tracks.

        They are standardised by the first ``learnt`` ones: it was fitted on such.
        """
        own, known = scores if rows is None else scores[rows], scores[:learnt]
        deviation = float(known.std()) or 1.0
        standard = (own - known.mean()) / deviation
        return np.asarray(np.interp(standard, self.knots, self.chances), dtype=np.float32)


NEUTRAL = Calibration(np.array([-4.0, 4.0], np.float32), np.array([0.0, 1.0], np.float32))
"""Where there is nothing to calibrate on: a straight line."""


def fit_calibration(scores: Scores, train: csr_matrix, validation: csr_matrix) -> Calibration:
    """The curve on the listeners of whom ``validation`` has something."""
    lines = np.flatnonzero(np.diff(validation.indptr))
    shown, hits = np.zeros(len(_EDGES) + 1), np.zeros(len(_EDGES) + 1)
    sums = np.zeros(len(_EDGES) + 1)
    for part in batches(lines, train.shape[1]):
        standard, wanted = _unheard(scores(train[part]), train[part], validation[part])
        places = np.searchsorted(_EDGES, standard)
        shown += np.bincount(places, minlength=len(shown))
        sums += np.bincount(places, weights=standard, minlength=len(shown))
        hits += np.bincount(places[wanted], minlength=len(shown))
    used = shown > 0
    if used.sum() < 2 or not hits.any():
        return NEUTRAL
    # Here, since it takes long to import and whoever serves fits none.
    from scipy.optimize import isotonic_regression

    chances = isotonic_regression(hits[used] / shown[used], weights=shown[used]).x
    knots = sums[used] / shown[used]
    return Calibration(knots.astype(np.float32), np.clip(chances, 0, 1).astype(np.float32))


def _unheard(
    scores: Floats, train: csr_matrix, validation: csr_matrix
) -> tuple[Floats, NDArray[np.bool_]]:
    """Standardised scores of what each listener did not have, and whether it was kept back."""
    deviations = scores.std(axis=1, keepdims=True)
    standard = (scores - scores.mean(axis=1, keepdims=True)) / np.where(deviations, deviations, 1)
    unheard = train.toarray() == 0
    return standard[unheard], (validation.toarray() > 0)[unheard]
