"""Spark's ALS under the port of trainers, beside our own on the same pairs."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import psutil
import pyarrow.parquet as pq
import pytest

from bench.drifting_listeners import drifting
from rec_svc.adapters.trainers.computed import IalsTrainer
from rec_svc.adapters.trainers.spark import PAIRS, SparkFit, SparkTrainer, pairs_of
from rec_svc.adapters.trainers.spark import regularisation_of as of
from rec_svc.domain.evaluation import evaluate
from rec_svc.domain.fold_in import gramian, solve_lines
from rec_svc.domain.gate import paired
from rec_svc.domain.interactions import Interactions, interactions
from rec_svc.domain.popularity import popularity
from rec_svc.domain.scorers import Constant, Scorer
from rec_svc.domain.splits import Split, holdout
from rec_svc.ports.trainer import Trainer
from tests.contracts.rec.trainers_suite import TrainersContract

# A machine of Java takes seconds to start, and more beside others.
pytestmark = pytest.mark.timeout(600)

MASTER, MEMORY_MIB = "local[2]", 1024
MEASURE = "ndcg@10"


@pytest.fixture(scope="module")
def whole() -> Interactions:
    return interactions(drifting(listeners=800, tracks=2_000, seed=42))


@pytest.fixture(scope="module")
def split(whole: Interactions) -> Split:
    return holdout(whole, 0.2, 42)


@pytest.fixture(scope="module")
def spark() -> SparkTrainer:
    return SparkTrainer(MASTER, MEMORY_MIB)


@pytest.fixture(scope="module")
def fitted(spark: SparkTrainer, split: Split) -> tuple[Scorer, float]:
    return timed(spark, split)


class TestSpark(TrainersContract):
    @pytest.fixture
    def trainer(self) -> SparkTrainer:
        return SparkTrainer(MASTER, MEMORY_MIB, dimensions=16)


def timed(trainer: Trainer, split: Split) -> tuple[Scorer, float]:
    began = time.monotonic()
    scorer = trainer.fit(split.train.matrix, trainer.tuning.start, 1, lambda _: None)
    return scorer, time.monotonic() - began


def test_it_ranks_as_well_as_our_own(fitted: tuple[Scorer, float], split: Split) -> None:
    ours, ours_s = timed(IalsTrainer(), split)
    theirs, theirs_s = fitted
    train, test = split.train.matrix, split.test
    own, other = (evaluate(one.batch, train, test) for one in (ours, theirs))
    popular = evaluate(Constant(popularity(train)).batch, train, test)
    error = own.standard_error(MEASURE)
    print(
        f"\nNDCG@10: Spark {other.mean(MEASURE):.4f} in {theirs_s:.1f} s, our own"
        f" {own.mean(MEASURE):.4f} ± {error:.4f} in {ours_s:.1f} s,"
        f" popularity {popular.mean(MEASURE):.4f}"
    )
    assert other.mean(MEASURE) >= own.mean(MEASURE) - error
    ahead = paired(other.per_listener[MEASURE], popular.per_listener[MEASURE])
    assert ahead.mean > 3 * ahead.standard_error


def test_a_listener_is_folded_in_as_spark_itself_does(
    spark: SparkTrainer, split: Split, tmp_path: Path
) -> None:
    """MLlib solves listeners last: theirs are the factors that fit its tracks' exactly."""
    from rec_svc.adapters.trainers.spark_job import factors_of, fit, open_session

    point, train = spark.tuning.start, split.train.matrix
    pq.write_table(pairs_of(train), tmp_path / PAIRS)
    job = SparkFit(
        folder=str(tmp_path),
        master=MASTER,
        memory_mib=MEMORY_MIB,
        tracks=train.shape[1],
        dimensions=8,
        epochs=3,
        ridge=point["ridge"],
        alpha=point["alpha"],
        seed=1,
    )
    session = open_session(job)
    try:
        model = fit(session, job)
        tracks = factors_of(model.itemFactors, train.shape[1], 8)
        listeners = factors_of(model.userFactors, train.shape[0], 8)
    finally:
        session.stop()
    ours = solve_lines(train, tracks, gramian(tracks), of(point))
    assert np.abs(ours - listeners).max() < 1e-3 * np.abs(listeners).max()


def test_the_same_pairs_and_seed_give_the_same_scores(
    spark: SparkTrainer, fitted: tuple[Scorer, float], split: Split
) -> None:
    again, _ = timed(spark, split)
    some = split.train.matrix[:20]
    assert np.allclose(fitted[0].batch(some), again.batch(some), atol=1e-4)


def test_what_a_history_adds_sums_to_the_score(fitted: tuple[Scorer, float], split: Split) -> None:
    scorer = fitted[0]
    line = split.train.matrix[3]
    rows, weights = line.indices.astype(np.int32), line.data
    parts = scorer.contributions(rows, np.array([5, 9], np.int32), weights)
    assert parts.sum(axis=1) == pytest.approx(scorer.batch(line)[0, [5, 9]], rel=1e-3, abs=1e-4)


def test_a_training_that_is_stopped_ends_its_processes(spark: SparkTrainer, split: Split) -> None:
    class StoppedError(Exception):
        pass

    def stop(_: float) -> None:
        if any("java" in one.name() for one in psutil.Process().children(recursive=True)):
            raise StoppedError

    with pytest.raises(StoppedError):
        spark.fit(split.train.matrix, spark.tuning.start | {"epochs": 500}, 1, stop)
    _, alive = psutil.wait_procs(psutil.Process().children(recursive=True), timeout=20)
    assert not [one for one in alive if "java" in one.name()]


def test_what_spark_says_is_the_error(split: Split) -> None:
    lost = SparkTrainer("spark//nowhere", MEMORY_MIB)
    with pytest.raises(ValueError, match=r"(?s)Spark failed: .*nowhere"):
        lost.fit(split.train.matrix, lost.tuning.start, 1, lambda _: None)
