"""A model's reasons are the score's own parts; its scores need nothing but a history."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rec_svc.domain.blend import fit_weights
from rec_svc.domain.calibration import fit_calibration
from rec_svc.domain.ease import EaseParameters, ease_weights, fit_ease
from rec_svc.domain.evaluation import evaluate
from rec_svc.domain.ials import IalsParameters, fit_ials
from rec_svc.domain.item_knn import KnnParameters, fit_item_knn
from rec_svc.domain.model import Model
from rec_svc.domain.popularity import popularity
from rec_svc.domain.scorers import Blend, Constant, ItemFactors, ItemWeights, Part
from rec_svc.domain.splits import holdout
from tests.unit.rec.invented_listeners import invented

IALS = IalsParameters(dimensions=12, epochs=6)
SPLIT = holdout(invented(), 0.2, seed=42)
TRAIN = SPLIT.train.matrix
FACTORS = ItemFactors(fit_ials(TRAIN, IALS, seed=1), IALS.regularisation)
EDLAE = ItemWeights(fit_ease(TRAIN, EaseParameters(ridge=5.0)))
KNN = ItemWeights(fit_item_knn(TRAIN, KnnParameters()))
BLEND = Blend((Part("ials", FACTORS, 1.0), Part("edlae", EDLAE, 0.5), Part("knn", KNN, 0.25)))
SCORERS = {"ials": FACTORS, "edlae": EDLAE, "knn": KNN, "blend": BLEND}


def made(scorer: object) -> Model:
    rows = len(SPLIT.train.tracks)
    return Model(
        "01JD4Q8Z7Y1V9K2M5N6P7R8S9T",
        0,
        SPLIT.train.tracks,
        np.full(rows, -1, np.int32),
        popularity(TRAIN),
        scorer,  # type: ignore[arg-type]
        fit_calibration(BLEND.batch, TRAIN, SPLIT.test),
    )


histories = st.lists(st.integers(0, TRAIN.shape[1] - 1), min_size=1, max_size=30, unique=True)


@given(
    history=histories,
    row=st.integers(0, TRAIN.shape[1] - 1),
    name=st.sampled_from(sorted(SCORERS)),
    weight=st.floats(0.25, 4.0),
)
def test_contributions_sum_to_the_score(
    history: list[int], row: int, name: str, weight: float
) -> None:
    model, rows = made(SCORERS[name]), np.array(history, np.int32)
    weights = np.linspace(0.5, weight, len(rows), dtype=np.float32)
    score = model.scores(rows, weights)[row]
    parts = model.contributions(rows, row, weights)
    assert len(parts) == len(rows)
    assert parts.sum() == pytest.approx(score, rel=1e-3, abs=1e-4)


def test_without_a_history_there_is_nothing_to_say() -> None:
    model = made(BLEND)
    assert not model.scores(np.zeros(0, np.int32)).any()
    assert len(model.contributions(np.zeros(0, np.int32), 3)) == 0


def test_the_nearest_of_a_track_is_itself() -> None:
    assert made(BLEND).similar(5).argmax() == 5


def test_calibrated_scores_are_chances_in_the_order_of_raw_ones() -> None:
    model = made(BLEND)
    scores = model.scores(np.array([1, 9, 17], np.int32))
    chances = model.calibrated(scores)
    assert chances.min() >= 0
    assert chances.max() <= 1
    assert (np.diff(chances[np.argsort(scores)]) >= 0).all()
    rows = np.array([4, 2], np.int32)
    assert model.calibrated(scores, rows).tolist() == chances[rows].tolist()


def test_calibrated_chances_add_up_to_what_was_kept_back() -> None:
    curve = fit_calibration(BLEND.batch, TRAIN, SPLIT.test)
    told = sum(
        curve(scores)[TRAIN[line].toarray()[0] == 0].sum()
        for line, scores in enumerate(BLEND.batch(TRAIN))
    )
    assert told == pytest.approx(SPLIT.test.nnz, rel=0.05)


@pytest.mark.parametrize("name", sorted(SCORERS))
def test_every_scorer_ranks_better_than_popularity(name: str) -> None:
    found = evaluate(SCORERS[name].batch, TRAIN, SPLIT.test).mean("ndcg@10")
    popular = evaluate(Constant(popularity(TRAIN)).batch, TRAIN, SPLIT.test).mean("ndcg@10")
    assert found > 1.2 * popular


def test_the_same_seed_makes_the_same_factors() -> None:
    again = fit_ials(TRAIN, IALS, seed=1)
    assert (again == FACTORS.factors).all()
    assert (fit_ials(TRAIN, IALS, seed=2) != FACTORS.factors).any()


def test_ease_is_its_closed_form() -> None:
    """Each column is the ridge regression of its track on the others."""
    matrix = TRAIN[:, :20]
    weights = ease_weights(matrix, EaseParameters(ridge=7.0, dropout=0.0))
    dense = matrix.toarray().astype(np.float64)
    others = dense[:, 1:]
    expected = np.linalg.solve(others.T @ others + 7.0 * np.eye(19), others.T @ dense[:, 0])
    assert weights[1:, 0] == pytest.approx(expected, abs=1e-4)
    assert weights[0, 0] == 0


def test_only_the_largest_weights_of_a_track_are_kept() -> None:
    kept = fit_ease(TRAIN, EaseParameters(ridge=5.0, kept=7))
    assert np.diff(kept.tocsc().indptr).max() <= 7


def test_item_knn_is_the_cosine_of_listeners() -> None:
    dense = TRAIN.toarray()
    one, other = dense[:, 3], dense[:, 11]
    expected = one @ other / np.sqrt(one.sum() * other.sum())
    assert fit_item_knn(TRAIN, KnnParameters(neighbours=10_000))[3, 11] == pytest.approx(expected)


def test_a_scorer_that_knows_nothing_gets_no_weight() -> None:
    noise = Constant(np.random.default_rng(1).random(TRAIN.shape[1], dtype=np.float32))
    found = fit_weights({"ials": FACTORS, "noise": noise}, TRAIN, SPLIT.test)
    assert found["ials"] == 1.0
    assert found["noise"] <= 0.25
