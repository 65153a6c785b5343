"""Trainers that compute in this process, with numpy and LAPACK."""

from __future__ import annotations

from scipy.sparse import csr_matrix

from rec_svc.domain.ease import EaseParameters, fit_ease
from rec_svc.domain.fold_in import Regularisation
from rec_svc.domain.ials import IalsParameters, fit_bytes, fit_ials
from rec_svc.domain.item_knn import KnnParameters, fit_item_knn
from rec_svc.domain.popularity import popularity
from rec_svc.domain.scorers import Constant, ItemFactors, ItemWeights, Scorer
from rec_svc.domain.search import Point, Range
from rec_svc.ports.trainer import Progress, Trainer, Tuning

_WEIGHT_BYTES = 24
"""What a kept weight between tracks takes while it is chosen."""


class IalsTrainer:
    """``Trainer`` by iALS with ``dimensions`` factors."""

    def __init__(self, dimensions: int = 64, epochs: int = 16) -> None:
        self._dimensions = dimensions
        self._epochs = epochs
        space = {
            "ridge": Range(0.001, 0.3, logarithmic=True),
            "negatives": Range(0.01, 1.0, logarithmic=True),
            "exponent": Range(0.7, 1.1),
        }
        self.tuning = Tuning({"ridge": 0.01, "negatives": 0.05, "exponent": 1.0}, space)

    def fit(self, train: csr_matrix, point: Point, seed: int, progress: Progress) -> Scorer:
        how = Regularisation(point["ridge"], point["negatives"], point["exponent"])
        parameters = IalsParameters(self._dimensions, self._epochs, how)
        return ItemFactors(fit_ials(train, parameters, seed, progress), how)

    def needs_bytes(self, listeners: int, tracks: int, pairs: int) -> int:
        return fit_bytes(listeners, tracks, pairs, self._dimensions)


class EdlaeTrainer:
    """``Trainer`` by EDLAE over at most ``tracks`` tracks."""

    def __init__(self, tracks: int = EaseParameters().tracks) -> None:
        self._tracks = tracks
        self.tuning = Tuning({"ridge": 50.0, "dropout": 0.33})

    def fit(self, train: csr_matrix, point: Point, seed: int, progress: Progress) -> Scorer:
        parameters = EaseParameters(point["ridge"], point["dropout"], self._tracks)
        fitted = ItemWeights(fit_ease(train, parameters))
        progress(1.0)
        return fitted

    def needs_bytes(self, listeners: int, tracks: int, pairs: int) -> int:
        size = min(tracks, self._tracks)
        return 3 * 4 * size**2 + _WEIGHT_BYTES * size * min(size, EaseParameters().kept)


class ItemKnnTrainer:
    """``Trainer`` by item-kNN."""

    def __init__(self) -> None:
        self.tuning = Tuning({"neighbours": 400, "shrink": 0.0})

    def fit(self, train: csr_matrix, point: Point, seed: int, progress: Progress) -> Scorer:
        parameters = KnnParameters(int(point["neighbours"]), point["shrink"])
        fitted = ItemWeights(fit_item_knn(train, parameters))
        progress(1.0)
        return fitted

    def needs_bytes(self, listeners: int, tracks: int, pairs: int) -> int:
        # Every two tracks of a listener: the mean listener's square, as often as there are some.
        together = min(tracks**2, 4 * pairs * max(pairs // max(listeners, 1), 1))
        return _WEIGHT_BYTES * together


class PopularityTrainer:
    """``Trainer`` that knows what is popular and nothing else."""

    def __init__(self) -> None:
        self.tuning = Tuning({})

    def fit(self, train: csr_matrix, point: Point, seed: int, progress: Progress) -> Scorer:
        return Constant(popularity(train))

    def needs_bytes(self, listeners: int, tracks: int, pairs: int) -> int:
        return 16 * tracks


def computed_trainers() -> dict[str, Trainer]:
    """All of these, by their names in the contract."""
    return {
        "IALS": IalsTrainer(),
        "EDLAE": EdlaeTrainer(),
        "ITEM_KNN": ItemKnnTrainer(),
        "POPULARITY": PopularityTrainer(),
    }
