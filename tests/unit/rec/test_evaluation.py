"""Rankings are judged as the conventions say: by hand, and as an outside library does."""

from __future__ import annotations

import numpy as np
import pytest
import pytrec_eval
from scipy.sparse import csr_matrix

from rec_svc.domain.evaluation import evaluate, gini, list_measures, rank_measures, top_rows
from rec_svc.domain.ials import IalsParameters, fit_ials
from rec_svc.domain.scorers import ItemFactors
from rec_svc.domain.splits import holdout
from tests.unit.rec.invented_listeners import invented


def test_two_hits_of_three_kept_back_by_hand() -> None:
    hits = np.array([[False, True, True, False], [False, False, False, False]])
    found = rank_measures(hits, np.array([3, 1]), (2, 4))
    one, two, three = 1 / np.log2([2, 3, 4])
    assert found["ndcg@2"] == pytest.approx([two / (one + two), 0])
    assert found["ndcg@4"] == pytest.approx([(two + three) / (one + two + three), 0])
    assert found["recall@2"] == pytest.approx([1 / 2, 0])
    assert found["recall@4"] == pytest.approx([2 / 3, 0])
    assert found["hit_rate@2"].tolist() == [1, 0]
    assert found["mrr"].tolist() == [1 / 2, 0]


def test_what_was_learned_from_is_never_ranked() -> None:
    train = csr_matrix(np.array([[1, 0, 0, 0]], dtype=np.float32))
    test = csr_matrix(np.array([[0, 0, 1, 0]], dtype=np.float32))
    always = np.array([[9, 1, 5, 2]], dtype=np.float32)
    found = evaluate(lambda _: always.copy(), train, test, cutoffs=(1, 2))
    assert found.mean("ndcg@1") == 1.0


def test_listeners_of_whom_nothing_was_kept_back_do_not_count() -> None:
    train = csr_matrix(np.eye(2, 3, dtype=np.float32))
    test = csr_matrix(np.array([[0, 0, 1], [0, 0, 0]], dtype=np.float32))
    found = evaluate(lambda lines: np.ones(lines.shape, np.float32), train, test)
    assert len(found.per_listener["mrr"]) == 1


def test_a_standard_error_is_that_of_the_mean() -> None:
    train = csr_matrix(np.zeros((3, 2), dtype=np.float32))
    test = csr_matrix(np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32))
    found = evaluate(lambda lines: np.tile([2.0, 1.0], (lines.shape[0], 1)), train, test)
    assert found.mean("recall@10") == 1.0
    assert found.standard_error("mrr") == pytest.approx(np.std([1, 1, 0.5], ddof=1) / np.sqrt(3))


def test_lists_tell_coverage_inequality_novelty_and_repeats() -> None:
    top = np.array([[0, 1], [0, 2]])
    artists = np.array([4, 4, -1, -1], dtype=np.int32)
    found = list_measures(top, np.array([2.0, 1.0, 1.0, 0.0]), 2, 2, artists)
    assert found["coverage@2"] == 3 / 4
    assert found["novelty@2"] == pytest.approx((0 + 1 + 0 + 1) / 4)
    assert found["artist_repeats@2"] == 1 / 4


@pytest.mark.parametrize(
    ("counts", "expected"), [([3, 3, 3], 0.0), ([0, 0, 6], 2 / 3), ([0, 0], 0.0)]
)
def test_gini_of_counts(counts: list[int], expected: float) -> None:
    assert gini(np.array(counts)) == pytest.approx(expected)


def test_of_equal_scores_the_lower_row_is_first() -> None:
    scores = np.array([[1, 3, 2, 3]], dtype=np.float32)
    assert top_rows(scores, 3).tolist() == [[1, 3, 2]]


def test_a_play_of_the_test_part_is_never_in_what_was_learned_from() -> None:
    split = holdout(invented(), 0.2, seed=42)
    assert split.train.matrix.multiply(split.test).nnz == 0


def test_a_leaked_play_would_be_seen_in_the_figures() -> None:
    """Why the test above matters: who learned what was kept back ranks it first."""
    whole = invented()
    split = holdout(whole, 0.2, seed=42)
    parameters = IalsParameters(dimensions=16, epochs=6)

    def reached(matrix: csr_matrix) -> float:
        scorer = ItemFactors(fit_ials(matrix, parameters, seed=1), parameters.regularisation)
        # Histories are what was learned from; hits are what was not to be known.
        return evaluate(
            lambda lines: scorer.batch(matrix[: lines.shape[0]]), split.train.matrix, split.test
        ).mean("ndcg@10")

    assert reached(whole.matrix) > 1.5 * reached(split.train.matrix)


def test_trec_eval_finds_the_same() -> None:
    """The judge of the text retrieval conferences, on rankings without ties."""
    split = holdout(invented(), 0.2, seed=42)
    noise = np.random.default_rng(4).random(split.test.shape, dtype=np.float32)
    scores = noise + split.test.toarray() * np.float32(0.6)
    found = evaluate(lambda _: scores.copy(), split.train.matrix, split.test)
    unheard = split.train.matrix.toarray() == 0
    run = {
        str(line): {str(row): float(scores[line, row]) for row in np.flatnonzero(unheard[line])}
        for line in range(len(scores))
    }
    wanted = {
        str(line): {str(row): 1 for row in split.test[line].indices} for line in range(len(scores))
    }
    judge = pytrec_eval.RelevanceEvaluator(wanted, {"ndcg_cut.10", "recall.10,20", "recip_rank"})
    judged = judge.evaluate(run)
    told = {
        "ndcg_cut_10": "ndcg@10",
        "recall_10": "recall@10",
        "recall_20": "recall@20",
        "recip_rank": "mrr",
    }
    for theirs, ours in told.items():
        expected = [judged[str(line)][theirs] for line in range(len(scores))]
        # Of each listener at most ten tracks were kept back, one of them within our depth.
        assert found.per_listener[ours] == pytest.approx(expected, abs=1e-6)
