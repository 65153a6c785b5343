"""The ALS of the library ``implicit``: a peer to measure beside, not for serving."""

from __future__ import annotations

import numpy as np
from implicit.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix

from rec_svc.domain.fold_in import Regularisation
from rec_svc.domain.interactions import Size
from rec_svc.domain.scorers import ItemFactors, Scorer
from rec_svc.domain.search import Point
from rec_svc.ports.trainer import Progress, Tuning


class ImplicitTrainer:
    """``Trainer`` by ``implicit``; listeners are folded in by its own equations."""

    def __init__(self, dimensions: int = 64, threads: int = 1) -> None:
        self._dimensions = dimensions
        self._threads = threads
        self.tuning = Tuning({"ridge": 10.0, "alpha": 1.0, "epochs": 15})

    def fit(self, train: csr_matrix, point: Point, seed: int, progress: Progress) -> Scorer:
        peer = AlternatingLeastSquares(
            factors=self._dimensions,
            regularization=point["ridge"],
            alpha=point["alpha"],
            iterations=int(point["epochs"]),
            num_threads=self._threads,
            random_state=seed,
        )
        peer.fit(train, show_progress=False)
        progress(1.0)
        # It weighs an observed pair by alpha in all, where an unobserved one weighs 1.
        how = Regularisation(
            ridge=point["ridge"],
            negatives=1.0,
            exponent=0.0,
            alpha=point["alpha"],
            confidence_offset=-1.0,
        )
        return ItemFactors(np.asarray(peer.item_factors, dtype=np.float32), how)

    def fit_bytes(self, size: Size) -> int:
        return 8 * self._dimensions * (size.listeners + size.tracks) + 24 * size.pairs

    def kept_bytes(self, size: Size) -> int:
        return 4 * self._dimensions * size.tracks
