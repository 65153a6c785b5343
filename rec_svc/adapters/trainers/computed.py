"""Trainers that compute in this process, with numpy and LAPACK."""

from __future__ import annotations

from scipy.sparse import csr_matrix

from rec_svc.domain import ials, item_knn
from rec_svc.domain.ease import EaseParameters, fit_ease
from rec_svc.domain.fold_in import Regularisation
from rec_svc.domain.ials import IalsParameters, fit_ials
from rec_svc.domain.interactions import Size
from rec_svc.domain.item_knn import KnnParameters, fit_item_knn
from rec_svc.domain.popularity import popularity
from rec_svc.domain.scorers import Constant, ItemFactors, ItemWeights, Scorer
from rec_svc.domain.search import Point, Range
from rec_svc.ports.trainer import Progress, Trainer, Tuning


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

    def fit_bytes(self, size: Size) -> int:
        return ials.fit_bytes(size.listeners, size.tracks, size.pairs, self._dimensions)

    def kept_bytes(self, size: Size) -> int:
        return 4 * self._dimensions * size.tracks


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

    def fit_bytes(self, size: Size) -> int:
        return 3 * 4 * min(size.tracks, self._tracks) ** 2 + 3 * self.kept_bytes(size)

    def kept_bytes(self, size: Size) -> int:
        tracks = min(size.tracks, self._tracks)
        return 8 * tracks * min(tracks, EaseParameters().kept)


class ItemKnnTrainer:
    """``Trainer`` by item-kNN."""

    def __init__(self) -> None:
        self.tuning = Tuning({"neighbours": 400, "shrink": 0.0})

    def fit(self, train: csr_matrix, point: Point, seed: int, progress: Progress) -> Scorer:
        parameters = KnnParameters(int(point["neighbours"]), point["shrink"])
        fitted = ItemWeights(fit_item_knn(train, parameters))
        progress(1.0)
        return fitted

    def fit_bytes(self, size: Size) -> int:
        return item_knn.fit_bytes(size.tracks, size.together, KnnParameters().neighbours)

    def kept_bytes(self, size: Size) -> int:
        return item_knn.kept_bytes(size.tracks, size.together, KnnParameters().neighbours)


class PopularityTrainer:
    """``Trainer`` that knows what is popular and nothing else."""

    def __init__(self) -> None:
        self.tuning = Tuning({})

    def fit(self, train: csr_matrix, point: Point, seed: int, progress: Progress) -> Scorer:
        return Constant(popularity(train))

    def fit_bytes(self, size: Size) -> int:
        return 16 * size.tracks

    def kept_bytes(self, size: Size) -> int:
        return 4 * size.tracks


def computed_trainers() -> dict[str, Trainer]:
    """All of these, by their names in the contract."""
    return {
        "IALS": IalsTrainer(),
        "EDLAE": EdlaeTrainer(),
        "ITEM_KNN": ItemKnnTrainer(),
        "POPULARITY": PopularityTrainer(),
    }
