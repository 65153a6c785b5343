"""What a training says that it takes is no less than what it does, and not much more."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from rec_svc.adapters.trainers.computed import computed_trainers
from rec_svc.domain import item_knn
from rec_svc.domain.blend import LISTENERS, candidates
from rec_svc.domain.interactions import Size
from rec_svc.domain.item_knn import KnnParameters, fit_item_knn
from rec_svc.domain.scorers import Constant
from rec_svc.ports.trainer import Trainer
from rec_svc.usecases.learning import members_of, needs_bytes
from tests.unit.rec.invented_listeners import invented

GIB = 2**30
SMALL, LARGER = (300, 800, 20), (1_500, 2_400, 40)
TRAINERS = computed_trainers()


def size_of(matrix: csr_matrix) -> Size:
    each = np.diff(matrix.indptr).astype(np.int64)
    return Size(*matrix.shape, int(each.sum()), int((each**2).sum()))


def peak(trainer: Trainer, matrix: csr_matrix) -> int:
    point = trainer.tuning.start
    tracemalloc.start()
    try:
        trainer.fit(matrix, point, 1, lambda _: None)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("numbers", [SMALL, LARGER], ids=["small", "larger"])
@pytest.mark.parametrize("name", ["EDLAE", "ITEM_KNN"])
def test_a_fit_takes_what_it_says(name: str, numbers: tuple[int, int, int]) -> None:
    matrix = invented(*numbers).matrix
    said = TRAINERS[name].fit_bytes(size_of(matrix))
    assert said / 5 < peak(TRAINERS[name], matrix) < said


def test_item_knn_in_blocks_takes_less_and_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = invented(*LARGER).matrix
    whole, at_once = fit_item_knn(matrix, KnnParameters(20)), peak(TRAINERS["ITEM_KNN"], matrix)
    monkeypatch.setattr(item_knn, "BLOCK_PAIRS", 20_000)
    assert abs(fit_item_knn(matrix, KnnParameters(20)) - whole).max() == 0
    in_blocks = peak(TRAINERS["ITEM_KNN"], matrix)
    assert in_blocks < at_once
    assert in_blocks < TRAINERS["ITEM_KNN"].fit_bytes(size_of(matrix))


def test_a_blend_for_120_000_listeners_fits_into_the_default() -> None:
    size = Size(120_000, 240_000, 2_100_000, together=4 * 2_100_000 * 18)
    assert needs_bytes(size, members_of("BLEND", TRAINERS)) < 4 * GIB


def test_weights_are_chosen_by_a_bounded_number_of_listeners(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert LISTENERS == 20_000
    matrix = invented(*SMALL).matrix
    scorer = Constant(np.arange(matrix.shape[1], dtype=np.float32))
    monkeypatch.setattr("rec_svc.domain.blend.LISTENERS", 299)
    assert len(candidates([scorer], matrix, matrix).hits) == 150
    monkeypatch.setattr("rec_svc.domain.blend.LISTENERS", 300)
    assert len(candidates([scorer], matrix, matrix).hits) == 300
